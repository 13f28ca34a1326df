//! The only code that names io_uring or libc. One trait, three implementations: `uring`, `fallback` (a small
//! thread pool) and `sim` (deterministic, seeded faults). The code that ships is the code the simulator runs.
//!
//! An operation is submitted with a token and completes later with the same token: nothing here blocks a thread
//! that serves clients. Order: operations submitted are independent unless one waits for the other's completion;
//! an implementation may run and complete them in any order. The caller sequences by waiting.
#![allow(unsafe_code)]

mod aligned;
mod alignment;
mod allocator;
mod around;
mod blame;
mod blocking;
mod boxed;
mod calls;
mod check;
mod cold;
mod descriptors;
mod doorbell;
mod error;
mod exit;
mod fallback;
mod file_table;
mod inline;
mod open;
mod page_cache;
mod piece;
pub mod probe;
mod read_buffers;
mod shared_file;
pub mod sim;
pub mod sockets;
mod strips;
#[cfg(test)]
mod suite;
mod supervisor;
pub mod task;
pub mod trace;
mod uring;
mod watched;

pub use aligned::AlignedBuffer;
pub use allocator::return_large_memory;
pub use blame::BlameIo;
pub use blocking::Blocking;
pub use descriptors::descriptors_max;
pub use doorbell::{Doorbell, EventFd};
pub use error::{IoError, IoResult};
pub use exit::exit_immediately;
pub use fallback::FallbackIo;
pub use open::{open_io, IoChoice, OpenedIo};
pub use page_cache::PageCache;
pub use piece::Piece;
pub use read_buffers::ReadBuffers;
pub use shared_file::{FileSpan, SharedFile};
pub use supervisor::notify_supervisor;
pub use uring::UringIo;
pub use watched::{Watch, WatchedIo};

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

/// Chosen by the submitter, returned with the completion. Io gives it no meaning.
pub type Token = u64;

/// An open file of one `Io`. Never valid in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// An existing file, buffered, for reading.
    Read,
    /// A file for buffered reading and writing, created if missing.
    Write,
    /// As `Write`, but it is an error if the file exists.
    CreateNew,
    /// O_DIRECT reading and writing, created if missing. Positions, sizes and memory are multiples of the block size.
    Direct,
    /// A directory, opened so that its entries can be synced.
    Directory,
}

/// How a write becomes durable before it completes (DURABILITY.md rule 24: which is faster differs by machine).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMethod {
    /// write, then fdatasync linked to it: a failed or short write cancels the sync.
    Linked,
    /// One write with RWF_DSYNC.
    Dsync,
}

#[derive(Debug)]
pub enum Op {
    /// Completes with the `FileId` (as u64).
    Open {
        path: PathBuf,
        mode: OpenMode,
    },
    Close {
        file: FileId,
    },
    /// Completes with the bytes read; short at the end of the file, and now and then elsewhere.
    Read {
        file: FileId,
        position: u64,
        target: Piece,
    },
    /// A gathered write of at most `PIECES_MAX` pieces. Completes with the bytes written; less than asked is a
    /// short write, and then nothing of it counts as durable. With `durable`, success means it is on stable media.
    Write {
        file: FileId,
        position: u64,
        pieces: Vec<Piece>,
        durable: Option<SyncMethod>,
    },
    /// fdatasync; of a directory, fsync.
    Sync {
        file: FileId,
    },
    /// Asks the kernel to begin writing the range back. A hint: it promises nothing.
    StartWriteback {
        file: FileId,
        position: u64,
        size: u64,
    },
    /// Reserves blocks for the range without changing the file's size (FALLOC_FL_KEEP_SIZE).
    Allocate {
        file: FileId,
        position: u64,
        size: u64,
    },
    /// ftruncate.
    SetSize {
        file: FileId,
        size: u64,
    },
    MakeDir {
        path: PathBuf,
    },
    /// Replaces `to` if it exists (files); for directories `to` must not exist.
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    RemoveDir {
        path: PathBuf,
    },
}

impl Op {
    /// The open file that it names; none for an operation on paths.
    #[must_use]
    pub fn file(&self) -> Option<FileId> {
        match self {
            Self::Close { file }
            | Self::Read { file, .. }
            | Self::Write { file, .. }
            | Self::Sync { file }
            | Self::StartWriteback { file, .. }
            | Self::Allocate { file, .. }
            | Self::SetSize { file, .. } => Some(*file),
            Self::Open { .. } | Self::MakeDir { .. } | Self::Rename { .. } | Self::Unlink { .. } | Self::RemoveDir { .. } => None,
        }
    }
}

#[derive(Debug)]
pub struct Completion {
    pub token: Token,
    pub result: IoResult<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    pub name: String,
    pub is_dir: bool,
    pub size: u64,
}

/// The kernel's limit on pieces of one gathered write (IOV_MAX).
pub const PIECES_MAX: usize = 1024;
/// Positions, sizes and memory of `Direct` files are multiples of this; at least what any device we meet asks for.
pub const BLOCK_SIZE: usize = 4096;

/// Lives on: one thread (the shard's). Ends when: nothing is in flight (`in_flight() == 0`); dropping earlier waits.
pub trait Io {
    /// Queues; nothing reaches the kernel before `flush`. Memory named by the op stays valid until its completion:
    /// the submitter promises it.
    fn submit(&mut self, token: Token, op: Op);
    /// Sends all that was queued with one system call where the implementation can. Once per turn.
    fn flush(&mut self);
    /// As `flush`, and appends what that completed at once, which then wakes nobody up.
    fn flush_and_take(&mut self, completions: &mut Vec<Completion>);
    /// Appends what has completed. Never blocks.
    fn poll(&mut self, completions: &mut Vec<Completion>);
    /// Flushes, then blocks until at least one completion was appended. Returns at once if nothing is in flight.
    fn wait(&mut self, completions: &mut Vec<Completion>);
    /// Memory that many writes will come from, one piece each: pinned once where the implementation can and the user's
    /// limit of locked memory allows it. True if it was. It stays where it is as long as this Io lives: the caller
    /// promises it, as the kernel would go on writing the old pages.
    fn register(&mut self, _memory: &AlignedBuffer) -> bool {
        false
    }
    /// The file, opened once more for threads that send from it. None where there is no kernel to send, and where it cannot be.
    fn share(&mut self, _path: &Path) -> Option<SharedFile> {
        None
    }
    /// Operations submitted and not yet returned by `poll` or `wait`.
    fn in_flight(&self) -> usize;
    /// Readable when completions wait; None where there is nothing to poll (the simulator).
    fn wakeup_fd(&self) -> Option<RawFd>;
    /// "uring", "fallback", "sim": what doctor and the ready line print.
    fn name(&self) -> &'static str;
    /// System calls made so far, for the bench.
    fn system_calls(&self) -> u64;
    /// Bytes copied into memory that a device can read, in place of the kernel's copy, so far.
    fn staged_size(&self) -> u64 {
        0
    }

    // Start-up and cold paths only: these block.

    /// The entries of a directory, sorted by name.
    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>>;
    /// None if there is no such file.
    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>>;
    /// Takes an exclusive lock that lasts as long as this Io (flock). Err(WouldBlock) if another process holds it.
    fn lock(&mut self, path: &Path) -> IoResult<()>;
}
