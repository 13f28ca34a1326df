use super::{free_all, put, take, CAPACITY};
use crate::io::Doorbell;
use crate::ring::{ClaimError, LeaseHolder, OwnedRing, Passed, RingError, RingReader, RingWriter};
use std::sync::Arc;

fn ring(leases: usize) -> (RingWriter, RingReader, Vec<LeaseHolder>) {
    OwnedRing::new(CAPACITY, leases).unwrap().split_with_leases()
}

/// Four slots of a quarter of the ring each, all read: the ring is full.
fn fill_ring(writer: &mut RingWriter, reader: &mut RingReader) {
    for ticket in 0..4 {
        put(writer, CAPACITY / 4 - 32, ticket);
        take(reader);
    }
}

#[test]
fn head_stops_at_the_oldest_lease() {
    let (mut writer, mut reader, mut leases) = ring(2);
    fill_ring(&mut writer, &mut reader);
    leases[0].acquire(2 * CAPACITY as u64 / 4).unwrap();
    leases[1].acquire(CAPACITY as u64 / 4).unwrap();
    free_all(&mut reader);
    assert_eq!((reader.head(), reader.floor()), (CAPACITY as u64 / 4, CAPACITY as u64));
    leases[1].move_to(3 * CAPACITY as u64 / 4);
    free_all(&mut reader);
    assert_eq!(reader.head(), 2 * CAPACITY as u64 / 4);
    leases[0].release();
    leases[1].release();
    free_all(&mut reader);
    assert_eq!(reader.head(), CAPACITY as u64);
}

#[test]
fn a_lease_below_the_floor_is_refused_and_holds_nothing() {
    let (mut writer, mut reader, mut leases) = ring(1);
    fill_ring(&mut writer, &mut reader);
    reader.advance_floor(CAPACITY as u64 / 4);
    assert_eq!(leases[0].acquire(0), Err(Passed));
    assert_eq!(leases[0].held(), None);
    leases[0].acquire(CAPACITY as u64 / 4).unwrap();
    leases[0].release();
    free_all(&mut reader);
    assert_eq!(reader.head(), CAPACITY as u64);
    assert_eq!(leases[0].acquire_count(), 2);
}

#[test]
fn the_floor_never_moves_back() {
    let (mut writer, mut reader, mut leases) = ring(1);
    fill_ring(&mut writer, &mut reader);
    free_all(&mut reader);
    reader.advance_floor(0);
    assert_eq!((reader.floor(), reader.head()), (CAPACITY as u64, CAPACITY as u64));
    assert_eq!(leases[0].acquire(CAPACITY as u64 - 32), Err(Passed));
}

// 1. the owner frees the first half  2. a late reader stores a position in it  3. the owner reclaims again  4. the reader sees
// the floor and lets go. In step 3 head must stay: the producer may already write there.
#[test]
fn head_does_not_follow_a_late_reader_back() {
    let (mut writer, mut reader, _leases) = ring(1);
    fill_ring(&mut writer, &mut reader);
    reader.advance_floor(CAPACITY as u64 / 2);
    reader.memory().header().move_lease(0, 0, || ());
    free_all(&mut reader);
    assert_eq!(reader.head(), CAPACITY as u64 / 2);
}

#[test]
fn a_dropped_holder_lets_go() {
    let (mut writer, mut reader, mut leases) = ring(1);
    fill_ring(&mut writer, &mut reader);
    leases[0].acquire(0).unwrap();
    free_all(&mut reader);
    assert_eq!(reader.head(), 0);
    drop(leases);
    free_all(&mut reader);
    assert_eq!(reader.head(), CAPACITY as u64);
}

#[test]
fn a_dead_readers_lease_is_dropped_by_the_supervisor() {
    let (mut writer, mut reader, mut leases) = ring(1);
    fill_ring(&mut writer, &mut reader);
    leases[0].acquire(0).unwrap();
    std::mem::forget(leases);
    writer.memory().drop_dead_lease(0);
    free_all(&mut reader);
    assert_eq!(reader.head(), CAPACITY as u64);
}

#[test]
fn a_release_wakes_the_sleeping_owner_only_for_a_waiting_producer() {
    let owner = Arc::new(Doorbell::new().unwrap());
    let producer = Arc::new(Doorbell::new().unwrap());
    let (writer, reader, mut leases) = ring(1);
    let mut writer = writer.with_doorbell(Arc::clone(&owner));
    let mut reader = reader.with_doorbell(Arc::clone(&producer));
    let mut lease = leases.remove(0).with_doorbell(Arc::clone(&owner));
    fill_ring(&mut writer, &mut reader);
    lease.acquire(0).unwrap();
    free_all(&mut reader);
    assert!(reader.before_sleep());
    lease.release();
    assert!(!owner.answer(), "nobody waits for the space");
    lease.acquire(CAPACITY as u64).unwrap();
    assert_eq!(reader.head(), 0);
    assert_eq!(writer.claim(10).unwrap_err(), ClaimError::WouldBlock);
    assert!(owner.answer(), "the owner looks whether leases are gone");
    lease.release();
    assert!(owner.answer());
    reader.awake();
    assert!(!producer.answer());
    free_all(&mut reader);
    assert!(producer.answer());
    put(&mut writer, 10, 4);
}

#[test]
fn going_to_sleep_frees_what_leases_let_go() {
    let (mut writer, mut reader, mut leases) = ring(1);
    fill_ring(&mut writer, &mut reader);
    leases[0].acquire(0).unwrap();
    free_all(&mut reader);
    leases[0].release();
    assert_eq!(reader.head(), 0);
    assert!(reader.before_sleep());
    assert_eq!(reader.head(), CAPACITY as u64);
}

#[test]
fn leased_bytes_are_readable_and_others_are_not() {
    let (mut writer, mut reader, mut leases) = ring(1);
    put(&mut writer, 64, 1);
    let slot = reader.next().unwrap();
    leases[0].acquire(slot.position).unwrap();
    assert_eq!(leases[0].piece_at(slot.position + 32, 64).address(), slot.payload.address());
    leases[0].move_to(slot.end);
    let holder = leases.remove(0);
    let outside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| holder.piece_at(slot.position, 64)));
    assert!(outside.is_err());
}

#[test]
fn a_ring_has_the_leases_it_was_made_with() {
    let memory = ring(2).0.memory().clone();
    // SAFETY: the holders of `ring` are gone.
    unsafe {
        assert!(LeaseHolder::new(memory.clone(), 1).is_ok());
        assert_eq!(LeaseHolder::new(memory, 2).err(), Some(RingError::BadLease));
    }
}
