//! Whoever has parts for one connection: flushes what nobody has taken, and learns what became of it.

use super::world::World;
use crate::net::{ConnectionNumber, NetEvent, Part, Source, Unfinished};

pub struct Caller {
    number: ConnectionNumber,
    parts: Vec<Part>,
    /// Of the parts, what is not taken: from this byte of this part on.
    pub next: usize,
    pub at: usize,
    pub is_blocked: bool,
    /// Events of the world that were looked at.
    known: usize,
}

impl Caller {
    pub fn new(world: &World, number: ConnectionNumber, parts: Vec<Part>) -> Self {
        Self { number, parts, next: 0, at: 0, is_blocked: false, known: world.events.len() }
    }

    pub fn is_done(&self) -> bool {
        self.next == self.parts.len()
    }

    fn took(&mut self, parts: usize, size: usize) {
        self.at = if parts == 0 { self.at + size } else { size };
        self.next += parts;
        assert!(self.next < self.parts.len() || (self.is_done() && self.at == 0), "more was taken than there is");
    }

    /// Of all that is left, if it may.
    pub fn flush(&mut self, world: &mut World) -> Option<Unfinished> {
        if self.is_blocked || self.is_done() {
            return None;
        }
        let mut parts = self.parts[self.next..].to_vec();
        parts[0].source = match parts[0].source {
            Source::Memory(piece) => piece.cut(self.at, piece.size() - self.at).into(),
            Source::File(span) => Source::File(span.from(self.at)),
        };
        let mut unfinished = Vec::new();
        world.net.flush(&parts, &mut unfinished);
        let told = unfinished.first().copied();
        match told {
            Some(one) => {
                self.took(one.parts_taken, one.part_size_taken);
                self.is_blocked = !self.is_done() && !one.is_unreadable;
            }
            None => (self.next, self.at) = (self.parts.len(), 0),
        }
        told
    }

    /// What the turns since the last time told. True: the next part cannot be had from its file.
    pub fn learn(&mut self, world: &World) -> bool {
        let mut is_lost = false;
        for event in &world.events[self.known..] {
            match *event {
                NetEvent::Progress { connection, parts_taken, part_size_taken } if connection == self.number => {
                    assert!(self.is_blocked, "nobody is told of what it did not leave");
                    self.took(parts_taken, part_size_taken);
                }
                NetEvent::Writable { connection, is_unreadable } if connection == self.number => {
                    assert!(std::mem::take(&mut self.is_blocked), "it is told once");
                    is_lost |= is_unreadable;
                }
                _ => {}
            }
        }
        self.known = world.events.len();
        is_lost
    }

    /// What is left comes from elsewhere.
    pub fn replace(&mut self, parts: Vec<Part>) {
        (self.parts, self.next, self.at) = (parts, 0, 0);
    }

    /// The same bytes, of which some lie elsewhere.
    pub fn renew(&mut self, parts: Vec<Part>) {
        self.parts = parts;
    }
}
