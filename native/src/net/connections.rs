//! Connections by number. The upper bits of a number change with every reuse of its slot, so that what is said of a connection
//! that is gone is never taken for another one.

use super::event::{CloseReason, ConnectionNumber};
use super::kept::Kept;
use super::pool::PlaceId;
use super::trail::Trail;
use crate::io::sockets::SocketId;
use std::net::SocketAddr;

const INDEX_BITS: u32 = 20;
pub const COUNT_MAX: usize = 1 << INDEX_BITS;

/// Where a connection receives to.
#[derive(Clone, Copy, Debug)]
pub struct Current {
    pub place: PlaceId,
    /// Of the bytes that are not handed out yet.
    pub start: usize,
    pub end: usize,
    /// Where its bytes began when it was last empty, and how far we meant to receive then.
    pub base: usize,
    pub until: usize,
}

impl Current {
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanting {
    Nothing,
    /// In line for receive memory.
    Place,
    /// JavaScript decides.
    Room {
        room: u64,
        size: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Open,
    /// No more frames; ends when all are answered.
    Draining,
    /// Ends when what is kept was sent.
    Closing(CloseReason),
    /// Everything was sent, and the end told; read until the peer ends too.
    Lingering {
        until_ms: u64,
        reason: CloseReason,
    },
}

pub struct Connection {
    pub socket: SocketId,
    pub peer: SocketAddr,
    pub phase: Phase,
    pub last_active_ms: u64,
    // In.
    pub current: Option<Current>,
    pub wanting: Wanting,
    /// Bytes that the next first receive asks for.
    pub expected: usize,
    pub is_readable: bool,
    /// The peer has ended or is gone: read on until that comes out.
    pub has_ended: bool,
    /// Nothing more can be received.
    pub is_input_over: bool,
    pub is_queued: bool,
    pub has_had_frame: bool,
    pub in_flight: u32,
    pub partial_since_ms: Option<u64>,
    /// Bytes received in the round of this number.
    pub round: u64,
    pub round_size: usize,
    // Out.
    pub kept: Kept,
    /// Leaves behind what is kept.
    pub trail: Trail,
    /// The last flush left parts behind: the next go out only after `Writable`.
    pub is_blocked: bool,
    /// Of these parts some are not in the trail. So it is until they were flushed.
    pub has_rest: bool,
    /// It is `Writable`, or unreadable, and has not been told.
    pub word: Option<bool>,
    /// Its progress or its word is to be told.
    pub has_moved: bool,
    /// In the flush under way.
    pub touched: Option<u32>,
}

impl Connection {
    pub fn new(socket: SocketId, peer: SocketAddr, expected: usize, now_ms: u64) -> Self {
        Self {
            socket,
            peer,
            phase: Phase::Open,
            last_active_ms: now_ms,
            current: None,
            wanting: Wanting::Nothing,
            expected,
            is_readable: false,
            has_ended: false,
            is_input_over: false,
            is_queued: false,
            has_had_frame: false,
            in_flight: 0,
            partial_since_ms: None,
            round: 0,
            round_size: 0,
            kept: Kept::default(),
            trail: Trail::default(),
            is_blocked: false,
            has_rest: false,
            word: None,
            has_moved: false,
            touched: None,
        }
    }

    pub fn owes_nothing(&self) -> bool {
        self.in_flight == 0 && self.keeps_nothing() && !self.is_blocked && !self.has_rest
    }

    pub fn keeps_nothing(&self) -> bool {
        self.kept.is_empty() && self.trail.is_empty()
    }

    pub fn memory_kept(&self) -> usize {
        self.kept.memory() + self.trail.memory()
    }
}

struct Slot {
    generation: u64,
    connection: Option<Connection>,
}

#[derive(Default)]
pub struct Connections {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Connections {
    pub fn insert(&mut self, connection: Connection) -> ConnectionNumber {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, connection: None });
            self.slots.len() as u32 - 1
        });
        assert!((index as usize) < COUNT_MAX, "the settings allow fewer");
        let slot = &mut self.slots[index as usize];
        slot.generation = (slot.generation + 1) & u64::from(u32::MAX);
        slot.connection = Some(connection);
        slot.generation << INDEX_BITS | u64::from(index)
    }

    pub fn get(&self, number: ConnectionNumber) -> Option<&Connection> {
        let slot = self.slots.get(index_of(number))?;
        slot.connection.as_ref().filter(|_| slot.generation == number >> INDEX_BITS)
    }

    pub fn get_mut(&mut self, number: ConnectionNumber) -> Option<&mut Connection> {
        let slot = self.slots.get_mut(index_of(number))?;
        slot.connection.as_mut().filter(|_| slot.generation == number >> INDEX_BITS)
    }

    pub fn remove(&mut self, number: ConnectionNumber) -> Option<Connection> {
        self.get(number)?;
        let index = index_of(number);
        self.free.push(index as u32);
        self.slots[index].connection.take()
    }

    pub fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (ConnectionNumber, &Connection)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let number = slot.generation << INDEX_BITS | index as u64;
            slot.connection.as_ref().map(|connection| (number, connection))
        })
    }

    pub fn numbers(&self) -> Vec<ConnectionNumber> {
        self.iter().map(|(number, _)| number).collect()
    }
}

fn index_of(number: ConnectionNumber) -> usize {
    (number & (COUNT_MAX as u64 - 1)) as usize
}
