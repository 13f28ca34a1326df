//! The Kafka door's sockets: what a connection is, between the system calls (`io/sockets`) and the requests (TypeScript).
//!
//! ```text
//!   readiness ─► input.rs: receive into place, find frames ─► events ─► JavaScript ─┬─► release, answered
//!                   ▲ pool.rs, line.rs: whose turn for memory                       │
//!   writable ──► onward.rs: kept bytes, trails ◄── what a socket did not take ◄── output.rs: flush ◄──┘ parts: small bytes, spans of
//!                                                                                                        ring memory, of files
//! ```
//! One turn per wake-up of JavaScript, bounded: every connection gets one receive in turn and at most `turn_size_max` bytes. Before it, and
//! often instead, a pump, which does what nobody has to decide. Nothing is in flight
//! between two calls, and nothing is read that there is no room for. docs/decisions/0015-native-sockets.md has the rules.
//!
//! Lives on: one data thread. Time is given. JavaScript keeps the memory that it lent until this is dropped.

mod connections;
mod ending;
pub mod event;
pub mod frame;
mod input;
mod kept;
mod line;
mod listeners;
mod onward;
mod output;
pub mod pool;
pub mod settings;
#[cfg(test)]
mod tests;
mod trail;

pub use event::{CloseReason, ConnectionNumber, NetEvent, Partial, RefuseReason};
pub use output::{Part, Source, Unfinished};
pub use pool::PlaceId;
pub use settings::{NetCounters, NetSettings};

use crate::io::sockets::{Readiness, Sockets};
use crate::io::{AlignedBuffer, Piece};
use connections::{Connections, Current, Phase, Wanting};
use input::Receiving;
use line::Line;
use listeners::Listeners;
use onward::Moved;
use output::Flushing;
use pool::Pool;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// Where bytes go that nobody wants any more: those of connections that we have ended.
const DISCARD_SIZE: usize = 16 << 10;
/// Texts of broken connections that nobody asked for yet.
const BROKEN_MAX: usize = 64;
/// Shares of `turn_size_max` that one connection receives before JavaScript has its turn, whole frame or not.
const PUMP_ROUNDS_MAX: usize = 4;
/// Found before a turn asks for them.
const PUMPED_EVENTS_MAX: usize = 256;

pub struct Net<S: Sockets> {
    sockets: S,
    settings: NetSettings,
    now_ms: u64,
    listeners: Listeners,
    connections: Connections,
    per_address: HashMap<IpAddr, usize>,
    /// Who was not let in.
    last_refused: Option<IpAddr>,
    is_draining: bool,
    // In.
    pool: Pool,
    line: Line,
    /// Connections that have something to look at now, and in the next turn.
    queue: VecDeque<ConnectionNumber>,
    later: VecDeque<ConnectionNumber>,
    receiving: Receiving,
    /// Turns, and what pumps receive: each connection has its share of each.
    rounds: u64,
    discard: AlignedBuffer,
    last_room: u64,
    /// Which connection asked for a room that is neither granted nor refused.
    rooms_wanted: HashMap<u64, ConnectionNumber>,
    // Out.
    flushing: Flushing,
    /// Parts of what is kept and of trails, during a call.
    waiting: Vec<Part>,
    moved: Moved,
    writable: Vec<ConnectionNumber>,
    kept_memory: usize,
    // To tell.
    events: VecDeque<NetEvent>,
    broken: VecDeque<(ConnectionNumber, String)>,
    ready: Vec<Readiness>,
    /// When the first connection may have waited for too long.
    deadline_ms: Option<u64>,
    pub counters: NetCounters,
}

impl<S: Sockets> Net<S> {
    /// `memory` is all that is ever received into, rooms left out.
    pub fn new(sockets: S, settings: NetSettings, memory: Piece) -> Result<Self, String> {
        settings.check()?;
        Ok(Self {
            sockets,
            settings,
            now_ms: 0,
            listeners: Listeners::default(),
            connections: Connections::default(),
            per_address: HashMap::new(),
            last_refused: None,
            is_draining: false,
            pool: Pool::new(memory, settings.chunk_size)?,
            line: Line::default(),
            queue: VecDeque::new(),
            later: VecDeque::new(),
            receiving: Receiving::default(),
            rounds: 0,
            discard: AlignedBuffer::new(DISCARD_SIZE),
            last_room: 0,
            rooms_wanted: HashMap::new(),
            flushing: Flushing::default(),
            waiting: Vec::new(),
            moved: Moved::default(),
            writable: Vec::new(),
            kept_memory: 0,
            events: VecDeque::new(),
            broken: VecDeque::new(),
            ready: Vec::new(),
            deadline_ms: None,
            counters: NetCounters::default(),
        })
    }

    /// One round of work: appends at most `events_max` events. True: there is more to do at once.
    pub fn turn(&mut self, now_ms: u64, events_max: usize, events: &mut Vec<NetEvent>) -> bool {
        self.now_ms = self.now_ms.max(now_ms);
        self.counters.turns += 1;
        self.rounds += 1;
        self.poll();
        self.accept_waiting();
        self.expire();
        self.send_on();
        self.tell_moved();
        self.serve_line();
        self.receive_all(events_max);
        self.tell_returned();
        self.sockets.flush();
        let count = self.events.len().min(events_max);
        events.extend(self.events.drain(..count));
        self.has_more()
    }

    /// Between two turns, all that needs no JavaScript: sends on, and receives until a frame is whole. True: a turn has something to do at
    /// once, or is due earlier than it was.
    pub fn pump(&mut self, now_ms: u64) -> bool {
        self.now_ms = self.now_ms.max(now_ms);
        let deadline_ms = self.deadline_ms();
        self.poll();
        self.send_on();
        self.serve_line();
        for _ in 0..PUMP_ROUNDS_MAX {
            self.rounds += 1;
            self.receive_all(PUMPED_EVENTS_MAX);
            if self.queue.is_empty() || !self.events.is_empty() {
                break;
            }
        }
        self.sockets.flush();
        let is_due_earlier = self.deadline_ms().unwrap_or(u64::MAX) < deadline_ms.unwrap_or(u64::MAX);
        self.has_more() || is_due_earlier
    }

    /// A turn would find something to do at once.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let has_memory_news = self.line.is_due(&self.pool) || self.pool.has_returned();
        has_memory_news
            || self.moved.is_urgent()
            || !self.events.is_empty()
            || !self.queue.is_empty()
            || self.listeners.has_waiting(self.now_ms)
    }

    fn poll(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        self.sockets.poll(&mut ready);
        for one in ready.drain(..) {
            if !self.listeners.note(one.number) {
                self.note(one);
            }
        }
        self.ready = ready;
    }

    fn note(&mut self, ready: Readiness) {
        let Some(connection) = self.connections.get_mut(ready.number) else { return };
        connection.is_readable |= ready.is_readable;
        connection.has_ended |= ready.has_ended;
        if ready.is_writable && (!connection.keeps_nothing() || connection.is_blocked) {
            self.writable.push(ready.number);
        }
        if ready.is_readable {
            self.enqueue(ready.number);
        }
    }

    fn enqueue(&mut self, number: ConnectionNumber) {
        let Some(connection) = self.connections.get_mut(number) else { return };
        if !connection.is_queued {
            connection.is_queued = true;
            self.queue.push_back(number);
        }
    }

    // What JavaScript says.

    /// The memory of one frame may be used again.
    pub fn release(&mut self, place: PlaceId) {
        let Some(owner) = self.pool.release(place) else { return };
        let connection = self.connections.get_mut(owner).expect("whoever receives into a place lives");
        if connection.current.is_some_and(|current| current.is_empty()) {
            self.let_go(owner);
        }
    }

    /// One frame of the connection is done with, answered or not to be answered. After the parts of its answer were flushed.
    pub fn answered(&mut self, number: ConnectionNumber) {
        let Some(connection) = self.connections.get_mut(number) else { return };
        assert!(connection.in_flight > 0, "a frame is answered once");
        connection.in_flight -= 1;
        if connection.in_flight + 1 == self.settings.in_flight_max {
            self.enqueue(number);
        }
        self.settle(number);
    }

    /// Memory for the frame that asked for it: the whole frame fits. False: its connection is gone, and the room is not used.
    pub fn grant_room(&mut self, room: u64, memory: Piece) -> bool {
        let Some(number) = self.rooms_wanted.remove(&room) else { return false };
        let connection = self.connections.get_mut(number).expect("its end takes back its wish");
        let Wanting::Room { size, .. } = connection.wanting else { panic!("a connection wants one thing") };
        assert!(memory.size() >= size, "a room of {} for a frame of {size}", memory.size());
        connection.wanting = Wanting::Nothing;
        let place = self.pool.adopt(room, memory.cut(0, size), number);
        self.relocate(number, place);
        self.enqueue(number);
        true
    }

    pub fn refuse_room(&mut self, room: u64) {
        if let Some(number) = self.rooms_wanted.remove(&room) {
            self.finish(number, CloseReason::RoomRefused);
        }
    }

    /// Why the bytes of a connection that was closed as broken were none of ours, once.
    pub fn take_broken(&mut self, number: ConnectionNumber) -> Option<String> {
        let index = self.broken.iter().position(|(broken, _)| *broken == number)?;
        self.broken.remove(index).map(|(_, text)| text)
    }

    /// The address of the connection that was refused last for the sake of a limit.
    #[must_use]
    pub fn last_refused(&self) -> Option<IpAddr> {
        self.last_refused
    }

    // What there is.

    #[must_use]
    pub fn peer(&self, number: ConnectionNumber) -> Option<SocketAddr> {
        self.connections.get(number).map(|connection| connection.peer)
    }

    #[must_use]
    pub fn connections_count(&self) -> usize {
        self.connections.count()
    }

    /// Bytes that sockets did not take: the memory for them.
    #[must_use]
    pub fn kept_memory(&self) -> usize {
        self.kept_memory
    }

    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.line.count()
    }

    /// When `turn` wants to be called though nothing wakes it.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        [self.deadline_ms, self.listeners.again_ms(), self.moved.by_ms()].into_iter().flatten().min()
    }

    pub fn sockets(&mut self) -> &mut S {
        &mut self.sockets
    }

    fn tell_returned(&mut self) {
        let returned = self.pool.take_returned();
        self.events.extend(returned.into_iter().map(|room| NetEvent::RoomReturned { room }));
    }
}

impl<S: Sockets> Drop for Net<S> {
    fn drop(&mut self) {
        self.close_listeners();
        self.connections.numbers().into_iter().for_each(|number| self.finish(number, CloseReason::Asked));
        self.sockets.flush();
    }
}
