//! An io_uring as bare as it gets: the same flags as the store's, entries in, tokens out.
#![allow(unsafe_code)]

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{Fd, FsyncFlags, SubmitArgs, Timespec};
use io_uring::{opcode, IoUring};
use std::os::fd::RawFd;
use std::time::Duration;

const ENTRIES: u32 = 256;
/// Marks the first half of a linked pair, whose own completion is checked and dropped.
const HALF: u64 = 1 << 63;

pub struct Ring {
    ring: IoUring,
    in_flight: usize,
    done: Vec<u64>,
}

impl Ring {
    /// # Panics
    /// Where the machine forbids io_uring.
    #[must_use]
    pub fn new() -> Self {
        let mut builder = IoUring::builder();
        builder.setup_submit_all().setup_single_issuer().setup_defer_taskrun();
        Self { ring: builder.build(ENTRIES).expect("io_uring"), in_flight: 0, done: Vec::new() }
    }

    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// A gathered write, then a fdatasync linked to it. The vector stays where it is until the token comes back.
    pub fn write_synced(&mut self, descriptor: RawFd, pieces: &[libc::iovec], position: u64, token: u64) {
        let write = opcode::Writev::new(Fd(descriptor), pieces.as_ptr(), pieces.len() as u32).offset(position).build();
        let sync = opcode::Fsync::new(Fd(descriptor)).flags(FsyncFlags::DATASYNC).build().user_data(token);
        self.push(&[write.flags(Flags::IO_LINK).user_data(token | HALF), sync]);
    }

    pub fn sync(&mut self, descriptor: RawFd, token: u64) {
        self.push(&[opcode::Fsync::new(Fd(descriptor)).flags(FsyncFlags::DATASYNC).build().user_data(token)]);
    }

    fn push(&mut self, entries: &[Entry]) {
        let mut queue = self.ring.submission();
        // SAFETY: the callers keep what the entries point to until the tokens come back.
        unsafe { queue.push_multiple(entries).expect("fewer in flight than the queue holds") };
        self.in_flight += 1;
    }

    /// Submits; with `waits`, blocks until something completed. The tokens that did.
    pub fn enter(&mut self, waits: bool) -> Vec<u64> {
        let wanted = usize::from(waits && self.in_flight > 0);
        loop {
            let entered = self.ring.submit_and_wait(wanted);
            if !waits && entered.is_ok() {
                // With deferred completions only an enter that asks for events lets them appear.
                // SAFETY: no argument.
                let _ = unsafe { self.ring.submitter().enter::<libc::sigset_t>(0, 0, 1, None) };
            }
            self.reap();
            if wanted == 0 || !self.done.is_empty() {
                return std::mem::take(&mut self.done);
            }
        }
    }

    /// Submits; blocks until something completed or the time is over.
    pub fn enter_for(&mut self, time_max: Duration) -> Vec<u64> {
        let timespec = Timespec::from(time_max);
        let arguments = SubmitArgs::new().timespec(&timespec);
        // An error is the end of the time.
        let _ = self.ring.submitter().submit_with_args(1, &arguments);
        self.reap();
        std::mem::take(&mut self.done)
    }

    fn reap(&mut self) {
        for completion in self.ring.completion() {
            let (token, result) = (completion.user_data(), completion.result());
            assert!(result >= 0, "a bare operation failed: {}", std::io::Error::from_raw_os_error(-result));
            if token & HALF == 0 {
                self.in_flight -= 1;
                self.done.push(token);
            }
        }
    }
}
