//! What a shard knows of one partition. State only: the files are reached through the store's tasks.
//!
//! ```text
//!   log start ......... synced ......... written ......... end
//!                      (recovery point)  (page cache)       (listed)
//!                              durable: between synced and end, moved by the journal
//! ```

use super::config::LogConfig;
use super::ids::PartitionId;
use super::leader_epochs::{EpochEnd, LeaderEpochs};
use super::producer_state::{ProducerState, PRODUCERS_MAX};
use super::segment::Segment;
use crate::io::{AlignedBuffer, IoError, Piece};
use crate::journal::checkpoint::PartitionRecord;
use crate::journal::entry::Durability;
use std::collections::VecDeque;
use std::rc::Rc;

/// A point of the log, with all that recovery needs to continue there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Mark {
    pub offset: u64,
    /// The last shard sequence of this partition's entries up to here.
    pub sequence: u64,
    pub segment: u64,
    pub position: u64,
}

/// Where a batch's bytes are while they are in memory, and so what keeps them there.
#[derive(Clone)]
pub enum Memory {
    /// A slot of a ring, by the ring's index and the slot's number; pinned there.
    Ring { ring: u32, slot: u64 },
    /// A buffer of its own (rule 19).
    Owned(Rc<AlignedBuffer>),
}

/// What an ack says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    pub ticket: u64,
    pub base: u64,
    /// The offset behind the batch.
    pub next: u64,
    pub crc: u32,
    pub timestamp: i64,
    pub durability: Durability,
    pub leader_epoch: i32,
    /// Stored before: the answer to a batch that an idempotent producer sent again.
    pub is_duplicate: bool,
}

/// A listed batch whose bytes are not in its segment yet.
pub struct Unwritten {
    pub piece: Piece,
    pub memory: Memory,
    pub segment: u64,
    pub position: u64,
    /// The log behind it.
    pub after: Mark,
    /// `replicated` partitions acknowledge from the page cache.
    pub ack: Option<Ack>,
    pub since_ms: u64,
    /// Bytes of it that went with the write before, which ended with a block.
    pub sent: usize,
}

impl Unwritten {
    /// All of a buffer stays for the part that is not written: no ring bounds what it holds.
    #[must_use]
    pub fn keeps_own_memory(&self) -> bool {
        self.sent > 0 && matches!(self.memory, Memory::Owned(_))
    }
}

/// A batch that live readers may take from ring memory.
#[derive(Clone, Copy, Debug)]
pub struct HotBatch {
    pub base: u64,
    pub next: u64,
    pub ring: u32,
    /// Of the slot in the ring: the batch is there while the ring's floor is not above.
    pub ring_position: u64,
    pub piece: Piece,
}

/// A producer's request that cannot be decided yet.
pub struct Append {
    pub ticket: u64,
    pub piece: Piece,
    pub memory: Memory,
    pub origin: AppendOrigin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// Offsets and leader epoch are given here.
    Leader,
    /// A coordinator of this node: as leader, control batches allowed.
    Coordinator,
    /// Offsets and leader epoch come with the batch; they may leave a gap.
    Follower,
}

/// Whether the active segment has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceState {
    Ready,
    /// A task opens the file or reserves blocks.
    Preparing,
}

/// The producers of the log below `offset`, encoded; an offset in a gap behind the last batch means that batch's end.
pub fn producers_at(producers: &mut ProducerState, offset: u64) -> Vec<u8> {
    let offset = (offset as i64).min(producers.end_offset());
    producers.snapshot(offset)
}

pub struct Partition {
    pub id: PartitionId,
    pub config: LogConfig,
    pub durability: Durability,
    pub ownership: u64,
    pub leader_epoch: i32,
    /// The epoch was given in this life by whoever decides it, not guessed at recovery.
    pub is_led: bool,
    /// A leader's appends need at least this epoch: what a truncation dropped had the one below (rule 15).
    pub leader_epoch_min: i32,
    pub log_start: u64,
    pub end: u64,
    /// Ascending; the last is the active one. Empty until the first batch.
    pub segments: Vec<Segment>,
    pub epochs: LeaderEpochs,
    pub producers: ProducerState,
    /// As of the last listed entry.
    pub listed: Mark,
    /// As of the last entry whose commit (fsync) or page-cache write (replicated) is complete.
    pub stable: Mark,
    pub written: Mark,
    pub synced: Mark,
    /// As of the last durable checkpoint record: replay may begin here, so no file above is removed (rule 7).
    pub recorded: Mark,
    /// The producers as of `synced`, as a checkpoint record holds them; empty for none.
    pub synced_producers: Vec<u8>,
    /// Segments were added or removed since the directory was last synced.
    pub is_directory_dirty: bool,
    /// Files were changed otherwise than by appending (a truncation): sync even if no mark moved.
    pub is_file_dirty: bool,
    /// How often the log was cut in this life.
    pub cuts: u32,
    /// Tasks that unlink old segments by name: nothing of that name may be made again meanwhile.
    pub removals: u32,
    pub unwritten: VecDeque<Unwritten>,
    pub unwritten_size: usize,
    pub write_in_flight: bool,
    /// A write of its segments failed: none is tried again in this life (rule 9).
    pub write_error: Option<IoError>,
    /// It stands in the store's queue of partitions with unwritten batches, or in that of writes that are due.
    pub is_write_queued: bool,
    pub is_write_due: bool,
    pub hot: VecDeque<HotBatch>,
    /// In arrival order: appends behind a roll, a reservation or a control operation.
    pub waiting: VecDeque<Append>,
    /// Answers to duplicates whose original is not stable yet.
    pub duplicates: Vec<Ack>,
    /// Reserved bytes of the active segment.
    pub reserved: u64,
    pub space: SpaceState,
    /// A control operation holds appends back.
    pub is_held: bool,
    /// Corrupt, set aside at start: every access answers a storage error.
    pub set_aside: Option<Box<PartitionRecord>>,
    /// Deleted, or on its way to another shard: it takes nothing more.
    pub is_leaving: bool,
    /// Its directory, or its adoption, is not durable yet: no record may name it.
    pub is_arriving: bool,
    /// The shard that it came from still has a record of it: until that is gone it goes nowhere else (rule 11).
    pub is_settling: bool,
}

impl Partition {
    #[must_use]
    pub fn new(id: PartitionId, config: LogConfig, leader_epoch: i32) -> Self {
        Self {
            id,
            config,
            durability: config.durability,
            ownership: 1,
            leader_epoch,
            is_led: true,
            leader_epoch_min: 0,
            log_start: 0,
            end: 0,
            segments: Vec::new(),
            epochs: LeaderEpochs::new(),
            producers: ProducerState::new(0, PRODUCERS_MAX),
            listed: Mark::default(),
            stable: Mark::default(),
            written: Mark::default(),
            synced: Mark::default(),
            recorded: Mark::default(),
            synced_producers: Vec::new(),
            is_directory_dirty: false,
            is_file_dirty: false,
            cuts: 0,
            removals: 0,
            unwritten: VecDeque::new(),
            unwritten_size: 0,
            write_in_flight: false,
            write_error: None,
            is_write_queued: false,
            is_write_due: false,
            hot: VecDeque::new(),
            waiting: VecDeque::new(),
            duplicates: Vec::new(),
            reserved: 0,
            space: SpaceState::Ready,
            is_held: false,
            set_aside: None,
            is_leaving: false,
            is_arriving: false,
            is_settling: false,
        }
    }

    /// Here to stay: checkpoints sync it and their records name it.
    #[must_use]
    pub fn is_settled_in(&self) -> bool {
        !self.is_arriving && !self.is_leaving
    }

    /// Corrupt: it was set aside at start.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.set_aside.is_some()
    }

    /// The offset below which a reader may be served: what the ack of this partition promises has happened there.
    #[must_use]
    pub fn stable_end(&self) -> u64 {
        self.stable.offset
    }

    /// The largest leader epoch under which something was or could have been written; -1 for none.
    #[must_use]
    pub fn leader_epoch_used(&self) -> i32 {
        let written = self.epochs.latest().map_or(-1, |latest| latest.leader_epoch);
        let led = if self.is_led { self.leader_epoch } else { -1 };
        written.max(led).max(self.leader_epoch_min - 1)
    }

    /// The largest epoch not above the one asked for, and the stable offset where it ends. An epoch that leads and has
    /// written nothing ends where the log does. None: it is newer than any we know.
    #[must_use]
    pub fn epoch_end(&self, leader_epoch: i32) -> Option<EpochEnd> {
        let stable = self.stable_end() as i64;
        let latest = self.epochs.latest().map(|latest| latest.leader_epoch);
        let led = self.is_led.then_some(self.leader_epoch);
        if Some(leader_epoch) > latest.max(led) {
            return None;
        }
        // Above all that was written: the one that leads now, or one that never wrote.
        let found = if Some(leader_epoch) == led { leader_epoch } else { latest.unwrap_or(leader_epoch) };
        let at_the_end = EpochEnd { leader_epoch: found, end_offset: stable };
        let known = self.epochs.end_offset_for(leader_epoch, stable).unwrap_or(at_the_end);
        Some(EpochEnd { end_offset: known.end_offset.min(stable), ..known })
    }

    /// Of all segments, whether their files have the bytes yet or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// True if a batch of this size opens a new segment.
    #[must_use]
    pub fn must_roll(&self, size: u64, next_offset: u64, now_ms: u64) -> bool {
        let Some(active) = self.segments.last() else { return true };
        if active.size == 0 {
            return false;
        }
        let is_full = active.size + size > self.config.segment_size_max;
        let is_old = now_ms.saturating_sub(active.began_ms) >= self.config.segment_age_max_ms;
        // The index holds offsets relative to the base in 32 bits.
        let is_far = next_offset - active.base > u64::from(i32::MAX as u32);
        is_full || is_old || is_far
    }

    #[must_use]
    pub fn active(&self) -> Option<&Segment> {
        self.segments.last()
    }

    /// The segment that holds an offset (or the gap before which it would lie).
    #[must_use]
    pub fn segment_of(&self, offset: u64) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base <= offset).checked_sub(1).or(if self.segments.is_empty() {
            None
        } else {
            Some(0)
        })
    }

    /// Nothing of it is under way: every listed entry is stable and in its segment.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.unwritten.is_empty()
            && !self.write_in_flight
            && self.stable.offset == self.end
            && self.written.offset == self.end
            && self.space == SpaceState::Ready
    }

    /// The point up to which a sync of the segments makes the partition recoverable without the journal.
    #[must_use]
    pub fn syncable(&self) -> Mark {
        if self.stable.offset <= self.written.offset {
            self.stable
        } else {
            self.written
        }
    }
}
