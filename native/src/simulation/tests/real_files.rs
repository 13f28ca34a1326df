//! The same random work and the same model over real files, through every Io that ships.

use crate::io::{open_io, Io, IoChoice, PageCache};
use crate::simulation::audit::End;
use crate::simulation::rig::{small_config, MakeIo, Rig};
use crate::simulation::workload::{Mix, Workload};
use std::path::{Path, PathBuf};

/// A directory of its own that goes with the test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("millrace-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("the test's own directory");
    }
}

fn keeps_every_promise(choice: IoChoice, name: &str) {
    let make = |choice: IoChoice| -> MakeIo {
        Box::new(move || -> Box<dyn Io> { open_io(choice, PageCache::Keep).expect("this machine has it").io })
    };
    for seed in 0..4 {
        let directory = Directory::new(&format!("{name}-{seed}"));
        let mut rig = Rig::over(make(choice), directory.0.clone(), small_config());
        rig.shards = 1 + seed as u32 % 2;
        let mut workload = Workload::new(seed, Mix::default());
        workload.add_partitions(&mut rig, 4);
        let mut end = End::Closed;
        for life_number in 0..3 {
            let mut node = rig.open_node().expect("opens");
            let broken = |broken: String| format!("{name}, seed {seed}, life {life_number}: {broken}");
            workload.settle(end, &rig, &mut node).map_err(broken).expect("every promise kept");
            workload.run(&mut rig, &mut node, 400, || true).map_err(broken).expect("every promise kept");
            if life_number == 1 {
                workload.drain(&rig, &mut node).map_err(broken).expect("every request answered");
                node.close(|| rig.now()).expect("closes");
                workload.take_events(&mut node).map_err(broken).expect("every promise kept");
                end = End::Closed;
            } else {
                // Dropped with work under way: what a killed process leaves.
                end = End::Killed;
            }
        }
        assert!(workload.acknowledged > 50, "the work was real: {}", workload.acknowledged);
    }
}

#[test]
fn over_io_uring() {
    keeps_every_promise(IoChoice::Uring, "uring");
}

#[test]
fn over_the_fallback_threads() {
    keeps_every_promise(IoChoice::Fallback, "fallback");
}
