//! io_uring: one multishot poll for each socket tells readiness; receives and sends of a call are submitted together, do not
//! wait (MSG_DONTWAIT), and so complete in the same system call.
//!
//! Waking up is as in `io/uring/ring.rs`: the eventfd is registered before the first submit, its signals are off while we are in
//! here, and after they are on again we look once more. What is reaped beside a transfer is kept for the next poll, and signalled.

use super::epoll::{message_of, readiness, send_flags, taken};
use super::{calls, Readiness, Receive, Send, SendSpan, SocketId, SocketNumber, Sockets};
use crate::io::calls::iovec;
use crate::io::shared_file::send_span;
use crate::io::uring::{setup, SIGNALS_CAN_BE_SWITCHED};
use crate::io::{EventFd, IoError, IoResult, Piece};
use io_uring::squeue::Entry;
use io_uring::{cqueue, opcode, types, IoUring, Probe};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{fence, Ordering};

const GETEVENTS: u32 = 1;
/// Marks the entry of a transfer; the low bits are its index in the call.
const TRANSFER: u64 = 1 << 60;
/// Marks an entry whose result says nothing to us.
const UNHEEDED: u64 = 1 << 61;
/// A poll collects this often at most; what is still noted then is signalled.
const COLLECTS_MAX: usize = 8;

const INTEREST: libc::c_int = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP;

/// Lives on: the thread that made it. The kernel knows it as the ring's only issuer.
pub struct UringSockets {
    ring: IoUring,
    event: EventFd,
    is_deferred: bool,
    /// What is polled: a poll that the kernel ended, for lack of room, begins anew.
    watched: HashMap<SocketNumber, RawFd>,
    /// Not yet in the submission queue.
    staged: VecDeque<Entry>,
    /// Reaped beside transfers.
    ready: Vec<Readiness>,
    results: Vec<i32>,
    iovecs: Vec<libc::iovec>,
    messages: Vec<libc::msghdr>,
    system_calls: u64,
}

impl UringSockets {
    /// Or why this machine has no io_uring for us.
    pub fn new() -> Result<Self, String> {
        let made = setup::make()?;
        let mut probe = Probe::new();
        made.ring.submitter().register_probe(&mut probe).map_err(|error| format!("IORING_REGISTER_PROBE: {error}"))?;
        let needed = [opcode::PollAdd::CODE, opcode::PollRemove::CODE, opcode::Recv::CODE, opcode::SendMsg::CODE];
        if !needed.iter().all(|code| probe.is_supported(*code)) {
            return Err("this kernel's io_uring has no sockets (5.15 has all we need)".to_owned());
        }
        let event = EventFd::new().map_err(|error| format!("eventfd: {error}"))?;
        let registered = made.ring.submitter().register_eventfd(event.as_raw_fd());
        registered.map_err(|error| format!("IORING_REGISTER_EVENTFD: {error}"))?;
        Ok(Self {
            ring: made.ring,
            event,
            is_deferred: made.is_deferred,
            watched: HashMap::new(),
            staged: VecDeque::new(),
            ready: Vec::new(),
            results: Vec::new(),
            iovecs: Vec::new(),
            messages: Vec::new(),
            system_calls: 5,
        })
    }

    /// Completions of `work` signal nobody: it reaps them itself. False if others may have come meanwhile, unsignalled.
    #[must_use]
    fn quietly(&mut self, work: impl FnOnce(&mut Self)) -> bool {
        if SIGNALS_CAN_BE_SWITCHED {
            self.ring.completion().disable_eventfd();
        }
        work(self);
        self.ring.completion().enable_eventfd();
        fence(Ordering::SeqCst);
        !self.has_notes() && self.ring.completion().is_empty()
    }

    /// Finished operations whose completions appear when we enter.
    fn has_notes(&mut self) -> bool {
        let queue = self.ring.submission();
        self.is_deferred && queue.taskrun() || queue.cq_overflow()
    }

    fn enter(&mut self, wait: u32, flags: u32) {
        self.system_calls += 1;
        let count = self.ring.submission().len() as u32;
        // SAFETY: no argument; what queued entries name is valid.
        if let Err(error) = unsafe { self.ring.submitter().enter::<libc::sigset_t>(count, wait, flags, None) } {
            match error.raw_os_error() {
                Some(libc::EINTR) => {}
                // Out of memory for requests; it comes back.
                Some(libc::EAGAIN | libc::EBUSY) => std::thread::yield_now(),
                _ => panic!("io_uring_enter: {error}; sockets are used by the thread that made them"),
            }
        }
    }

    /// What is staged meanwhile, by polls that ended, has its turn the next time: a poll that always ends would keep us here.
    fn submit_staged(&mut self) {
        let mut entries = std::mem::take(&mut self.staged);
        while !entries.is_empty() || !self.ring.submission().is_empty() {
            let mut queue = self.ring.submission();
            // SAFETY: a poll and its end name no memory.
            while entries.front().is_some_and(|entry| unsafe { queue.push(entry) }.is_ok()) {
                entries.pop_front();
            }
            drop(queue);
            self.enter(0, GETEVENTS);
            self.reap();
        }
    }

    /// How many transfers completed.
    fn reap(&mut self) -> usize {
        let mut transfers = 0;
        loop {
            let next = self.ring.completion().next();
            let Some(entry) = next else { return transfers };
            let mark = entry.user_data();
            if mark & TRANSFER != 0 {
                self.results[(mark & !TRANSFER) as usize] = entry.result();
                transfers += 1;
            } else if mark & UNHEEDED == 0 {
                self.note(mark, &entry);
            }
        }
    }

    fn note(&mut self, number: SocketNumber, entry: &cqueue::Entry) {
        let Some(&fd) = self.watched.get(&number) else { return };
        // A failed poll is told too: whoever looks finds out why.
        let events = u32::try_from(entry.result()).unwrap_or(INTEREST as u32);
        self.ready.push(readiness(number, events));
        if !cqueue::more(entry.flags()) {
            self.stage_poll(number, fd);
        }
    }

    fn stage_poll(&mut self, number: SocketNumber, fd: RawFd) {
        self.staged.push_back(opcode::PollAdd::new(types::Fd(fd), INTEREST as u32).multi(true).build().user_data(number));
    }

    /// Submits `count` transfers that do not wait, and waits for all of them.
    fn transfer(&mut self, count: usize, entry: impl Fn(&Self, usize) -> Entry) {
        self.results.clear();
        self.results.resize(count, 0);
        let is_seen = self.quietly(|sockets| {
            let mut submitted = 0;
            while submitted < count {
                let room = sockets.ring.params().sq_entries() as usize - sockets.ring.submission().len();
                let group = room.min(count - submitted);
                for index in submitted..submitted + group {
                    let entry = entry(sockets, index).user_data(TRANSFER | index as u64);
                    // SAFETY: the memory is the caller's promise until we return, and all of them are reaped before.
                    unsafe { sockets.ring.submission().push(&entry).expect("there is room") };
                }
                sockets.enter(0, 0);
                let mut reaped = sockets.reap();
                while reaped < group {
                    sockets.enter(1, GETEVENTS);
                    reaped += sockets.reap();
                }
                submitted += group;
            }
        });
        if !is_seen || !self.ready.is_empty() {
            self.signal();
        }
    }

    fn result(&self, index: usize) -> IoResult<usize> {
        let result = self.results[index];
        usize::try_from(result).map_err(|_| IoError(-result))
    }

    fn signal(&mut self) {
        self.system_calls += 1;
        self.event.signal();
    }
}

impl Sockets for UringSockets {
    fn listen(&mut self, address: SocketAddr, shares_port: bool, number: SocketNumber) -> IoResult<(SocketId, SocketAddr)> {
        self.system_calls += 9;
        let (socket, bound) = calls::listen(address, shares_port)?;
        self.watch(socket, number)?;
        self.flush();
        Ok((socket, bound))
    }

    fn accept(&mut self, listener: SocketId) -> IoResult<(SocketId, SocketAddr)> {
        calls::accept(listener, &mut self.system_calls)
    }

    fn watch(&mut self, socket: SocketId, number: SocketNumber) -> IoResult<()> {
        self.watched.insert(number, socket.0);
        self.stage_poll(number, socket.0);
        Ok(())
    }

    fn poll(&mut self, ready: &mut Vec<Readiness>) {
        let mut collects = 0;
        loop {
            let is_seen = self.quietly(|sockets| {
                sockets.submit_staged();
                if sockets.has_notes() {
                    sockets.enter(0, GETEVENTS);
                }
                sockets.reap();
            });
            collects += 1;
            if is_seen {
                break;
            }
            if collects == COLLECTS_MAX {
                self.signal();
                break;
            }
        }
        ready.append(&mut self.ready);
    }

    fn receive(&mut self, receives: &mut [Receive]) {
        self.transfer(receives.len(), |_, index| {
            let Receive { socket, target, .. } = &receives[index];
            let (fd, size) = (types::Fd(socket.0), target.size() as u32);
            opcode::Recv::new(fd, target.pointer(), size).flags(libc::MSG_DONTWAIT).build()
        });
        for (index, receive) in receives.iter_mut().enumerate() {
            receive.result = self.result(index);
        }
    }

    fn send(&mut self, pieces: &[Piece], sends: &mut [Send]) {
        self.iovecs.clear();
        self.iovecs.extend(pieces.iter().map(iovec));
        let iovecs = &mut self.iovecs;
        self.messages.clear();
        self.messages.extend(sends.iter().map(|send| message_of(&mut iovecs[send.pieces.clone()])));
        self.transfer(sends.len(), |sockets, index| {
            let (fd, flags) = (types::Fd(sends[index].socket.0), send_flags(&sends[index]) as u32);
            opcode::SendMsg::new(fd, &raw const sockets.messages[index]).flags(flags).build()
        });
        for (index, send) in sends.iter_mut().enumerate() {
            send.result = taken(self.result(index));
        }
    }

    fn send_spans(&mut self, sends: &mut [SendSpan]) {
        for send in sends {
            (send.sent, send.result) = send_span(send.socket.0, send.span, &mut self.system_calls);
        }
    }

    fn end_output(&mut self, socket: SocketId) {
        self.system_calls += 1;
        calls::end_output(socket);
    }

    /// The poll holds the socket open: the peer hears of the close when the poll has ended, in the next flush or poll.
    fn close(&mut self, socket: SocketId, number: SocketNumber) {
        self.system_calls += 1;
        if self.watched.remove(&number).is_some() {
            self.staged.push_back(opcode::PollRemove::new(number).build().user_data(UNHEEDED));
        }
        calls::close(socket);
    }

    fn flush(&mut self) {
        if !self.staged.is_empty() {
            let is_seen = self.quietly(Self::submit_staged);
            if !is_seen || !self.ready.is_empty() || !self.staged.is_empty() {
                self.signal();
            }
        }
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        Some(self.event.as_raw_fd())
    }

    fn wait(&mut self, bound_ms: i32) {
        self.system_calls += 2;
        calls::wait_readable(&self.event, bound_ms);
        self.event.drain();
    }

    fn name(&self) -> &'static str {
        "uring"
    }

    fn system_calls(&self) -> u64 {
        self.system_calls
    }
}
