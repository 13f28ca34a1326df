use super::header::Header;
use super::layout::{slot_size, SlotHeader, SLOT_HEADER_SIZE, STATE_HOLE, STATE_PAD, STATE_PUBLISHED};
use super::memory::RingMemory;
use super::sync::full_fence;
use super::RingError;
use crate::io::{Doorbell, Piece};
use std::sync::Arc;

/// The consumer's side of a ring, and its owner: who reads the slots also says when their memory is free.
///
/// Lives on: one thread, the shard's.
pub struct RingReader {
    memory: RingMemory,
    /// The end of the last slot returned or skipped.
    read: u64,
    /// As last seen: the true one may be higher.
    tail: u64,
    floor: u64,
    head: u64,
    reclaim_count: u64,
    producer: Option<Arc<Doorbell>>,
}

/// One published slot. Its bytes stay until the floor moves past `position`, and longer under a lease.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Of its header.
    pub position: u64,
    /// Where the next slot begins.
    pub end: u64,
    pub target: u32,
    pub flags: u32,
    pub ticket: u64,
    pub payload: Piece,
}

impl RingReader {
    /// # Safety
    /// As for `RingMemory::attach`; and the ring has no other consumer while this one lives.
    pub unsafe fn attach(memory: *mut u8, size: usize) -> Result<Self, RingError> {
        // SAFETY: promised by the caller.
        unsafe { RingMemory::attach(memory, size).map(|memory| Self::new(memory)) }
    }

    /// Goes on where the last consumer said it was: at the first slot that `read_position` does not cover.
    ///
    /// # Safety
    /// The ring has no other consumer while this one lives.
    pub unsafe fn new(memory: RingMemory) -> Self {
        let header = memory.header();
        let (read, tail) = (header.read_position(), header.tail());
        let (floor, head) = (header.floor(), header.head());
        header.wake();
        Self { memory, read, tail, floor, head, reclaim_count: 0, producer: None }
    }

    /// The doorbell that rings when a waiting producer can go on.
    #[must_use]
    pub fn with_doorbell(mut self, producer: Arc<Doorbell>) -> Self {
        self.producer = Some(producer);
        self
    }

    /// The next published slot; holes and pads are skipped. Moves only the private read position.
    #[allow(clippy::should_implement_trait)] // A ring has no end: None means "nothing now".
    pub fn next(&mut self) -> Option<Slot> {
        while self.has_more() {
            let (position, header) = (self.read, self.memory.read_slot_header(self.read));
            self.read = self.end_of(position, header);
            match header.state {
                STATE_PUBLISHED => return Some(self.slot(position, header)),
                STATE_HOLE | STATE_PAD => {}
                state => panic!("slot of state {state} at position {position}: the producer published garbage"),
            }
        }
        None
    }

    fn has_more(&mut self) -> bool {
        if self.read == self.tail {
            self.tail = self.header().tail();
        }
        self.read != self.tail
    }

    fn end_of(&self, position: u64, header: SlotHeader) -> u64 {
        let end = position + slot_size(header.size as usize) as u64;
        assert!(end <= self.tail, "slot of {} bytes at position {position} crosses the tail {}", header.size, self.tail);
        end
    }

    fn slot(&self, position: u64, header: SlotHeader) -> Slot {
        let payload = self.memory.piece_at(position + SLOT_HEADER_SIZE as u64, header.size as usize);
        Slot { position, end: self.read, target: header.target, flags: header.flags, ticket: header.ticket, payload }
    }

    /// The end of the last slot returned, or of the holes and pads skipped behind it.
    #[must_use]
    pub fn read_position(&self) -> u64 {
        self.read
    }

    /// Lets go of everything below `floor`: memory below it and below every lease may be overwritten, and a waiting
    /// producer is woken if its claim fits now. The floor never moves back; calling again with the same floor frees what
    /// leases have let go since. Once per wake-up, not per slot: it costs two fences and a look at every lease.
    pub fn advance_floor(&mut self, floor: u64) {
        assert!(floor <= self.read, "floor {floor} above the read position {}", self.read);
        self.floor = self.floor.max(floor);
        self.header().note_read_position(self.read);
        self.reclaim();
    }

    fn reclaim(&mut self) {
        let reclaimed = self.header().reclaim(self.floor, full_fence);
        self.head = reclaimed.head;
        self.reclaim_count += 1;
        self.ring_if(reclaimed.producer_can_go_on);
    }

    fn ring_if(&self, producer_waits: bool) {
        if let (true, Some(producer)) = (producer_waits, &self.producer) {
            producer.ring();
        }
    }

    /// Announces that this thread stops looking; true: it may sleep until its doorbell rings. Also frees what leases have
    /// let go, as nobody will look again before the next wake.
    pub fn before_sleep(&mut self) -> bool {
        self.tail = self.header().fall_asleep(full_fence);
        if self.read != self.tail {
            self.awake();
            return false;
        }
        self.header().note_read_position(self.read);
        self.reclaim();
        true
    }

    /// After every wake, before reading: producers need not ring any more.
    pub fn awake(&mut self) {
        self.header().wake();
    }

    /// The head that a refused claim waits for, if it is not there yet. An owner that keeps slots for the sake of live readers
    /// gives them up for it: up to a half of the ring, as a claim of a quarter may need a pad of a quarter. It must look once
    /// more after `before_sleep`, whose fence makes sure that the wish is seen here, or the producer rings.
    #[must_use]
    pub fn wanted_head(&self) -> Option<u64> {
        Some(self.header().wanted_head()).filter(|&wanted| wanted > self.head)
    }

    /// No more claims. What is published already can still be read.
    pub fn close(&mut self) {
        self.header().close();
        self.ring_if(true);
    }

    /// The producer ended or died, and all it published was read: nothing will ever come.
    pub fn is_drained(&mut self) -> bool {
        self.header().is_producer_gone() && !self.has_more()
    }

    /// Everything below is the producer's again.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.memory.capacity()
    }

    /// Bytes that the producer cannot have: published ones not freed yet.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.header().tail() - self.head
    }

    /// Looks at all leases so far: what the bench counts per megabyte.
    #[must_use]
    pub fn reclaim_count(&self) -> u64 {
        self.reclaim_count
    }

    /// The data area, whose first byte lies at a block boundary: pieces of one ring are parts of it.
    #[must_use]
    pub fn data(&self) -> Piece {
        self.memory.data()
    }

    /// The bytes at a position. They must not cross the end of the data area.
    #[must_use]
    pub fn piece_at(&self, position: u64, size: usize) -> Piece {
        self.memory.piece_at(position, size)
    }

    #[must_use]
    pub fn memory(&self) -> &RingMemory {
        &self.memory
    }

    fn header(&self) -> &Header {
        self.memory.header()
    }
}
