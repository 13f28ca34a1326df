//! The rings that feed a shard, and what of their memory is still needed.
//!
//! A slot is pinned once for the journal write that covers it and once for its segment write (DURABILITY.md rule 7).
//! The floor follows the oldest pinned slot, but not closer than the tail that live readers are served from.

use crate::ring::{RingReader, Slot};
use std::collections::VecDeque;

struct Pinned {
    /// The slot's place in the ring.
    position: u64,
    end: u64,
    pins: u8,
    partition: u32,
}

pub struct ShardRing {
    pub reader: RingReader,
    pinned: VecDeque<Pinned>,
    /// The number of the first slot in `pinned`.
    first: u64,
    /// The number of the first slot that may still have pins: a slot that lost its last pin never gets another.
    clear: u64,
    /// Everything below is neither pinned nor unread.
    unpinned: u64,
}

impl ShardRing {
    #[must_use]
    pub fn new(reader: RingReader) -> Self {
        let unpinned = reader.read_position();
        Self { reader, pinned: VecDeque::new(), first: 0, clear: 0, unpinned }
    }

    /// Registers a slot that was just read, with one pin for whoever decides about it; its number.
    pub fn add(&mut self, slot: &Slot, partition: u32) -> u64 {
        self.pinned.push_back(Pinned { position: slot.position, end: slot.end, pins: 1, partition });
        self.first + self.pinned.len() as u64 - 1
    }

    pub fn pin(&mut self, number: u64) {
        self.pinned[(number - self.first) as usize].pins += 1;
    }

    pub fn unpin(&mut self, number: u64) {
        let pins = &mut self.pinned[(number - self.first) as usize].pins;
        assert!(*pins > 0, "a slot is unpinned as often as it was pinned");
        *pins -= 1;
    }

    #[must_use]
    pub fn position_of(&self, number: u64) -> u64 {
        self.pinned[(number - self.first) as usize].position
    }

    /// The share of the ring that waits for writes, in bytes.
    #[must_use]
    pub fn pinned_size(&self) -> u64 {
        self.reader.read_position() - self.unpinned
    }

    /// Moves the floor as far as pins allow, keeping the newest half of the ring for live readers. The partitions of
    /// the slots that fell out are handed to `dropped`.
    pub fn reclaim(&mut self, mut dropped: impl FnMut(u32, u64)) {
        while self.pinned.get((self.clear - self.first) as usize).is_some_and(|slot| slot.pins == 0) {
            self.clear += 1;
        }
        let oldest_pinned = self.pinned.get((self.clear - self.first) as usize);
        self.unpinned = oldest_pinned.map_or(self.reader.read_position(), |slot| slot.position);
        let kept = self.reader.read_position().saturating_sub(self.reader.capacity() / 2);
        // A producer that waits is worth more than a warm tail: a claim and its pad may need more than half the ring.
        let floor = if self.reader.wanted_head().is_some() { self.unpinned } else { self.unpinned.min(kept) };
        if floor <= self.reader.floor() {
            // A lease that has ended may have made room below the floor that stands.
            if self.reader.head() < self.reader.floor() {
                self.reader.advance_floor(self.reader.floor());
            }
            return;
        }
        // Whole slots only: the floor stops at the first one that stays.
        let mut floor_at = self.reader.floor();
        while let Some(slot) = self.pinned.front() {
            if slot.end > floor {
                break;
            }
            floor_at = slot.end;
            dropped(slot.partition, slot.end);
            self.pinned.pop_front();
            self.first += 1;
        }
        if self.pinned.is_empty() {
            floor_at = floor;
        }
        if floor_at > self.reader.floor() {
            self.reader.advance_floor(floor_at);
        }
    }
}
