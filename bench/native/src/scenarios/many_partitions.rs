//! P5: synced appends, 16 KiB per partition and commit, over one dirty partition and over thousands, for several times
//! the journal's size, so that checkpoints are in the figure.

use crate::bare::journaled::{Bare, Overhead, Shape};
use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu;
use crate::figure::Figure;
use crate::lap::{write_pairs, Pair};
use crate::load::Load;
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::{Plan, Spinning};
use crate::system;
use millrace_native::journal::entry::Durability;
use millrace_native::store::{Catalog, StoreConfig};
use std::time::{Duration, Instant};

const BATCH_SIZE: usize = 16 << 10;
const MEMORY: usize = 64 << 20;
const PARTITIONS: [usize; 5] = [1, 16, 256, 1000, 2000];
const LAPS: usize = 9;
const LAP_TIME_MAX: Duration = Duration::from_secs(5);

pub fn run(plan: &Plan) {
    for partitions in PARTITIONS {
        if plan.wants_case(&partitions.to_string()) {
            plan.spinner_modes().into_iter().for_each(|spinning| measure(plan, partitions, spinning));
        }
    }
}

fn journal_size(partitions: usize) -> u64 {
    match partitions {
        1 => 16 << 20,
        2..1000 => 64 << 20,
        _ => 128 << 20,
    }
}

fn shape_of(partitions: usize, config: &StoreConfig) -> Shape {
    Shape {
        partitions,
        batch_size: BATCH_SIZE,
        window: (config.journal.depth * partitions * BATCH_SIZE).min(config.journal.depth * config.journal.commit_size_max),
        memory: MEMORY,
        journal_size: config.journal.size_max,
        depth: config.journal.depth,
        commit_size_max: config.journal.commit_size_max,
        write_size: config.write_size,
        unwritten_size_max: config.unwritten_size_max,
        syncs_max: config.syncs_max,
    }
}

fn measure(plan: &Plan, partitions: usize, spinning: Spinning) {
    let config = store_config(journal_size(partitions));
    let shape = shape_of(partitions, &config);
    let batch = batch_of(BATCH_SIZE);
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), config, MEMORY, &Catalog::default());
    let handles = node.create(&partition_ids(partitions as u32), log_config(Durability::Fsync));
    let mut ours = Load::new(node, handles, &batch, shape.window);
    // The journal grows while it is used for the first time: not part of the figure.
    ours.lap_by_rounds(shape.journal_size * 3 / 2, LAP_TIME_MAX);
    let warm = ours.counted();
    let bare_bed = Bed::new(&plan.directory, "bare");
    let mut bare = Bare::new(bare_bed.path(), shape, overhead_of(&ours));
    bare.lap(&batch, shape.journal_size, LAP_TIME_MAX);
    system::settle(bed.path());
    ours.latencies = Default::default();
    bare.latencies = Default::default();
    let _spinners = spinning.start();
    let mut pairs: Vec<Pair> = Vec::new();
    let (begin, time_max) = (Instant::now(), plan.time(Duration::from_secs(30)));
    while pairs.len() < 3 || (pairs.len() < LAPS && begin.elapsed() < time_max) {
        pairs.push(pair_of(&mut ours, &mut bare, pairs.len()));
    }
    let figure = Figure::new("many-partitions", &partitions.to_string())
        .text("ack", "stable media")
        .text("sync", "linked fdatasync")
        .text("spinners", spinning.name())
        .number("load", cpu::load())
        .number("journal_mib", (shape.journal_size >> 20) as f64);
    let figure = ours.counted().since(warm).write_to(write_pairs(&pairs, figure));
    bare.latencies.write_to("bare", ours.latencies.write_to("ours", figure)).print();
}

/// Who comes first changes from pair to pair: it finds the disk as the other one left it.
fn pair_of(ours: &mut Load<'_>, bare: &mut Bare, number: usize) -> Pair {
    let (size, batch) = (bare.journal_size(), ours.batch);
    if number.is_multiple_of(2) {
        let first = ours.lap_by_rounds(size, LAP_TIME_MAX);
        (first, bare.lap(batch, size, LAP_TIME_MAX))
    } else {
        let first = bare.lap(batch, size, LAP_TIME_MAX);
        (ours.lap_by_rounds(size, LAP_TIME_MAX), first)
    }
}

fn overhead_of(load: &Load<'_>) -> Overhead {
    let counted = load.counted();
    let record_size = counted.checkpoint_bytes.checked_div(counted.checkpoints).unwrap_or(4096) as usize;
    Overhead { journal: counted.journal_bytes as f64 / counted.acknowledged.max(1) as f64, record_size }
}
