use super::header::Header;
use super::layout::{
    payload_size_max, slot_size, SlotHeader, SLOT_HEADER_SIZE, STATE_CLAIMED, STATE_HOLE, STATE_PAD, STATE_PUBLISHED,
};
use super::memory::RingMemory;
use super::sync::full_fence;
use super::{ClaimError, RingError};
use crate::io::{Doorbell, Piece};
use std::sync::Arc;

/// The producer's side of a ring.
///
/// Claims are taken in ring order and may be published or aborted in any order. The slots' own headers say which are still
/// open: the tail stops at the oldest of them.
/// Lives on: one thread. Ends when: `end`, or its thread dies and the supervisor says so.
pub struct RingWriter {
    memory: RingMemory,
    /// Where the next claim begins; bytes from tail to here are claimed.
    claimed: u64,
    /// The end of what the consumer may see, as last stored.
    tail: u64,
    /// As last read: the true one may be higher.
    head: u64,
    /// The head at which the smallest of the refused claims fits, as last stored; 0 if none waits.
    wanted_head: u64,
    consumer: Option<Arc<Doorbell>>,
}

/// Memory of the ring to fill, then to publish or abort. Dropping it stalls the ring for good.
#[must_use]
#[derive(Debug)]
pub struct Claim {
    position: u64,
    payload: Piece,
}

impl Claim {
    #[must_use]
    pub fn payload(&self) -> Piece {
        self.payload
    }

    /// Of the slot's header.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }
}

impl RingWriter {
    /// # Safety
    /// As for `RingMemory::attach`; and the ring has no other producer while this one lives.
    pub unsafe fn attach(memory: *mut u8, size: usize) -> Result<Self, RingError> {
        // SAFETY: promised by the caller.
        unsafe { RingMemory::attach(memory, size).map(|memory| Self::new(memory)) }
    }

    /// # Safety
    /// The ring has no other producer while this one lives.
    pub unsafe fn new(memory: RingMemory) -> Self {
        let (tail, head) = (memory.header().tail(), memory.header().head());
        Self { memory, claimed: tail, tail, head, wanted_head: 0, consumer: None }
    }

    /// The doorbell to ring when there is something for the consumer and it sleeps.
    #[must_use]
    pub fn with_doorbell(mut self, consumer: Arc<Doorbell>) -> Self {
        self.consumer = Some(consumer);
        self
    }

    pub fn claim(&mut self, payload_size: usize) -> Result<Claim, ClaimError> {
        self.claim_keeping(payload_size, 0)
    }

    /// As `claim`, but only if `keep` bytes would stay free behind it. At most a quarter of the ring can be kept.
    pub fn claim_keeping(&mut self, payload_size: usize, keep: u64) -> Result<Claim, ClaimError> {
        if payload_size > payload_size_max(self.memory.capacity() as usize) || keep > self.memory.capacity() / 4 {
            return Err(ClaimError::TooLarge);
        }
        if self.header().is_closed() {
            return Err(ClaimError::Closed);
        }
        let size = slot_size(payload_size) as u64;
        let pad = self.pad_before(size);
        self.make_room(pad + size + keep)?;
        if pad > 0 {
            self.take(pad as usize - SLOT_HEADER_SIZE, STATE_PAD);
        }
        let position = self.take(payload_size, STATE_CLAIMED);
        Ok(Claim { position, payload: self.memory.piece_at(position + SLOT_HEADER_SIZE as u64, payload_size) })
    }

    /// The rest of the data area, if a slot of this size would cross its end.
    fn pad_before(&self, size: u64) -> u64 {
        let rest = self.memory.size_to_end(self.claimed);
        if size > rest {
            rest
        } else {
            0
        }
    }

    fn make_room(&mut self, size: u64) -> Result<(), ClaimError> {
        let wanted_head = (self.claimed + size).saturating_sub(self.memory.capacity());
        if self.head < wanted_head || self.wanted_head != 0 {
            self.head = self.header().head();
            self.forget_granted_wish();
        }
        if self.head < wanted_head {
            self.wish_for(wanted_head);
        }
        if self.head < wanted_head {
            self.ring_if(self.header().consumer_sleeps());
            return Err(ClaimError::WouldBlock);
        }
        self.forget_granted_wish();
        Ok(())
    }

    /// The smallest wish wins: whoever waits retries after every wake, and a larger one is then put on record again.
    fn wish_for(&mut self, wanted_head: u64) {
        if self.wanted_head == 0 || wanted_head < self.wanted_head {
            self.wanted_head = wanted_head;
        }
        self.head = self.header().wait_for_head(self.wanted_head, full_fence);
    }

    /// A wish stays on record until its space is there: another claim that fits meanwhile does not withdraw it.
    fn forget_granted_wish(&mut self) {
        if self.wanted_head <= self.head {
            self.stop_waiting();
        }
    }

    /// Withdraws the wishes of refused claims.
    pub fn stop_waiting(&mut self) {
        if self.wanted_head != 0 {
            self.wanted_head = 0;
            self.header().stop_waiting();
        }
    }

    fn take(&mut self, payload_size: usize, state: u32) -> u64 {
        let position = self.claimed;
        let header = SlotHeader { size: payload_size as u32, state, target: 0, flags: 0, ticket: 0, reserved: 0 };
        self.memory.write_slot_header(position, header);
        self.claimed += slot_size(payload_size) as u64;
        position
    }

    /// Hands the claim to the consumer, once all older ones are settled. True: the consumer sleeps; its doorbell rings
    /// here if this writer was given one, otherwise the caller must wake it.
    pub fn publish(&mut self, claim: Claim, target: u32, flags: u32, ticket: u64) -> bool {
        let size = claim.payload.size() as u32;
        self.settle(&claim, SlotHeader { size, state: STATE_PUBLISHED, target, flags, ticket, reserved: 0 })
    }

    /// Leaves a hole that the consumer skips. The result is that of `publish`.
    pub fn abort(&mut self, claim: Claim) -> bool {
        let size = claim.payload.size() as u32;
        self.settle(&claim, SlotHeader { size, state: STATE_HOLE, target: 0, flags: 0, ticket: 0, reserved: 0 })
    }

    fn settle(&mut self, claim: &Claim, header: SlotHeader) -> bool {
        self.memory.write_slot_header(claim.position, header);
        let tail = self.end_of_settled();
        if self.tail == tail {
            return false;
        }
        self.tail = tail;
        let consumer_sleeps = self.header().publish(tail, full_fence);
        self.ring_if(consumer_sleeps);
        consumer_sleeps
    }

    fn end_of_settled(&self) -> u64 {
        let mut end = self.tail;
        while end < self.claimed {
            let slot = self.memory.read_slot_header(end);
            if slot.state == STATE_CLAIMED {
                break;
            }
            end += slot_size(slot.size as usize) as u64;
        }
        end
    }

    fn ring_if(&self, consumer_sleeps: bool) {
        if let (true, Some(consumer)) = (consumer_sleeps, &self.consumer) {
            consumer.ring();
        }
    }

    /// Nothing more will be published. Claims that are still open are lost.
    pub fn end(&mut self) {
        self.header().end();
        full_fence();
        self.ring_if(self.header().consumer_sleeps());
    }

    #[must_use]
    pub fn memory(&self) -> &RingMemory {
        &self.memory
    }

    fn header(&self) -> &Header {
        self.memory.header()
    }
}
