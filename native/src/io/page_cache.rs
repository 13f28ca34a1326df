//! What a large buffered write leaves behind in the page cache (docs/decisions/0019-writes-pass-the-page-cache.md).
//!
//! A page that nobody reads again costs its first touch, and its reclaim later: on a virtual machine whose free memory is its host's
//! several times what the copy costs. One that leaves when it is on the disk serves the next write, warm as it is.

use super::calls::{c_string, iovec};
use super::strips::STRIPED_SIZE_MIN;
use super::{AlignedBuffer, IoError, IoResult, SyncMethod, BLOCK_SIZE};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageCache {
    /// What is written stays until the kernel wants the memory.
    #[default]
    Keep,
    /// What is written goes to the disk at once, and leaves.
    Pass,
    /// Whole blocks go to the disk from memory of ours; what is not whole passes.
    Direct,
}

/// RWF_DONTCACHE, since Linux 6.14; not every filesystem has it.
const DONT_CACHE: libc::c_int = 0x80;
/// Each has a price of its own: a request to the device, and its last page, on which the next write goes on, read back. A smaller
/// one is cheaper with the first touch of its pages.
const PASSING_SIZE_MIN: u64 = 128 << 10;

/// How a buffered write gets into its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteWay {
    /// One call with these RWF_ flags.
    Plain(libc::c_int),
    /// Cut into strips, so that no folio is larger.
    Striped,
    /// Past the page cache: from aligned memory, by a descriptor with O_DIRECT.
    Direct,
}

/// Of a write, what its way depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteShape {
    pub is_direct: bool,
    pub durable: Option<SyncMethod>,
    pub position: u64,
    pub size: u64,
}

impl PageCache {
    /// One that is synced as it is written has a way of its own.
    pub(super) fn way_of(self, write: WriteShape) -> WriteWay {
        match write.durable {
            Some(SyncMethod::Dsync) => WriteWay::Plain(libc::RWF_DSYNC),
            Some(SyncMethod::Linked) => WriteWay::Plain(0),
            None if write.is_direct => WriteWay::Plain(0),
            None if self == Self::Direct && self.lets_pass(write.size) && is_whole(write) => WriteWay::Direct,
            None if self == Self::Keep && write.size >= STRIPED_SIZE_MIN => WriteWay::Striped,
            None => WriteWay::Plain(self.flags_of(write.size)),
        }
    }

    /// Of a buffered write in one call.
    pub(super) fn flags_of(self, size: u64) -> libc::c_int {
        if self.lets_pass(size) {
            DONT_CACHE
        } else {
            0
        }
    }

    pub(super) fn lets_pass(self, size: u64) -> bool {
        self != Self::Keep && size >= PASSING_SIZE_MIN
    }

    /// The one that costs least, of what files in the directory can be written with.
    pub fn best_in(directory: &Path) -> Self {
        [Self::Direct, Self::Pass].into_iter().find(|way| way.is_possible_in(directory)).unwrap_or(Self::Keep)
    }

    /// Tried with a file that has no name.
    pub fn is_possible_in(self, directory: &Path) -> bool {
        match self {
            Self::Keep => true,
            Self::Pass => try_in(directory, 0, DONT_CACHE).is_ok(),
            Self::Direct => Self::Pass.is_possible_in(directory) && try_in(directory, libc::O_DIRECT, 0).is_ok(),
        }
    }
}

/// No block of the file is written both ways.
fn is_whole(write: WriteShape) -> bool {
    (write.position | write.size).is_multiple_of(BLOCK_SIZE as u64)
}

fn try_in(directory: &Path, open_flags: libc::c_int, write_flags: libc::c_int) -> IoResult<()> {
    let path = c_string(directory)?;
    let flags = libc::O_TMPFILE | libc::O_RDWR | libc::O_CLOEXEC | open_flags;
    // SAFETY: the string lives during the call.
    let descriptor = unsafe { libc::open(path.as_ptr(), flags, 0o600) };
    if descriptor == -1 {
        return Err(IoError::last());
    }
    // SAFETY: fresh, and nobody else's.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let block = AlignedBuffer::new(BLOCK_SIZE);
    let vector = iovec(&block.piece(0, BLOCK_SIZE));
    // SAFETY: the block lives during the call and is only read.
    match unsafe { libc::pwritev2(file.as_raw_fd(), &raw const vector, 1, 0, write_flags) } {
        -1 => Err(IoError::last()),
        count if count as usize == BLOCK_SIZE => Ok(()),
        _ => Err(IoError::SHORT_WRITE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = BLOCK_SIZE as u64;

    fn way(page_cache: PageCache, position: u64, size: u64) -> WriteWay {
        page_cache.way_of(WriteShape { is_direct: false, durable: None, position, size })
    }

    #[test]
    fn only_large_writes_are_told_apart() {
        for page_cache in [PageCache::Keep, PageCache::Pass, PageCache::Direct] {
            assert_eq!(way(page_cache, 0, PASSING_SIZE_MIN - BLOCK), WriteWay::Plain(0));
        }
        assert_eq!(way(PageCache::Keep, 0, STRIPED_SIZE_MIN - 1), WriteWay::Plain(0));
        assert_eq!(way(PageCache::Keep, 0, STRIPED_SIZE_MIN), WriteWay::Striped);
        assert_eq!(way(PageCache::Pass, 0, STRIPED_SIZE_MIN), WriteWay::Plain(DONT_CACHE));
        assert_eq!(way(PageCache::Pass, 0, PASSING_SIZE_MIN), WriteWay::Plain(DONT_CACHE));
    }

    #[test]
    fn nothing_but_whole_blocks_goes_around() {
        assert_eq!(way(PageCache::Direct, 7 * BLOCK, PASSING_SIZE_MIN), WriteWay::Direct);
        assert_eq!(way(PageCache::Direct, 7 * BLOCK, PASSING_SIZE_MIN + BLOCK), WriteWay::Direct);
        assert_eq!(way(PageCache::Direct, 7 * BLOCK + 512, PASSING_SIZE_MIN), WriteWay::Plain(DONT_CACHE));
        assert_eq!(way(PageCache::Direct, 7 * BLOCK, PASSING_SIZE_MIN + 512), WriteWay::Plain(DONT_CACHE));
    }

    #[test]
    fn what_is_synced_as_it_is_written_or_direct_already_stays_as_it_is() {
        for page_cache in [PageCache::Keep, PageCache::Pass, PageCache::Direct] {
            let shape = WriteShape { is_direct: true, durable: None, position: 0, size: 1 << 20 };
            assert_eq!(page_cache.way_of(shape), WriteWay::Plain(0));
            let linked = WriteShape { is_direct: false, durable: Some(SyncMethod::Linked), ..shape };
            assert_eq!(page_cache.way_of(linked), WriteWay::Plain(0));
            let dsync = WriteShape { durable: Some(SyncMethod::Dsync), ..linked };
            assert_eq!(page_cache.way_of(dsync), WriteWay::Plain(libc::RWF_DSYNC));
        }
    }
}
