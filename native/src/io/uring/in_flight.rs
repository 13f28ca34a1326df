use crate::io::strips::StripedWrite;
use crate::io::{AlignedBuffer, FileId, Token};
use std::ffi::CString;

/// What the kernel reads while an operation is under way, kept where it is until the completion.
#[derive(Default)]
pub(super) struct Kept {
    pub iovecs: Vec<libc::iovec>,
    /// What is written instead of the submitter's memory.
    pub staged: Option<AlignedBuffer>,
    /// Held, never read: the kernel does.
    pub _strings: [Option<CString>; 2],
}

pub(super) enum Stage {
    /// One entry, one completion; the result is the kernel's.
    Plain,
    Syncing,
    /// Into this slot of the ring's file table; None is an ordinary descriptor.
    Opening {
        slot: Option<u32>,
        is_direct: bool,
        is_directory: bool,
    },
    Closing {
        slot: Option<u32>,
    },
    Linked(LinkedWrite),
    /// An entry per strip, all of the same number.
    Striped(StripedWrite),
}

/// A write and the fdatasync linked to it: two entries, two completions in any order, one result.
pub(super) struct LinkedWrite {
    pub size: u64,
    pub written: Option<i32>,
    pub synced: Option<i32>,
    /// The kernel took the write and not the sync with it, so they were not linked: the sync proves nothing.
    pub was_split: bool,
}

pub(super) enum LinkedState {
    Waiting,
    /// Both ended, but the sync may have run before the write: once more.
    SyncAgain,
    Done(i32),
}

impl LinkedWrite {
    pub fn new(size: u64) -> Self {
        Self { size, written: None, synced: None, was_split: false }
    }

    /// Whole and synced, or not durable: a short write answers its count and its sync was cancelled.
    pub fn state(&mut self) -> LinkedState {
        let (Some(written), Some(synced)) = (self.written, self.synced) else {
            return LinkedState::Waiting;
        };
        if written < 0 || (written as u64) < self.size {
            return LinkedState::Done(written);
        }
        if self.was_split {
            self.was_split = false;
            self.synced = None;
            return LinkedState::SyncAgain;
        }
        LinkedState::Done(if synced < 0 { synced } else { written })
    }
}

pub(super) struct InFlight {
    pub token: Token,
    pub file: Option<FileId>,
    pub stage: Stage,
    pub kept: Kept,
}

/// Operations by the number that the kernel hands back. Numbers are reused.
#[derive(Default)]
pub(super) struct InFlightTable {
    slots: Vec<Option<InFlight>>,
    free: Vec<u32>,
}

impl InFlightTable {
    pub fn insert(&mut self, operation: InFlight) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        self.slots[index as usize] = Some(operation);
        index
    }

    pub fn get_mut(&mut self, index: u32) -> &mut InFlight {
        self.slots[index as usize].as_mut().expect("the kernel completes what is in flight")
    }

    pub fn remove(&mut self, index: u32) -> InFlight {
        self.free.push(index);
        self.slots[index as usize].take().expect("the kernel completes what is in flight")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(written: i32, synced: i32, was_split: bool) -> Option<i32> {
        let mut write = LinkedWrite { written: Some(written), synced: Some(synced), was_split, ..LinkedWrite::new(8) };
        match write.state() {
            LinkedState::Done(result) => Some(result),
            LinkedState::SyncAgain => None,
            LinkedState::Waiting => panic!("both halves are in"),
        }
    }

    #[test]
    fn a_linked_write_succeeds_only_whole_and_synced() {
        assert_eq!(outcome(8, 0, false), Some(8));
        assert_eq!(outcome(8, -libc::EIO, false), Some(-libc::EIO));
        assert_eq!(outcome(-libc::ENOSPC, -libc::ECANCELED, false), Some(-libc::ENOSPC));
        assert_eq!(outcome(4, -libc::ECANCELED, false), Some(4));
        assert!(matches!(LinkedWrite::new(8).state(), LinkedState::Waiting));
    }

    #[test]
    fn a_sync_that_was_not_linked_is_done_again() {
        assert_eq!(outcome(8, 0, true), None);
        assert_eq!(outcome(4, 0, true), Some(4), "nothing to sync behind a short write");
        let mut write = LinkedWrite { written: Some(8), synced: Some(0), was_split: true, ..LinkedWrite::new(8) };
        write.state();
        assert!(matches!(write.state(), LinkedState::Waiting), "the first sync counts for nothing");
        write.synced = Some(0);
        assert!(matches!(write.state(), LinkedState::Done(8)));
    }
}
