//! The bytes of a journaled log without the log: the same commits into one file (gathered, O_DIRECT, fdatasync linked),
//! the same batches into a file per partition (buffered), the same checkpoints (every dirty file synced, then a small
//! record), the same number of each in flight. One thread; nothing is checked, indexed or answered.
//!
//! ```text
//!   feed ──► committed by the journal ──► freed by a checkpoint
//!       └──► written to its partition's file ──► synced
//! ```
#![allow(unsafe_code)]

use super::ring::Ring;
use crate::cpu::Mark;
use crate::lap::{AckLatencies, Lap};
use crate::system::{open_direct, raw, write_gathered};
use millrace_native::io::{AlignedBuffer, BLOCK_SIZE};
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// What both sides do.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub partitions: usize,
    pub batch_size: usize,
    /// Bytes offered and not acknowledged.
    pub window: usize,
    pub memory: usize,
    pub journal_size: u64,
    pub depth: usize,
    pub commit_size_max: usize,
    /// Unwritten bytes worth a write to a partition's file, and of all partitions together at most.
    pub write_size: usize,
    pub unwritten_size_max: usize,
    pub syncs_max: usize,
}

/// What the store wrote besides the batches, taken from its own counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overhead {
    /// Journal bytes per batch byte.
    pub journal: f64,
    pub record_size: usize,
}

struct Commit {
    first: u64,
    count: usize,
    position: u64,
    size: u64,
    pieces: Box<[libc::iovec]>,
    is_complete: bool,
}

enum Checkpoint {
    Idle,
    /// The files still to be synced; the batches whose commits it frees.
    Syncing {
        files: Vec<usize>,
        in_flight: usize,
        boundary: u64,
    },
    Recording {
        boundary: u64,
    },
}

const SYNC: u64 = 1 << 62;
const RECORD: u64 = 1 << 61;

pub struct Bare {
    shape: Shape,
    overhead: Overhead,
    ring: Ring,
    memory: AlignedBuffer,
    headers: AlignedBuffer,
    slots: u64,
    journal: File,
    records: [File; 2],
    files: Vec<File>,
    sizes: Vec<u64>,
    /// Per partition: batches fed and not written.
    pending: Vec<VecDeque<u64>>,
    is_dirty: Vec<bool>,
    /// Batches are numbered; batch n belongs to partition n modulo their count.
    fed: u64,
    committed: u64,
    acknowledged: u64,
    written: u64,
    offered_at: VecDeque<Instant>,
    commits: VecDeque<Commit>,
    commit_next: u64,
    /// Where the next commit goes, and the space of those not yet freed: end batch and size.
    head: u64,
    live: VecDeque<(u64, u64)>,
    live_size: u64,
    checkpoint: Checkpoint,
    checkpoints: u64,
    pub latencies: AckLatencies,
}

impl Bare {
    /// # Panics
    /// If a file can't be made.
    #[must_use]
    pub fn new(directory: &Path, shape: Shape, overhead: Overhead) -> Self {
        let open = |path: &Path| {
            OpenOptions::new().create(true).truncate(false).write(true).open(path).expect("a file of the bare loop")
        };
        let files = (0..shape.partitions)
            .map(|index| {
                // As the store has it: a directory per partition.
                let partition = directory.join(format!("{index}"));
                std::fs::create_dir(&partition).expect("a partition's directory");
                open(&partition.join("0.log"))
            })
            .collect();
        let journal = open_direct(&directory.join("journal"));
        let headers = AlignedBuffer::new(1 << 20);
        prewrite(&journal, shape.journal_size, &headers);
        let slots = (shape.memory / shape.batch_size) as u64;
        Self {
            overhead,
            ring: Ring::new(),
            memory: AlignedBuffer::new(shape.memory),
            headers,
            slots,
            journal,
            records: ["record-a", "record-b"].map(|name| open(&directory.join(name))),
            files,
            sizes: vec![0; shape.partitions],
            pending: vec![VecDeque::new(); shape.partitions],
            is_dirty: vec![false; shape.partitions],
            fed: 0,
            committed: 0,
            acknowledged: 0,
            written: 0,
            offered_at: VecDeque::new(),
            commits: VecDeque::new(),
            commit_next: 0,
            head: 0,
            live: VecDeque::new(),
            live_size: 0,
            checkpoint: Checkpoint::Idle,
            checkpoints: 0,
            latencies: AckLatencies::default(),
            shape,
        }
    }

    #[must_use]
    pub fn journal_size(&self) -> u64 {
        self.shape.journal_size
    }

    /// Acknowledges at least so many bytes, unless the time is over first, and comes to rest.
    pub fn lap(&mut self, batch: &[u8], size: u64, time_max: Duration) -> Lap {
        let mark = Mark::now();
        let (before, checkpoints) = (self.acknowledged, self.checkpoints);
        let wanted = before + size / self.shape.batch_size as u64;
        let begin = Instant::now();
        while self.acknowledged < wanted && begin.elapsed() < time_max {
            self.feed(batch);
            let has_progress = self.commit();
            self.advance_checkpoint();
            self.enter(!has_progress);
        }
        self.rest();
        let acknowledged = (self.acknowledged - before) * self.shape.batch_size as u64;
        Lap { acknowledged, spent: mark.spent(), checkpoints: self.checkpoints - checkpoints }
    }

    fn rest(&mut self) {
        self.write_segments(true);
        while self.committed < self.fed || self.ring.in_flight() > 0 || !matches!(self.checkpoint, Checkpoint::Idle) {
            self.commit();
            self.advance_checkpoint();
            self.enter(true);
        }
    }

    fn enter(&mut self, waits: bool) {
        for token in self.ring.enter(waits) {
            self.complete(token);
        }
    }

    fn feed(&mut self, batch: &[u8]) {
        let size = batch.len();
        while (self.fed - self.acknowledged + 1) * size as u64 <= self.shape.window as u64 {
            let oldest = self.acknowledged.min(self.written);
            if self.fed - oldest >= self.slots {
                return self.write_segments(true);
            }
            let at = (self.fed % self.slots) as usize * size;
            self.memory.bytes_mut()[at..at + size].copy_from_slice(batch);
            self.pending[(self.fed % self.shape.partitions as u64) as usize].push_back(self.fed);
            self.offered_at.push_back(Instant::now());
            self.fed += 1;
        }
        self.write_segments(false);
    }

    /// Everything at once, when that makes writes as large as the store's.
    fn write_segments(&mut self, all: bool) {
        let unwritten = (self.fed - self.written) as usize * self.shape.batch_size;
        let worth = (self.shape.write_size * self.shape.partitions).min(self.shape.unwritten_size_max);
        if !all && unwritten < worth {
            return;
        }
        for partition in 0..self.shape.partitions {
            if !self.pending[partition].is_empty() {
                self.write_partition(partition);
            }
        }
        self.written = self.fed;
    }

    fn write_partition(&mut self, partition: usize) {
        let numbers = std::mem::take(&mut self.pending[partition]);
        let pieces: Vec<libc::iovec> = numbers.iter().map(|number| self.piece(*number, 1)).collect();
        for group in pieces.chunks(1024) {
            write_gathered(&self.files[partition], group, self.sizes[partition]);
            self.sizes[partition] += (group.len() * self.shape.batch_size) as u64;
        }
        self.is_dirty[partition] = true;
    }

    fn piece(&self, number: u64, count: usize) -> libc::iovec {
        let at = (number % self.slots) as usize * self.shape.batch_size;
        let piece = self.memory.piece(at, count * self.shape.batch_size);
        libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() }
    }

    /// True if a commit went out.
    fn commit(&mut self) -> bool {
        let mut has_progress = false;
        while self.commits.len() < self.shape.depth && self.committed < self.fed {
            let round = self.shape.partitions.min(self.shape.commit_size_max / self.shape.batch_size).max(1) as u64;
            // A round at a time, whole: what a commit of the store gathers from one round of the producer.
            let waits_for_more = self.fed - self.committed < round && !self.commits.is_empty();
            let count = (self.fed - self.committed).min(round);
            let Some((position, size)) = self.room_for(count).filter(|_| !waits_for_more) else { break };
            self.submit(position, size, count);
            has_progress = true;
        }
        has_progress
    }

    fn room_for(&self, count: u64) -> Option<(u64, u64)> {
        let payload = count as f64 * self.shape.batch_size as f64;
        let size = ((payload * self.overhead.journal.max(1.0)) as u64).next_multiple_of(BLOCK_SIZE as u64);
        let position = if self.head + size > self.shape.journal_size { 0 } else { self.head };
        // What a wrap leaves unused at the end is less than a commit.
        (self.live_size + 2 * size <= self.shape.journal_size).then_some((position, size))
    }

    fn submit(&mut self, position: u64, size: u64, count: u64) {
        let mut pieces = Vec::new();
        let payload = count as usize * self.shape.batch_size;
        let header = self.headers.piece(0, size as usize - payload);
        if header.size() > 0 {
            pieces.push(libc::iovec { iov_base: header.pointer().cast(), iov_len: header.size() });
        }
        let to_end = (self.slots - self.committed % self.slots).min(count);
        pieces.push(self.piece(self.committed, to_end as usize));
        if count > to_end {
            pieces.push(self.piece(self.committed + to_end, (count - to_end) as usize));
        }
        let pieces = pieces.into_boxed_slice();
        self.ring.write_synced(raw(&self.journal), &pieces, position, self.commit_next);
        self.commits.push_back(Commit {
            first: self.commit_next,
            count: count as usize,
            position,
            size,
            pieces,
            is_complete: false,
        });
        self.commit_next += 1;
        self.committed += count;
        self.head = position + size;
        self.live.push_back((self.committed, size));
        self.live_size += size;
    }

    fn complete(&mut self, token: u64) {
        match (&mut self.checkpoint, token) {
            (Checkpoint::Syncing { in_flight, .. }, SYNC) => *in_flight -= 1,
            (Checkpoint::Recording { boundary }, RECORD) => {
                let boundary = *boundary;
                self.checkpoint_done(boundary);
            }
            _ => self.committed_one(token),
        }
    }

    fn committed_one(&mut self, token: u64) {
        let commit = self.commits.iter_mut().find(|commit| commit.first == token).expect("a commit in flight");
        commit.is_complete = true;
        while self.commits.front().is_some_and(|commit| commit.is_complete) {
            let commit = self.commits.pop_front().expect("just seen");
            debug_assert!(commit.position + commit.size <= self.shape.journal_size && !commit.pieces.is_empty());
            let is_checkpointing = !matches!(self.checkpoint, Checkpoint::Idle);
            for _ in 0..commit.count {
                let latency = self.offered_at.pop_front().expect("fed").elapsed();
                self.latencies.note(latency, is_checkpointing);
            }
            self.acknowledged += commit.count as u64;
        }
    }

    fn advance_checkpoint(&mut self) {
        if matches!(self.checkpoint, Checkpoint::Idle) && self.live_size > self.shape.journal_size / 2 {
            let boundary = self.acknowledged;
            self.write_segments(true);
            let files = (0..self.shape.partitions).filter(|partition| std::mem::take(&mut self.is_dirty[*partition])).collect();
            self.checkpoint = Checkpoint::Syncing { files, in_flight: 0, boundary };
        }
        let Checkpoint::Syncing { files, in_flight, boundary } = &mut self.checkpoint else { return };
        while *in_flight < self.shape.syncs_max {
            let Some(file) = files.pop() else { break };
            self.ring.sync(raw(&self.files[file]), SYNC);
            *in_flight += 1;
        }
        if *in_flight > 0 {
            return;
        }
        let boundary = *boundary;
        let record = &self.records[(self.checkpoints % 2) as usize];
        let piece = self.headers.piece(0, self.overhead.record_size.clamp(1, self.headers.size()));
        write_gathered(record, &[libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() }], 0);
        self.ring.sync(raw(record), RECORD);
        self.checkpoint = Checkpoint::Recording { boundary };
    }

    fn checkpoint_done(&mut self, boundary: u64) {
        while self.live.front().is_some_and(|(end, _)| *end <= boundary) {
            let (_, size) = self.live.pop_front().expect("just seen");
            self.live_size -= size;
        }
        self.checkpoints += 1;
        self.checkpoint = Checkpoint::Idle;
    }
}

/// Blocks that were never written cost more the first time.
fn prewrite(journal: &File, size: u64, zeros: &AlignedBuffer) {
    let piece = zeros.piece(0, zeros.size());
    let mut position = 0;
    while position < size {
        write_gathered(journal, &[libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() }], position);
        position += piece.size() as u64;
    }
    journal.sync_all().expect("the journal is pre-written");
}
