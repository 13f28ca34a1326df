//! The reference model: a log in plain lines. It knows what was offered, what was answered, and nothing of files.

use crate::journal::entry::Durability;
use crate::log::partition::Ack;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a batch holds, chosen by the workload and found again in its first record.
pub type Content = u64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBatch {
    pub base: u64,
    pub next: u64,
    pub content: Content,
    /// Its loss is excused by no crash.
    pub is_durable: bool,
}

#[derive(Clone, Debug, Default)]
pub struct PartitionModel {
    pub durability: Durability,
    /// By base offset: what has been acknowledged, or seen after a recovery.
    pub batches: BTreeMap<u64, KnownBatch>,
    pub log_start: u64,
    pub end: u64,
    /// Every content ever offered, with its bytes from the attributes on.
    pub offered: HashMap<Content, Vec<u8>>,
    /// Dropped by an answered truncation, reset or log start: never to be seen again.
    pub dropped: BTreeSet<Content>,
    /// A control operation that was asked for and not answered: it may or may not have happened.
    pub in_doubt: Option<Doubt>,
    /// (leader epoch, offset) → content: never two.
    pub seen: HashMap<(i32, u64), Content>,
    pub is_deleted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    Truncate { to: u64 },
    LogStart { to: u64 },
    Durability(Durability),
    Reset { to: u64 },
    Delete,
}

impl PartitionModel {
    pub fn acknowledged(&mut self, ack: &Ack, content: Content) {
        let is_durable = ack.durability == Durability::Fsync;
        if let Some(known) = self.batches.get(&ack.base) {
            assert_eq!(known.content, content, "offset {} is acknowledged for two batches", ack.base);
        }
        if is_durable {
            // An ack implies that every earlier offset is as durable (rule 13).
            self.batches.range_mut(..ack.base).for_each(|(_, batch)| batch.is_durable = true);
        }
        let batch = KnownBatch { base: ack.base, next: ack.next, content, is_durable };
        let known = self.batches.entry(ack.base).or_insert(batch);
        known.is_durable |= is_durable;
        self.end = self.end.max(ack.next);
    }

    /// The operation was answered: from now on its effect is promised.
    pub fn answered(&mut self, doubt: Doubt) {
        self.in_doubt = None;
        match doubt {
            Doubt::Truncate { to } => self.cut(to),
            Doubt::LogStart { to } => self.log_start = self.log_start.max(to),
            Doubt::Durability(durability) => {
                self.durability = durability;
                self.batches.values_mut().for_each(|batch| batch.is_durable = true);
            }
            Doubt::Reset { to } => {
                self.cut(0);
                self.log_start = to;
                self.end = to;
            }
            Doubt::Delete => {
                self.cut(0);
                self.is_deleted = true;
            }
        }
    }

    /// Batches that reach above `to` are gone.
    fn cut(&mut self, to: u64) {
        let gone: Vec<u64> = self.batches.values().filter(|batch| batch.next > to).map(|batch| batch.base).collect();
        for base in gone {
            let batch = self.batches.remove(&base).expect("just listed");
            self.dropped.insert(batch.content);
        }
        self.end = self.batches.values().next_back().map_or(to.min(self.end), |batch| batch.next);
    }

    /// Takes what a recovery left as the truth: it has been judged and is durable.
    pub fn adopt(&mut self, log_start: u64, end: u64, durability: Durability, batches: Vec<KnownBatch>) {
        let kept: BTreeSet<Content> = batches.iter().map(|batch| batch.content).collect();
        let lost = self.offered.keys().filter(|content| !kept.contains(content)).copied();
        // What is not there after a recovery was never promised, and must not appear later.
        self.dropped.extend(lost);
        self.batches = batches.into_iter().map(|batch| (batch.base, batch)).collect();
        self.log_start = log_start;
        self.end = end;
        self.durability = durability;
        self.in_doubt = None;
    }

    pub fn see(&mut self, leader_epoch: i32, offset: u64, content: Content) -> Result<(), String> {
        match self.seen.insert((leader_epoch, offset), content) {
            Some(other) if other != content => {
                Err(format!("epoch {leader_epoch} offset {offset} held batch {other}, now {content}"))
            }
            _ => Ok(()),
        }
    }
}
