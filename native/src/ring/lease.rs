use super::memory::RingMemory;
use super::sync::full_fence;
use super::{Passed, RingError};
use crate::io::Doorbell;
use std::sync::Arc;

/// One reader thread's lease on one ring (DURABILITY.md rule 17): while it holds a position, no byte from there on is
/// overwritten. Taken and let go once per wake-up, never per batch.
///
/// Lives on: one thread. Which thread has which lease word is decided where threads are started.
pub struct LeaseHolder {
    memory: RingMemory,
    index: usize,
    held: Option<u64>,
    acquire_count: u64,
    owner: Option<Arc<Doorbell>>,
}

impl LeaseHolder {
    /// # Safety
    /// As for `RingMemory::attach`; and no other holder has this index while this one lives.
    pub unsafe fn attach(memory: *mut u8, size: usize, index: usize) -> Result<Self, RingError> {
        // SAFETY: promised by the caller.
        unsafe { Self::new(RingMemory::attach(memory, size)?, index) }
    }

    /// # Safety
    /// No other holder has this index while this one lives.
    pub unsafe fn new(memory: RingMemory, index: usize) -> Result<Self, RingError> {
        if index >= memory.lease_count() {
            return Err(RingError::BadLease);
        }
        Ok(Self { memory, index, held: None, acquire_count: 0, owner: None })
    }

    /// The owner's doorbell: a producer may wait for what this lease lets go while the owner sleeps.
    #[must_use]
    pub fn with_doorbell(mut self, owner: Arc<Doorbell>) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Protects everything from `position` (a slot's) on. The caller knows from a message that it was published.
    pub fn acquire(&mut self, position: u64) -> Result<(), Passed> {
        assert!(self.held.is_none(), "a lease is moved or released before it is taken again");
        self.acquire_count += 1;
        match self.memory.header().acquire_lease(self.index, position, full_fence) {
            Ok(()) => {
                self.held = Some(position);
                Ok(())
            }
            Err(refused) => {
                self.ring_if(refused.owner_must_look);
                Err(Passed)
            }
        }
    }

    /// Lets go of everything below `position`, which lies above the one held.
    pub fn move_to(&mut self, position: u64) {
        assert!(self.held.is_some_and(|held| held <= position), "a lease moves forward only");
        self.held = Some(position);
        self.ring_if(self.memory.header().move_lease(self.index, position, full_fence));
    }

    pub fn release(&mut self) {
        if self.held.take().is_some() {
            self.ring_if(self.memory.header().release_lease(self.index, full_fence));
        }
    }

    #[must_use]
    pub fn held(&self) -> Option<u64> {
        self.held
    }

    /// The bytes at a position that this lease protects.
    #[must_use]
    pub fn piece_at(&self, position: u64, size: usize) -> crate::io::Piece {
        assert!(self.held.is_some_and(|held| held <= position), "bytes at position {position} without a lease on them");
        self.memory.piece_at(position, size)
    }

    /// What the bench counts per megabyte.
    #[must_use]
    pub fn acquire_count(&self) -> u64 {
        self.acquire_count
    }

    fn ring_if(&self, owner_must_look: bool) {
        if let (true, Some(owner)) = (owner_must_look, &self.owner) {
            owner.ring();
        }
    }
}

impl Drop for LeaseHolder {
    fn drop(&mut self) {
        self.release();
    }
}
