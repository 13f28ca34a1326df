//! P5: synced appends, 16 KiB per partition and commit, over one dirty partition and over thousands, for several times
//! the journal's size, so that checkpoints are in the figure.

use crate::bare::journaled::{Bare, Outcome, Overhead, Shape};
use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu;
use crate::figure::{median, Figure};
use crate::load::{Counted, Load};
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::Plan;
use crate::system;
use millrace_native::journal::entry::Durability;
use millrace_native::store::{Catalog, StoreConfig};
use std::time::Duration;

const BATCH_SIZE: usize = 16 << 10;
const MEMORY: usize = 64 << 20;
const PARTITIONS: [usize; 5] = [1, 16, 256, 1000, 2000];

struct Run {
    counted: Counted,
    outcome: Outcome,
    bare: Outcome,
}

pub fn run(plan: &Plan) {
    let cases = PARTITIONS.iter().filter(|count| plan.wants_case(&count.to_string()));
    for partitions in cases {
        for spinning in plan.spinner_modes() {
            let _spinners = spinning.start();
            let runs: Vec<Run> = (0..plan.rounds).map(|_| run_pair(plan, *partitions)).collect();
            report(*partitions, spinning.name(), &runs);
        }
    }
}

fn journal_size(partitions: usize) -> u64 {
    match partitions {
        0..64 => 32 << 20,
        64..1000 => 64 << 20,
        _ => 128 << 20,
    }
}

fn shape_of(plan: &Plan, partitions: usize, config: &StoreConfig) -> Shape {
    let journal_size = config.journal.size_max;
    Shape {
        partitions,
        batch_size: BATCH_SIZE,
        window: (config.journal.depth * partitions * BATCH_SIZE).min(config.journal.depth * config.journal.commit_size_max),
        memory: MEMORY,
        journal_size,
        depth: config.journal.depth,
        commit_size_max: config.journal.commit_size_max,
        write_size_min: config.write_size_min,
        unwritten_size_max: config.unwritten_size_max,
        syncs_max: config.syncs_max,
        warm_up: journal_size,
        measured: journal_size * 8,
        time_max: plan.time_per_run(Duration::from_secs(8)),
    }
}

fn run_pair(plan: &Plan, partitions: usize) -> Run {
    let config = store_config(journal_size(partitions));
    let shape = shape_of(plan, partitions, &config);
    let batch = batch_of(BATCH_SIZE);
    let (counted, outcome) = run_store(plan, config, shape, &batch);
    let record_size = counted.checkpoint_bytes.checked_div(counted.checkpoints).unwrap_or(4096) as usize;
    let overhead = Overhead { journal: counted.journal_bytes as f64 / counted.acknowledged.max(1) as f64, record_size };
    let bed = Bed::new(&plan.directory, "bare");
    let bare = Bare::new(bed.path(), shape, overhead);
    system::settle(bed.path());
    let bare = bare.run(&batch);
    plan.note(&format!("{partitions} partitions: {:.0} MB/s, bare {:.0} MB/s", outcome.mb_per_s(), bare.mb_per_s()));
    Run { counted, outcome, bare }
}

fn run_store(plan: &Plan, config: StoreConfig, shape: Shape, batch: &[u8]) -> (Counted, Outcome) {
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), config, shape.memory, &Catalog::default());
    let handles = node.create(&partition_ids(shape.partitions as u32), log_config(Durability::Fsync));
    system::settle(bed.path());
    let mut load = Load::new(node, handles, batch, shape.window);
    load.run_until(shape.warm_up, Duration::from_secs(60));
    load.forget_latencies();
    let (mark, before) = load.mark();
    load.run_until(before.acknowledged + shape.measured, shape.time_max);
    let spent = mark.spent();
    let counted = load.counted().since(before);
    load.drain();
    let outcome = Outcome {
        acknowledged: counted.acknowledged,
        spent,
        latencies: std::mem::take(&mut load.latencies),
        checkpoint_latencies: std::mem::take(&mut load.checkpoint_latencies),
        checkpoints: counted.checkpoints,
    };
    (counted, outcome)
}

fn report(partitions: usize, spinners: &str, runs: &[Run]) {
    let mid = |value: &dyn Fn(&Run) -> f64| median(runs.iter().map(value));
    let per_gb = |outcome: &Outcome, seconds: f64| seconds / (outcome.acknowledged as f64 / 1e9);
    let mut figure = Figure::new("many-partitions", &partitions.to_string())
        .text("ack", "stable media")
        .text("sync", "linked fdatasync")
        .text("spinners", spinners)
        .number("load", cpu::load())
        .number("runs", runs.len() as f64)
        .number("wall_ratio", mid(&|run| per_gb(&run.outcome, run.outcome.spent.wall) / per_gb(&run.bare, run.bare.spent.wall)))
        .number("cpu_ratio", mid(&|run| per_gb(&run.outcome, run.outcome.spent.cpu()) / per_gb(&run.bare, run.bare.spent.cpu())))
        .number(
            "process_cpu_ratio",
            mid(&|run| per_gb(&run.outcome, run.outcome.spent.process()) / per_gb(&run.bare, run.bare.spent.process())),
        )
        .number("laps", mid(&|run| run.counted.journal_bytes as f64 / journal_size(partitions) as f64))
        .number("amplification", mid(&|run| run.counted.amplification()))
        .number("process_amplification", mid(&|run| run.outcome.spent.written as f64 / run.outcome.acknowledged as f64))
        .number("commit_kib", mid(&|run| run.counted.journal_bytes as f64 / run.counted.commits as f64 / 1024.0))
        .number(
            "segment_write_kib",
            mid(&|run| run.counted.segment_bytes as f64 / run.counted.segment_writes.max(1) as f64 / 1024.0),
        )
        .number("system_calls_per_commit", mid(&|run| run.counted.system_calls as f64 / run.counted.commits as f64))
        .number("copied_per_commit", mid(&|run| run.counted.bytes_copied as f64 / run.counted.commits as f64))
        .number("turns_per_commit", mid(&|run| run.counted.turns as f64 / run.counted.commits as f64))
        .number("file_syncs", mid(&|run| run.counted.file_syncs as f64))
        .number("checkpoints", mid(&|run| run.counted.checkpoints as f64));
    for (side, pick) in [("ours", (|run: &Run| run.outcome.clone()) as fn(&Run) -> Outcome), ("bare", |run| run.bare.clone())] {
        figure = figure
            .number(&format!("{side}_mb_per_s"), mid(&|run| 1e3 / per_gb(&pick(run), pick(run).spent.wall)))
            .number(&format!("{side}_user_per_gb"), mid(&|run| per_gb(&pick(run), pick(run).spent.user)))
            .number(&format!("{side}_system_per_gb"), mid(&|run| per_gb(&pick(run), pick(run).spent.system)))
            .number(&format!("{side}_kernel_per_gb"), mid(&|run| per_gb(&pick(run), pick(run).spent.kernel_threads)))
            .number(&format!("{side}_p50_ms"), mid(&|run| pick(run).latencies.percentile(50.0)))
            .number(&format!("{side}_p99_ms"), mid(&|run| pick(run).latencies.percentile(99.0)))
            .number(&format!("{side}_checkpoint_p99_ms"), mid(&|run| pick(run).checkpoint_latencies.percentile(99.0)))
            .number(&format!("{side}_checkpoints"), mid(&|run| pick(run).checkpoints as f64));
    }
    figure.print();
}
