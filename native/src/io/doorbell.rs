use super::{IoError, IoResult};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// An eventfd: a counter that makes a descriptor readable.
pub struct EventFd(OwnedFd);

impl EventFd {
    pub fn new() -> IoResult<Self> {
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        // SAFETY: a descriptor just made, owned by nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// A second descriptor of an eventfd that somebody else owns, so that either may be closed first.
    pub fn duplicate(fd: RawFd) -> IoResult<Self> {
        // SAFETY: no memory is passed; a bad descriptor is reported.
        let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        if copy < 0 {
            return Err(std::io::Error::last_os_error().into());
        }
        // SAFETY: a descriptor just made, owned by nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(copy) }))
    }

    pub fn signal(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight readable bytes.
        let count = unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
        // A full counter (EAGAIN) is as readable as one more signal would make it.
        assert!(count == 8 || IoError::from(std::io::Error::last_os_error()) == IoError::WOULD_BLOCK, "signal an eventfd");
    }

    /// Blocks until signalled, at most so long; true if it is. For threads without an event loop.
    #[must_use]
    pub fn wait(&self, bound_ms: i32) -> bool {
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one pollfd.
        unsafe { libc::poll(&raw mut poll, 1, bound_ms) == 1 }
    }

    /// Resets the counter; true if it had been signalled.
    pub fn drain(&self) -> bool {
        let mut counter = [0u8; 8];
        // SAFETY: eight writable bytes.
        unsafe { libc::read(self.0.as_raw_fd(), counter.as_mut_ptr().cast(), counter.len()) == 8 }
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Wakes one thread, from any thread. The sleeper polls the descriptor; whoever has work for it rings. Shared by Arc: a
/// descriptor that closed while another thread still rings might already be somebody's file.
///
/// Rings between two answers cost one system call, not one each. The answer drains first and lowers the flag second: in the
/// other order a ring between the two would be drained with its flag left up, and no later ring would signal any more.
pub struct Doorbell {
    event: EventFd,
    is_rung: AtomicBool,
}

impl Doorbell {
    pub fn new() -> IoResult<Self> {
        Ok(Self { event: EventFd::new()?, is_rung: AtomicBool::new(false) })
    }

    pub fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel) {
            self.event.signal();
        }
    }

    /// The sleeper, once awake and before it looks for work: whatever was done before a ring is visible after the answer.
    pub fn answer(&self) -> bool {
        self.event.drain();
        self.is_rung.swap(false, Ordering::AcqRel)
    }

    #[must_use]
    pub fn event(&self) -> &EventFd {
        &self.event
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn rings_add_up_to_one_wake() {
        let bell = Doorbell::new().unwrap();
        assert!(!bell.event().wait(0));
        bell.ring();
        bell.ring();
        assert!(bell.event().wait(0));
        assert!(bell.answer());
        assert!(!bell.event().wait(0));
        assert!(!bell.answer());
        bell.ring();
        assert!(bell.event().wait(0));
    }

    #[test]
    fn a_duplicate_outlives_the_original() {
        let event = EventFd::new().unwrap();
        let copy = EventFd::duplicate(event.as_raw_fd()).unwrap();
        event.signal();
        drop(event);
        assert!(copy.drain());
        assert!(!copy.drain());
        assert_eq!(EventFd::duplicate(-1).err(), Some(IoError::BAD_FILE));
    }

    // Rings at uneven distances, so that they fall into every gap of the answer.
    #[test]
    fn no_ring_is_lost_between_two_threads() {
        const ROUNDS: u64 = 100_000;
        let bell = Doorbell::new().unwrap();
        let done = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    done.store(round, Ordering::Relaxed);
                    bell.ring();
                    (0..round % 200).for_each(|_| std::hint::spin_loop());
                }
            });
            let mut seen = 0;
            while seen < ROUNDS {
                assert!(bell.event().wait(5_000), "the ring after {seen} was lost");
                bell.answer();
                seen = done.load(Ordering::Relaxed);
            }
        });
    }
}
