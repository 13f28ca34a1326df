//! A net over simulated sockets, a consumer that releases and answers when a seed says so, and a book of what must hold.

use crate::io::sockets::sim::{SimPeer, SimSockets};
use crate::io::AlignedBuffer;
use crate::net::{CloseReason, ConnectionNumber, Net, NetEvent, NetSettings, Part, Partial, PlaceId, Unfinished};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

pub const UNIT: usize = 64;

pub struct World {
    pub sim: SimSockets,
    pub net: Net<SimSockets>,
    pub address: SocketAddr,
    pub now_ms: u64,
    memory: AlignedBuffer,
    rooms: HashMap<u64, AlignedBuffer>,
    /// Frames in the order of their events, by connection.
    pub frames: HashMap<ConnectionNumber, Vec<Vec<u8>>>,
    /// Handed out and not released; answered too.
    pub held: Vec<(ConnectionNumber, PlaceId)>,
    pub accepted: Vec<ConnectionNumber>,
    pub closed: HashMap<ConnectionNumber, (CloseReason, Option<Partial>)>,
    pub events: Vec<NetEvent>,
    /// Rooms asked for, if they are not granted at once.
    pub wishes: Vec<(u64, usize)>,
    pub grants_rooms: bool,
}

pub fn settings() -> NetSettings {
    NetSettings { chunk_size: UNIT, frame_size_max: 1 << 20, turn_size_max: 4 * UNIT, in_flight_max: 8, ..NetSettings::default() }
}

impl World {
    pub fn new(seed: u64, settings: NetSettings, units: usize) -> Self {
        let sim = SimSockets::seeded(seed);
        let memory = AlignedBuffer::new(units * settings.chunk_size);
        let mut net = Net::new(sim.clone(), settings, memory.piece(0, units * settings.chunk_size)).expect("settings");
        let (_, address) = net.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 9092)), false).expect("listens");
        Self {
            sim,
            net,
            address,
            now_ms: 0,
            memory,
            rooms: HashMap::new(),
            frames: HashMap::new(),
            held: Vec::new(),
            accepted: Vec::new(),
            closed: HashMap::new(),
            events: Vec::new(),
            wishes: Vec::new(),
            grants_rooms: true,
        }
    }

    pub fn connect(&self) -> SimPeer {
        self.sim.connect(self.address, Ipv4Addr::LOCALHOST)
    }

    /// A connection and its number.
    pub fn connected(&mut self) -> (SimPeer, ConnectionNumber) {
        let (peer, known) = (self.connect(), self.accepted.len());
        self.turns_until(|world| world.accepted.len() > known);
        (peer, self.accepted[known])
    }

    /// One turn with room for a few events.
    pub fn turn(&mut self) -> bool {
        self.turn_with(16)
    }

    pub fn turns(&mut self, count: usize) {
        (0..count).for_each(|_| {
            self.turn();
        });
    }

    pub fn turn_with(&mut self, events_max: usize) -> bool {
        let mut events = Vec::new();
        let has_more = self.net.turn(self.now_ms, events_max, &mut events);
        assert!(events.len() <= events_max);
        for &event in &events {
            self.learn(event);
        }
        self.events.extend(events);
        has_more
    }

    fn learn(&mut self, event: NetEvent) {
        match event {
            NetEvent::Accepted { connection, .. } => self.accepted.push(connection),
            NetEvent::Frame { connection, place, memory, position, size } => {
                assert!(!self.closed.contains_key(&connection), "a frame behind the last word");
                let bytes = match memory {
                    0 => self.memory.bytes()[position..position + size].to_vec(),
                    room => self.rooms[&room].bytes()[position..position + size].to_vec(),
                };
                self.frames.entry(connection).or_default().push(bytes);
                self.held.push((connection, place));
            }
            NetEvent::RoomWanted { room, size, .. } if self.grants_rooms => drop(self.grant(room, size)),
            NetEvent::RoomWanted { room, size, .. } => self.wishes.push((room, size)),
            NetEvent::RoomReturned { room } => assert!(self.rooms.remove(&room).is_some(), "a room comes back once"),
            NetEvent::Closed { connection, reason, partial } => {
                assert!(self.closed.insert(connection, (reason, partial)).is_none(), "one last word");
            }
            NetEvent::Progress { .. } | NetEvent::Writable { .. } | NetEvent::Ended { .. } | NetEvent::Refused { .. } => {}
        }
    }

    pub fn grant(&mut self, room: u64, size: usize) -> bool {
        let memory = AlignedBuffer::new(size);
        let is_used = self.net.grant_room(room, memory.piece(0, size));
        if is_used {
            self.rooms.insert(room, memory);
        }
        is_used
    }

    pub fn rooms_count(&self) -> usize {
        self.rooms.len()
    }

    /// Releases and answers the oldest frame.
    pub fn finish_one(&mut self) {
        if !self.held.is_empty() {
            let (connection, place) = self.held.remove(0);
            self.net.release(place);
            self.net.answered(connection);
        }
    }

    pub fn finish_all(&mut self) {
        while !self.held.is_empty() {
            self.finish_one();
        }
    }

    /// Turns, nothing else, until it holds.
    pub fn turns_until(&mut self, holds: impl Fn(&Self) -> bool) {
        for _ in 0..5_000 {
            if holds(self) {
                return;
            }
            self.turn();
        }
        panic!("it never came: {:?}", self.events.iter().rev().take(5).collect::<Vec<_>>());
    }

    /// As above, finishing what is handed out.
    pub fn runs_until(&mut self, holds: impl Fn(&Self) -> bool) {
        for _ in 0..20_000 {
            if holds(self) {
                return;
            }
            self.turn();
            self.finish_all();
        }
        panic!("it never came: {:?}", self.events.iter().rev().take(5).collect::<Vec<_>>());
    }

    pub fn frames_of(&self, number: ConnectionNumber) -> usize {
        self.frames.get(&number).map_or(0, Vec::len)
    }

    pub fn reason_of(&self, number: ConnectionNumber) -> Option<CloseReason> {
        self.closed.get(&number).map(|(reason, _)| *reason)
    }

    pub fn partial_of(&self, number: ConnectionNumber) -> Option<Partial> {
        self.closed.get(&number).and_then(|(_, partial)| *partial)
    }

    /// Flushes parts of a connection: (bytes, owned).
    pub fn flush(&mut self, number: ConnectionNumber, parts: &[(&AlignedBuffer, usize, bool)]) -> Vec<Unfinished> {
        let part = |&(memory, size, is_owned): &(&AlignedBuffer, usize, bool)| Part {
            connection: number,
            source: memory.piece(0, size).into(),
            is_owned,
        };
        let parts: Vec<Part> = parts.iter().map(part).collect();
        let mut unfinished = Vec::new();
        self.net.flush(&parts, &mut unfinished);
        unfinished
    }
}

pub fn frame(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// Bytes that tell their frame and their place in it.
pub fn body(frame: usize, size: usize) -> Vec<u8> {
    (0..size).map(|index| (index.wrapping_mul(31) ^ frame.wrapping_mul(17) ^ (index >> 8)) as u8).collect()
}

pub fn lent(bytes: &[u8]) -> AlignedBuffer {
    let mut memory = AlignedBuffer::new(bytes.len());
    memory.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
    memory
}
