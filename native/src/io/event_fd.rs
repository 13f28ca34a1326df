use super::{IoError, IoResult};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A counter that the owner's event loop polls: readable while completions wait. Signalled from any thread.
pub(super) struct EventFd {
    fd: OwnedFd,
}

impl EventFd {
    pub fn new() -> IoResult<Self> {
        // SAFETY: plain system call; a result above zero is a descriptor that nobody else owns.
        unsafe {
            match libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) {
                -1 => Err(IoError::last()),
                fd => Ok(Self { fd: OwnedFd::from_raw_fd(fd) }),
            }
        }
    }

    pub fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    pub fn signal(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight readable bytes. It can only fail when the counter is full, and then the reader wakes anyway.
        unsafe { libc::write(self.raw(), one.as_ptr().cast(), one.len()) };
    }

    pub fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: eight writable bytes. Failing with EAGAIN means that there was no signal.
        unsafe { libc::read(self.raw(), count.as_mut_ptr().cast(), count.len()) };
    }
}
