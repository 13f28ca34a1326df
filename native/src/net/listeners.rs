//! Accepting, and who is not let in.

use super::connections::Connection;
use super::event::{NetEvent, RefuseReason};
use super::Net;
use crate::io::sockets::{is_out_of_descriptors, SocketId, SocketNumber, Sockets};
use crate::io::{IoError, IoResult};
use std::net::SocketAddr;

/// Numbers above those of connections.
const LISTENER: SocketNumber = 1 << 53;
/// A listener's share of a turn.
const ACCEPTS_MAX: usize = 128;
/// After running out of descriptors.
const PAUSE_MS: u64 = 100;

struct Listener {
    /// None once it was closed.
    socket: Option<SocketId>,
    has_waiting: bool,
    again_ms: Option<u64>,
}

/// In the order in which they were made, which is how events name them.
#[derive(Default)]
pub(super) struct Listeners {
    listeners: Vec<Listener>,
}

impl Listeners {
    /// True if the number is a listener's.
    pub fn note(&mut self, number: SocketNumber) -> bool {
        if number & LISTENER == 0 {
            return false;
        }
        if let Some(listener) = self.listeners.get_mut((number & !LISTENER) as usize) {
            listener.has_waiting = true;
        }
        true
    }

    fn may_accept(listener: &Listener, now_ms: u64) -> Option<SocketId> {
        let is_due = listener.again_ms.is_none_or(|again_ms| again_ms <= now_ms);
        listener.socket.filter(|_| listener.has_waiting && is_due)
    }

    pub fn has_waiting(&self, now_ms: u64) -> bool {
        self.listeners.iter().any(|listener| Self::may_accept(listener, now_ms).is_some())
    }

    pub fn again_ms(&self) -> Option<u64> {
        self.listeners.iter().filter(|listener| listener.socket.is_some()).filter_map(|listener| listener.again_ms).min()
    }
}

impl<S: Sockets> Net<S> {
    /// The listener's number in events, and where it listens: a port of 0 has become a real one.
    pub fn listen(&mut self, address: SocketAddr, shares_port: bool) -> IoResult<(u32, SocketAddr)> {
        let index = self.listeners.listeners.len();
        let (socket, bound) = self.sockets.listen(address, shares_port, LISTENER | index as u64)?;
        self.listeners.listeners.push(Listener { socket: Some(socket), has_waiting: false, again_ms: None });
        Ok((index as u32, bound))
    }

    /// No more connections; those that the kernel has accepted for us see a reset.
    pub(super) fn close_listeners(&mut self) {
        for (index, listener) in self.listeners.listeners.iter_mut().enumerate() {
            if let Some(socket) = listener.socket.take() {
                self.sockets.close(socket, LISTENER | index as u64);
            }
        }
    }

    pub(super) fn accept_waiting(&mut self) {
        for index in 0..self.listeners.listeners.len() {
            let listener = &mut self.listeners.listeners[index];
            let Some(socket) = Listeners::may_accept(listener, self.now_ms) else { continue };
            listener.again_ms = None;
            for _ in 0..ACCEPTS_MAX {
                match self.sockets.accept(socket) {
                    Ok((connection, peer)) => self.admit(index as u32, connection, peer),
                    Err(error) => {
                        self.stop_accepting(index, error);
                        break;
                    }
                }
            }
        }
    }

    fn stop_accepting(&mut self, index: usize, error: IoError) {
        let listener = &mut self.listeners.listeners[index];
        listener.has_waiting = false;
        if error == IoError::WOULD_BLOCK {
            return;
        }
        if is_out_of_descriptors(error) {
            listener.has_waiting = true;
            listener.again_ms = Some(self.now_ms + PAUSE_MS);
        }
        self.refuse(index as u32, RefuseReason::Io(error));
    }

    fn refuse(&mut self, listener: u32, reason: RefuseReason) {
        self.counters.refused += 1;
        self.events.push_back(NetEvent::Refused { listener, reason });
    }

    fn admit(&mut self, listener: u32, socket: SocketId, peer: SocketAddr) {
        let of_address = self.per_address.get(&peer.ip()).copied().unwrap_or(0);
        let full = if self.connections.count() >= self.settings.connections_max {
            Some(RefuseReason::TooManyConnections)
        } else if of_address >= self.settings.connections_per_address_max {
            Some(RefuseReason::TooManyOfAddress)
        } else {
            None
        };
        if let Some(reason) = full {
            self.sockets.close(socket, 0);
            self.last_refused = Some(peer.ip());
            return self.refuse(listener, reason);
        }
        let number = self.connections.insert(Connection::new(socket, peer, self.pool.unit(), self.now_ms));
        if let Err(error) = self.sockets.watch(socket, number) {
            self.connections.remove(number);
            self.sockets.close(socket, number);
            return self.refuse(listener, RefuseReason::Io(error));
        }
        *self.per_address.entry(peer.ip()).or_default() += 1;
        self.counters.accepted += 1;
        self.events.push_back(NetEvent::Accepted { connection: number, listener });
        self.come_back_by(self.now_ms + self.settings.idle_ms);
    }
}
