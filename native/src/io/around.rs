//! Whole blocks of a buffered file, written around the page cache: a second descriptor with O_DIRECT, and memory aligned for it
//! (docs/decisions/0023-whole-blocks-go-around-the-page-cache.md).

use super::calls::c_string;
use super::{AlignedBuffer, FileId, Piece};
use std::collections::HashMap;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

/// The largest write that is staged.
const STAGED_SIZE_MAX: usize = 1 << 20;
/// At once, by one Io: two keep a device busy, and the fewer they are the warmer is their memory.
const STAGED_COUNT_MAX: usize = 2;

pub(super) enum Staged {
    /// Copied to where the device can read it; the descriptor to write it by.
    Here(RawFd, AlignedBuffer),
    /// When what is staged has been written.
    Later,
    /// As any other.
    Never,
}

/// Lives on: the Io's thread. A file's second descriptor is open from its first such write until the file closes.
#[derive(Default)]
pub(super) struct Around {
    descriptors: HashMap<FileId, OwnedFd>,
    /// The last one given back is taken first: it is warm.
    free: Vec<AlignedBuffer>,
    given: usize,
    staged_size: u64,
}

impl Around {
    pub fn stage(&mut self, file: FileId, descriptor: RawFd, pieces: &[Piece]) -> Staged {
        let size: usize = pieces.iter().map(|piece| piece.size()).sum();
        if size > STAGED_SIZE_MAX {
            return Staged::Never;
        }
        if self.given == STAGED_COUNT_MAX {
            return Staged::Later;
        }
        let Some(descriptor) = self.descriptor_of(file, descriptor) else { return Staged::Never };
        self.given += 1;
        self.staged_size += size as u64;
        let mut buffer = self.free.pop().unwrap_or_else(|| AlignedBuffer::new(STAGED_SIZE_MAX));
        let mut left = &mut buffer.bytes_mut()[..size];
        for piece in pieces {
            let (target, rest) = left.split_at_mut(piece.size());
            target.copy_from_slice(piece.bytes());
            left = rest;
        }
        Staged::Here(descriptor, buffer)
    }

    pub fn take_back(&mut self, buffer: AlignedBuffer) {
        self.given -= 1;
        self.free.push(buffer);
    }

    /// Nothing is under way on the file.
    pub fn close(&mut self, file: FileId) {
        self.descriptors.remove(&file);
    }

    /// So far.
    pub fn staged_size(&self) -> u64 {
        self.staged_size
    }

    #[cfg(test)]
    pub fn open_count(&self) -> usize {
        self.descriptors.len()
    }

    fn descriptor_of(&mut self, file: FileId, descriptor: RawFd) -> Option<RawFd> {
        if let Some(known) = self.descriptors.get(&file) {
            return Some(known.as_raw_fd());
        }
        let opened = reopen_direct(descriptor)?;
        let descriptor = opened.as_raw_fd();
        self.descriptors.insert(file, opened);
        Some(descriptor)
    }
}

/// By its descriptor, not its name: whatever became of that, it is the same file. It is in memory, so nothing here waits for a disk.
fn reopen_direct(descriptor: RawFd) -> Option<OwnedFd> {
    let path = c_string(Path::new(&format!("/proc/self/fd/{descriptor}"))).ok()?;
    // SAFETY: the string lives during the call.
    let opened = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_DIRECT | libc::O_CLOEXEC) };
    // SAFETY: fresh, and nobody else's.
    (opened != -1).then(|| unsafe { OwnedFd::from_raw_fd(opened) })
}
