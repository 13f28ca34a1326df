//! The handshakes of header.rs under every interleaving that a weak memory allows; no bound is needed.
//!
//!   cargo test --no-default-features --features loom --lib ring::loom
//!
//! Each model is run whole, and again with the fence of one side left out: then it must fail, or it proves nothing.

use super::header::{Header, Identity};
use super::layout::{FORMAT, MAGIC};
use super::sync::full_fence;
use ::loom::cell::UnsafeCell;
use ::loom::sync::Arc;
use ::loom::thread;

/// One side's fence, or its absence.
#[derive(Clone, Copy)]
struct Fence(bool);

impl Fence {
    fn run(self) {
        if self.0 {
            full_fence();
        }
    }
}

const WITH: Fence = Fence(true);
const WITHOUT: Fence = Fence(false);

const SLOT: u64 = 64;
const OLD: u32 = 1;
const NEW: u32 = 2;

/// A ring with room for one slot. loom reports a cell that is read and written without order between the two.
struct Ring {
    header: Header,
    slot: UnsafeCell<u32>,
}

fn ring() -> Arc<Ring> {
    let identity = Identity { magic: MAGIC, format: FORMAT, lease_count: 1, capacity: SLOT };
    Arc::new(Ring { header: Header::new(identity, 0), slot: UnsafeCell::new(0) })
}

/// The producer publishes OLD; the consumer reads it, announces it to a reader and moves the floor past it; the producer
/// overwrites it with NEW once head says so; the reader must find OLD under its lease, or no lease.
fn publish_release_lease(owner: Fence, reader: Fence) {
    ::loom::model(move || {
        let ring = ring();
        ring.slot.with_mut(|slot| unsafe { *slot = OLD });
        ring.header.publish(SLOT, full_fence);

        let producer = Arc::clone(&ring);
        let producer = thread::spawn(move || {
            if producer.header.head() == SLOT {
                producer.slot.with_mut(|slot| unsafe { *slot = NEW });
                producer.header.publish(2 * SLOT, full_fence);
            }
        });
        let lease = Arc::clone(&ring);
        let lease = thread::spawn(move || {
            if lease.header.acquire_lease(0, 0, || reader.run()).is_ok() {
                lease.slot.with(|slot| assert_eq!(unsafe { *slot }, OLD));
                lease.header.release_lease(0, full_fence);
            }
        });
        ring.slot.with(|slot| assert_eq!(unsafe { *slot }, OLD));
        ring.header.reclaim(SLOT, || owner.run());
        if ring.header.tail() == 2 * SLOT {
            ring.slot.with(|slot| assert_eq!(unsafe { *slot }, NEW));
        }
        producer.join().unwrap();
        lease.join().unwrap();
    });
}

#[test]
fn no_byte_is_overwritten_under_a_lease() {
    publish_release_lease(WITH, WITH);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn without_the_owners_fence_a_byte_is_overwritten_under_a_lease() {
    publish_release_lease(WITHOUT, WITH);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn without_the_readers_fence_a_byte_is_overwritten_under_a_lease() {
    publish_release_lease(WITH, WITHOUT);
}

/// The consumer sleeps only if the producer knows.
fn doorbell(consumer: Fence, producer: Fence) {
    ::loom::model(move || {
        let ring = ring();
        let other = Arc::clone(&ring);
        let publisher = thread::spawn(move || other.header.publish(SLOT, || producer.run()));
        let sleeps = ring.header.fall_asleep(|| consumer.run()) == 0;
        let rings = publisher.join().unwrap();
        assert!(!sleeps || rings, "asleep beside a published slot");
    });
}

#[test]
fn no_published_slot_waits_for_a_sleeper() {
    doorbell(WITH, WITH);
}

#[test]
#[should_panic(expected = "asleep beside a published slot")]
fn without_the_consumers_fence_a_slot_waits() {
    doorbell(WITHOUT, WITH);
}

#[test]
#[should_panic(expected = "asleep beside a published slot")]
fn without_the_producers_fence_a_slot_waits() {
    doorbell(WITH, WITHOUT);
}

/// The producer waits for space that a lease still holds, while the owner falls asleep: one of the two others must notice.
fn space(owner: Fence, producer: Fence, reader: Fence) {
    ::loom::model(move || {
        let ring = ring();
        ring.header.publish(SLOT, full_fence);
        ring.header.acquire_lease(0, 0, full_fence).unwrap();
        ring.header.reclaim(SLOT, full_fence);

        let waiting = Arc::clone(&ring);
        let waiting = thread::spawn(move || {
            let fits = waiting.header.wait_for_head(SLOT, || producer.run()) >= SLOT;
            (fits, !fits && waiting.header.consumer_sleeps())
        });
        let lease = Arc::clone(&ring);
        let lease = thread::spawn(move || lease.header.release_lease(0, || reader.run()));
        ring.header.fall_asleep(|| owner.run());
        let reclaimed = ring.header.reclaim(SLOT, || owner.run());

        let (fits, producer_rings) = waiting.join().unwrap();
        let reader_rings = lease.join().unwrap();
        let is_noticed = fits || reclaimed.producer_can_go_on || producer_rings || reader_rings;
        assert!(is_noticed, "the producer waits for space that is free");
    });
}

#[test]
fn no_producer_waits_for_space_that_is_free() {
    space(WITH, WITH, WITH);
}

#[test]
#[should_panic(expected = "waits for space that is free")]
fn without_the_owners_fence_a_producer_waits() {
    space(WITHOUT, WITH, WITH);
}

#[test]
#[should_panic(expected = "waits for space that is free")]
fn without_the_producers_fence_it_waits() {
    space(WITH, WITHOUT, WITH);
}

#[test]
#[should_panic(expected = "waits for space that is free")]
fn without_the_releasing_readers_fence_a_producer_waits() {
    space(WITH, WITH, WITHOUT);
}
