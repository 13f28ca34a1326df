//! One producer, one consumer, one thread.

use super::{fill, free_all, pattern, put, take, CAPACITY};
use crate::io::{Doorbell, BLOCK_SIZE};
use crate::ring::layout::slot_size;
use crate::ring::{ClaimError, OwnedRing, RingMemory, RingReader, RingWriter};
use std::sync::Arc;

fn ring() -> (RingWriter, RingReader) {
    OwnedRing::new(CAPACITY, 0).unwrap().split()
}

/// A payload whose slot takes exactly this many bytes.
const fn payload_for(slot: usize) -> usize {
    slot - 32
}

#[test]
fn a_slot_carries_all_its_fields() {
    let (mut writer, mut reader) = ring();
    let claim = writer.claim(100).unwrap();
    fill(&claim, 9);
    writer.publish(claim, 7, 0xF0F0_0001, u64::MAX - 1);
    let slot = reader.next().unwrap();
    assert_eq!((slot.position, slot.end, slot.target, slot.flags, slot.ticket), (0, 160, 7, 0xF0F0_0001, u64::MAX - 1));
    assert_eq!(slot.payload.bytes(), pattern(100, 9));
    assert_eq!(slot.payload.address(), reader.data().address() + 32);
    assert_eq!(reader.piece_at(slot.position + 32, 100).address(), slot.payload.address());
    assert_eq!(reader.data().address() % BLOCK_SIZE, 0);
    assert!(reader.next().is_none());
}

#[test]
fn an_empty_payload_is_a_slot() {
    let (mut writer, mut reader) = ring();
    put(&mut writer, 0, 5);
    assert_eq!(take(&mut reader), Some(5));
    assert_eq!(reader.read_position(), 32);
}

#[test]
fn nothing_is_visible_before_it_is_published() {
    let (mut writer, mut reader) = ring();
    let claim = writer.claim(10).unwrap();
    assert!(reader.next().is_none());
    fill(&claim, 1);
    writer.publish(claim, 0, 0, 1);
    assert_eq!(take(&mut reader), Some(1));
}

#[test]
fn claims_published_out_of_order_are_read_in_claim_order() {
    let (mut writer, mut reader) = ring();
    let claims: Vec<_> = (0..4).map(|_| writer.claim(50).unwrap()).collect();
    let mut claims: Vec<_> = claims.into_iter().enumerate().map(|(index, claim)| (index as u64, claim)).collect();
    for (ticket, claim) in [claims.remove(2), claims.remove(1)] {
        fill(&claim, ticket);
        writer.publish(claim, 0, 0, ticket);
        assert!(reader.next().is_none(), "claim 0 is still open");
    }
    let (ticket, claim) = claims.remove(0);
    fill(&claim, ticket);
    writer.publish(claim, 0, 0, ticket);
    assert_eq!([take(&mut reader), take(&mut reader), take(&mut reader), take(&mut reader)], [Some(0), Some(1), Some(2), None]);
    let (ticket, claim) = claims.remove(0);
    fill(&claim, ticket);
    writer.publish(claim, 0, 0, ticket);
    assert_eq!(take(&mut reader), Some(3));
}

#[test]
fn an_aborted_claim_is_skipped() {
    let (mut writer, mut reader) = ring();
    put(&mut writer, 10, 1);
    let claim = writer.claim(500).unwrap();
    put(&mut writer, 10, 2);
    writer.abort(claim);
    let claim = writer.claim(10).unwrap();
    writer.abort(claim);
    assert_eq!([take(&mut reader), take(&mut reader), take(&mut reader)], [Some(1), Some(2), None]);
    assert_eq!(reader.read_position() as usize, 3 * slot_size(10) + slot_size(500), "the hole at the end was read too");
}

#[test]
fn a_slot_that_would_cross_the_end_begins_a_new_lap() {
    let (mut writer, mut reader) = ring();
    for ticket in 0..3 {
        put(&mut writer, payload_for(CAPACITY / 4), ticket);
    }
    put(&mut writer, payload_for(CAPACITY / 4 - 64), 3);
    while take(&mut reader).is_some() {}
    free_all(&mut reader);
    put(&mut writer, 100, 4);
    let slot = reader.next().unwrap();
    assert_eq!(slot.position, CAPACITY as u64, "64 bytes were left: a pad");
    assert_eq!(slot.payload.bytes(), pattern(100, 4));
}

#[test]
fn a_slot_that_ends_with_the_ring_needs_no_pad() {
    let (mut writer, mut reader) = ring();
    for lap in 0..3 {
        for quarter in 0..4 {
            put(&mut writer, payload_for(CAPACITY / 4), lap * 4 + quarter);
        }
        assert_eq!(writer.claim(0).unwrap_err(), ClaimError::WouldBlock);
        for quarter in 0..4 {
            let slot = reader.next().unwrap();
            assert_eq!(slot.position, (lap * 4 + quarter) * CAPACITY as u64 / 4);
            assert_eq!(slot.payload.bytes(), pattern(payload_for(CAPACITY / 4), lap * 4 + quarter));
        }
        free_all(&mut reader);
    }
}

#[test]
fn used_counts_published_bytes_until_they_are_freed() {
    let (mut writer, mut reader) = ring();
    assert_eq!((reader.used(), reader.capacity()), (0, CAPACITY as u64));
    put(&mut writer, 32, 0);
    put(&mut writer, 32, 1);
    assert_eq!(reader.used(), 128);
    take(&mut reader);
    assert_eq!(reader.used(), 128, "read is not freed");
    free_all(&mut reader);
    assert_eq!((reader.used(), reader.head(), reader.floor()), (64, 64, 64));
}

#[test]
fn a_payload_above_a_quarter_can_never_fit() {
    let (mut writer, _reader) = ring();
    assert_eq!(writer.claim(CAPACITY / 4 + 1).unwrap_err(), ClaimError::TooLarge);
    let claim = writer.claim(CAPACITY / 4).unwrap();
    assert_eq!(claim.payload().size(), CAPACITY / 4);
    writer.abort(claim);
}

#[test]
fn a_full_ring_refuses_at_once_and_takes_exactly_what_is_freed() {
    let (mut writer, mut reader) = ring();
    let mut count = 0;
    while let Ok(claim) = writer.claim(payload_for(1024)) {
        fill(&claim, count);
        writer.publish(claim, 0, 0, count);
        count += 1;
    }
    assert_eq!(count as usize, CAPACITY / 1024);
    take(&mut reader);
    assert_eq!(writer.claim(payload_for(1024)).unwrap_err(), ClaimError::WouldBlock, "read, but not freed");
    free_all(&mut reader);
    put(&mut writer, payload_for(1024), count);
    assert_eq!(writer.claim(0).unwrap_err(), ClaimError::WouldBlock);
}

#[test]
fn a_waiting_producer_is_woken_when_its_claim_fits_and_not_before() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (mut writer, reader) = ring();
    let mut reader = reader.with_doorbell(Arc::clone(&bell));
    for ticket in 0..64 {
        put(&mut writer, payload_for(1024), ticket);
    }
    take(&mut reader);
    free_all(&mut reader);
    assert!(!bell.answer(), "nobody waits");
    assert_eq!(writer.claim(payload_for(3072)).unwrap_err(), ClaimError::WouldBlock);
    take(&mut reader);
    free_all(&mut reader);
    assert!(!bell.answer(), "2 KiB are free, 3 are wanted");
    take(&mut reader);
    free_all(&mut reader);
    assert!(bell.answer());
    put(&mut writer, payload_for(3072), 64);
    take(&mut reader);
    free_all(&mut reader);
    assert!(!bell.answer(), "granted wishes are forgotten");
}

#[test]
fn the_owner_sees_what_a_refused_claim_waits_for() {
    let (mut writer, mut reader) = ring();
    for ticket in 0..64 {
        put(&mut writer, payload_for(1024), ticket);
        take(&mut reader);
    }
    assert_eq!(reader.wanted_head(), None);
    assert_eq!(writer.claim(payload_for(3072)).unwrap_err(), ClaimError::WouldBlock);
    assert_eq!(reader.wanted_head(), Some(3072));
    reader.advance_floor(3072);
    assert_eq!(reader.wanted_head(), None);
    put(&mut writer, payload_for(3072), 64);
}

// A claim of a quarter that needs a pad of almost a quarter: the most that a producer can ever wait for.
#[test]
fn the_largest_claim_fits_once_half_of_the_ring_is_free() {
    let (mut writer, mut reader) = ring();
    let quarter = CAPACITY / 4;
    for ticket in 0..3 {
        put(&mut writer, payload_for(quarter), ticket);
        take(&mut reader);
    }
    put(&mut writer, payload_for(32), 3);
    take(&mut reader);
    assert_eq!(writer.claim(quarter).unwrap_err(), ClaimError::WouldBlock);
    assert_eq!(reader.wanted_head(), Some(quarter as u64 + 32));
    reader.advance_floor(2 * quarter as u64);
    assert_eq!(writer.claim(quarter).unwrap().position(), CAPACITY as u64);
}

#[test]
fn a_smaller_claim_that_fits_does_not_withdraw_the_wish_of_a_larger_one() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (mut writer, reader) = ring();
    let mut reader = reader.with_doorbell(Arc::clone(&bell));
    for ticket in 0..63 {
        put(&mut writer, payload_for(1024), ticket);
    }
    assert_eq!(writer.claim(payload_for(3072)).unwrap_err(), ClaimError::WouldBlock);
    put(&mut writer, payload_for(512), 63);
    for _ in 0..3 {
        take(&mut reader);
        free_all(&mut reader);
    }
    assert!(bell.answer());
}

#[test]
fn the_smallest_of_several_wishes_wakes() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (mut writer, reader) = ring();
    let mut reader = reader.with_doorbell(Arc::clone(&bell));
    for ticket in 0..64 {
        put(&mut writer, payload_for(1024), ticket);
    }
    assert_eq!(writer.claim(payload_for(1024)).unwrap_err(), ClaimError::WouldBlock);
    assert_eq!(writer.claim(payload_for(8192)).unwrap_err(), ClaimError::WouldBlock);
    take(&mut reader);
    free_all(&mut reader);
    assert!(bell.answer());
}

#[test]
fn the_doorbell_rings_only_for_a_sleeper() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (writer, mut reader) = ring();
    let mut writer = writer.with_doorbell(Arc::clone(&bell));
    assert!(!put(&mut writer, 10, 1));
    assert!(!bell.answer());
    assert!(!reader.before_sleep(), "something waits to be read");
    assert!(!put(&mut writer, 10, 2), "so the flag is down again");
    take(&mut reader);
    take(&mut reader);
    assert!(reader.before_sleep());
    assert!(put(&mut writer, 10, 3));
    assert!(bell.answer());
    reader.awake();
    assert_eq!(take(&mut reader), Some(3));
    assert!(!put(&mut writer, 10, 4));
}

#[test]
fn a_refused_claim_wakes_a_sleeping_owner_who_may_free_more() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (writer, mut reader) = ring();
    let mut writer = writer.with_doorbell(Arc::clone(&bell));
    for ticket in 0..64 {
        put(&mut writer, payload_for(1024), ticket);
    }
    while take(&mut reader).is_some() {}
    assert!(reader.before_sleep());
    assert_eq!(writer.claim(0).unwrap_err(), ClaimError::WouldBlock);
    assert!(bell.answer());
}

#[test]
fn a_producer_that_dies_in_mid_claim_leaves_a_readable_ring() {
    let (mut writer, mut reader) = ring();
    put(&mut writer, 10, 1);
    let _open = writer.claim(100).unwrap();
    let behind = writer.claim(100).unwrap();
    writer.publish(behind, 0, 0, 2);
    let memory = writer.memory().clone();
    drop(writer);
    assert_eq!(take(&mut reader), Some(1));
    assert_eq!(take(&mut reader), None);
    assert!(!reader.is_drained(), "nobody said that the producer is dead");
    memory.declare_producer_dead();
    assert!(reader.is_drained());
    assert_eq!(reader.read_position(), 64);
}

#[test]
fn a_producer_that_ended_is_drained_once_all_is_read() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (writer, mut reader) = ring();
    let mut writer = writer.with_doorbell(Arc::clone(&bell));
    put(&mut writer, 10, 1);
    take(&mut reader);
    assert!(reader.before_sleep());
    writer.end();
    assert!(bell.answer(), "the sleeper hears of the end");
    reader.awake();
    assert!(reader.is_drained());
    let (mut writer, mut reader) = ring();
    put(&mut writer, 10, 1);
    writer.end();
    assert!(!reader.is_drained());
    take(&mut reader);
    assert!(reader.is_drained());
}

#[test]
fn a_closed_ring_refuses_claims_and_wakes_the_waiter() {
    let bell = Arc::new(Doorbell::new().unwrap());
    let (mut writer, reader) = ring();
    let mut reader = reader.with_doorbell(Arc::clone(&bell));
    let claim = writer.claim(10).unwrap();
    reader.close();
    assert!(bell.answer());
    assert_eq!(writer.claim(10).unwrap_err(), ClaimError::Closed);
    fill(&claim, 1);
    writer.publish(claim, 0, 0, 1);
    assert_eq!(take(&mut reader), Some(1), "what was claimed before may still be published");
}

#[test]
fn positions_go_on_beyond_what_a_double_can_count() {
    let start = (1 << 53) - 64;
    let (mut writer, mut reader) = OwnedRing::starting_at(CAPACITY, 0, start).unwrap().split();
    for ticket in 0..1000 {
        put(&mut writer, 1000, ticket);
        let slot = reader.next().unwrap();
        assert_eq!((slot.ticket, slot.end), (ticket, reader.read_position()));
        assert_eq!(slot.payload.bytes(), pattern(1000, ticket));
        free_all(&mut reader);
    }
    assert!(reader.read_position() > (1 << 53) + 1_000_000);
}

#[test]
fn a_new_consumer_goes_on_where_the_last_one_was() {
    let (mut writer, mut reader) = ring();
    for ticket in 0..3 {
        put(&mut writer, 10, ticket);
    }
    take(&mut reader);
    free_all(&mut reader);
    let memory: RingMemory = writer.memory().clone();
    drop(reader);
    // SAFETY: the first consumer is gone.
    let mut reader = unsafe { RingReader::new(memory) };
    assert_eq!([take(&mut reader), take(&mut reader), take(&mut reader)], [Some(1), Some(2), None]);
}

#[test]
#[should_panic(expected = "above the read position")]
fn freeing_what_was_not_read_is_our_bug() {
    let (mut writer, mut reader) = ring();
    put(&mut writer, 10, 1);
    reader.advance_floor(64);
}

#[test]
#[should_panic(expected = "published garbage")]
fn a_slot_of_no_known_state_is_our_bug() {
    let (mut writer, mut reader) = ring();
    put(&mut writer, 10, 1);
    reader.piece_at(4, 4).write(0, &[9]);
    reader.next();
}

#[test]
#[should_panic(expected = "crosses the tail")]
fn a_slot_larger_than_what_was_published_is_our_bug() {
    let (mut writer, mut reader) = ring();
    put(&mut writer, 10, 1);
    reader.piece_at(0, 4).write(0, &[33]);
    reader.next();
}
