//! Dropping ten thousand segments of one partition while another is appended to, beside a loop of unlink calls.

use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu::{self, Mark};
use crate::figure::Figure;
use crate::lap::AckLatencies;
use crate::load::Load;
use crate::node::{partition_ids, store_config, Node};
use crate::plan::Plan;
use millrace_native::log::config::LogConfig;
use millrace_native::log::segment::DataPaths;
use millrace_native::store::{Catalog, Control, Event};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const SEGMENTS: u64 = 10_000;
const SEGMENT_SIZE: usize = 8 << 10;
/// The active segment's, with its index and the partition's identity.
const KEPT_FILES_MAX: usize = 4;
const LOOK_EVERY: Duration = Duration::from_millis(20);
const REMOVAL_TIME_MAX: Duration = Duration::from_secs(60);

pub fn run(plan: &Plan) {
    let count = if plan.is_quick { SEGMENTS / 5 } else { SEGMENTS };
    let batch = batch_of(SEGMENT_SIZE);
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), store_config(64 << 20), 16 << 20, &Catalog::default());
    let ids = partition_ids(2);
    let config = LogConfig { segment_size_max: SEGMENT_SIZE as u64, ..LogConfig::default() };
    let doomed = node.create(&ids[..1], config)[0];
    let other = node.create(&ids[1..], LogConfig::default())[0];
    let folder = DataPaths::new(bed.path()).partition(&ids[0]);
    let mut load = Load::new(node, vec![doomed], &batch, 1 << 20);
    let fill = Instant::now();
    load.lap(count * SEGMENT_SIZE as u64, Duration::from_secs(120));
    let fill_s = fill.elapsed().as_secs_f64();
    let files = fs::read_dir(&folder).expect("the partition's folder").count();
    load.handles = vec![other];
    load.window = SEGMENT_SIZE;
    load.latencies = AckLatencies::default();
    load.lap(4 << 20, Duration::from_secs(10));
    let mut before = std::mem::take(&mut load.latencies);
    let removal = remove(&mut load, doomed, &folder);
    let left = fs::read_dir(&folder).expect("the partition's folder").count();
    let bare = unlink_as_many(&plan.directory, files - left);
    Figure::new("retention", "all segments but one")
        .number("segments", count as f64)
        .number("load", cpu::load())
        .number("files", files as f64)
        .number("files_left", left as f64)
        .number("fill_s", fill_s)
        .number("answered_s", removal.answered_s)
        .number("removed_s", removal.removed_s)
        .number("longest_turn_ms", removal.longest_turn_ms)
        .number("cpu_s", removal.cpu_s)
        .number("bare_s", bare.0)
        .number("bare_cpu_s", bare.1)
        .number("wall_ratio", removal.removed_s / bare.0)
        .number("cpu_ratio", removal.cpu_s / bare.1)
        .number("append_p99_before_ms", before.all.percentile(99.0))
        .number("append_p99_meanwhile_ms", load.latencies.all.percentile(99.0))
        .print();
}

struct Removal {
    answered_s: f64,
    removed_s: f64,
    longest_turn_ms: f64,
    cpu_s: f64,
}

/// Moves the log start to the end and waits until the files are gone. One append after the other goes to the other partition.
fn remove(load: &mut Load<'_>, doomed: u32, folder: &Path) -> Removal {
    let end = load.node.store.partition(doomed).expect("a live partition").stable_end();
    let mark = Mark::now();
    let begin = Instant::now();
    // Any ticket but the store's own, of whose operations nobody is told.
    load.node.store.control(doomed, 0, Control::LogStart { to: end });
    let (mut answered_s, mut longest) = (0.0, Duration::ZERO);
    let mut look_at = Instant::now();
    loop {
        assert!(begin.elapsed() < REMOVAL_TIME_MAX, "the segments are still there, answered after {answered_s} s");
        // Files go behind the answer, and looking costs: now and then.
        if answered_s > 0.0 && look_at.elapsed() > LOOK_EVERY {
            look_at = Instant::now();
            if fs::read_dir(folder).expect("the partition's folder").count() <= KEPT_FILES_MAX {
                break;
            }
        }
        load.feed();
        let turn = Instant::now();
        let now = load.node.now();
        load.node.store.turn(now);
        longest = longest.max(turn.elapsed());
        for event in load.node.store.take_events() {
            match event {
                Event::Done { .. } => answered_s = begin.elapsed().as_secs_f64(),
                event => load.take(&event),
            }
        }
        load.node.pause(Duration::from_millis(1));
    }
    Removal {
        answered_s,
        removed_s: begin.elapsed().as_secs_f64(),
        longest_turn_ms: longest.as_secs_f64() * 1e3,
        cpu_s: mark.spent().cpu(),
    }
}

fn unlink_as_many(directory: &Path, count: usize) -> (f64, f64) {
    let bed = Bed::new(directory, "bare");
    let paths: Vec<_> = (0..count).map(|index| bed.path().join(format!("{index:020}.log"))).collect();
    paths.iter().for_each(|path| fs::write(path, [0x5a; SEGMENT_SIZE]).expect("a file"));
    crate::system::settle(bed.path());
    let mark = Mark::now();
    paths.iter().for_each(|path| fs::remove_file(path).expect("it was just made"));
    let spent = mark.spent();
    (spent.wall, spent.cpu())
}
