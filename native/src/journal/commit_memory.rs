//! The memory that commits bring themselves: headers and edge blocks, and small commits as a whole.
//!
//! A small commit is copied into a slot of memory that the kernel has pinned once and for all: pinning a few pages for
//! every write costs more than copying them (`docs/decisions/0010-small-commits-are-copied.md`). A large one is written
//! from where its batches lie, and needs a buffer for its header and edges only.

use crate::io::{AlignedBuffer, Io, Piece};

/// Commits up to this size are copied as a whole.
pub(super) const SLOT_SIZE: usize = 32 << 10;

pub(super) struct CommitMemory {
    slots: AlignedBuffer,
    /// Positions of those that no commit has.
    free: Vec<usize>,
    spare: Vec<AlignedBuffer>,
    spare_count_max: usize,
}

/// What one commit has until it is complete.
pub(super) enum Lent {
    Slot(usize),
    Buffer(AlignedBuffer),
}

impl CommitMemory {
    #[must_use]
    pub fn new(depth: usize) -> Self {
        // One more than commits in flight: a witness goes out beside them.
        let count = depth + 1;
        let slots = AlignedBuffer::new(count * SLOT_SIZE);
        Self { slots, free: (0..count).map(|slot| slot * SLOT_SIZE).collect(), spare: Vec::new(), spare_count_max: count }
    }

    /// Where it doesn't fit into what this user may lock, everything works as well, for a little more.
    pub fn register(&self, io: &mut dyn Io) {
        io.register(&self.slots);
    }

    /// For a packed commit. As many are in flight as there are slots, at most.
    pub fn slot(&mut self) -> Lent {
        Lent::Slot(self.free.pop().expect("a slot for each commit in flight and the witness"))
    }

    pub fn buffer(&mut self, size: usize) -> AlignedBuffer {
        let fitting = self.spare.iter().position(|buffer| buffer.size() >= size);
        let spare = fitting.map(|at| self.spare.swap_remove(at));
        spare.unwrap_or_else(|| AlignedBuffer::new(size.next_power_of_two()))
    }

    pub fn give_back(&mut self, lent: Lent) {
        match lent {
            Lent::Slot(at) => self.free.push(at),
            Lent::Buffer(buffer) if self.spare.len() < self.spare_count_max => self.spare.push(buffer),
            Lent::Buffer(_) => {}
        }
    }

    pub fn bytes_mut<'a>(&'a mut self, lent: &'a mut Lent) -> &'a mut [u8] {
        match lent {
            Lent::Slot(at) => &mut self.slots.bytes_mut()[*at..*at + SLOT_SIZE],
            Lent::Buffer(buffer) => buffer.bytes_mut(),
        }
    }

    #[must_use]
    pub fn piece(&self, lent: &Lent, from: usize, size: usize) -> Piece {
        match lent {
            Lent::Slot(at) => self.slots.piece(at + from, size),
            Lent::Buffer(buffer) => buffer.piece(from, size),
        }
    }
}
