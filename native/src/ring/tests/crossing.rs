//! Real threads: a producer, a consumer that owns, and readers that take leases while the floor moves.

use super::{fill, pattern, CAPACITY};
use crate::io::Doorbell;
use crate::ring::{ClaimError, LeaseHolder, OwnedRing, RingReader, RingWriter};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Arc;
use std::thread;

const SLOTS: u64 = 30_000;
const READERS: usize = 2;

/// Position, size, ticket of a slot that the consumer has read.
type Announced = (u64, usize, u64);

/// The bound turns a lost wake-up into a failure.
fn sleep_on(bell: &Doorbell) {
    assert!(bell.event().wait(20_000), "a wake-up was lost");
    bell.answer();
}

fn size_of(ticket: u64) -> usize {
    let random = ticket.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    (random % if ticket.is_multiple_of(50) { CAPACITY as u64 / 4 } else { 600 }) as usize
}

fn produce(mut writer: RingWriter, bell: &Doorbell) {
    for ticket in 0..SLOTS {
        let claim = loop {
            match writer.claim(size_of(ticket)) {
                Ok(claim) => break claim,
                Err(ClaimError::WouldBlock) => sleep_on(bell),
                Err(error) => panic!("{error:?}"),
            }
        };
        fill(&claim, ticket);
        if ticket.is_multiple_of(17) {
            writer.abort(claim);
        } else {
            writer.publish(claim, 0, 0, ticket);
        }
    }
    writer.end();
}

/// Keeps the floor a few slots behind, so that a reader's lease comes now in time, now too late.
fn consume(mut reader: RingReader, bell: &Doorbell, readers: &[SyncSender<Announced>]) -> u64 {
    let mut count = 0;
    loop {
        let mut expected_end = reader.read_position();
        while let Some(slot) = reader.next() {
            assert!(slot.position >= expected_end);
            assert_eq!(slot.payload.bytes(), pattern(size_of(slot.ticket), slot.ticket));
            for reader in readers {
                // A reader that is behind misses some.
                let _ = reader.try_send((slot.position, slot.payload.size(), slot.ticket));
            }
            expected_end = slot.end;
            count += 1;
            if count % 5 == 0 {
                reader.advance_floor(slot.position);
            }
        }
        reader.advance_floor(reader.read_position());
        if reader.is_drained() {
            return count;
        }
        if reader.before_sleep() {
            sleep_on(bell);
            reader.awake();
        }
    }
}

/// Counts the leases granted.
fn read_under_lease(mut lease: LeaseHolder, announced: &Receiver<Announced>) -> u64 {
    let mut granted = 0;
    while let Ok((position, size, ticket)) = announced.recv() {
        if lease.acquire(position).is_ok() {
            assert_eq!(lease.piece_at(position + 32, size).bytes(), pattern(size, ticket), "overwritten under a lease");
            lease.release();
            granted += 1;
        }
    }
    granted
}

#[test]
fn every_byte_arrives_and_no_lease_is_overrun() {
    let (writer, reader, leases) = OwnedRing::new(CAPACITY, READERS).unwrap().split_with_leases();
    let (consumer_bell, producer_bell) = (Arc::new(Doorbell::new().unwrap()), Arc::new(Doorbell::new().unwrap()));
    let writer = writer.with_doorbell(Arc::clone(&consumer_bell));
    let reader = reader.with_doorbell(Arc::clone(&producer_bell));
    let mut announce = Vec::new();
    let mut readers = Vec::new();
    for lease in leases {
        let lease = lease.with_doorbell(Arc::clone(&consumer_bell));
        let (sender, receiver) = sync_channel(8);
        announce.push(sender);
        readers.push(thread::spawn(move || read_under_lease(lease, &receiver)));
    }
    let producer = thread::spawn(move || produce(writer, &producer_bell));
    let count = consume(reader, &consumer_bell, &announce);
    drop(announce);
    producer.join().unwrap();
    let granted: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert_eq!(count, SLOTS - SLOTS.div_ceil(17));
    assert!(granted > 0, "no lease was ever granted: the test proved nothing about them");
}

// 1. the producer claims  2. its thread ends without a word  3. the supervisor, who joined it, says so  4. the sleeper drains.
#[test]
fn a_thread_that_dies_in_mid_claim_leaves_a_readable_ring() {
    let (writer, mut reader) = OwnedRing::new(CAPACITY, 0).unwrap().split();
    let memory = writer.memory().clone();
    let dying = thread::spawn(move || {
        let mut writer = writer;
        super::put(&mut writer, 100, 1);
        let _claim = writer.claim(1000).unwrap();
        std::panic::resume_unwind(Box::new("the worker dies"));
    });
    assert!(dying.join().is_err());
    memory.declare_producer_dead();
    assert_eq!(super::take(&mut reader), Some(1));
    assert!(reader.is_drained());
}
