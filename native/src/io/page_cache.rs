//! What a large buffered write leaves behind in the page cache (docs/decisions/0019-writes-pass-the-page-cache.md).
//!
//! A page that nobody reads again costs its first touch, and its reclaim later: on a virtual machine whose free memory is its host's
//! several times what the copy costs. One that leaves when it is on the disk serves the next write, warm as it is.

use super::calls::c_string;
use super::{IoError, IoResult, SyncMethod};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageCache {
    /// What is written stays until the kernel wants the memory.
    #[default]
    Keep,
    /// What is written goes to the disk at once, and leaves.
    Pass,
}

/// RWF_DONTCACHE, since Linux 6.14; not every filesystem has it.
const DONT_CACHE: libc::c_int = 0x80;
/// Each has a price of its own: a request to the device, and its last page, on which the next write goes on, read back. A smaller
/// one is cheaper with the first touch of its pages.
const PASSING_SIZE_MIN: u64 = 128 << 10;

impl PageCache {
    /// RWF_ flags of a write of so many bytes. One that is synced as it is written has a way of its own.
    pub(super) fn write_flags(self, is_direct: bool, durable: Option<SyncMethod>, size: u64) -> libc::c_int {
        match durable {
            Some(SyncMethod::Dsync) => libc::RWF_DSYNC,
            None if !is_direct && self.lets_pass(size) => DONT_CACHE,
            Some(SyncMethod::Linked) | None => 0,
        }
    }

    pub(super) fn lets_pass(self, size: u64) -> bool {
        self == Self::Pass && size >= PASSING_SIZE_MIN
    }

    /// Passing, where files in the directory can be written so.
    pub fn best_in(directory: &Path) -> Self {
        if Self::can_pass(directory) {
            Self::Pass
        } else {
            Self::Keep
        }
    }

    /// Tried with a file that has no name.
    pub fn can_pass(directory: &Path) -> bool {
        try_in(directory).is_ok()
    }
}

fn try_in(directory: &Path) -> IoResult<()> {
    let path = c_string(directory)?;
    // SAFETY: the string lives during the call.
    let descriptor = unsafe { libc::open(path.as_ptr(), libc::O_TMPFILE | libc::O_RDWR | libc::O_CLOEXEC, 0o600) };
    if descriptor == -1 {
        return Err(IoError::last());
    }
    // SAFETY: fresh, and nobody else's.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let byte = [0_u8];
    let vector = libc::iovec { iov_base: byte.as_ptr().cast_mut().cast(), iov_len: byte.len() };
    // SAFETY: the byte lives during the call and is only read.
    match unsafe { libc::pwritev2(file.as_raw_fd(), &raw const vector, 1, 0, DONT_CACHE) } {
        1 => Ok(()),
        _ => Err(IoError::last()),
    }
}
