//! The journal of one shard: gathers entries into commits, keeps several in flight, acknowledges them in order.
//!
//! ```text
//!   stage(entry, payload, tag) ─► group ─► commit n   in flight ─┐
//!                                 group ─► commit n+1 in flight ─┼─► complete, in any order
//!                                                                └─► acknowledged in order of their numbers: tags
//! ```
//! Lives on: the shard's thread. Owns: its file, the commit buffers. Memory of the payloads is the ring's, kept by the
//! owner of the tags until they come back.

use super::commit_memory::{CommitMemory, Lent};
use super::entry::{Entry, EntryKind};
use super::group::Group;
use super::header::{encode_header, entries_end, CommitHeader, Incarnation};
use super::space::Space;
use crate::io::{AlignedBuffer, FileId, Io, IoError, IoResult, Op, Piece, SyncMethod, Token, BLOCK_SIZE};
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug)]
pub struct JournalConfig {
    /// The size the file may grow to.
    pub size_max: u64,
    /// A checkpoint is due when a replay would read more than this.
    pub replay_size_max: u64,
    /// It grows by this much, pre-written.
    pub step: u64,
    /// Commits in flight at most (rule 24: two to four).
    pub depth: usize,
    pub sync: SyncMethod,
    /// Of one commit at most, header included, unless a single batch is larger.
    pub commit_size_max: usize,
    /// With commits in flight, a further one waits until it has this much, or as much as one of them, or one completes.
    pub gather_size_min: usize,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            size_max: 512 << 20,
            replay_size_max: 128 << 20,
            step: 16 << 20,
            depth: 3,
            sync: SyncMethod::Linked,
            commit_size_max: 8 << 20,
            gather_size_min: 128 << 10,
        }
    }
}

/// Counted, for the bench and the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalCounters {
    pub commits: u64,
    pub entries: u64,
    pub bytes: u64,
    pub bytes_copied: u64,
    pub extensions: u64,
}

struct InFlight<T> {
    number: u64,
    tags: Vec<T>,
    has_entries: bool,
    memory: Lent,
    size: u64,
    is_complete: bool,
    is_exclusive: bool,
}

/// A commit's bytes, but for the header.
struct Gathered {
    memory: Lent,
    /// The header's place included.
    pieces: Vec<Piece>,
    payload_positions: Vec<u32>,
}

enum Extension {
    Idle,
    Allocating,
    /// So many of its bytes are written; the write of the last ones syncs them all.
    Writing(u64),
    /// The device has no room for more: the journal stays as large as it is.
    Refused,
}

pub struct Journal<T> {
    config: JournalConfig,
    file: FileId,
    incarnation: Incarnation,
    space: Space,
    sequence_next: u64,
    groups: VecDeque<Group<T>>,
    in_flight: VecDeque<InFlight<T>>,
    /// The highest commit that, with all before it, is complete.
    durable: u64,
    /// The highest commit with entries among them, and the highest that a later header has called durable.
    durable_with_entries: u64,
    witnessed: u64,
    acknowledged: VecDeque<T>,
    failed: Option<IoError>,
    extension: Extension,
    zeros: Option<AlignedBuffer>,
    memory: CommitMemory,
    token_base: Token,
    pub counters: JournalCounters,
}

/// Where a journal continues: the end of recovery, or a fresh file.
pub struct JournalStart {
    pub file: FileId,
    pub incarnation: Incarnation,
    pub position: u64,
    pub number: u64,
    pub sequence_next: u64,
    pub written_end: u64,
}

/// Written at a time when the journal grows.
const ZEROS_SIZE: u64 = 64 << 10;
const EXTENSION: u64 = 0;

impl<T> Journal<T> {
    /// Tokens of this journal are `token_base` plus a commit number, or plus zero for its extension.
    #[must_use]
    pub fn new(config: JournalConfig, start: &JournalStart, token_base: Token) -> Self {
        assert!(start.number > 0, "commit numbers begin at 1: zero is the extension's token");
        Self {
            config,
            file: start.file,
            incarnation: start.incarnation,
            space: Space::new(start.position, start.number, start.written_end),
            sequence_next: start.sequence_next,
            groups: VecDeque::new(),
            in_flight: VecDeque::new(),
            durable: start.number - 1,
            durable_with_entries: start.number - 1,
            witnessed: start.number - 1,
            acknowledged: VecDeque::new(),
            failed: None,
            extension: Extension::Idle,
            zeros: None,
            memory: CommitMemory::new(config.depth),
            token_base,
            counters: JournalCounters::default(),
        }
    }

    /// Lists an entry; its sequence is given here. The payload stays untouched until the tag comes back.
    pub fn stage(&mut self, mut entry: Entry, payload: Option<Piece>, tag: T) -> u64 {
        let sequence = self.sequence_next;
        self.sequence_next += 1;
        entry.sequence = sequence;
        let payload_size = payload.map_or(0, Piece::size);
        if !self.groups.back().is_some_and(|group| group.has_room(payload_size, self.config.commit_size_max)) {
            if let Some(group) = self.groups.back_mut() {
                group.is_closed = true;
            }
            self.groups.push_back(Group::default());
        }
        self.groups.back_mut().expect("just made").add(entry, payload, tag);
        sequence
    }

    /// Submits what may go now. Once per turn, before the Io's flush.
    pub fn turn(&mut self, io: &mut dyn Io) {
        if self.failed.is_some() {
            return;
        }
        while self.may_submit() {
            let size = self.groups.front().expect("may_submit").size() as u64;
            if self.space.room_for(size).is_none() {
                break;
            }
            let group = self.groups.pop_front().expect("may_submit");
            self.submit(io, group);
        }
        self.extend(io);
    }

    fn may_submit(&self) -> bool {
        let Some(group) = self.groups.front() else { return false };
        if self.in_flight.is_empty() {
            return true;
        }
        // A commit larger than the usual limit travels alone: recovery's search window stays small (rule 6).
        if self.is_exclusive(group) || self.in_flight.iter().any(|commit| commit.is_exclusive) {
            return false;
        }
        // A commit waits for company while one is under way, but not for more than that one had: where few batches
        // come, each at its time, waiting would only serialise them.
        let company = self.in_flight.iter().map(|commit| commit.size as usize).max().unwrap_or(0);
        let is_worth_it = group.is_closed || group.size() >= company.min(self.config.gather_size_min);
        self.in_flight.len() < self.config.depth && is_worth_it
    }

    fn is_exclusive(&self, group: &Group<T>) -> bool {
        group.size() > self.config.commit_size_max
    }

    fn submit(&mut self, io: &mut dyn Io, mut group: Group<T>) {
        let is_exclusive = self.is_exclusive(&group);
        let header_size = group.header_size();
        let place = self.space.take(group.size() as u64).expect("room was checked");
        let Gathered { mut memory, pieces, payload_positions } = self.gather(&group);
        let batches = group.entries.iter_mut().filter(|entry| entry.kind == EntryKind::Batch);
        for (entry, position) in batches.zip(payload_positions) {
            entry.payload_position = position;
        }
        let header = CommitHeader {
            incarnation: self.incarnation,
            position: place.position,
            number: place.number,
            durable: self.durable,
            size: place.size,
            entry_count: group.entries.len() as u32,
        };
        encode_header(&header, &group.entries, &mut self.memory.bytes_mut(&mut memory)[..header_size]);
        self.witnessed = self.durable_with_entries;
        self.counters.commits += 1;
        self.counters.entries += group.entries.len() as u64;
        self.counters.bytes += place.size;
        let op = Op::Write { file: self.file, position: place.position, pieces, durable: Some(self.config.sync) };
        io.submit(self.token_base + place.number, op);
        self.in_flight.push_back(InFlight {
            number: place.number,
            has_entries: !group.entries.is_empty(),
            tags: group.tags,
            memory,
            size: place.size,
            is_complete: false,
            is_exclusive,
        });
    }

    /// A small commit is copied as a whole, of a large one only the edges.
    fn gather(&mut self, group: &Group<T>) -> Gathered {
        if group.is_packed() {
            self.pack(group)
        } else {
            self.gather_in_place(group)
        }
    }

    fn pack(&mut self, group: &Group<T>) -> Gathered {
        let mut memory = self.memory.slot();
        let out = &mut self.memory.bytes_mut(&mut memory)[..group.size()];
        let payload_positions = group.gather.pack(entries_end(group.entries.len()), out);
        self.counters.bytes_copied += group.gather.payload_size() as u64;
        let pieces = vec![self.memory.piece(&memory, 0, group.size())];
        Gathered { memory, pieces, payload_positions }
    }

    fn gather_in_place(&mut self, group: &Group<T>) -> Gathered {
        let header_size = group.header_size();
        let edges_size = group.gather.edge_block_count() * BLOCK_SIZE;
        let mut buffer = self.memory.buffer(header_size + edges_size);
        buffer.bytes_mut()[entries_end(group.entries.len())..header_size].fill(0);
        let plan = group.gather.plan(header_size, &mut buffer, header_size);
        self.counters.bytes_copied += edges_size as u64;
        let mut pieces = Vec::with_capacity(plan.pieces.len() + 1);
        pieces.push(buffer.piece(0, header_size));
        pieces.extend(plan.pieces);
        Gathered { memory: Lent::Buffer(buffer), pieces, payload_positions: plan.payload_positions }
    }

    /// Before the first commit.
    pub fn register(&self, io: &mut dyn Io) {
        self.memory.register(io);
    }

    /// A write of this journal completed. Failure is final: nothing is acknowledged any more (rule 9).
    pub fn complete(&mut self, io: &mut dyn Io, token: Token, result: IoResult<u64>) {
        let number = token - self.token_base;
        if number == EXTENSION {
            self.extended(io, result);
            return;
        }
        let commit = self.in_flight.iter_mut().find(|commit| commit.number == number).expect("a commit in flight");
        match result {
            Ok(count) if count == commit.size => commit.is_complete = true,
            Ok(_) => self.fail(IoError::SHORT_WRITE),
            Err(error) => self.fail(error),
        }
        self.acknowledge();
    }

    fn fail(&mut self, error: IoError) {
        self.failed.get_or_insert(error);
    }

    /// In order of the numbers, and nothing behind a failure (rule 3).
    fn acknowledge(&mut self) {
        while self.failed.is_none() && self.in_flight.front().is_some_and(|commit| commit.is_complete) {
            let commit = self.in_flight.pop_front().expect("just seen");
            self.durable = commit.number;
            if commit.has_entries {
                self.durable_with_entries = commit.number;
            }
            self.acknowledged.extend(commit.tags);
            self.memory.give_back(commit.memory);
        }
    }

    /// The next tag of the commits that became durable, in commit order.
    pub fn next_acknowledged(&mut self) -> Option<T> {
        self.acknowledged.pop_front()
    }

    /// All tags that nobody has been given back, in the order of their entries.
    pub fn pending(&self) -> impl Iterator<Item = &T> {
        let in_flight = self.in_flight.iter().flat_map(|commit| &commit.tags);
        self.acknowledged.iter().chain(in_flight).chain(self.groups.iter().flat_map(|group| &group.tags))
    }

    /// Records the last durable commit in a header of its own, so that it has a witness (rule 6). Nobody waits for it.
    /// Called when nothing is staged or in flight; does nothing if there is nothing new to record.
    pub fn witness(&mut self, io: &mut dyn Io) -> bool {
        let group = Group::default();
        if self.wants_witness() && self.space.room_for(group.size() as u64).is_some() {
            self.submit(io, group);
            return true;
        }
        false
    }

    #[must_use]
    pub fn wants_witness(&self) -> bool {
        self.is_idle() && self.failed.is_none() && self.durable_with_entries > self.witnessed
    }

    /// Grows the pre-written part ahead of use, one step at a time.
    fn extend(&mut self, io: &mut dyn Io) {
        let waits = self.groups.front().is_some_and(|group| self.space.room_for(group.size() as u64).is_none());
        let is_due = waits || self.space.live_size() > self.space.written_end / 2;
        if !matches!(self.extension, Extension::Idle) || !is_due || self.space.written_end >= self.config.size_max {
            return;
        }
        let size = self.extension_size();
        io.submit(self.token_base + EXTENSION, Op::Allocate { file: self.file, position: self.space.written_end, size });
        self.extension = Extension::Allocating;
    }

    fn extension_size(&self) -> u64 {
        self.config.step.min(self.config.size_max - self.space.written_end)
    }

    fn extended(&mut self, io: &mut dyn Io, result: IoResult<u64>) {
        let size = self.extension_size();
        self.extension = match (&self.extension, result) {
            (Extension::Allocating, Ok(_)) => self.write_zeros(io, 0),
            (Extension::Writing(done), Ok(count)) if count == zeros_size(*done, size) && done + count < size => {
                let done = done + count;
                self.write_zeros(io, done)
            }
            (Extension::Writing(done), Ok(count)) if done + count == size => {
                self.space.written_end += size;
                self.counters.extensions += 1;
                Extension::Idle
            }
            // A full device here costs nobody anything yet: commits go on in the part that exists.
            (_, Ok(_)) => Extension::Refused,
            (_, Err(error)) => {
                // A failed sync may be the one that a commit in flight relied on: whatever it had not written counts as
                // clean now, and the commit's own sync would call it durable.
                if !error.is_no_space() {
                    self.fail(error);
                }
                Extension::Refused
            }
        };
        if !matches!(self.extension, Extension::Writing(_)) {
            self.zeros = None;
        }
    }

    /// A little at a time: commits share the device with it.
    fn write_zeros(&mut self, io: &mut dyn Io, done: u64) -> Extension {
        let left = self.extension_size() - done;
        let size = zeros_size(done, self.extension_size());
        let zeros = self.zeros.get_or_insert_with(|| AlignedBuffer::new(ZEROS_SIZE as usize));
        let pieces = vec![zeros.piece(0, size as usize)];
        let durable = (size == left).then_some(self.config.sync);
        let position = self.space.written_end + done;
        io.submit(self.token_base + EXTENSION, Op::Write { file: self.file, position, pieces, durable });
        Extension::Writing(done)
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.groups.is_empty() && self.in_flight.is_empty()
    }

    #[must_use]
    pub fn failed(&self) -> Option<IoError> {
        self.failed
    }

    /// The highest commit that is durable with all before it.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    #[must_use]
    pub fn sequence_next(&self) -> u64 {
        self.sequence_next
    }

    /// The first sequence of anything that is not durable yet.
    #[must_use]
    pub fn staged_count(&self) -> usize {
        self.groups.iter().map(|group| group.entries.len()).sum()
    }

    /// Where replay would begin if everything up to commit `number` were in the segments.
    #[must_use]
    pub fn replay_start_after(&self, number: u64) -> (u64, u64) {
        self.space.replay_start_after(number)
    }

    /// After the checkpoint record that does not need them is durable.
    pub fn free_through(&mut self, number: u64) {
        self.space.free_through(number);
    }

    #[must_use]
    pub fn live_size(&self) -> u64 {
        self.space.live_size()
    }

    /// True if a commit waits for space: only a checkpoint (or an extension under way) can help.
    #[must_use]
    pub fn is_starved(&self) -> bool {
        self.groups.front().is_some_and(|group| self.space.room_for(group.size() as u64).is_none())
    }

    /// True when half of what the journal may hold is in use.
    #[must_use]
    pub fn wants_checkpoint(&self) -> bool {
        self.space.live_size() > self.config.replay_size_max.min(self.config.size_max / 2)
            || (self.is_starved() && !matches!(self.extension, Extension::Allocating | Extension::Writing(_)))
    }

    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }
}

/// Of a growth by `size` bytes of which `done` are written, what the next write takes.
fn zeros_size(done: u64, size: u64) -> u64 {
    ZEROS_SIZE.min(size - done)
}
