//! What a partition costs that nobody uses: time to create it, memory, descriptors. The bare loop makes the same
//! directories and files and syncs the filesystem once.

use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu::{self, Mark};
use crate::figure::Figure;
use crate::load::Load;
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::Plan;
use crate::system;
use millrace_native::journal::entry::Durability;
use millrace_native::store::Catalog;
use std::fs;
use std::path::Path;
use std::time::Duration;

pub fn run(plan: &Plan) {
    for count in [2000, 10_000] {
        if plan.wants_case(&count.to_string()) && !(plan.is_quick && count > 2000) {
            measure(plan, count);
        }
    }
}

fn measure(plan: &Plan, count: u32) {
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), store_config(64 << 20), 64 << 20, &Catalog::default());
    let ids = partition_ids(count);
    let before = resident_size();
    let calls = node.store.io().system_calls();
    let mark = Mark::now();
    let handles = node.create(&ids, log_config(Durability::Fsync));
    let spent = mark.spent();
    let calls = node.store.io().system_calls() - calls;
    let created = resident_size();
    let batch = batch_of(200);
    // Each has been used once: producer state, index, epochs, a segment.
    let mut load = Load::new(node, handles, &batch, 256 << 10);
    load.lap(u64::from(count) * batch.len() as u64, Duration::from_secs(60));
    load.lap(1 << 20, Duration::from_secs(20));
    let used = resident_size();
    let per_partition = |size: u64| size.saturating_sub(before) as f64 / 1024.0 / f64::from(count);
    let bare = make_directories(&plan.directory, count);
    Figure::new("idle-partitions", &count.to_string())
        .number("load", cpu::load())
        .number("create_s", spent.wall)
        .number("create_cpu_s", spent.cpu())
        .number("system_calls_per_create", calls as f64 / f64::from(count))
        .number("bare_s", bare.0)
        .number("bare_cpu_s", bare.1)
        .number("wall_ratio", spent.wall / bare.0)
        .number("cpu_ratio", spent.cpu() / bare.1)
        .number("created_kib", per_partition(created))
        .number("used_kib", per_partition(used))
        .number("descriptors", fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as f64)
        .print();
}

fn resident_size() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn make_directories(parent: &Path, count: u32) -> (f64, f64) {
    let bed = Bed::new(parent, "bare");
    system::settle(bed.path());
    let mark = Mark::now();
    for index in 0..count {
        let partition = bed.path().join(index.to_string());
        fs::create_dir(&partition).expect("a directory");
        fs::write(partition.join("identity"), [0x5a; 64]).expect("an identity file");
    }
    system::settle(bed.path());
    let spent = mark.spent();
    (spent.wall, spent.cpu())
}
