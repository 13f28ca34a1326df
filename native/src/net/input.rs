//! From bytes that wait in a socket to frames that lie whole in one place.

use super::event::{ConnectionNumber, NetEvent};
use super::frame::{look, Look, SIZE_PREFIX};
use super::pool::{Kind, Pool};
use super::{Current, Net, Phase, PlaceId, Wanting};
use crate::io::sockets::{Receive, Sockets};
use crate::io::{IoError, IoResult};

/// Connections that receive with one call of `Sockets`.
const BATCH_MAX: usize = 64;
/// First receives grow up to this while they come back full.
const BULK_SIZE_MAX: usize = 256 << 10;

/// The receives of one call.
#[derive(Default)]
pub(super) struct Receiving {
    numbers: Vec<ConnectionNumber>,
    receives: Vec<Receive>,
}

impl<S: Sockets> Net<S> {
    /// Gives every connection of the queue one receive in turn, until each has nothing more or has had its share, or no event has room.
    pub(super) fn receive_all(&mut self, events_max: usize) {
        let mut receiving = std::mem::take(&mut self.receiving);
        while !self.queue.is_empty() && self.events.len() < events_max {
            while receiving.numbers.len() < BATCH_MAX && self.events.len() < events_max {
                let Some(number) = self.queue.pop_front() else { break };
                if let Some(receive) = self.advance(number, events_max) {
                    receiving.numbers.push(number);
                    receiving.receives.push(receive);
                }
            }
            self.counters.receives += receiving.receives.len() as u64;
            self.sockets.receive(&mut receiving.receives);
            for (number, receive) in receiving.numbers.drain(..).zip(receiving.receives.drain(..)) {
                self.received(number, receive.target.size(), receive.result);
            }
            // Who joined the line may find the reserve free; what ended may have left room.
            self.serve_line();
        }
        self.queue.append(&mut self.later);
        self.receiving = receiving;
    }

    /// Hands out what is whole, and says what to receive next, if anything.
    fn advance(&mut self, number: ConnectionNumber, events_max: usize) -> Option<Receive> {
        let connection = self.connections.get_mut(number)?;
        connection.is_queued = false;
        match connection.phase {
            Phase::Open => {}
            Phase::Lingering { .. } => return self.discard(number),
            Phase::Draining | Phase::Closing(_) => return None,
        }
        if !self.hand_out(number, events_max) {
            return None;
        }
        let connection = self.connections.get(number).expect("handing out ended nothing");
        if connection.is_input_over {
            self.settle(number);
            return None;
        }
        if !connection.is_readable {
            self.rest(number);
            return None;
        }
        if self.turn_left(number) == 0 {
            self.put_off(number);
            return None;
        }
        self.prepare(number).then(|| self.next_receive(number))
    }

    /// False: no more of this connection for now, or ever.
    fn hand_out(&mut self, number: ConnectionNumber, events_max: usize) -> bool {
        loop {
            let connection = self.connections.get_mut(number).expect("a live connection");
            let may_take = connection.in_flight < self.settings.in_flight_max;
            let Some(current) = connection.current.as_mut().filter(|current| !current.is_empty()) else { return may_take };
            if !may_take {
                return false;
            }
            let bytes = self.pool.piece(current.place).cut(current.start, current.end - current.start);
            match look(bytes.bytes(), self.settings.frame_size_max, !connection.has_had_frame) {
                Look::Partial { .. } => {
                    connection.partial_since_ms.get_or_insert(self.now_ms);
                    return true;
                }
                Look::Broken(broken) => {
                    self.finish_broken(number, broken, bytes.bytes());
                    return false;
                }
                Look::Whole { .. } if self.events.len() >= events_max => {
                    self.put_off(number);
                    return false;
                }
                Look::Whole { total } => {
                    let (memory, at) = self.pool.address(current.place);
                    let (place, position) = (current.place, at + current.start + SIZE_PREFIX);
                    current.start += total;
                    connection.partial_since_ms = None;
                    connection.has_had_frame = true;
                    connection.in_flight += 1;
                    self.pool.hand_out(place);
                    self.counters.frames += 1;
                    let size = total - SIZE_PREFIX;
                    self.events.push_back(NetEvent::Frame { connection: number, place, memory, position, size });
                }
            }
        }
    }

    /// The next turn begins with it.
    fn put_off(&mut self, number: ConnectionNumber) {
        self.connections.get_mut(number).expect("a live connection").is_queued = true;
        self.later.push_back(number);
    }

    fn turn_left(&mut self, number: ConnectionNumber) -> usize {
        let round = self.rounds;
        let connection = self.connections.get_mut(number).expect("a live connection");
        if connection.round != round {
            connection.round = round;
            connection.round_size = 0;
        }
        self.settings.turn_size_max.saturating_sub(connection.round_size)
    }

    /// Nothing more waits in its socket: an idle connection holds no memory.
    fn rest(&mut self, number: ConnectionNumber) {
        let connection = self.connections.get(number).expect("a live connection");
        let Some(current) = connection.current.filter(Current::is_empty) else { return };
        if !self.pool.has_frames_out(current.place) {
            self.let_go(number);
        }
    }

    /// It receives into its place no more; bytes that were not handed out are lost.
    pub(super) fn let_go(&mut self, number: ConnectionNumber) {
        let connection = self.connections.get_mut(number).expect("a live connection");
        connection.partial_since_ms = None;
        if let Some(current) = connection.current.take() {
            if current.is_empty() {
                connection.expected = learn(connection.expected, current, &self.pool);
            }
            self.pool.detach(current.place);
        }
    }

    // Memory.

    /// Makes sure that there is a place with room for what comes next. False: it waits for one.
    fn prepare(&mut self, number: ConnectionNumber) -> bool {
        let connection = self.connections.get(number).expect("a live connection");
        if connection.wanting != Wanting::Nothing {
            return false;
        }
        let current = connection.current;
        match current {
            Some(current) if !current.is_empty() => {
                let total = self.total_of(number, current).unwrap_or(SIZE_PREFIX);
                current.start + total <= self.pool.piece(current.place).size() || self.move_on(number, total)
            }
            Some(current) if self.goes_on_in(number, current) => true,
            _ => {
                self.let_go(number);
                self.begin(number)
            }
        }
    }

    /// Of the partial frame, once it is known.
    fn total_of(&self, number: ConnectionNumber, current: Current) -> Option<usize> {
        let bytes = self.pool.piece(current.place).cut(current.start, current.end - current.start);
        let is_first = !self.connections.get(number).expect("a live connection").has_had_frame;
        match look(bytes.bytes(), self.settings.frame_size_max, is_first) {
            Look::Partial { total } => total,
            Look::Whole { .. } | Look::Broken(_) => unreachable!("handed out before"),
        }
    }

    /// Behind frames that JavaScript still holds, if that is worth it: small ones then share a place. In a fresh one always.
    fn goes_on_in(&mut self, number: ConnectionNumber, current: Current) -> bool {
        if current.end == 0 {
            return true;
        }
        let size = self.pool.piece(current.place).size();
        let unit = self.pool.unit();
        let is_main = matches!(self.pool.kind(current.place), Kind::Main { .. });
        let connection = self.connections.get_mut(number).expect("a live connection");
        let worth = if connection.expected <= unit { unit / 4 } else { connection.expected };
        if !is_main || size - current.end < worth {
            return false;
        }
        let until = size.min(current.end + connection.expected);
        connection.current = Some(Current { base: current.end, until, ..current });
        true
    }

    /// A place for first bytes.
    fn begin(&mut self, number: ConnectionNumber) -> bool {
        let unit = self.pool.unit();
        let expected = self.connections.get(number).expect("a live connection").expected;
        let size = if self.pool.is_at_ease() { expected } else { unit };
        let place = self.line.pass(&mut self.pool, number, size);
        let place = place.or_else(|| if size > unit { self.line.pass(&mut self.pool, number, unit) } else { None });
        match place {
            Some(place) => {
                self.settle_in(number, place, size);
                true
            }
            None => self.wait_for(number, unit),
        }
    }

    fn settle_in(&mut self, number: ConnectionNumber, place: PlaceId, until: usize) {
        let until = until.min(self.pool.piece(place).size());
        let connection = self.connections.get_mut(number).expect("a live connection");
        connection.current = Some(Current { place, start: 0, end: 0, base: 0, until });
    }

    /// The frame does not fit where it began: it gets a place of its own size, or joins the line, or asks for a room.
    fn move_on(&mut self, number: ConnectionNumber, total: usize) -> bool {
        if total > self.pool.place_size_max() {
            self.want_room(number, total);
            return false;
        }
        let size = total.max(self.pool.unit());
        match self.line.pass(&mut self.pool, number, size) {
            Some(place) => {
                self.relocate(number, place);
                true
            }
            None => self.wait_for(number, size),
        }
    }

    fn wait_for(&mut self, number: ConnectionNumber, size: usize) -> bool {
        self.counters.waits += 1;
        self.connections.get_mut(number).expect("a live connection").wanting = Wanting::Place;
        self.line.join(number, size);
        self.come_back_by(self.now_ms + self.settings.slow_frame_ms);
        false
    }

    fn want_room(&mut self, number: ConnectionNumber, size: usize) {
        self.last_room += 1;
        let room = self.last_room;
        self.rooms_wanted.insert(room, number);
        self.connections.get_mut(number).expect("a live connection").wanting = Wanting::Room { room, size };
        self.events.push_back(NetEvent::RoomWanted { connection: number, room, size });
        self.come_back_by(self.now_ms + self.settings.slow_frame_ms);
    }

    /// Moves what came of a frame, if anything did, to the start of another place.
    pub(super) fn relocate(&mut self, number: ConnectionNumber, place: PlaceId) {
        let now_ms = self.now_ms;
        let connection = self.connections.get_mut(number).expect("a live connection");
        let target = self.pool.piece(place);
        let Some(old) = connection.current else { return self.settle_in(number, place, usize::MAX) };
        let moved = self.pool.piece(old.place).cut(old.start, old.end - old.start);
        target.write(0, moved.bytes());
        self.counters.moved_size += moved.size() as u64;
        connection.partial_since_ms = connection.partial_since_ms.map(|_| now_ms);
        connection.current = Some(Current { place, start: 0, end: moved.size(), base: 0, until: target.size() });
        self.pool.detach(old.place);
    }

    /// Serves those who wait as far as there is room.
    pub(super) fn serve_line(&mut self) {
        if !self.line.is_due(&self.pool) {
            return;
        }
        while let Some((number, place)) = self.line.serve(&mut self.pool) {
            self.connections.get_mut(number).expect("who ends leaves the line").wanting = Wanting::Nothing;
            self.relocate(number, place);
            self.enqueue(number);
        }
    }

    // Bytes.

    fn next_receive(&mut self, number: ConnectionNumber) -> Receive {
        let turn_left = self.turn_left(number);
        let connection = self.connections.get(number).expect("a live connection");
        let (socket, current) = (connection.socket, connection.current.expect("prepared"));
        let limit = self.limit(number, current);
        let size = (limit - current.end).min(turn_left);
        let target = self.pool.piece(current.place).cut(current.end, size);
        Receive { socket, target, result: Err(IoError::WOULD_BLOCK) }
    }

    /// Up to where to receive. A large frame ends its receive with its last byte, as what follows would have to move; in the
    /// reserve and in rooms every frame does, as they take in one frame.
    fn limit(&mut self, number: ConnectionNumber, current: Current) -> usize {
        let is_main = matches!(self.pool.kind(current.place), Kind::Main { .. });
        if current.is_empty() {
            return if is_main { current.until } else { current.start + SIZE_PREFIX };
        }
        let total = self.total_of(number, current);
        match total {
            Some(total) if !is_main || total > self.pool.unit() => {
                let expected = total.min(self.pool.place_size_max());
                let connection = self.connections.get_mut(number).expect("a live connection");
                connection.expected = connection.expected.max(expected);
                current.start + total
            }
            None if !is_main => current.start + SIZE_PREFIX,
            _ => self.pool.piece(current.place).size(),
        }
    }

    fn received(&mut self, number: ConnectionNumber, asked: usize, result: IoResult<usize>) {
        let now_ms = self.now_ms;
        let Some(connection) = self.connections.get_mut(number) else { return };
        match result {
            Ok(0) => connection.is_input_over = true,
            Ok(count) => {
                connection.round_size += count;
                connection.last_active_ms = now_ms;
                // Fewer bytes than asked for: that was all, unless the end came with them.
                connection.is_readable = count == asked || connection.has_ended;
                self.counters.received_size += count as u64;
                if let Some(current) = &mut connection.current {
                    current.end += count;
                }
            }
            Err(IoError::WOULD_BLOCK) => connection.is_readable = false,
            Err(error) => return self.finish_by(number, error),
        }
        if connection.is_input_over {
            self.input_over(number);
        }
        self.enqueue(number);
    }

    fn input_over(&mut self, number: ConnectionNumber) {
        let connection = self.connections.get(number).expect("a live connection");
        match connection.phase {
            Phase::Lingering { reason, .. } => self.finish(number, reason),
            Phase::Open if !connection.owes_nothing() => self.events.push_back(NetEvent::Ended { connection: number }),
            _ => {}
        }
    }

    /// Reads and forgets.
    fn discard(&mut self, number: ConnectionNumber) -> Option<Receive> {
        if self.turn_left(number) == 0 {
            self.put_off(number);
            return None;
        }
        let connection = self.connections.get(number).filter(|connection| connection.is_readable)?;
        let target = self.discard.piece(0, self.discard.size());
        Some(Receive { socket: connection.socket, target, result: Err(IoError::WOULD_BLOCK) })
    }
}

/// What to ask for first the next time: twice as much if this came back full, half of it if less than half was used. A full
/// receive of whole frames of one size stays a multiple of that size, so that none of them is cut and moved.
fn learn(expected: usize, current: Current, pool: &Pool) -> usize {
    let used = current.end - current.base;
    if used == 0 {
        // Told of nothing.
        return expected;
    }
    if current.end >= current.until && expected * 2 <= BULK_SIZE_MAX.min(pool.place_size_max()) {
        expected * 2
    } else if used * 2 < expected {
        (expected / 2).max(pool.unit())
    } else {
        expected
    }
}
