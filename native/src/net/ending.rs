//! How connections end, and what makes them.

use super::connections::Connection;
use super::event::{CloseReason, ConnectionNumber, NetEvent, Partial};
use super::frame::{look, Broken, Look};
use super::pool::Kind;
use super::{Connections, Net, Phase, Wanting, BROKEN_MAX};
use crate::io::sockets::{is_reset, Sockets};
use crate::io::IoError;

/// Shown of what a connection sent instead of a frame.
const SHOWN_MAX: usize = 32;
/// Looking at all connections is rare, however short their times are.
const EXPIRE_MIN_MS: u64 = 20;

impl<S: Sockets> Net<S> {
    /// Takes no more frames. What was queued is sent, then the peer is told; it may take a moment to hear it.
    pub fn close(&mut self, number: ConnectionNumber) {
        let Some(connection) = self.connections.get_mut(number) else { return };
        if matches!(connection.phase, Phase::Open | Phase::Draining) {
            connection.phase = Phase::Closing(CloseReason::Asked);
            // Nothing that JavaScript still has for it will come, but what needs nobody.
            connection.is_blocked = false;
            connection.has_rest = false;
            self.stop_input(number);
            self.settle(number);
        }
    }

    /// At once; what was queued is lost.
    pub fn abort(&mut self, number: ConnectionNumber) {
        if self.connections.get(number).is_some() {
            self.finish(number, CloseReason::Asked);
        }
    }

    /// Accepts no more connections and no more frames; each connection ends when its frames are answered.
    pub fn drain(&mut self) {
        self.is_draining = true;
        self.close_listeners();
        for number in self.connections.numbers() {
            let connection = self.connections.get_mut(number).expect("numbered just now");
            if connection.phase == Phase::Open {
                connection.phase = Phase::Draining;
                self.stop_input(number);
                self.settle(number);
            }
        }
        self.sockets.flush();
    }

    fn stop_input(&mut self, number: ConnectionNumber) {
        self.withdraw(number);
        self.let_go(number);
    }

    /// Takes back what it waits for.
    fn withdraw(&mut self, number: ConnectionNumber) {
        let connection = self.connections.get_mut(number).expect("a live connection");
        match std::mem::replace(&mut connection.wanting, Wanting::Nothing) {
            Wanting::Nothing => {}
            Wanting::Place => self.line.leave(number),
            Wanting::Room { room, .. } => drop(self.rooms_wanted.remove(&room)),
        }
    }

    /// Ends it if nothing more can come of it.
    pub(super) fn settle(&mut self, number: ConnectionNumber) {
        let Some(connection) = self.connections.get(number) else { return };
        match connection.phase {
            // In the queue it may still have whole frames to hand out.
            Phase::Open if connection.is_input_over && !connection.is_queued && connection.owes_nothing() => {
                let is_cut = connection.current.is_some_and(|current| !current.is_empty());
                self.finish(number, if is_cut { CloseReason::CutFrame } else { CloseReason::PeerClosed });
            }
            Phase::Draining if connection.owes_nothing() => self.linger(number, CloseReason::Drained),
            Phase::Closing(reason) if connection.keeps_nothing() => self.linger(number, reason),
            _ => {}
        }
    }

    /// Closing with bytes unread would reset the connection, and with it what the peer has not read yet.
    fn linger(&mut self, number: ConnectionNumber, reason: CloseReason) {
        let until_ms = self.now_ms + self.settings.linger_ms;
        let connection = self.connections.get_mut(number).expect("a live connection");
        if connection.is_input_over {
            return self.finish(number, reason);
        }
        connection.phase = Phase::Lingering { until_ms, reason };
        self.sockets.end_output(connection.socket);
        self.come_back_by(until_ms);
        self.enqueue(number);
    }

    pub(super) fn finish_by(&mut self, number: ConnectionNumber, error: IoError) {
        let asked = self.connections.get(number).and_then(|connection| match connection.phase {
            Phase::Closing(reason) | Phase::Lingering { reason, .. } => Some(reason),
            Phase::Open | Phase::Draining => None,
        });
        let found = if is_reset(error) { CloseReason::PeerReset } else { CloseReason::Io(error) };
        self.finish(number, asked.unwrap_or(found));
    }

    pub(super) fn finish_broken(&mut self, number: ConnectionNumber, broken: Broken, bytes: &[u8]) {
        let shown = bytes[..bytes.len().min(SHOWN_MAX)].escape_ascii().to_string();
        if self.broken.len() == BROKEN_MAX {
            self.broken.pop_front();
        }
        self.broken.push_back((number, shown));
        self.finish(number, CloseReason::Broken(broken));
    }

    /// The number is retired. Frames that are handed out keep their memory until they are released.
    pub(super) fn finish(&mut self, number: ConnectionNumber, reason: CloseReason) {
        let partial = self.partial_of(number);
        self.stop_input(number);
        let connection = self.connections.remove(number).expect("a live connection");
        self.sockets.close(connection.socket, number);
        self.kept_memory -= connection.memory_kept();
        let ip = connection.peer.ip();
        if let Some(count) = self.per_address.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&ip);
            }
        }
        self.counters.closed += 1;
        self.events.push_back(NetEvent::Closed { connection: number, reason, partial });
    }

    /// Of frames that are whole, and wait for those before them, nothing was cut.
    fn partial_of(&self, number: ConnectionNumber) -> Option<Partial> {
        let connection = self.connections.get(number).expect("a live connection");
        let current = connection.current.filter(|current| !current.is_empty())?;
        let bytes = self.pool.piece(current.place).cut(current.start, current.end - current.start);
        match look(bytes.bytes(), self.settings.frame_size_max, !connection.has_had_frame) {
            Look::Partial { total } => Some(Partial { received: bytes.size(), total }),
            Look::Whole { .. } | Look::Broken(_) => None,
        }
    }

    // Time.

    pub(super) fn come_back_by(&mut self, at_ms: u64) {
        self.deadline_ms = Some(self.deadline_ms.map_or(at_ms, |deadline_ms| deadline_ms.min(at_ms)));
    }

    pub(super) fn expire(&mut self) {
        if self.deadline_ms.is_none_or(|deadline_ms| deadline_ms > self.now_ms) {
            return;
        }
        let mut expired = Vec::new();
        let mut next_ms = u64::MAX;
        for (number, at_ms, reason) in self.deadlines() {
            if at_ms <= self.now_ms {
                expired.push((number, reason));
            } else {
                next_ms = next_ms.min(at_ms);
            }
        }
        self.deadline_ms = (next_ms < u64::MAX).then(|| next_ms.max(self.now_ms + EXPIRE_MIN_MS));
        for (number, reason) in expired {
            self.finish(number, reason);
        }
    }

    /// Somebody waits for memory such as this connection's frame lies in: of the pool, or from JavaScript.
    fn is_wanted_by_others(&self, connection: &Connection) -> bool {
        let is_room = connection.current.is_some_and(|current| matches!(self.pool.kind(current.place), Kind::Room(_)));
        if is_room {
            !self.rooms_wanted.is_empty()
        } else {
            !self.line.is_empty()
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = (ConnectionNumber, u64, CloseReason)> + '_ {
        let connections: &Connections = &self.connections;
        connections.iter().map(|(number, connection)| {
            if let Phase::Lingering { until_ms, reason } = connection.phase {
                return (number, until_ms, reason);
            }
            let takes_nothing = !connection.keeps_nothing() || connection.is_blocked;
            let idle_since_ms = match connection.in_flight {
                // Not idle now, but looked at again.
                1.. if !takes_nothing => self.now_ms,
                _ => connection.last_active_ms,
            };
            let idle = (idle_since_ms + self.settings.idle_ms, CloseReason::Idle);
            // Neither who waits for memory is slow, nor who waits for our answers.
            let holds = connection.wanting == Wanting::Nothing && connection.in_flight < self.settings.in_flight_max;
            let slow = connection.partial_since_ms.filter(|_| holds && self.is_wanted_by_others(connection));
            let slow = slow.map(|since_ms| (since_ms + self.settings.slow_frame_ms, CloseReason::SlowFrame));
            let (at_ms, reason) = slow.filter(|(at_ms, _)| *at_ms < idle.0).unwrap_or(idle);
            (number, at_ms, reason)
        })
    }
}
