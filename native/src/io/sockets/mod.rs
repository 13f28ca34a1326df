//! Sockets as the Kafka door needs them. One trait, three implementations: `epoll`, `uring` and `sim` (seeded, no kernel).
//!
//! Readiness is told once for each change, then bytes are moved without blocking, many sockets in one call. Nothing is in
//! flight between two calls: memory that a receive or a send names is the caller's again when it returns, which is what lets
//! ring memory and buffers of JavaScript be lent for a call (DURABILITY.md rules 17 and 21).
//!
//! What all of them promise, and `suite` tests:
//! - A socket that was watched is told of as readable once after bytes, the end or an error came, and not again before a receive
//!   has answered fewer bytes than were asked for. Fewer bytes mean that nothing was left, unless `has_ended` was told: then
//!   only 0 or an error is the last word.
//! - A socket of which a send took less than it was given is told of as writable when it takes bytes again.
//! - Readiness may be told though there is nothing: a receive then answers `WOULD_BLOCK`.

mod calls;
mod congestion;
mod epoll;
pub mod sim;
#[cfg(test)]
mod suite;
mod uring;

pub use epoll::EpollSockets;
pub use uring::UringSockets;

use super::{FileSpan, IoError, IoResult, Piece};
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::RawFd;

/// An open socket of one `Sockets`: whoever was given it closes it, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketId(pub i32);

/// By which readiness is told; the watcher chooses it and never uses it twice. Below `NUMBER_MAX`.
pub type SocketNumber = u64;

pub const NUMBER_MAX: SocketNumber = 1 << 54;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    pub number: SocketNumber,
    pub is_readable: bool,
    pub is_writable: bool,
    /// The peer sends no more, or the connection is broken: receive until 0 or an error.
    pub has_ended: bool,
}

/// One receive into one place.
#[derive(Debug)]
pub struct Receive {
    pub socket: SocketId,
    pub target: Piece,
    /// Bytes; 0: the peer sends no more.
    pub result: IoResult<usize>,
}

/// One gathered send of some of the pieces of a call: at most `PIECES_MAX`, at least one byte.
#[derive(Debug)]
pub struct Send {
    pub socket: SocketId,
    pub pieces: Range<usize>,
    /// Something follows at once: what it ends with need not leave in a packet of its own.
    pub has_more: bool,
    /// Bytes taken; fewer than given: the socket takes no more now.
    pub result: IoResult<usize>,
}

/// A send from a file: at least one byte.
#[derive(Debug)]
pub struct SendSpan {
    pub socket: SocketId,
    pub span: FileSpan,
    /// Bytes taken, whatever the result.
    pub sent: usize,
    /// If it is no error, fewer bytes than given mean what they mean of `Send`. `WOULD_BLOCK`: no more from the file, as it is closed,
    /// too short, or its bytes are not in memory; the socket has room.
    pub result: IoResult<()>,
}

/// Lives on: one thread.
pub trait Sockets {
    /// Listens, and tells of connections that wait as readable. Port 0 picks a free one. Several sockets of one user share a
    /// port only if all of them ask for it.
    fn listen(&mut self, address: SocketAddr, shares_port: bool, number: SocketNumber) -> IoResult<(SocketId, SocketAddr)>;
    /// The next connection that waits; `WOULD_BLOCK`: none does. Its small writes are not delayed, and it is probed while idle.
    fn accept(&mut self, listener: SocketId) -> IoResult<(SocketId, SocketAddr)>;
    fn watch(&mut self, socket: SocketId, number: SocketNumber) -> IoResult<()>;
    /// Appends what became ready. Never blocks.
    fn poll(&mut self, ready: &mut Vec<Readiness>);
    fn receive(&mut self, receives: &mut [Receive]);
    fn send(&mut self, pieces: &[Piece], sends: &mut [Send]);
    /// sendfile, in all implementations: a splice on a ring goes to a worker thread, which costs more (docs/decisions/0018-lent-segments.md).
    fn send_spans(&mut self, sends: &mut [SendSpan]);
    /// Tells the peer that nothing more comes.
    fn end_output(&mut self, socket: SocketId);
    /// What the socket has not sent yet is still sent, unless bytes were left unread: then the peer sees a reset.
    fn close(&mut self, socket: SocketId, number: SocketNumber);
    /// Carries out what `watch` and `close` have put off; at the end of a turn.
    fn flush(&mut self);
    /// Readable while readiness waits to be polled; None where there is nothing to poll (the simulator).
    fn wakeup_fd(&self) -> Option<RawFd>;
    /// Blocks until there may be readiness to poll, at most so long. For threads without an event loop.
    fn wait(&mut self, bound_ms: i32);
    /// "uring", "epoll" or "sim".
    fn name(&self) -> &'static str;
    fn system_calls(&self) -> u64;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketsChoice {
    /// io_uring where the machine allows it, as it was measured to cost less (docs/decisions/0015-native-sockets.md); else epoll.
    Auto,
    Uring,
    Epoll,
}

pub struct OpenedSockets {
    pub sockets: Box<dyn Sockets>,
    /// Why it is not the kind that is preferred; nothing if it is, or another one was asked for.
    pub fallback_reason: Option<String>,
}

/// Sockets for the calling thread, or why there are none.
pub fn open_sockets(choice: SocketsChoice) -> Result<OpenedSockets, String> {
    open_sockets_with(choice, || Ok(Box::new(UringSockets::new()?)))
}

fn open_sockets_with(
    choice: SocketsChoice,
    uring: impl FnOnce() -> Result<Box<dyn Sockets>, String>,
) -> Result<OpenedSockets, String> {
    let as_asked = |sockets| OpenedSockets { sockets, fallback_reason: None };
    match choice {
        SocketsChoice::Uring => uring().map(as_asked),
        SocketsChoice::Epoll => epoll().map(as_asked),
        SocketsChoice::Auto => match uring() {
            Ok(sockets) => Ok(as_asked(sockets)),
            Err(reason) => Ok(OpenedSockets { sockets: epoll()?, fallback_reason: Some(reason) }),
        },
    }
}

fn epoll() -> Result<Box<dyn Sockets>, String> {
    match EpollSockets::new() {
        Ok(sockets) => Ok(Box::new(sockets)),
        Err(error) => Err(format!("epoll_create: {error}")),
    }
}

/// So that one that was chosen at run time serves where a concrete one does.
impl<T: Sockets + ?Sized> Sockets for Box<T> {
    fn listen(&mut self, address: SocketAddr, shares_port: bool, number: SocketNumber) -> IoResult<(SocketId, SocketAddr)> {
        (**self).listen(address, shares_port, number)
    }

    fn accept(&mut self, listener: SocketId) -> IoResult<(SocketId, SocketAddr)> {
        (**self).accept(listener)
    }

    fn watch(&mut self, socket: SocketId, number: SocketNumber) -> IoResult<()> {
        (**self).watch(socket, number)
    }

    fn poll(&mut self, ready: &mut Vec<Readiness>) {
        (**self).poll(ready);
    }

    fn receive(&mut self, receives: &mut [Receive]) {
        (**self).receive(receives);
    }

    fn send(&mut self, pieces: &[Piece], sends: &mut [Send]) {
        (**self).send(pieces, sends);
    }

    fn send_spans(&mut self, sends: &mut [SendSpan]) {
        (**self).send_spans(sends);
    }

    fn end_output(&mut self, socket: SocketId) {
        (**self).end_output(socket);
    }

    fn close(&mut self, socket: SocketId, number: SocketNumber) {
        (**self).close(socket, number);
    }

    fn flush(&mut self) {
        (**self).flush();
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        (**self).wakeup_fd()
    }

    fn wait(&mut self, bound_ms: i32) {
        (**self).wait(bound_ms);
    }

    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn system_calls(&self) -> u64 {
        (**self).system_calls()
    }
}

/// Errors that say that the peer is gone, by whatever name.
#[must_use]
pub fn is_reset(error: IoError) -> bool {
    matches!(error.0, libc::ECONNRESET | libc::EPIPE | libc::ECONNABORTED | libc::ENOTCONN)
}

/// No descriptors or memory for another connection: it may pass.
#[must_use]
pub fn is_out_of_descriptors(error: IoError) -> bool {
    matches!(error.0, libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
}

#[must_use]
pub fn is_address_in_use(error: IoError) -> bool {
    error.0 == libc::EADDRINUSE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_io_uring_is_forbidden_epoll_says_why() {
        let forbidden = || Err("io_uring_setup: Operation not permitted".to_owned());
        let opened = open_sockets_with(SocketsChoice::Auto, forbidden).expect("there is always epoll");
        assert_eq!(opened.sockets.name(), "epoll");
        assert_eq!(opened.fallback_reason.as_deref(), Some("io_uring_setup: Operation not permitted"));
        assert!(open_sockets_with(SocketsChoice::Uring, forbidden).is_err(), "who asks for one kind gets no other");
        let asked = open_sockets_with(SocketsChoice::Epoll, forbidden).expect("epoll");
        assert_eq!((asked.sockets.name(), asked.fallback_reason), ("epoll", None));
    }
}
