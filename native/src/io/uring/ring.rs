use crate::io::{EventFd, IoResult};
use io_uring::{squeue, IoUring};
use std::cell::Cell;
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{fence, Ordering};

pub(super) const QUEUE_ENTRIES: u32 = 256;
pub(super) const COMPLETION_ENTRIES: u32 = 2048;
const ENTER_GETEVENTS: u32 = 1;
/// Pieces of deferred work that the kernel does in one enter, if there are so many.
const NOTES_PER_ENTER: usize = 20;

/// Set in an entry's number when it is the sync of a linked pair.
pub(super) const SYNC_HALF: u64 = 1 << 32;

/// One io_uring and its wake-up descriptor: what goes in, what comes out, and when to wake. Knows entries, not
/// operations.
///
/// Wake-up: with DEFER_TASKRUN a finished operation is only noted; the note signals the eventfd; the completion
/// appears when we enter the kernel for it. Entering would signal the eventfd once more for what we are about to
/// reap, an empty wake-up (half of all were), so signals are off while we reap. After switching them on again we look
/// once more: what was noted in between signalled nobody. One wake-up without a result remains, for every linked
/// write: at the end of the write somebody has to enter, or its sync does not begin. And the kernel may signal late,
/// when it puts a request away: rare, and harmless.
pub(super) struct Ring {
    ring: IoUring,
    event_fd: EventFd,
    /// Numbers of the entries in the submission queue that the kernel has not taken.
    queued: VecDeque<u64>,
    /// What was not flushed yet, in groups that must enter together: a linked pair is never split.
    staged: VecDeque<Group>,
    /// Flushed, waiting for room.
    backlog: VecDeque<Group>,
    /// Completions that the kernel owes us; kept below what its queue holds, so that it never overflows.
    owed: usize,
    is_deferred: bool,
    has_watcher: Cell<bool>,
    pub system_calls: u64,
    /// As if the kernel had noted what it did already.
    #[cfg(test)]
    pub has_empty_note: bool,
}

enum Group {
    One(squeue::Entry),
    Linked([squeue::Entry; 2]),
}

impl Group {
    fn entries(&self) -> &[squeue::Entry] {
        match self {
            Self::One(entry) => std::slice::from_ref(entry),
            Self::Linked(pair) => pair,
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct CompletedEntry {
    pub number: u64,
    pub result: i32,
}

impl Ring {
    /// The thread that calls this is the only one that may use the ring.
    pub fn new(ring: IoUring, is_deferred: bool) -> Result<Self, String> {
        let event_fd = EventFd::new().map_err(|error| format!("eventfd: {error}"))?;
        // Before the first submit: operations submitted earlier would not signal it.
        ring.submitter().register_eventfd(event_fd.as_raw_fd()).map_err(|error| format!("IORING_REGISTER_EVENTFD: {error}"))?;
        let mut this = Self {
            ring,
            event_fd,
            queued: VecDeque::new(),
            staged: VecDeque::new(),
            backlog: VecDeque::new(),
            owed: 0,
            is_deferred,
            has_watcher: Cell::new(false),
            system_calls: 4,
            #[cfg(test)]
            has_empty_note: false,
        };
        this.ring.completion().disable_eventfd();
        Ok(this)
    }

    pub fn close_files(&mut self) {
        self.system_calls += 1;
        // Without a table this fails, and that is fine.
        let _ = self.ring.submitter().unregister_files();
    }

    pub fn register_files(&mut self, count: u32) -> IoResult<()> {
        self.system_calls += 1;
        Ok(self.ring.submitter().register_files_sparse(count)?)
    }

    /// As the kernel's buffer number 0. False if it is more than this user may lock.
    pub fn register_buffer(&mut self, bytes: &[u8]) -> bool {
        self.system_calls += 1;
        let vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: the memory is there; what is written from it later is the caller's promise.
        unsafe { self.ring.submitter().register_buffers(&[vector]).is_ok() }
    }

    // Into the kernel.

    /// # Safety
    /// Whatever the entry points to stays valid until its completion.
    pub unsafe fn stage(&mut self, entry: squeue::Entry) {
        self.staged.push_back(Group::One(entry));
    }

    /// # Safety
    /// As for `stage`.
    pub unsafe fn stage_linked(&mut self, pair: [squeue::Entry; 2]) {
        self.staged.push_back(Group::Linked(pair));
    }

    /// The next submit takes all that was staged.
    pub fn flush(&mut self) {
        self.backlog.append(&mut self.staged);
    }

    /// The next submit takes what was staged last.
    pub fn flush_newest(&mut self) {
        self.backlog.extend(self.staged.pop_back());
    }

    /// Sends everything that the completion queue has room for. `split` is told of a pair that the kernel took only
    /// the first half of.
    pub fn submit(&mut self, mut split: impl FnMut(u64)) {
        self.fill();
        while !self.queued.is_empty() {
            self.enter(0, 0, &mut split);
            self.fill();
        }
    }

    /// Blocks until there is a completion to reap. Submits with the same system call.
    pub fn wait(&mut self, mut split: impl FnMut(u64)) {
        self.fill();
        while self.ring.completion().is_empty() && self.owed > 0 {
            self.enter(1, ENTER_GETEVENTS, &mut split);
        }
        self.submit(split);
    }

    /// True while the kernel owes a completion, or will once it has room for what was flushed.
    pub fn is_busy(&self) -> bool {
        self.owed > 0 || !self.backlog.is_empty()
    }

    fn fill(&mut self) {
        let room_owed = COMPLETION_ENTRIES as usize;
        let mut queue = self.ring.submission();
        while let Some(group) = self.backlog.front() {
            let entries = group.entries();
            if queue.capacity() - queue.len() < entries.len() || self.owed + entries.len() > room_owed {
                break;
            }
            // SAFETY: promised when it was staged.
            unsafe { queue.push_multiple(entries).expect("there is room") };
            self.queued.extend(entries.iter().map(squeue::Entry::get_user_data));
            self.owed += entries.len();
            self.backlog.pop_front();
        }
    }

    /// One `io_uring_enter` with all that is queued. The kernel may take less, or nothing: the callers try again.
    fn enter(&mut self, wait: u32, flags: u32, split: &mut impl FnMut(u64)) {
        self.system_calls += 1;
        let count = self.queued.len() as u32;
        // SAFETY: no argument; every queued entry was promised valid.
        match unsafe { self.ring.submitter().enter::<libc::sigset_t>(count, wait, flags, None) } {
            Ok(taken) => self.took(taken, split),
            Err(error) => match error.raw_os_error() {
                Some(libc::EINTR) => {}
                // Out of memory for requests; it comes back as operations end.
                Some(libc::EAGAIN | libc::EBUSY) => std::thread::yield_now(),
                _ => panic!("io_uring_enter: {error}; an Io is used by the thread that made it"),
            },
        }
    }

    fn took(&mut self, count: usize, split: &mut impl FnMut(u64)) {
        self.queued.drain(..count);
        if let Some(number) = self.queued.front().filter(|number| count > 0 && **number & SYNC_HALF != 0) {
            split(*number);
        }
    }

    // Out of the kernel.

    pub fn reap(&mut self, completed: &mut Vec<CompletedEntry>) {
        let before = completed.len();
        let entries = self.ring.completion();
        completed.extend(entries.map(|entry| CompletedEntry { number: entry.user_data(), result: entry.result() }));
        self.owed -= completed.len() - before;
    }

    /// Lets finished operations appear, without blocking. The kernel sets its note behind the work that it announces:
    /// an enter on another core can do the work in between, and then the note stands for nothing, until the next
    /// operation ends. So what no longer brings anything is no note: an enter does at least `NOTES_PER_ENTER` pieces of work,
    /// and there are no more of them than completions owed.
    pub fn collect(&mut self) {
        let mut idle_enters = 0;
        while self.has_notes() && idle_enters * NOTES_PER_ENTER <= self.owed {
            let before = self.ring.completion().len();
            self.enter_for_notes();
            idle_enters += 1;
            if self.ring.completion().len() > before {
                idle_enters = 0;
            }
        }
    }

    fn enter_for_notes(&mut self) {
        self.system_calls += 1;
        // SAFETY: submits nothing. Whatever fails here is found again by the next look at the notes.
        let _ = unsafe { self.ring.submitter().enter::<libc::sigset_t>(0, 0, ENTER_GETEVENTS, None) };
    }

    /// Operations that finished and whose completions appear when we enter.
    fn has_notes(&mut self) -> bool {
        let queue = self.ring.submission();
        let has_note = queue.taskrun();
        #[cfg(test)]
        let has_note = has_note || self.has_empty_note;
        self.is_deferred && has_note || queue.cq_overflow()
    }

    // Waking up.

    /// From now on somebody polls the descriptor. `is_ready` if completions wait that the kernel knows nothing of.
    pub fn watch(&self, is_ready: bool) -> RawFd {
        if !self.has_watcher.replace(true) {
            // SAFETY: one thread owns the ring, and nobody else holds the queue during this call.
            let (completions, entries) = unsafe { (self.ring.completion_shared(), self.ring.submission_shared()) };
            completions.enable_eventfd();
            fence(Ordering::SeqCst);
            if is_ready || !completions.is_empty() || entries.taskrun() {
                self.event_fd.signal();
            }
        }
        self.event_fd.as_raw_fd()
    }

    /// Takes the signal before looking for what it announced, and switches signals off.
    pub fn begin_reaping(&mut self) {
        if self.has_watcher.get() {
            self.system_calls += 1;
            self.event_fd.drain();
            if SIGNALS_CAN_BE_SWITCHED {
                self.ring.completion().disable_eventfd();
            }
        }
    }

    /// Switches signals on. False if something completed meanwhile, whose signal was lost: reap again.
    #[must_use]
    pub fn end_reaping(&mut self) -> bool {
        if self.has_watcher.get() {
            self.ring.completion().enable_eventfd();
            fence(Ordering::SeqCst);
        }
        self.collect();
        self.ring.completion().is_empty()
    }

    /// For completions that the kernel knows nothing of, or that were reaped and not yet given to the caller.
    pub fn signal(&mut self) {
        if self.has_watcher.get() {
            self.system_calls += 1;
            self.event_fd.signal();
        }
    }
}

/// The kernel notes an operation and then reads the switch; we turn the switch and then read the notes. That needs
/// the kernel's store and load in order. Its note is a locked instruction on x86, which orders them; elsewhere it
/// does not, and a wake-up could be lost, so there we live with empty ones.
pub(in crate::io) const SIGNALS_CAN_BE_SWITCHED: bool = cfg!(target_arch = "x86_64");
