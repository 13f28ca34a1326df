//! Fills the segments: lazily, gathered per partition into large buffered writes from the memory that the journal
//! wrote too (DURABILITY.md rule 22).
//!
//! A partition is due when it has enough for one large write, when its oldest batch is old, when its acks wait for the
//! page cache (`replicated`), or when memory is short. Until then its batches stay in memory and gather.

use super::read::VerifiedSteps;
use super::{Event, FencedBy, Store, KIND_SHIFT, SEGMENT_WRITE};
use crate::io::{FileId, IoError, IoResult, Op, Piece, Token, BLOCK_SIZE, PIECES_MAX};
use crate::journal::entry::Durability;
use crate::log::open_files::FileKey;
use crate::log::partition::Unwritten;
use crate::log::verified::BatchStart;
use std::collections::VecDeque;

pub(super) struct SegmentWrite {
    partition: u32,
    key: FileKey,
    gathered: Gathered,
}

impl Store {
    pub(super) fn note_unwritten(&mut self, handle: u32, size: usize) {
        self.unwritten_size += size;
        let write_size = self.config.write_size;
        let state = self.live(handle);
        state.unwritten_size += size;
        let is_due = state.durability == Durability::Replicated || state.unwritten_size >= write_size;
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
        let size_max = self.config.write_size;
        let stable_only = self.fenced.is_some_and(|(_, by)| by == FencedBy::Journal);
        let state = self.live(handle);
        let limits = Limits {
            segment: key.base,
            size_max,
            // Nobody waits for the write: the journal has acknowledged, or will.
            may_cut: state.durability == Durability::Fsync,
            offset_max: if stable_only { state.stable.offset } else { u64::MAX },
        };
        let mut pieces = Vec::new();
        let gathered = gather(&state.unwritten, &limits, &mut pieces);
        if pieces.is_empty() {
            state.write_in_flight = false;
            self.open_files.release(key);
            return;
        }
        let token: Token = SEGMENT_WRITE + (self.write_next & ((1 << KIND_SHIFT) - 1));
        self.write_next += 1;
        self.counters.segment_writes += 1;
        self.counters.segment_bytes += gathered.size as u64;
        let position = gathered.position;
        self.writes.insert(token, SegmentWrite { partition: handle, key, gathered });
        self.io.submit(token, Op::Write { file, position, pieces, durable: None });
    }

    pub(super) fn segment_written(&mut self, token: Token, result: IoResult<u64>) {
        let write = self.writes.remove(&token).expect("a segment write in flight");
        self.open_files.release(write.key);
        self.evict_files();
        let state = self.live(write.partition);
        state.write_in_flight = false;
        let failure = match result {
            Ok(count) if count == write.gathered.size as u64 => None,
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
        for left in (0..write.gathered.batches).rev() {
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
            let size = batch.piece.size() - batch.sent;
            state.unwritten_size -= size;
            if let Some(ack) = batch.ack {
                state.stable = batch.after;
                self.events.push(Event::Appended { partition: write.partition, ack });
            }
            self.unwritten_size -= size;
            self.unpin(&batch.memory);
        }
        let sent = write.gathered.sent;
        if sent > 0 {
            let state = self.live(write.partition);
            state.unwritten_size -= sent;
            state.unwritten.front_mut().expect("it was cut").sent += sent;
            self.unwritten_size -= sent;
        }
    }

    /// What came meanwhile: at once if it is due for a reason other than age, else when it is old.
    fn make_due_again(&mut self, handle: u32) {
        let write_size = self.config.write_size;
        let is_pressed = self.fenced.is_some() || self.memory_excess() > 0;
        let state = self.live(handle);
        if state.unwritten.is_empty() {
            return;
        }
        let is_due = is_pressed
            || state.is_held
            || state.durability == Durability::Replicated
            || state.unwritten_size >= write_size
            || state.unwritten[0].keeps_own_memory()
            || state.written.segment != state.unwritten[0].segment;
        if !std::mem::replace(&mut state.is_write_queued, true) {
            self.write_queue.push_back(handle);
        }
        if is_due {
            self.make_due(handle);
        }
    }
}

struct Limits {
    segment: u64,
    size_max: usize,
    /// The write may end within a batch.
    may_cut: bool,
    /// Of the log behind a batch.
    offset_max: u64,
}

/// One write, as it goes out.
#[derive(Debug, PartialEq, Eq)]
struct Gathered {
    position: u64,
    size: usize,
    /// Batches that are whole in their segment behind it.
    batches: usize,
    /// Bytes of the batch behind them.
    sent: usize,
}

/// What is unwritten of the segment. Where there is more than one write takes, it ends with a block, within a batch if it may: else the next
/// one would begin in a page that has left memory, or is on its way to the disk.
fn gather(unwritten: &VecDeque<Unwritten>, limits: &Limits, pieces: &mut Vec<Piece>) -> Gathered {
    let position = unwritten.front().map_or(0, |batch| batch.position + batch.sent as u64);
    let mut gathered = Gathered { position, size: 0, batches: 0, sent: 0 };
    let mut is_more = false;
    for batch in unwritten {
        if batch.segment != limits.segment || batch.after.offset > limits.offset_max {
            break;
        }
        let rest = batch.piece.cut(batch.sent, batch.piece.size() - batch.sent);
        let is_too_much = gathered.size + rest.size() > limits.size_max;
        is_more = gathered.size >= limits.size_max
            || pieces.len() == PIECES_MAX
            || (is_too_much && gathered.size > 0 && !limits.may_cut);
        if is_more {
            break;
        }
        gathered.size += rest.size();
        gathered.batches += 1;
        pieces.push(rest);
    }
    if limits.may_cut && (is_more || gathered.size > limits.size_max) {
        gathered.end_with_a_block(limits.size_max, pieces);
    }
    gathered
}

impl Gathered {
    /// Unless that would leave nothing.
    fn end_with_a_block(&mut self, size_max: usize, pieces: &mut Vec<Piece>) {
        let end = self.position + self.size.min(size_max) as u64;
        let size = (end - end % BLOCK_SIZE as u64).saturating_sub(self.position) as usize;
        while size > 0 && self.size > size {
            let last = pieces.pop().expect("what was gathered");
            self.size -= last.size();
            self.batches -= 1;
            if self.size < size {
                self.sent = size - self.size;
                self.size = size;
                pieces.push(last.cut(0, self.sent));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::AlignedBuffer;
    use crate::log::partition::{Mark, Memory};
    use proptest::prelude::*;
    use std::rc::Rc;

    const SIZE_MAX: usize = 4 * BLOCK_SIZE;

    /// Batches of these sizes, each with whether a segment begins with it, from this position on.
    fn listed(memory: &Rc<AlignedBuffer>, position: u64, batches: &[(usize, bool)]) -> VecDeque<Unwritten> {
        let mut after = Mark { position, ..Mark::default() };
        let mut from = 0;
        let mut list = VecDeque::new();
        for &(size, begins_segment) in batches {
            let offset = after.offset;
            if begins_segment {
                after = Mark { segment: offset, position: 0, ..after };
            }
            let position = after.position;
            after = Mark { offset: offset + 1, position: position + size as u64, ..after };
            list.push_back(Unwritten {
                piece: memory.piece(from, size),
                memory: Memory::Owned(Rc::clone(memory)),
                segment: after.segment,
                position,
                after,
                ack: None,
                since_ms: 0,
                sent: 0,
            });
            from += size;
        }
        list
    }

    /// As if it had been written.
    fn settle(unwritten: &mut VecDeque<Unwritten>, gathered: &Gathered) {
        unwritten.drain(..gathered.batches);
        if gathered.sent > 0 {
            unwritten.front_mut().expect("it was cut").sent += gathered.sent;
        }
    }

    fn limits(segment: u64, may_cut: bool) -> Limits {
        Limits { segment, size_max: SIZE_MAX, may_cut, offset_max: u64::MAX }
    }

    proptest! {
        #[test]
        fn every_byte_is_written_once_in_order_and_writes_that_leave_something_end_with_a_block(
            position in 0u64..10_000,
            batches in prop_oneof![
                prop::collection::vec((1usize..20_000, prop::bool::weighted(0.1)), 1..40),
                prop::collection::vec((1usize..12, prop::bool::weighted(0.0001)), 1..4_000),
            ],
            may_cut: bool,
        ) {
            let memory = Rc::new(AlignedBuffer::new(batches.iter().map(|(size, _)| size).sum()));
            let mut unwritten = listed(&memory, position, &batches);
            let mut next = memory.piece(0, 0).address();
            while let Some(front) = unwritten.front() {
                let (segment, begin) = (front.segment, front.position + front.sent as u64);
                let mut pieces = Vec::new();
                let gathered = gather(&unwritten, &limits(segment, may_cut), &mut pieces);
                prop_assert_eq!(gathered.position, begin);
                prop_assert_eq!(gathered.size, pieces.iter().map(|piece| piece.size()).sum::<usize>());
                for piece in &pieces {
                    prop_assert!(!piece.is_empty());
                    prop_assert_eq!(piece.address(), next);
                    next += piece.size();
                }
                settle(&mut unwritten, &gathered);
                let is_more = unwritten.front().is_some_and(|batch| batch.segment == segment);
                if may_cut {
                    prop_assert!(gathered.size <= SIZE_MAX);
                    prop_assert!(!is_more || (begin + gathered.size as u64).is_multiple_of(BLOCK_SIZE as u64));
                    prop_assert!(!is_more || gathered.size > SIZE_MAX - BLOCK_SIZE || gathered.batches > 300);
                } else {
                    prop_assert_eq!(gathered.sent, 0);
                    prop_assert!(gathered.size <= SIZE_MAX || gathered.batches == 1);
                }
            }
            prop_assert_eq!(next, memory.piece(0, 0).address() + batches.iter().map(|(size, _)| size).sum::<usize>());
        }
    }

    #[test]
    fn behind_a_lost_journal_only_what_is_stable_is_written() {
        let memory = Rc::new(AlignedBuffer::new(3_000));
        let unwritten = listed(&memory, 0, &[(1_000, false), (1_000, false), (1_000, false)]);
        for (offset_max, batches) in [(0, 0), (1, 1), (2, 2), (9, 3)] {
            let mut pieces = Vec::new();
            let gathered = gather(&unwritten, &Limits { offset_max, ..limits(0, true) }, &mut pieces);
            assert_eq!((gathered.batches, pieces.len(), gathered.sent), (batches, batches, 0));
        }
    }
}
