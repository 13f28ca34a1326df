//! Small synced appends in an open loop, 1000 a second, beside a bare writer that gets the same arrivals.

use crate::arrivals::Arrivals;
use crate::bare::open_loop::OpenLoopWriter;
use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu;
use crate::figure::Figure;
use crate::lap::AckLatencies;
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::{Plan, Spinning};
use crate::system;
use millrace_native::journal::entry::Durability;
use millrace_native::store::{Catalog, Event};
use std::time::{Duration, Instant};

const BATCH_SIZE: usize = 200;
const MEAN: Duration = Duration::from_millis(1);
/// Arrivals before the other side has its turn.
const TURN: u32 = 500;
const TURNS: u64 = 16;
const PARTITIONS: u32 = 8;

pub fn run(plan: &Plan) {
    plan.spinner_modes().into_iter().for_each(|spinning| measure(plan, spinning));
}

fn measure(plan: &Plan, spinning: Spinning) {
    let batch = batch_of(BATCH_SIZE);
    let config = store_config(64 << 20);
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), config, 16 << 20, &Catalog::default());
    let handles = node.create(&partition_ids(PARTITIONS), log_config(Durability::Fsync));
    let mut writer = Writer { node, handles, latencies: AckLatencies::default() };
    let bare_bed = Bed::new(&plan.directory, "bare");
    let mut bare = OpenLoopWriter::new(bare_bed.path(), config.journal.depth);
    writer.run(Arrivals::new(TURN / 2, MEAN, 1), &batch);
    bare.run(Arrivals::new(TURN / 2, MEAN, 1), &batch);
    (writer.latencies, bare.latencies) = Default::default();
    system::settle(bed.path());
    let _spinners = spinning.start();
    for turn in 0..if plan.is_quick { TURNS / 4 } else { TURNS } {
        writer.run(Arrivals::new(TURN, MEAN, turn + 2), &batch);
        bare.run(Arrivals::new(TURN, MEAN, turn + 2), &batch);
    }
    let (ours, raw) = (&mut writer.latencies, &mut bare.latencies);
    let ratio = |percent: f64, ours: &mut AckLatencies, bare: &mut AckLatencies| {
        ours.all.percentile(percent) / bare.all.percentile(percent)
    };
    let figure = Figure::new("append-latency", "1000 a second")
        .text("ack", "stable media")
        .text("sync", "linked fdatasync")
        .text("spinners", spinning.name())
        .number("load", cpu::load())
        .number("p50_ratio", ratio(50.0, ours, raw))
        .number("p99_ratio", ratio(99.0, ours, raw))
        .number("p50_difference_ms", ours.all.percentile(50.0) - raw.all.percentile(50.0));
    raw.write_to("bare", ours.write_to("ours", figure)).print();
}

/// A shard's loop as it is in a broker: asleep until its wake-up descriptor or the next request says otherwise.
struct Writer {
    node: Node,
    handles: Vec<u32>,
    latencies: AckLatencies,
}

impl Writer {
    fn run(&mut self, mut arrivals: Arrivals, batch: &[u8]) {
        let mut due_at: Vec<Instant> = Vec::new();
        let mut answered = 0;
        let wakeup = self.node.store.io().wakeup_fd().expect("real io has one");
        loop {
            while let Some(due) = arrivals.take_due() {
                let claim = self.node.ring.claim(batch.len()).expect("room for a few small batches");
                claim.payload().write(0, batch);
                self.node.ring.publish(claim, self.handles[due_at.len() % self.handles.len()], 0, due_at.len() as u64);
                due_at.push(due);
            }
            let now = self.node.now();
            let has_more = self.node.store.turn(now);
            for event in self.node.store.take_events() {
                let Event::Appended { ack, .. } = event else { panic!("{event:?}") };
                self.latencies.note(due_at[ack.ticket as usize].elapsed(), self.node.store.is_checkpointing());
                answered += 1;
            }
            let next = arrivals.until_next();
            if next.is_none() && answered == due_at.len() {
                return;
            }
            if !has_more {
                let deadline =
                    self.node.store.deadline_ms().map(|due| Duration::from_millis(due.saturating_sub(now.monotonic_ms)));
                let sleep = [next, deadline].into_iter().flatten().min().unwrap_or(Duration::from_millis(100));
                system::await_readable(wakeup, sleep);
            }
        }
    }
}
