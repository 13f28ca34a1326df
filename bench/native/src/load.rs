//! A producer and a store on one thread, closed loop: as many bytes outstanding as the window allows, round robin over
//! the partitions.

use crate::cpu::Mark;
use crate::figure::Figure;
use crate::lap::{AckLatencies, Lap};
use crate::node::Node;
use millrace_native::ring::ClaimError;
use millrace_native::store::Event;
use std::time::{Duration, Instant};

pub struct Load<'batch> {
    pub node: Node,
    pub handles: Vec<u32>,
    pub batch: &'batch [u8],
    pub window: usize,
    next: usize,
    outstanding: usize,
    acknowledged: u64,
    /// By ticket, modulo its size: never more outstanding than that.
    offered_at: Vec<Instant>,
    ticket_next: u64,
    pub latencies: AckLatencies,
}

impl<'batch> Load<'batch> {
    #[must_use]
    pub fn new(node: Node, handles: Vec<u32>, batch: &'batch [u8], window: usize) -> Self {
        let slots = window / batch.len() + 1;
        Self {
            node,
            handles,
            batch,
            window,
            next: 0,
            outstanding: 0,
            acknowledged: 0,
            offered_at: vec![Instant::now(); slots],
            ticket_next: 0,
            latencies: AckLatencies::default(),
        }
    }

    /// Acknowledges at least so many bytes, unless the time is over first, and comes to rest.
    pub fn lap(&mut self, size: u64, time_max: Duration) -> Lap {
        self.lap_fed_by(size, time_max, Self::feed)
    }

    /// The same, where a commit takes no more than one batch of each partition.
    pub fn lap_by_rounds(&mut self, size: u64, time_max: Duration) -> Lap {
        self.lap_fed_by(size, time_max, Self::feed_rounds)
    }

    fn lap_fed_by(&mut self, size: u64, time_max: Duration, feed: fn(&mut Self)) -> Lap {
        let mark = Mark::now();
        let (before, checkpoints) = (self.acknowledged, self.node.store.counters.checkpoints);
        let begin = Instant::now();
        while self.acknowledged - before < size && begin.elapsed() < time_max {
            feed(self);
            self.step();
        }
        self.rest();
        let checkpoints = self.node.store.counters.checkpoints - checkpoints;
        Lap { acknowledged: self.acknowledged - before, spent: mark.spent(), checkpoints }
    }

    /// Until so many bytes are acknowledged in this life, or the time is over: false. What is outstanding stays so.
    pub fn run_until(&mut self, acknowledged: u64, time_max: Duration) -> bool {
        let begin = Instant::now();
        while self.acknowledged < acknowledged && begin.elapsed() < time_max {
            self.feed();
            self.step();
        }
        self.acknowledged >= acknowledged
    }

    /// Until nothing is under way.
    fn rest(&mut self) {
        while self.outstanding > 0 || self.node.store.is_checkpointing() || !self.node.store.is_idle() {
            self.node.store.flush_all();
            self.step();
        }
    }

    fn step(&mut self) {
        for event in self.node.step() {
            self.take(&event);
        }
    }

    /// As `feed`, with a turn behind each round over the partitions.
    fn feed_rounds(&mut self) {
        let round = self.handles.len() * self.batch.len();
        while self.outstanding + self.batch.len() <= self.window {
            let end = self.outstanding + round.min(self.window - self.outstanding);
            while self.outstanding + self.batch.len() <= end {
                if !self.offer() {
                    return;
                }
            }
            let now = self.node.now();
            self.node.store.turn(now);
            for event in self.node.store.take_events() {
                self.take(&event);
            }
        }
    }

    /// Offers as much as the window allows.
    pub fn feed(&mut self) {
        while self.outstanding + self.batch.len() <= self.window && self.offer() {}
    }

    fn offer(&mut self) -> bool {
        let claim = match self.node.ring.claim(self.batch.len()) {
            Ok(claim) => claim,
            Err(ClaimError::WouldBlock) => return false,
            Err(error) => panic!("claim: {error:?}"),
        };
        claim.payload().write(0, self.batch);
        let at = self.ticket_next as usize % self.offered_at.len();
        self.offered_at[at] = Instant::now();
        self.node.ring.publish(claim, self.handles[self.next], 0, self.ticket_next);
        self.ticket_next += 1;
        self.next = (self.next + 1) % self.handles.len();
        self.outstanding += self.batch.len();
        true
    }

    pub fn take(&mut self, event: &Event) {
        let Event::Appended { ack, .. } = event else { panic!("{event:?}") };
        let latency = self.offered_at[ack.ticket as usize % self.offered_at.len()].elapsed();
        self.latencies.note(latency, self.node.store.is_checkpointing());
        self.outstanding -= self.batch.len();
        self.acknowledged += self.batch.len() as u64;
    }

    /// What the store's and the journal's counters say.
    #[must_use]
    pub fn counted(&self) -> Counted {
        let (store, journal) = (self.node.store.counters, self.node.store.journal_counters());
        Counted {
            turns: store.turns,
            segment_writes: store.segment_writes,
            segment_bytes: store.segment_bytes,
            checkpoints: store.checkpoints,
            checkpoint_bytes: store.checkpoint_bytes,
            file_syncs: store.file_syncs,
            commits: journal.commits,
            journal_bytes: journal.bytes,
            bytes_copied: journal.bytes_copied,
            system_calls: self.node.store.io().system_calls(),
            acknowledged: self.acknowledged,
        }
    }
}

/// Counters at a moment, or between two.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    pub turns: u64,
    pub segment_writes: u64,
    pub segment_bytes: u64,
    pub checkpoints: u64,
    pub checkpoint_bytes: u64,
    pub file_syncs: u64,
    pub commits: u64,
    pub journal_bytes: u64,
    pub bytes_copied: u64,
    pub system_calls: u64,
    pub acknowledged: u64,
}

impl Counted {
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            turns: self.turns - before.turns,
            segment_writes: self.segment_writes - before.segment_writes,
            segment_bytes: self.segment_bytes - before.segment_bytes,
            checkpoints: self.checkpoints - before.checkpoints,
            checkpoint_bytes: self.checkpoint_bytes - before.checkpoint_bytes,
            file_syncs: self.file_syncs - before.file_syncs,
            commits: self.commits - before.commits,
            journal_bytes: self.journal_bytes - before.journal_bytes,
            bytes_copied: self.bytes_copied - before.bytes_copied,
            system_calls: self.system_calls - before.system_calls,
            acknowledged: self.acknowledged - before.acknowledged,
        }
    }

    #[must_use]
    pub fn write_to(&self, figure: Figure) -> Figure {
        // Nothing is committed where nothing is synced: no number then.
        let per_commit = |value: u64| if self.commits == 0 { f64::NAN } else { value as f64 / self.commits as f64 };
        figure
            .number("amplification", self.amplification())
            .number("commit_kib", per_commit(self.journal_bytes) / 1024.0)
            .number("segment_write_kib", self.segment_bytes as f64 / self.segment_writes.max(1) as f64 / 1024.0)
            .number("system_calls_per_commit", per_commit(self.system_calls))
            .number("copied_per_commit", per_commit(self.bytes_copied))
            .number("turns_per_commit", per_commit(self.turns))
            .number("file_syncs_per_checkpoint", self.file_syncs as f64 / self.checkpoints.max(1) as f64)
    }

    /// Bytes written per byte acknowledged.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        (self.journal_bytes + self.segment_bytes + self.checkpoint_bytes) as f64 / self.acknowledged.max(1) as f64
    }
}
