//! One short workload, and a power cut at every single point at which the power can go: in the first start, in the work,
//! and, for a sample, at every point of the recovery that follows.

use crate::io::sim::{Random, SimDisk};
use crate::simulation::audit::End;
use crate::simulation::rig::{small_config, Node, Rig};
use crate::simulation::workload::{open_until_up, Mix, Workload};

const SEED: u64 = 11;
const STEPS: u32 = 100;

struct Story {
    disk: SimDisk,
    rig: Rig,
    workload: Workload,
}

/// What `SEED` does until the power goes, always the same.
fn tell(crash_after: Option<u64>) -> Result<Story, String> {
    let disk = SimDisk::seeded(SEED);
    let mut rig = Rig::over_sim(&disk, small_config());
    rig.shards = 2;
    let mut workload = Workload::new(SEED, Mix::default());
    workload.add_partitions(&mut rig, 4);
    if let Some(count) = crash_after {
        disk.crash_after(count);
    }
    if let Ok(mut node) = rig.open_node() {
        let probe = disk.clone();
        workload.settle(End::Closed, &rig, &mut node)?;
        workload.run(&mut rig, &mut node, STEPS, || probe.has_power())?;
        rest(&disk, &rig, &mut workload, &mut node)?;
        (0..4).for_each(|_| workload.ask_move(&mut node));
        workload.run(&mut rig, &mut node, STEPS / 2, || probe.has_power())?;
        rest(&disk, &rig, &mut workload, &mut node)?;
    }
    Ok(Story { disk, rig, workload })
}

/// Until nothing is under way, or the power is gone.
fn rest(disk: &SimDisk, rig: &Rig, workload: &mut Workload, node: &mut Node) -> Result<(), String> {
    while disk.has_power() && (workload.is_moving() || !node.is_idle()) {
        workload.deliver(node, usize::MAX);
        for life in &mut node.shards {
            life.store.flush_all();
            life.store.turn(rig.now());
            life.store.wait(rig.now());
        }
        workload.take_events(node)?;
    }
    Ok(())
}

impl Story {
    fn judge(&mut self) -> Result<(), String> {
        let disk = self.disk.clone();
        let mut restarts = Random::new(SEED);
        let opened = open_until_up(&mut self.rig, || {
            let is_off = !disk.has_power();
            if is_off {
                disk.restart(restarts.number());
            }
            is_off
        });
        let mut node = opened.map_err(|error| format!("recovery refused: {error:?}"))?;
        self.workload.settle(End::PowerLost, &self.rig, &mut node)?;
        self.workload.drain(&self.rig, &mut node)
    }

    /// Recovers with a crash at that boundary; false if the recovery has no so many.
    fn judge_with_crash(&mut self, restart: u64, count: u64) -> Result<bool, String> {
        self.disk.restart(restart);
        self.disk.crash_after(count);
        drop(self.rig.open_node());
        if self.disk.has_power() {
            return Ok(false);
        }
        self.disk.restart(restart + 1);
        self.judge().map(|()| true)
    }
}

fn boundaries() -> u64 {
    let story = tell(None).expect("a run without a crash");
    assert!(story.workload.moved() > 0, "a partition moves between the shards in this story");
    story.disk.boundaries()
}

#[test]
fn a_crash_at_every_boundary_breaks_no_promise() {
    let boundaries = boundaries();
    assert!(boundaries > 300, "{boundaries} boundaries");
    for count in 0..boundaries {
        let mut story = tell(Some(count)).unwrap_or_else(|broken| panic!("crash at {count}: {broken}"));
        story.disk.restart(count);
        story.judge().unwrap_or_else(|broken| panic!("crash at {count}: {broken}"));
    }
}

#[test]
fn a_crash_at_every_boundary_of_a_recovery_breaks_no_promise() {
    let boundaries = boundaries();
    for first in (0..boundaries).step_by(boundaries as usize / 7) {
        for second in 0.. {
            let mut story = tell(Some(first)).unwrap_or_else(|broken| panic!("crash at {first}: {broken}"));
            match story.judge_with_crash(first, second) {
                Ok(true) => {}
                Ok(false) => break,
                Err(broken) => panic!("crash at {first}, then at {second} of the recovery: {broken}"),
            }
        }
    }
}
