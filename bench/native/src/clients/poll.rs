//! Readiness of sockets, and a socket with a small receive buffer: what the standard library does not have.
#![allow(unsafe_code)]

use super::socket::Socket;
use std::io::{Error, Result};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

const EVENTS_MAX: usize = 256;

pub struct Poll {
    descriptor: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Poll {
    /// # Errors
    /// The kernel's.
    pub fn new() -> Result<Self> {
        // Timers as exact as they can be: a late wake-up would be taken for a late delivery.
        // SAFETY: concerns only this thread.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
        // SAFETY: a new descriptor, owned from here on.
        let descriptor = unsafe {
            let raw = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            if raw < 0 {
                return Err(Error::last_os_error());
            }
            OwnedFd::from_raw_fd(raw)
        };
        Ok(Self { descriptor, events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS_MAX] })
    }

    /// # Errors
    /// The kernel's.
    pub fn add(&self, socket: RawFd, token: usize) -> Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, token, libc::EPOLLIN)
    }

    /// Asks to be told of room to write as long as the socket did not take everything.
    ///
    /// # Errors
    /// The kernel's.
    pub fn watch_room(&self, socket: &mut Socket, token: usize) -> Result<()> {
        if socket.has_unsent() == socket.waits_for_room {
            return Ok(());
        }
        socket.waits_for_room = socket.has_unsent();
        let also = if socket.waits_for_room { libc::EPOLLOUT } else { 0 };
        self.control(libc::EPOLL_CTL_MOD, socket.descriptor(), token, libc::EPOLLIN | also)
    }

    fn control(&self, operation: i32, socket: RawFd, token: usize, events: i32) -> Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: token as u64 };
        // SAFETY: the event lives during the call, the descriptors belong to the callers.
        let outcome = unsafe { libc::epoll_ctl(self.descriptor.as_raw_fd(), operation, socket, &raw mut event) };
        if outcome == 0 {
            Ok(())
        } else {
            Err(Error::last_os_error())
        }
    }

    /// Tokens that have something to read, or room to write where that was wanted. At most some hundred: whoever has a
    /// schedule to keep comes back to it soon.
    pub fn wait(&mut self, time_max: Duration, ready: &mut Vec<usize>) {
        let timeout = libc::timespec { tv_sec: time_max.as_secs() as i64, tv_nsec: i64::from(time_max.subsec_nanos()) };
        // SAFETY: the array and the timeout live during the call.
        let count = unsafe {
            let events = self.events.as_mut_ptr();
            libc::epoll_pwait2(self.descriptor.as_raw_fd(), events, EVENTS_MAX as i32, &raw const timeout, std::ptr::null())
        };
        ready.clear();
        ready.extend(self.events.iter().take(count.max(0) as usize).map(|event| event.u64 as usize));
    }
}

/// Of the receive buffer of a connection that will stop reading, and of the segments that it takes: by their size the sender's
/// kernel sizes its own buffer, which on the loopback interface would swallow megabytes before the server noticed anything.
const STALLED_RECEIVE_SIZE: i32 = 4096;
const STALLED_SEGMENT_SIZE: i32 = 536;

/// A connection to a port of this machine.
///
/// # Errors
/// The kernel's.
pub fn connect(port: u16, is_to_stall: bool) -> Result<TcpStream> {
    if !is_to_stall {
        return TcpStream::connect(("127.0.0.1", port));
    }
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    };
    // SAFETY: a new descriptor, owned by the stream at once; the address lives during the call.
    unsafe {
        let raw = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        if raw < 0 {
            return Err(Error::last_os_error());
        }
        let stream = TcpStream::from_raw_fd(raw);
        // Both are announced in the handshake.
        set_option(raw, libc::SOL_SOCKET, libc::SO_RCVBUF, STALLED_RECEIVE_SIZE)?;
        set_option(raw, libc::IPPROTO_TCP, libc::TCP_MAXSEG, STALLED_SEGMENT_SIZE)?;
        if libc::connect(raw, (&raw const address).cast(), size_of::<libc::sockaddr_in>() as u32) != 0 {
            return Err(Error::last_os_error());
        }
        Ok(stream)
    }
}

fn set_option(socket: RawFd, level: i32, name: i32, value: i32) -> Result<()> {
    // SAFETY: the value lives during the call.
    let outcome = unsafe { libc::setsockopt(socket, level, name, (&raw const value).cast(), size_of::<i32>() as u32) };
    if outcome == 0 {
        Ok(())
    } else {
        Err(Error::last_os_error())
    }
}
