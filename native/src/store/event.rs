use super::LentSlice;
use crate::codec::batch::BatchError;
use crate::io::{AlignedBuffer, IoError};
use crate::log::partition::Ack;
use std::rc::Rc;

/// What the store tells its owner, in the order in which it happened.
#[derive(Debug)]
pub enum Event {
    /// The guarantee that the ack states has been reached.
    Appended {
        partition: u32,
        ack: Ack,
    },
    /// Nothing was written, unless it says `Unconfirmed`.
    Refused {
        partition: u32,
        ticket: u64,
        error: AppendError,
    },
    /// A control operation is durable and done.
    Done {
        partition: u32,
        ticket: u64,
    },
    ControlFailed {
        partition: u32,
        ticket: u64,
        error: StoreError,
    },
    Read {
        partition: u32,
        ticket: u64,
        result: Result<ReadBytes, ReadError>,
    },
    /// Of a read in place, once what was missing of it had been read and checked again.
    Lent {
        partition: u32,
        ticket: u64,
        slice: LentSlice,
    },
    /// Something waits for the file of a lease: give it back.
    Recalled {
        partition: u32,
        lease: u64,
    },
    Found {
        partition: u32,
        ticket: u64,
        result: Result<Option<Found>, ReadError>,
    },
    /// The log directory is fenced: no append is acknowledged any more.
    Fenced {
        error: IoError,
        path_kind: FencedBy,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FencedBy {
    Journal,
    Segment,
    Checkpoint,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    Batch(BatchError),
    OutOfOrderSequence {
        expected: i32,
        got: i32,
    },
    StaleProducerEpoch {
        current: i16,
        got: i16,
    },
    /// A follower's batch below the end.
    OffsetBelowEnd {
        end: u64,
        got: u64,
    },
    /// A follower's batch of an older leader than the log has seen.
    LeaderEpochWentBack {
        latest: i32,
        got: i32,
    },
    /// This epoch has written offsets that a truncation dropped: lead under a higher one.
    LeaderEpochUsed {
        needed: i32,
        got: i32,
    },
    NoSpace,
    Fenced,
    /// It was listed when the log directory failed: whether it is there only the next start knows.
    Unconfirmed,
    UnknownPartition,
    Damaged,
    OffsetOverflow,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    Io(IoError),
    UnknownPartition,
    Damaged,
    Fenced,
    /// Another control operation of this partition is under way.
    Busy,
    OutOfRange {
        start: u64,
        end: u64,
    },
    /// Something was or could have been written under this epoch, or a later one.
    LeaderEpochUsed {
        used: i32,
        given: i32,
    },
}

impl From<IoError> for StoreError {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

/// Whole batches from segment files, as stored.
#[derive(Debug)]
pub struct ReadBytes {
    pub buffer: Rc<AlignedBuffer>,
    pub size: usize,
    /// The offset behind the last batch.
    pub next: u64,
    /// Above zero: the first batch is larger than what was asked for and was not read. Whoever has so much room asks again.
    pub room_wanted: usize,
    /// Where they lie in their segment.
    pub at: u64,
}

impl ReadBytes {
    pub(super) fn none(next: u64, room_wanted: usize) -> Self {
        Self { buffer: Rc::new(AlignedBuffer::new(1)), size: 0, next, room_wanted, at: 0 }
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer.bytes()[..self.size]
    }
}

/// The batch that a search by timestamp ended at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub offset: u64,
    pub timestamp: i64,
    pub leader_epoch: i32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    Io(IoError),
    UnknownPartition,
    Damaged,
    /// Below the log start or above the end.
    OutOfRange {
        log_start: u64,
        end: u64,
    },
    /// A stored batch fails its checks: it is neither served nor skipped.
    Corrupt {
        offset: u64,
        segment: u64,
        position: u64,
    },
}

impl From<IoError> for ReadError {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}
