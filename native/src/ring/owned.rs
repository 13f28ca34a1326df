use super::layout::payload_size_max;
use super::memory::RingMemory;
use super::{Claim, ClaimError, LeaseHolder, RingError, RingReader, RingWriter};

/// A new ring in memory of its own, before its ends are handed out.
pub struct OwnedRing {
    memory: RingMemory,
}

impl OwnedRing {
    pub fn new(capacity: usize, lease_count: usize) -> Result<Self, RingError> {
        Self::starting_at(capacity, lease_count, 0)
    }

    /// A ring as it is after `start` bytes have passed through it (a multiple of the slot alignment).
    pub fn starting_at(capacity: usize, lease_count: usize, start: u64) -> Result<Self, RingError> {
        RingMemory::allocate(capacity, lease_count, start).map(|memory| Self { memory })
    }

    /// Both ends. The memory lives as long as the longest-lived of them.
    #[must_use]
    pub fn split(self) -> (RingWriter, RingReader) {
        // SAFETY: consumes the only handle, so there is one producer and one consumer.
        unsafe { (RingWriter::new(self.memory.clone()), RingReader::new(self.memory)) }
    }

    /// Both ends and one holder for every lease.
    #[must_use]
    pub fn split_with_leases(self) -> (RingWriter, RingReader, Vec<LeaseHolder>) {
        let memory = self.memory.clone();
        let (writer, reader) = self.split();
        // SAFETY: the handle is consumed, so every index is given out once.
        let lease = |index| unsafe { LeaseHolder::new(memory.clone(), index).expect("an index below the count") };
        let leases = (0..memory.lease_count()).map(lease).collect();
        (writer, reader, leases)
    }
}

/// Who writes into a shard's internal ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Replica fetches. They come as fast as leaders send, and wait without harm.
    Follower,
    /// Group and transaction coordinators. Followers of other nodes may wait for them, so they must not wait for followers.
    Coordinator,
}

/// The producer's end of a shard's internal ring (DURABILITY.md rule 20): both ends live on the shard's thread.
///
/// A follower's claim leaves the reserve untouched, so a coordinator that has nothing in the ring can always claim at
/// least `coordinator_size_max`, whatever followers did before: half of the reserve, as the other half may go into a pad.
pub struct InternalWriter {
    writer: RingWriter,
    reserve: u64,
}

impl InternalWriter {
    /// A ring of its own with an eighth of it in reserve.
    pub fn new(capacity: usize, lease_count: usize) -> Result<(Self, RingReader, Vec<LeaseHolder>), RingError> {
        let (writer, reader, leases) = OwnedRing::new(capacity, lease_count)?.split_with_leases();
        Ok((Self { writer, reserve: capacity as u64 / 8 }, reader, leases))
    }

    pub fn claim(&mut self, purpose: Purpose, payload_size: usize) -> Result<Claim, ClaimError> {
        match purpose {
            Purpose::Follower => self.writer.claim_keeping(payload_size, self.reserve),
            Purpose::Coordinator => self.writer.claim(payload_size),
        }
    }

    pub fn publish(&mut self, claim: Claim, target: u32, flags: u32, ticket: u64) -> bool {
        self.writer.publish(claim, target, flags, ticket)
    }

    pub fn abort(&mut self, claim: Claim) -> bool {
        self.writer.abort(claim)
    }

    /// The largest payload that the reserve always has room for.
    #[must_use]
    pub fn coordinator_size_max(&self) -> usize {
        (self.reserve / 2) as usize - super::layout::SLOT_HEADER_SIZE
    }

    /// The largest payload that may enter the ring at all.
    #[must_use]
    pub fn size_max(&self) -> usize {
        payload_size_max(self.writer.memory().capacity() as usize)
    }
}
