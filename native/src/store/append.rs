//! From a request to a listed batch: validate, recognise duplicates, find room, stamp, list.
//!
//! Nothing of the log's state changes before the batch has room in its segment (DURABILITY.md rules 8 and 14); from
//! the listing on there is no way back.

use super::{AppendError, Event, FencedBy, Finished, Listed, Store, StoreError};
use crate::codec::batch::{stamp_assigned, stamp_log_append_time, validate, BatchHeader, BatchRules, OFFSET_MAX};
use crate::io::{FileId, IoResult, Op, OpenMode, Piece};
use crate::journal::entry::{Durability, Entry, EntryKind};
use crate::log::config::LogConfig;
use crate::log::open_files::FileKey;
use crate::log::partition::{Ack, Append, AppendOrigin, HotBatch, Mark, Memory, Partition, SpaceState, Unwritten};
use crate::log::producer_state::Verdict;
use crate::log::segment::Segment;
use std::collections::VecDeque;

/// Reserved at a time: as much again as the segment holds, within these bounds.
const RESERVE_MIN: u64 = 64 << 10;
const RESERVE_MAX: u64 = 16 << 20;
const RESERVATIONS_MAX: usize = 64;

/// The flags of a ring slot say who appends.
const FLAG_COORDINATOR: u32 = 1;
const FLAG_FOLLOWER: u32 = 2;

/// Segments that wait for their space, and how many get it now.
#[derive(Default)]
pub(super) struct Reservations {
    waiting: VecDeque<(u32, u64, u64)>,
    in_flight: usize,
}

enum Decision {
    Listed,
    Refused(AppendError),
    Duplicate(Ack),
    NeedsSpace { roll: Option<u64>, until: u64 },
}

/// A batch that may be listed: where it goes.
struct Plan {
    header: BatchHeader,
    base: u64,
    leader_epoch: i32,
}

impl Store {
    /// Takes a bounded number of slots from every ring; true if one of them has more.
    pub(super) fn read_rings(&mut self) -> bool {
        let mut has_more = false;
        for index in 0..self.rings.len() {
            let mut left = self.config.slots_per_turn;
            while left > 0 {
                let Some(slot) = self.rings[index].reader.next() else { break };
                let number = self.rings[index].add(&slot, slot.target);
                let origin = match slot.flags & 3 {
                    FLAG_COORDINATOR => AppendOrigin::Coordinator,
                    FLAG_FOLLOWER => AppendOrigin::Follower,
                    _ => AppendOrigin::Leader,
                };
                let memory = Memory::Ring { ring: index as u32, slot: number };
                self.offer(slot.target, Append { ticket: slot.ticket, piece: slot.payload, memory, origin });
                left -= 1;
            }
            has_more |= left == 0;
        }
        has_more
    }

    /// Takes everything that the rings hold now, for an append that must not overtake it.
    pub fn read_all_rings(&mut self) {
        while self.read_rings() {}
    }

    /// Decides about an append, or queues it behind what its partition waits for.
    pub(super) fn offer(&mut self, partition: u32, append: Append) {
        if self.fenced.is_some() {
            return self.refuse(partition, &append, AppendError::Fenced);
        }
        let Some(state) = self.partition_mut(partition) else {
            return self.refuse(partition, &append, AppendError::UnknownPartition);
        };
        if state.is_leaving {
            return self.refuse(partition, &append, AppendError::UnknownPartition);
        }
        if state.is_held || !state.waiting.is_empty() {
            state.waiting.push_back(append);
            return;
        }
        self.decide(partition, append);
    }

    /// The epoch under which this node leads the partition from now on. It never goes back.
    pub fn set_leader_epoch(&mut self, partition: u32, leader_epoch: i32) {
        if let Some(state) = self.partition_mut(partition) {
            state.leader_epoch = state.leader_epoch.max(leader_epoch);
        }
    }

    /// The node leads the partition under this epoch from now on: whoever decides it did so durably (rule 15). Until then a
    /// recovered partition has the start count of the directory.
    ///
    /// # Errors
    /// The epoch is not above all that may have written here.
    pub fn lead(&mut self, partition: u32, leader_epoch: i32) -> Result<(), StoreError> {
        if self.fenced.is_some() {
            return Err(StoreError::Fenced);
        }
        let served = self.partition_mut(partition).filter(|state| !state.is_leaving);
        let state = served.ok_or(StoreError::UnknownPartition)?;
        let used = state.leader_epoch_used();
        if leader_epoch <= used {
            return Err(StoreError::LeaderEpochUsed { used, given: leader_epoch });
        }
        state.leader_epoch = leader_epoch;
        state.is_led = true;
        Ok(())
    }

    /// What its topic asks for from now on. Durability stays as it is: it changes by an entry of the journal.
    ///
    /// # Errors
    /// There is no such partition.
    pub fn configure(&mut self, partition: u32, config: LogConfig) -> Result<(), StoreError> {
        let served = self.partition_mut(partition).filter(|state| !state.is_leaving);
        let state = served.ok_or(StoreError::UnknownPartition)?;
        state.config = LogConfig { durability: state.config.durability, ..config };
        Ok(())
    }

    /// Goes on with the appends that waited, in their order.
    pub(super) fn retry_waiting(&mut self) {
        for _ in 0..self.retry.len() {
            let Some(partition) = self.retry.pop_front() else { break };
            let mut goes_on = true;
            while goes_on {
                let Some(state) = self.partition_mut(partition) else { break };
                if state.is_held || state.space == SpaceState::Preparing {
                    break;
                }
                let Some(append) = state.waiting.pop_front() else { break };
                goes_on = self.decide(partition, append);
            }
        }
    }

    /// False if the append waits (again) at the front of its queue.
    fn decide(&mut self, partition: u32, append: Append) -> bool {
        match self.examine(partition, &append) {
            Decision::Listed => {}
            Decision::Refused(error) => self.refuse(partition, &append, error),
            Decision::Duplicate(ack) => {
                self.unpin(&append.memory);
                self.live(partition).duplicates.push(ack);
                self.answer_duplicates(partition);
            }
            Decision::NeedsSpace { roll, until } => {
                self.live(partition).waiting.push_front(append);
                self.prepare_space(partition, roll, until);
                return false;
            }
        }
        true
    }

    fn examine(&mut self, handle: u32, append: &Append) -> Decision {
        let now = self.now;
        let batch_size_max = self.batch_size_max;
        let state = self.live(handle);
        if state.is_damaged() {
            return Decision::Refused(AppendError::Damaged);
        }
        let plan = match plan(state, append, batch_size_max) {
            Ok(plan) => plan,
            Err(decision) => return decision,
        };
        let size = u64::from(plan.header.size);
        let next = plan.base + plan.header.last_offset_delta as u64 + 1;
        let roll = state.must_roll(size, next, now.monotonic_ms).then_some(plan.base);
        let position = if roll.is_some() { 0 } else { state.active().map_or(0, |segment| segment.size) };
        if roll.is_some() || position + size > state.reserved {
            return Decision::NeedsSpace { roll, until: position + size };
        }
        self.list(handle, append, &plan, next);
        Decision::Listed
    }

    /// The point of no return: offset and sequence are assigned.
    fn list(&mut self, handle: u32, append: &Append, plan: &Plan, next: u64) {
        let now = self.now;
        let timed =
            (self.live(handle).config.is_log_append_time && append.origin != AppendOrigin::Follower).then_some(now.wall_ms);
        let stamped = stamp(append.piece, plan, timed);
        let state = self.partitions[handle as usize].as_mut().expect("a live partition");
        let segment = state.segments.last_mut().expect("space was prepared");
        let begins_segment = segment.size == 0;
        if begins_segment {
            segment.began_ms = now.monotonic_ms;
        }
        let position = segment.size;
        segment.note(u64::from(stamped.size), stamped.max_timestamp);
        let mut after = Mark { offset: next, sequence: state.stable.sequence, segment: segment.base, position: segment.size };
        let ack = Ack {
            ticket: append.ticket,
            base: plan.base,
            next,
            crc: stamped.crc,
            timestamp: stamped.max_timestamp,
            durability: state.durability,
            leader_epoch: plan.leader_epoch,
            is_duplicate: false,
        };
        let is_journaled = state.durability == Durability::Fsync;
        if is_journaled {
            let entry = Entry {
                begins_segment,
                leader_epoch: plan.leader_epoch,
                size: stamped.size,
                batch_crc: stamped.crc,
                value: next,
                timestamp: stamped.max_timestamp,
                ownership: state.ownership,
                ..Entry::control(EntryKind::Batch, state.id, state.end, plan.base)
            };
            after.sequence = self.journal.sequence_next();
            let listed = Listed::Batch { partition: handle, ack, after, memory: append.memory.clone() };
            self.journal.stage(entry, Some(append.piece), listed);
        }
        let is_assigned = state.epochs.assign(plan.leader_epoch, plan.base as i64).is_ok();
        assert!(is_assigned, "a leader epoch that goes back was refused before");
        state.producers.append(&stamped, state.syncable().offset as i64, now.wall_ms);
        state.end = next;
        state.listed = after;
        state.unwritten.push_back(Unwritten {
            piece: append.piece,
            memory: append.memory.clone(),
            segment: after.segment,
            position,
            after,
            ack: (!is_journaled).then_some(ack),
            since_ms: now.monotonic_ms,
            sent: 0,
        });
        if let Memory::Ring { ring, slot } = append.memory {
            let ring_position = self.rings[ring as usize].position_of(slot);
            state.hot.push_back(HotBatch { base: plan.base, next, ring, ring_position, piece: append.piece });
            // One pin for the journal, one for the segment, instead of the one held while deciding.
            let pins = &mut self.rings[ring as usize];
            pins.pin(slot);
            if !is_journaled {
                pins.unpin(slot);
            }
        }
        let key = FileKey { partition: handle, base: after.segment };
        let interval = self.live(handle).config.index_interval;
        self.note_in_index(key, &stamped, position, interval);
        self.counters.appended_batches += 1;
        self.counters.appended_bytes += u64::from(stamped.size);
        self.checkpointer.note_change();
        self.note_unwritten(handle, stamped.size as usize);
        self.reserve_ahead(handle);
    }

    pub(super) fn refuse(&mut self, partition: u32, append: &Append, error: AppendError) {
        self.unpin(&append.memory);
        self.events.push(Event::Refused { partition, ticket: append.ticket, error });
    }

    pub(super) fn refuse_waiting(&mut self, partition: u32, error: &AppendError) {
        let waiting = std::mem::take(&mut self.live(partition).waiting);
        for append in waiting {
            self.refuse(partition, &append, error.clone());
        }
    }

    pub(super) fn refuse_all_waiting(&mut self) {
        let handles: Vec<u32> = self.handles().collect();
        for handle in handles {
            self.refuse_waiting(handle, &AppendError::Fenced);
        }
    }

    /// A duplicate is answered only when its original has what the ack states (rule 14).
    pub(super) fn answer_duplicates(&mut self, partition: u32) {
        let state = self.live(partition);
        if state.duplicates.is_empty() {
            return;
        }
        let stable = state.stable.offset;
        let (due, rest): (Vec<Ack>, Vec<Ack>) = state.duplicates.drain(..).partition(|ack| ack.next <= stable);
        state.duplicates = rest;
        self.events.extend(due.into_iter().map(|ack| Event::Appended { partition, ack }));
    }

    /// Opens the next segment or reserves more of the active one; appends of the partition wait meanwhile.
    fn prepare_space(&mut self, handle: u32, roll: Option<u64>, until: u64) {
        let now_ms = self.now.monotonic_ms;
        let state = self.live(handle);
        if state.space == SpaceState::Preparing {
            return;
        }
        if let Some(base) = roll {
            let sealed = state.active().map(|segment| FileKey { partition: handle, base: segment.base });
            if let Some(key) = sealed {
                self.save_index(key);
            }
            let state = self.live(handle);
            state.segments.push(Segment::new(base, now_ms));
            state.reserved = 0;
            self.checkpointer.note_roll();
        }
        let state = self.live(handle);
        let active = *state.active().expect("rolled at least once");
        let end = reserve_end(&active, until, state.config.segment_size_max);
        self.reserve(handle, active.base, end);
    }

    /// Reserves before the next batch has to wait for it.
    fn reserve_ahead(&mut self, handle: u32) {
        let state = self.live(handle);
        let active = *state.active().expect("just appended to");
        let left = state.reserved - active.size;
        let is_low = active.size >= RESERVE_MIN && left < active.size.min(RESERVE_MAX) / 4;
        let end = reserve_end(&active, active.size, state.config.segment_size_max);
        if is_low && state.space == SpaceState::Ready && end > state.reserved {
            self.reserve(handle, active.base, end);
        }
    }

    fn reserve(&mut self, handle: u32, base: u64, end: u64) {
        self.live(handle).space = SpaceState::Preparing;
        self.reservations.waiting.push_back((handle, base, end));
        self.start_reservations();
    }

    /// Each holds a file open: a few at a time, so that ten thousand partitions that begin at once do not need as many
    /// descriptors.
    fn start_reservations(&mut self) {
        while self.reservations.in_flight < RESERVATIONS_MAX {
            let Some((handle, base, end)) = self.reservations.waiting.pop_front() else { return };
            self.reservations.in_flight += 1;
            self.start_reservation(handle, base, end);
        }
    }

    fn start_reservation(&mut self, handle: u32, base: u64, end: u64) {
        let state = self.live(handle);
        let position = state.reserved;
        let path_id = state.id;
        let path = self.paths.log(&path_id, base);
        let key = FileKey { partition: handle, base };
        let open = self.open_files.lease(key);
        let files = self.files.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            let opened = match open {
                Some(_) => None,
                None => match files.open(&path, OpenMode::Write).await {
                    Ok(file) => Some(file),
                    Err(error) => return Finished::SpacePrepared { partition: handle, base, opened: None, result: Err(error) },
                },
            };
            let file = open.or(opened).expect("one of the two");
            let reserved = files.call(Op::Allocate { file, position, size: end - position }).await;
            // An open file comes back with its lease either way: `opened` says whose it is.
            Finished::SpacePrepared { partition: handle, base, opened: Some(file), result: reserved.map(|_| end) }
        });
    }

    pub(super) fn space_prepared(&mut self, handle: u32, base: u64, opened: Option<FileId>, result: IoResult<u64>) {
        self.reservations.in_flight -= 1;
        self.start_reservations();
        let key = FileKey { partition: handle, base };
        if let Some(file) = opened {
            if !self.open_files.is_leased(key) || self.open_files.file(key) != Some(file) {
                self.adopt_file(key, file);
            }
            self.open_files.release(key);
            self.evict_files();
        }
        let Some(state) = self.partition_mut(handle) else { return };
        state.space = SpaceState::Ready;
        // Only now is the entry there that a sync of the directory makes durable.
        state.is_directory_dirty |= state.reserved == 0;
        match result {
            Ok(end) => {
                state.reserved = end;
                self.retry.push_back(handle);
            }
            // The batches in the queue are refused together: those of one producer must not overtake each other.
            Err(error) if error.is_no_space() => self.refuse_waiting(handle, &AppendError::NoSpace),
            Err(error) => self.fence(error, FencedBy::Segment),
        }
    }
}

fn reserve_end(active: &Segment, until: u64, segment_size_max: u64) -> u64 {
    let step = active.size.clamp(RESERVE_MIN, RESERVE_MAX);
    let wanted = (until.max(active.size) + step).next_multiple_of(RESERVE_MIN);
    wanted.min(segment_size_max.next_multiple_of(RESERVE_MIN)).max(until.next_multiple_of(4096))
}

/// What the batch would be; nothing is changed. Err is the decision that ends it here.
fn plan(state: &Partition, append: &Append, batch_size_max: u32) -> Result<Plan, Decision> {
    // Whatever the topic says and whoever sends it: recovery looks no further behind the journal's end.
    let rules = match append.origin {
        AppendOrigin::Leader => BatchRules::client(state.config.batch_size_max.min(batch_size_max)),
        AppendOrigin::Coordinator => BatchRules::coordinator(state.config.batch_size_max.min(batch_size_max)),
        AppendOrigin::Follower => BatchRules { size_max: batch_size_max, ..BatchRules::replica() },
    };
    let refused = |error| Err(Decision::Refused(error));
    let header = match validate(append.piece.bytes(), &rules) {
        Ok(header) => header,
        Err(error) => return refused(AppendError::Batch(error)),
    };
    let (base, leader_epoch) = if append.origin == AppendOrigin::Follower {
        (header.base_offset as u64, header.leader_epoch)
    } else {
        (state.end, state.leader_epoch)
    };
    if base < state.end {
        return refused(AppendError::OffsetBelowEnd { end: state.end, got: base });
    }
    if base + header.last_offset_delta as u64 >= OFFSET_MAX as u64 {
        return refused(AppendError::OffsetOverflow);
    }
    // Below zero means that nobody knows it: no leader stamps that, and no history holds it.
    let latest = state.epochs.latest().map_or(0, |start| start.leader_epoch);
    if leader_epoch < latest {
        return refused(AppendError::LeaderEpochWentBack { latest, got: leader_epoch });
    }
    if append.origin != AppendOrigin::Follower && leader_epoch < state.leader_epoch_min {
        return refused(AppendError::LeaderEpochUsed { needed: state.leader_epoch_min, got: leader_epoch });
    }
    if append.origin != AppendOrigin::Follower && header.has_producer() {
        match state.producers.check(&header) {
            Verdict::Accept => {}
            Verdict::Duplicate { base_offset, last_offset, timestamp } => {
                return Err(Decision::Duplicate(Ack {
                    ticket: append.ticket,
                    base: base_offset as u64,
                    next: last_offset as u64 + 1,
                    crc: header.crc,
                    timestamp,
                    durability: state.durability,
                    leader_epoch: state.epochs.epoch_of(base_offset).unwrap_or(-1),
                    is_duplicate: true,
                }));
            }
            Verdict::OutOfOrderSequence { expected, got } => return refused(AppendError::OutOfOrderSequence { expected, got }),
            Verdict::StaleEpoch { current, got } => return refused(AppendError::StaleProducerEpoch { current, got }),
        }
    }
    Ok(Plan { header, base, leader_epoch })
}

/// Writes base offset and leader epoch (outside the CRC) and, where asked for, the append time (with a new CRC).
fn stamp(piece: Piece, plan: &Plan, append_time: Option<i64>) -> BatchHeader {
    let assigned = stamp_assigned(plan.base as i64, plan.header.size, plan.leader_epoch);
    piece.write(assigned.at, &assigned.bytes);
    if let Some(wall_ms) = append_time {
        let timed = stamp_log_append_time(piece.bytes(), wall_ms);
        piece.write(timed.at, &timed.bytes);
    }
    BatchHeader::parse(piece.bytes()).expect("validated before it was stamped")
}
