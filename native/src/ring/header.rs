//! The header page and the handshakes over its words; layout.rs draws it. Nothing here knows of slots or bytes, so that
//! loom can run exactly this code.
//!
//! Every handshake has one shape: each side stores its own word, executes a SeqCst fence, then reads the other's word.
//! Whichever fence comes second in the total order sees the other's store, so never do both sides miss each other.
//!
//! | handshake | one side | other side | without it |
//! |---|---|---|---|
//! | lease | reader: store lease, read floor | owner: store floor, read leases | memory is reused under a reader |
//! | doorbell | producer: store tail, read sleeping | consumer: store sleeping, read tail | a published slot waits for nobody |
//! | space | producer: store wanted_head, read head | consumer: store head, read wanted_head | a producer waits forever |

use super::layout::{LEASES_MAX, LEASE_NONE};
use super::sync::{AtomicU32, AtomicU64, Ordering};
use std::mem::offset_of;

#[repr(C, align(128))]
pub struct Identity {
    pub magic: u64,
    pub format: u32,
    pub lease_count: u32,
    pub capacity: u64,
}

#[repr(C, align(128))]
pub struct ProducerWords {
    tail: AtomicU64,
    wanted_head: AtomicU64,
    ended: AtomicU32,
}

#[repr(C, align(128))]
pub struct ConsumerWords {
    head: AtomicU64,
    sleeping: AtomicU32,
    closed: AtomicU32,
}

#[repr(C, align(128))]
struct FloorWord {
    floor: AtomicU64,
}

#[repr(C, align(128))]
struct ReadWord {
    read_position: AtomicU64,
}

#[repr(C, align(128))]
struct SupervisorWords {
    producer_dead: AtomicU32,
}

#[repr(C, align(64))]
struct LeaseWord {
    position: AtomicU64,
}

#[repr(C, align(2048))]
struct LeaseWords {
    words: [LeaseWord; LEASES_MAX],
}

#[repr(C)]
pub struct Header {
    pub identity: Identity,
    producer: ProducerWords,
    consumer: ConsumerWords,
    floor: FloorWord,
    read: ReadWord,
    supervisor: SupervisorWords,
    leases: LeaseWords,
}

#[cfg(not(feature = "loom"))]
const _: () = {
    assert!(std::mem::size_of::<Header>() == super::layout::HEADER_SIZE);
    assert!(std::mem::size_of::<LeaseWord>() == super::layout::LEASE_STRIDE);
};

/// A lease that came too late: the floor has passed its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The attempt may have held back a reclaim that a waiting producer needs: ring the owner's doorbell.
    pub owner_must_look: bool,
}

/// What a reclaim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reclaimed {
    pub head: u64,
    /// The producer waits and its claim fits now.
    pub producer_can_go_on: bool,
}

impl Header {
    /// A ring in which nothing was ever written: all positions are `start`.
    #[must_use]
    pub fn new(identity: Identity, start: u64) -> Self {
        Self {
            identity,
            producer: ProducerWords { tail: AtomicU64::new(start), wanted_head: AtomicU64::new(0), ended: AtomicU32::new(0) },
            consumer: ConsumerWords { head: AtomicU64::new(start), sleeping: AtomicU32::new(0), closed: AtomicU32::new(0) },
            floor: FloorWord { floor: AtomicU64::new(start) },
            read: ReadWord { read_position: AtomicU64::new(start) },
            supervisor: SupervisorWords { producer_dead: AtomicU32::new(0) },
            leases: LeaseWords { words: std::array::from_fn(|_| LeaseWord { position: AtomicU64::new(LEASE_NONE) }) },
        }
    }

    // Producer.

    /// Makes everything below `tail` visible. True: the consumer sleeps, its doorbell must ring.
    pub fn publish(&self, tail: u64, fence: impl Fn()) -> bool {
        self.producer.tail.store(tail, Ordering::Release);
        fence();
        self.consumer.sleeping.load(Ordering::Relaxed) != 0
    }

    /// Acquire: the bytes below head are the producer's again once it has seen it.
    pub fn head(&self) -> u64 {
        self.consumer.head.load(Ordering::Acquire)
    }

    /// Asks to be woken once head reaches `wanted_head`; returns the head as it is after asking. If that is not enough and
    /// the consumer sleeps, its doorbell must ring: a lease that blocked the last reclaim may be gone, and only the owner
    /// can look.
    pub fn wait_for_head(&self, wanted_head: u64, fence: impl Fn()) -> u64 {
        self.producer.wanted_head.store(wanted_head, Ordering::Relaxed);
        fence();
        self.head()
    }

    pub fn stop_waiting(&self) {
        self.producer.wanted_head.store(0, Ordering::Relaxed);
    }

    pub fn consumer_sleeps(&self) -> bool {
        self.consumer.sleeping.load(Ordering::Relaxed) != 0
    }

    pub fn is_closed(&self) -> bool {
        self.consumer.closed.load(Ordering::Acquire) != 0
    }

    pub fn end(&self) {
        self.producer.ended.store(1, Ordering::Release);
    }

    // Consumer, who is also the owner.

    /// Acquire: the slots below tail are complete once the consumer has seen it.
    pub fn tail(&self) -> u64 {
        self.producer.tail.load(Ordering::Acquire)
    }

    /// Sets the flag and returns the tail as it is after setting it: if there is something to read, do not sleep.
    pub fn fall_asleep(&self, fence: impl Fn()) -> u64 {
        self.consumer.sleeping.store(1, Ordering::Relaxed);
        fence();
        self.tail()
    }

    pub fn wake(&self) {
        self.consumer.sleeping.store(0, Ordering::Relaxed);
    }

    /// DURABILITY.md rule 17, the owner's side: frees what lies below the floor and below every lease.
    pub fn reclaim(&self, floor: u64, fence: impl Fn()) -> Reclaimed {
        self.floor.floor.store(floor, Ordering::Release);
        fence();
        // A reader that is about to be refused may show a position below head for a moment: head does not follow it back.
        let head = self.oldest_lease().min(floor).max(self.consumer.head.load(Ordering::Relaxed));
        self.consumer.head.store(head, Ordering::Release);
        fence();
        let wanted_head = self.wanted_head();
        Reclaimed { head, producer_can_go_on: wanted_head != 0 && wanted_head <= head }
    }

    /// 0 if nobody waits.
    pub fn wanted_head(&self) -> u64 {
        self.producer.wanted_head.load(Ordering::Relaxed)
    }

    /// Acquire: what a reader did under its lease happened before the producer may overwrite it.
    fn oldest_lease(&self) -> u64 {
        let words = &self.leases.words[..self.identity.lease_count as usize];
        words.iter().map(|word| word.position.load(Ordering::Acquire)).min().unwrap_or(LEASE_NONE)
    }

    pub fn floor(&self) -> u64 {
        self.floor.floor.load(Ordering::Acquire)
    }

    pub fn close(&self) {
        self.consumer.closed.store(1, Ordering::Release);
    }

    pub fn note_read_position(&self, position: u64) {
        self.read.read_position.store(position, Ordering::Release);
    }

    pub fn read_position(&self) -> u64 {
        self.read.read_position.load(Ordering::Acquire)
    }

    /// The producer ended, or died: nothing beyond the tail will ever come.
    pub fn is_producer_gone(&self) -> bool {
        self.producer.ended.load(Ordering::Acquire) != 0 || self.supervisor.producer_dead.load(Ordering::Acquire) != 0
    }

    // Supervisor.

    /// Only after the producer's thread has ended.
    pub fn declare_producer_dead(&self) {
        self.supervisor.producer_dead.store(1, Ordering::Release);
    }

    // Readers, each its own lease.

    /// DURABILITY.md rule 17, the reader's side.
    pub fn acquire_lease(&self, index: usize, position: u64, fence: impl Fn()) -> Result<(), Refused> {
        self.leases.words[index].position.store(position, Ordering::Release);
        fence();
        if self.floor() > position {
            return Err(Refused { owner_must_look: self.release_lease(index, fence) });
        }
        Ok(())
    }

    /// From an older position to a younger one: what the old one protected includes the new one, so nothing is asked.
    pub fn move_lease(&self, index: usize, position: u64, fence: impl Fn()) -> bool {
        self.leases.words[index].position.store(position, Ordering::Release);
        fence();
        self.owner_must_look()
    }

    /// True: the producer waits and the owner sleeps, so the owner's doorbell must ring.
    pub fn release_lease(&self, index: usize, fence: impl Fn()) -> bool {
        self.move_lease(index, LEASE_NONE, fence)
    }

    fn owner_must_look(&self) -> bool {
        self.wanted_head() != 0 && self.consumer_sleeps()
    }

    /// Byte offsets of the words, by the names of layout.rs.
    pub fn describe() -> [(&'static str, u64); 14] {
        [
            ("wordMagic", offset_of!(Self, identity.magic)),
            ("wordFormat", offset_of!(Self, identity.format)),
            ("wordLeaseCount", offset_of!(Self, identity.lease_count)),
            ("wordCapacity", offset_of!(Self, identity.capacity)),
            ("wordTail", offset_of!(Self, producer.tail)),
            ("wordWantedHead", offset_of!(Self, producer.wanted_head)),
            ("wordEnded", offset_of!(Self, producer.ended)),
            ("wordHead", offset_of!(Self, consumer.head)),
            ("wordSleeping", offset_of!(Self, consumer.sleeping)),
            ("wordClosed", offset_of!(Self, consumer.closed)),
            ("wordFloor", offset_of!(Self, floor.floor)),
            ("wordReadPosition", offset_of!(Self, read.read_position)),
            ("wordProducerDead", offset_of!(Self, supervisor.producer_dead)),
            ("wordLeases", offset_of!(Self, leases)),
        ]
        .map(|(name, offset)| (name, offset as u64))
    }
}
