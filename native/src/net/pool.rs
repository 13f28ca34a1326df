//! Receive memory: one range that JavaScript allocated, its size the whole budget, given out in places.
//!
//! ```text
//!   0                                                          main                 main + place_size_max
//!   ├── units of a fixed size, a place is a run of them ───────┼── the reserve ─────┤
//! ```
//! **Nothing here can wait for itself.** A place is taken whole, for a whole frame, or for bytes whose frame is not known yet. So
//! partial frames may come to hold all of main, each waiting for a larger place. The reserve is what breaks that circle: it fits
//! the largest frame, only the connection that waits longest gets it, and it takes in that one frame and nothing behind it. Its
//! frame needs no more memory, so it comes back, and the next in line has its turn (`line.rs`).
//!
//! A place is free when its connection has let go of it and JavaScript has released every frame in it: it outlives its connection.
//! Frames above `place_size_max` get a room of their own, which JavaScript gives.

use crate::io::Piece;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceId(pub u64);

const INDEX_BITS: u32 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Main {
        first: usize,
        count: usize,
    },
    Reserve,
    /// Of JavaScript's, by its number.
    Room(u64),
}

struct Place {
    kind: Kind,
    piece: Piece,
    frames_out: u32,
    /// The connection that receives into it.
    owner: Option<u64>,
}

struct Slot {
    generation: u64,
    place: Option<Place>,
}

pub struct Pool {
    memory: Piece,
    unit: usize,
    place_size_max: usize,
    taken: Vec<bool>,
    used_units: usize,
    /// Where the last search ended.
    next: usize,
    is_reserve_taken: bool,
    slots: Vec<Slot>,
    free_slots: Vec<u32>,
    /// Rooms that nobody uses any more.
    returned: Vec<u64>,
    has_freed: bool,
    pub used_max: usize,
}

impl Pool {
    /// At least 16 units of memory. An eighth of it is the largest place, and the reserve.
    pub fn new(memory: Piece, unit: usize) -> Result<Self, String> {
        let units = memory.size() / unit.max(1);
        if unit < 16 || units < 16 {
            return Err(format!("{} bytes of receive memory are less than 16 chunks of {unit}", memory.size()));
        }
        let reserve_units = units / 8;
        Ok(Self {
            memory,
            unit,
            place_size_max: reserve_units * unit,
            taken: vec![false; units - reserve_units],
            used_units: 0,
            next: 0,
            is_reserve_taken: false,
            slots: Vec::new(),
            free_slots: Vec::new(),
            returned: Vec::new(),
            has_freed: false,
            used_max: 0,
        })
    }

    #[must_use]
    pub fn unit(&self) -> usize {
        self.unit
    }

    #[must_use]
    pub fn place_size_max(&self) -> usize {
        self.place_size_max
    }

    /// Less than half of it is in use.
    #[must_use]
    pub fn is_at_ease(&self) -> bool {
        self.used_units * 2 < self.taken.len()
    }

    /// Bytes given out, rooms left out.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used_units * self.unit + if self.is_reserve_taken { self.place_size_max } else { 0 }
    }

    pub fn take(&mut self, size: usize, owner: u64) -> Option<PlaceId> {
        let count = size.div_ceil(self.unit).max(1);
        let first = self.find_run(count)?;
        self.taken[first..first + count].fill(true);
        self.used_units += count;
        self.next = first + count;
        self.used_max = self.used_max.max(self.used());
        let piece = self.memory.cut(first * self.unit, count * self.unit);
        Some(self.insert(Kind::Main { first, count }, piece, owner))
    }

    pub fn take_reserve(&mut self, owner: u64) -> Option<PlaceId> {
        if self.is_reserve_taken {
            return None;
        }
        self.is_reserve_taken = true;
        self.used_max = self.used_max.max(self.used());
        let piece = self.memory.cut(self.taken.len() * self.unit, self.place_size_max);
        Some(self.insert(Kind::Reserve, piece, owner))
    }

    pub fn adopt(&mut self, room: u64, memory: Piece, owner: u64) -> PlaceId {
        self.insert(Kind::Room(room), memory, owner)
    }

    fn find_run(&self, count: usize) -> Option<usize> {
        let units = self.taken.len();
        if count > units - self.used_units {
            return None;
        }
        let from = if self.next < units { self.next } else { 0 };
        self.run_in(from, units, count).or_else(|| self.run_in(0, (from + count).min(units), count))
    }

    fn run_in(&self, from: usize, until: usize, count: usize) -> Option<usize> {
        let mut free = 0;
        for unit in from..until {
            free = if self.taken[unit] { 0 } else { free + 1 };
            if free == count {
                return Some(unit + 1 - count);
            }
        }
        None
    }

    fn insert(&mut self, kind: Kind, piece: Piece, owner: u64) -> PlaceId {
        let index = self.free_slots.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, place: None });
            self.slots.len() as u32 - 1
        });
        assert!(index >> INDEX_BITS == 0, "more places than an id can name");
        let slot = &mut self.slots[index as usize];
        slot.generation = (slot.generation + 1) & u64::from(u32::MAX);
        slot.place = Some(Place { kind, piece, frames_out: 0, owner: Some(owner) });
        PlaceId(slot.generation << INDEX_BITS | u64::from(index))
    }

    fn place(&self, id: PlaceId) -> &Place {
        let slot = &self.slots[(id.0 & ((1 << INDEX_BITS) - 1)) as usize];
        slot.place.as_ref().filter(|_| slot.generation == id.0 >> INDEX_BITS).expect("a place in use")
    }

    fn place_mut(&mut self, id: PlaceId) -> &mut Place {
        let slot = &mut self.slots[(id.0 & ((1 << INDEX_BITS) - 1)) as usize];
        slot.place.as_mut().filter(|_| slot.generation == id.0 >> INDEX_BITS).expect("a place in use")
    }

    #[must_use]
    pub fn piece(&self, id: PlaceId) -> Piece {
        self.place(id).piece
    }

    #[must_use]
    pub fn kind(&self, id: PlaceId) -> Kind {
        self.place(id).kind
    }

    /// How JavaScript finds it: the number of the memory (0: the pool's) and where in it the place begins.
    #[must_use]
    pub fn address(&self, id: PlaceId) -> (u64, usize) {
        let place = self.place(id);
        match place.kind {
            Kind::Room(room) => (room, 0),
            Kind::Main { .. } | Kind::Reserve => (0, place.piece.address() - self.memory.address()),
        }
    }

    #[must_use]
    pub fn has_frames_out(&self, id: PlaceId) -> bool {
        self.place(id).frames_out > 0
    }

    pub fn hand_out(&mut self, id: PlaceId) {
        self.place_mut(id).frames_out += 1;
    }

    /// One frame of it. The connection that could let go of it now, if one receives into it.
    pub fn release(&mut self, id: PlaceId) -> Option<u64> {
        let place = self.place_mut(id);
        assert!(place.frames_out > 0, "a frame is released once");
        place.frames_out -= 1;
        if place.frames_out > 0 {
            return None;
        }
        let owner = place.owner;
        self.free_if_unused(id);
        owner
    }

    /// Its connection receives into it no more.
    pub fn detach(&mut self, id: PlaceId) {
        self.place_mut(id).owner = None;
        self.free_if_unused(id);
    }

    fn free_if_unused(&mut self, id: PlaceId) {
        let place = self.place(id);
        if place.frames_out > 0 || place.owner.is_some() {
            return;
        }
        match place.kind {
            Kind::Main { first, count } => {
                self.taken[first..first + count].fill(false);
                self.used_units -= count;
            }
            Kind::Reserve => self.is_reserve_taken = false,
            Kind::Room(room) => self.returned.push(room),
        }
        self.has_freed = true;
        let index = (id.0 & ((1 << INDEX_BITS) - 1)) as u32;
        self.slots[index as usize].place = None;
        self.free_slots.push(index);
    }

    /// Whether anything became free since everybody in line was looked at.
    #[must_use]
    pub fn has_freed(&self) -> bool {
        self.has_freed
    }

    pub fn set_freed(&mut self, has_freed: bool) {
        self.has_freed = has_freed;
    }

    #[must_use]
    pub fn has_returned(&self) -> bool {
        !self.returned.is_empty()
    }

    pub fn take_returned(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.returned)
    }
}
