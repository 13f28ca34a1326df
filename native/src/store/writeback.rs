//! Fills the segments: lazily, gathered per partition into large buffered writes from the memory that the journal
//! wrote too (DURABILITY.md rule 22).
//!
//! A partition is due when it has enough for one large write, when its oldest batch is old, when its acks wait for the
//! page cache (`replicated`), or when memory is short. Until then its batches stay in memory and gather.

use super::read::VerifiedSteps;
use super::{Event, FencedBy, Store, KIND_SHIFT, SEGMENT_WRITE};
use crate::io::{FileId, IoError, IoResult, Op, Piece, Token, PIECES_MAX};
use crate::journal::entry::Durability;
use crate::log::open_files::FileKey;
use crate::log::partition::Partition;
use crate::log::verified::BatchStart;

pub(super) struct SegmentWrite {
    partition: u32,
    key: FileKey,
    batches: usize,
    size: u64,
}

impl Store {
    pub(super) fn note_unwritten(&mut self, handle: u32, size: usize) {
        self.unwritten_size += size;
        let write_size_min = self.config.write_size_min;
        let state = self.live(handle);
        state.unwritten_size += size;
        let is_due = state.durability == Durability::Replicated || state.unwritten_size >= write_size_min;
        if !std::mem::replace(&mut state.is_write_queued, true) {
            self.write_queue.push_back(handle);
        }
        if is_due {
            self.make_due(handle);
        }
    }

    pub(super) fn make_due(&mut self, handle: u32) {
        let state = self.live(handle);
        let may_write = !state.unwritten.is_empty() && state.write_error.is_none();
        if may_write && !std::mem::replace(&mut state.is_write_due, true) {
            self.write_due.push_back(handle);
        }
    }

    /// Everything that is unwritten goes out now.
    pub fn flush_all(&mut self) {
        for handle in self.handles().collect::<Vec<u32>>() {
            self.make_due(handle);
        }
    }

    pub(super) fn write_segments(&mut self) {
        self.make_old_ones_due();
        for _ in 0..self.write_due.len() {
            if self.writes.len() >= self.config.writes_max {
                return;
            }
            let Some(handle) = self.write_due.pop_front() else { return };
            let Some(state) = self.partition_mut(handle) else { continue };
            state.is_write_due = false;
            // A write in flight puts the partition back here when it completes.
            if state.write_in_flight || state.unwritten.is_empty() {
                continue;
            }
            let key = FileKey { partition: handle, base: state.unwritten[0].segment };
            state.write_in_flight = true;
            if let Some((file, _)) = self.lease_or_open(key, super::files::Waiter::Write(handle)) {
                self.submit_write(handle, key, file);
            }
        }
    }

    /// The queue is in order of the oldest batch, so its front decides. Under pressure age does not matter.
    fn make_old_ones_due(&mut self) {
        let now_ms = self.now.monotonic_ms;
        let mut excess = self.memory_excess();
        while let Some(handle) = self.write_queue.front().copied() {
            let age_max = self.config.write_age_max_ms;
            let Some(state) = self.partition_mut(handle) else {
                self.write_queue.pop_front();
                continue;
            };
            let is_old = state.unwritten.front().is_none_or(|batch| now_ms >= batch.since_ms + age_max);
            if !is_old && excess == 0 {
                return;
            }
            state.is_write_queued = false;
            excess = excess.saturating_sub(state.unwritten_size);
            self.write_queue.pop_front();
            self.make_due(handle);
        }
    }

    /// Bytes that should be on their way out but are not: too much unwritten in all, or a ring half full of pins.
    fn memory_excess(&self) -> usize {
        let in_all = self.unwritten_size.saturating_sub(self.config.unwritten_size_max);
        let in_rings = self.rings.iter().map(|ring| ring.pinned_size().saturating_sub(ring.reader.capacity() / 2)).max();
        in_all.max(in_rings.unwrap_or(0) as usize)
    }

    /// The file is open and leased; what is unwritten and contiguous goes out as one write.
    pub(super) fn submit_write(&mut self, handle: u32, key: FileKey, file: FileId) {
        let size_max = self.config.write_size_max;
        let stable_only = self.fenced.is_some_and(|(_, by)| by == FencedBy::Journal);
        let state = self.live(handle);
        let (pieces, position) = gather(state, key.base, size_max, stable_only);
        if pieces.is_empty() {
            state.write_in_flight = false;
            self.open_files.release(key);
            return;
        }
        let size = pieces.iter().map(|piece| piece.size() as u64).sum();
        let token: Token = SEGMENT_WRITE + (self.write_next & ((1 << KIND_SHIFT) - 1));
        self.write_next += 1;
        self.writes.insert(token, SegmentWrite { partition: handle, key, batches: pieces.len(), size });
        self.counters.segment_writes += 1;
        self.counters.segment_bytes += size;
        self.io.submit(token, Op::Write { file, position, pieces, durable: None });
    }

    pub(super) fn segment_written(&mut self, token: Token, result: IoResult<u64>) {
        let write = self.writes.remove(&token).expect("a segment write in flight");
        self.open_files.release(write.key);
        self.evict_files();
        let state = self.live(write.partition);
        state.write_in_flight = false;
        let failure = match result {
            Ok(count) if count == write.size => None,
            Ok(_) => Some(IoError::SHORT_WRITE),
            Err(error) => Some(error),
        };
        if let Some(error) = failure {
            return self.write_failed(write.partition, error);
        }
        self.settle_written(&write);
        self.make_due_again(write.partition);
        self.answer_duplicates(write.partition);
        self.retry_parked_reads(write.partition);
    }

    /// What is in memory only can be read there as long as the ring keeps it, and not otherwise.
    pub(super) fn write_failed(&mut self, handle: u32, error: IoError) {
        let state = self.live(handle);
        state.write_in_flight = false;
        state.write_error = Some(error);
        self.fail_parked_reads(handle, &error.into());
        self.fence(error, FencedBy::Segment);
    }

    fn settle_written(&mut self, write: &SegmentWrite) {
        let mut steps = VerifiedSteps::default();
        for left in (0..write.batches).rev() {
            let state = self.live(write.partition);
            let batch = state.unwritten.pop_front().expect("as many as were written");
            let before = state.written;
            state.written = batch.after;
            // Checked in memory, and written as it was.
            let offset = if before.segment == batch.segment { before.offset } else { batch.segment };
            let begin = BatchStart { offset, position: batch.position };
            let end = BatchStart { offset: batch.after.offset, position: batch.after.position };
            steps.pass(begin, end, left == 0, |from, to| self.verified.note(write.key, from, to));
            let state = self.live(write.partition);
            state.unwritten_size -= batch.piece.size();
            if let Some(ack) = batch.ack {
                state.stable = batch.after;
                self.events.push(Event::Appended { partition: write.partition, ack });
            }
            self.unwritten_size -= batch.piece.size();
            self.unpin(&batch.memory);
        }
    }

    /// What came meanwhile: at once if it is due for a reason other than age, else when it is old.
    fn make_due_again(&mut self, handle: u32) {
        let write_size_min = self.config.write_size_min;
        let is_pressed = self.fenced.is_some() || self.memory_excess() > 0;
        let state = self.live(handle);
        if state.unwritten.is_empty() {
            return;
        }
        let is_due = is_pressed
            || state.is_held
            || state.durability == Durability::Replicated
            || state.unwritten_size >= write_size_min
            || state.written.segment != state.unwritten[0].segment;
        if !std::mem::replace(&mut state.is_write_queued, true) {
            self.write_queue.push_back(handle);
        }
        if is_due {
            self.make_due(handle);
        }
    }
}

/// The pieces of one write and where it begins.
fn gather(state: &Partition, base: u64, size_max: usize, stable_only: bool) -> (Vec<Piece>, u64) {
    let mut pieces: Vec<Piece> = Vec::new();
    let position = state.unwritten.front().map_or(0, |batch| batch.position);
    let mut size = 0;
    for batch in &state.unwritten {
        let is_last = batch.segment != base || pieces.len() == PIECES_MAX || (size > 0 && size + batch.piece.size() > size_max);
        if is_last || (stable_only && batch.after.offset > state.stable.offset) {
            break;
        }
        size += batch.piece.size();
        pieces.push(batch.piece);
    }
    (pieces, position)
}
