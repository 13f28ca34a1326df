//! 64 KiB batches to `replicated` partitions, acknowledged from the page cache, beside a write call per batch; and beside
//! writes as large as the store's, which tell what the size of a write does to the kernel on this machine.

use crate::bare::page_cache::PageCacheWriter;
use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu::{self, Mark};
use crate::figure::{median, Figure};
use crate::lap::{write_pairs, Lap, Pair};
use crate::load::Load;
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::Plan;
use crate::system;
use millrace_native::codec::crc32c::crc32c;
use millrace_native::journal::entry::Durability;
use millrace_native::store::Catalog;
use std::time::Duration;

const BATCH_SIZE: usize = 64 << 10;
const MEMORY: usize = 16 << 20;
const WINDOW: usize = 1 << 20;
const PARTITIONS: [usize; 2] = [1, 8];
const LAPS: usize = 7;
const LAP_SIZE: u64 = 128 << 20;
const LAP_TIME_MAX: Duration = Duration::from_secs(5);

pub fn run(plan: &Plan) {
    let cases = PARTITIONS.into_iter().filter(|partitions| plan.wants_case(&partitions.to_string()));
    cases.for_each(|partitions| measure(plan, partitions));
}

fn measure(plan: &Plan, partitions: usize) {
    let batch = batch_of(BATCH_SIZE);
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), store_config(64 << 20), MEMORY, &Catalog::default());
    let handles = node.create(&partition_ids(partitions as u32), log_config(Durability::Replicated));
    let mut ours = Load::new(node, handles, &batch, WINDOW);
    let bare_bed = Bed::new(&plan.directory, "bare");
    let mut bare = PageCacheWriter::new(bare_bed.path(), partitions, MEMORY, 1);
    let gathered_bed = Bed::new(&plan.directory, "gathered");
    let mut gathered = PageCacheWriter::new(gathered_bed.path(), partitions, MEMORY, WINDOW / partitions / BATCH_SIZE);
    ours.lap(LAP_SIZE / 4, LAP_TIME_MAX);
    bare.lap(&batch, LAP_SIZE / 4, LAP_TIME_MAX);
    ours.latencies = Default::default();
    let warm = ours.counted();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut gathered_ratios: Vec<f64> = Vec::new();
    for _ in 0..if plan.is_quick { 3 } else { LAPS } {
        // No side pays for another's dirty pages.
        let settled = |lap: &mut dyn FnMut() -> Lap| {
            system::settle(bed.path());
            lap()
        };
        let first = settled(&mut || ours.lap(LAP_SIZE, LAP_TIME_MAX));
        pairs.push((first, settled(&mut || bare.lap(&batch, LAP_SIZE, LAP_TIME_MAX))));
        let third = settled(&mut || gathered.lap(&batch, LAP_SIZE, LAP_TIME_MAX));
        gathered_ratios.push(first.per_gb(first.spent.cpu()) / third.per_gb(third.spent.cpu()));
    }
    let figure = Figure::new("append-page-cache", &partitions.to_string())
        .text("ack", "page cache")
        .text("sync", "none")
        .number("load", cpu::load())
        .number("gathered_cpu_ratio", median(gathered_ratios))
        .number("crc_cpu_per_gb", crc_cpu_per_gb(&batch));
    let figure = ours.counted().since(warm).write_to(write_pairs(&pairs, figure));
    ours.latencies.write_to("ours", figure).print();
}

/// What checking every batch costs by itself: part of ours, not of the bare loop.
fn crc_cpu_per_gb(batch: &[u8]) -> f64 {
    const ROUNDS: usize = 8192;
    let mark = Mark::now();
    for _ in 0..ROUNDS {
        std::hint::black_box(crc32c(std::hint::black_box(batch)));
    }
    mark.spent().process() / ((ROUNDS * batch.len()) as f64 / 1e9)
}
