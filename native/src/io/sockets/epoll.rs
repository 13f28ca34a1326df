//! epoll, edge-triggered, each socket registered once for both directions: a system call for each socket that moves bytes, and
//! none to change what is watched. The descriptor to wake by is that of the epoll itself.

use super::{calls, Readiness, Receive, Send, SendSpan, SocketId, SocketNumber, Sockets};
use crate::io::calls::iovec;
use crate::io::shared_file::send_span;
use crate::io::{IoError, IoResult, Piece};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Told in one poll; what has no room waits for the next, and keeps the epoll readable until then.
const EVENTS_MAX: usize = 512;

pub struct EpollSockets {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
    iovecs: Vec<libc::iovec>,
    system_calls: u64,
}

impl EpollSockets {
    pub fn new() -> IoResult<Self> {
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(IoError::last());
        }
        // SAFETY: just made, owned by nobody else.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let events = vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS_MAX];
        Ok(Self { epoll, events, iovecs: Vec::new(), system_calls: 1 })
    }

    /// Anything but an interruption.
    fn retried(&mut self, call: impl Fn() -> libc::ssize_t) -> IoResult<usize> {
        loop {
            self.system_calls += 1;
            let result = call();
            match usize::try_from(result) {
                Ok(count) => return Ok(count),
                Err(_) => match IoError::last() {
                    IoError(libc::EINTR) => {}
                    error => return Err(error),
                },
            }
        }
    }
}

impl Sockets for EpollSockets {
    fn listen(&mut self, address: SocketAddr, shares_port: bool, number: SocketNumber) -> IoResult<(SocketId, SocketAddr)> {
        self.system_calls += 9;
        let (socket, bound) = calls::listen(address, shares_port)?;
        match self.watch(socket, number) {
            Ok(()) => Ok((socket, bound)),
            Err(error) => {
                calls::close(socket);
                Err(error)
            }
        }
    }

    fn accept(&mut self, listener: SocketId) -> IoResult<(SocketId, SocketAddr)> {
        calls::accept(listener, &mut self.system_calls)
    }

    fn watch(&mut self, socket: SocketId, number: SocketNumber) -> IoResult<()> {
        let interest = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        let mut event = libc::epoll_event { events: interest as u32, u64: number };
        let (epoll, pointer) = (self.epoll.as_raw_fd(), &raw mut event);
        // SAFETY: one readable event.
        self.retried(|| unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, socket.0, pointer) as libc::ssize_t }).map(drop)
    }

    fn poll(&mut self, ready: &mut Vec<Readiness>) {
        let (epoll, events) = (self.epoll.as_raw_fd(), self.events.as_mut_ptr());
        // SAFETY: room for so many events.
        let polled = self.retried(|| unsafe { libc::epoll_wait(epoll, events, EVENTS_MAX as i32, 0) as libc::ssize_t });
        let count = polled.expect("an epoll of our own");
        ready.extend(self.events[..count].iter().map(|event| readiness(event.u64, event.events)));
    }

    fn receive(&mut self, receives: &mut [Receive]) {
        for receive in receives {
            let (fd, target) = (receive.socket.0, receive.target);
            // SAFETY: memory of the piece, promised by its constructor, used within the call.
            receive.result =
                self.retried(|| unsafe { libc::recv(fd, target.pointer().cast(), target.size(), libc::MSG_DONTWAIT) });
        }
    }

    fn send(&mut self, pieces: &[Piece], sends: &mut [Send]) {
        let mut iovecs = std::mem::take(&mut self.iovecs);
        for send in sends {
            iovecs.clear();
            iovecs.extend(pieces[send.pieces.clone()].iter().map(iovec));
            let message = message_of(&mut iovecs);
            let (fd, flags) = (send.socket.0, send_flags(send));
            // SAFETY: the vectors name memory that their pieces promise, used within the call.
            let sent = self.retried(|| unsafe { libc::sendmsg(fd, &raw const message, flags) });
            send.result = taken(sent);
        }
        self.iovecs = iovecs;
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

    fn close(&mut self, socket: SocketId, _number: SocketNumber) {
        self.system_calls += 1;
        // Nobody else holds the descriptor: it leaves the epoll with its last reference.
        calls::close(socket);
    }

    fn flush(&mut self) {}

    fn wakeup_fd(&self) -> Option<RawFd> {
        Some(self.epoll.as_raw_fd())
    }

    fn wait(&mut self, bound_ms: i32) {
        self.system_calls += 1;
        calls::wait_readable(&self.epoll, bound_ms);
    }

    fn name(&self) -> &'static str {
        "epoll"
    }

    fn system_calls(&self) -> u64 {
        self.system_calls
    }
}

/// poll and epoll give these bits the same places.
pub(super) fn readiness(number: SocketNumber, events: u32) -> Readiness {
    let has = |bits: libc::c_int| events & bits as u32 != 0;
    let has_ended = has(libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR);
    Readiness { number, is_readable: has_ended || has(libc::EPOLLIN), is_writable: has_ended || has(libc::EPOLLOUT), has_ended }
}

pub(super) fn send_flags(send: &Send) -> libc::c_int {
    libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | if send.has_more { libc::MSG_MORE } else { 0 }
}

/// A full socket has taken nothing.
pub(super) fn taken(sent: IoResult<usize>) -> IoResult<usize> {
    match sent {
        Err(IoError::WOULD_BLOCK) => Ok(0),
        sent => sent,
    }
}

pub(super) fn message_of(iovecs: &mut [libc::iovec]) -> libc::msghdr {
    // SAFETY: all zeroes are a message of nothing to nobody.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = iovecs.as_mut_ptr();
    message.msg_iovlen = iovecs.len() as _;
    message
}
