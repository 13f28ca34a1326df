//! The producer snapshot's file, and the state that comes out of it under use.

use super::leader_epochs::reseal;
use super::{seed, Seed};
use crate::codec::batch::{Attributes, BatchHeader, OFFSET_MAX};
use crate::log::producer_state::{ProducerState, Truncated, PRODUCERS_MAX};

pub fn run(bytes: &[u8]) {
    check(bytes);
    if let Some(resealed) = reseal(bytes) {
        check(&resealed);
    }
}

fn check(bytes: &[u8]) {
    let Ok(mut state) = ProducerState::decode(bytes, PRODUCERS_MAX) else { return };
    let end_offset = state.end_offset();
    assert_eq!(state.snapshot(end_offset), bytes);
    for producer_id in 0..8 {
        let asked = batch(producer_id, 3, 0, 0);
        assert_eq!(state.check(&asked), state.check(&asked));
    }
    if end_offset < OFFSET_MAX - 100 {
        state.append(&batch(5, i16::MAX, 0, end_offset), end_offset, 0);
        assert_eq!(state.end_offset(), end_offset + 10);
    }
    let mut shorter = state.clone();
    if shorter.truncate_to(end_offset / 2) == Truncated::Exact {
        let snapshot = shorter.snapshot(shorter.end_offset());
        assert_eq!(ProducerState::decode(&snapshot, PRODUCERS_MAX), Ok(shorter));
    }
    let snapshot = state.snapshot(state.end_offset());
    let few = ProducerState::decode(&snapshot, 1).expect("a snapshot of ours");
    assert!(few.producers_count() <= 1);
    state.expire(i64::MAX, 1);
}

fn batch(producer_id: i64, producer_epoch: i16, base_sequence: i32, base_offset: i64) -> BatchHeader {
    BatchHeader {
        base_offset,
        size: 100,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes(0),
        last_offset_delta: 9,
        first_timestamp: 1_000,
        max_timestamp: 2_000,
        producer_id,
        producer_epoch,
        base_sequence,
        records_count: 10,
    }
}

pub fn seeds() -> Vec<Seed> {
    let snapshot = |batches: &[(i64, i16, i32)]| {
        let mut state = ProducerState::default();
        for (index, &(producer_id, producer_epoch, base_sequence)) in batches.iter().enumerate() {
            state.replay(&batch(producer_id, producer_epoch, base_sequence, index as i64 * 10), 1_700_000_000_000);
        }
        state.snapshot(state.end_offset())
    };
    vec![
        seed("empty", snapshot(&[])),
        seed("one", snapshot(&[(1, 0, 0)])),
        seed("seven-of-one", snapshot(&[0, 10, 20, 30, 40, 50, 60].map(|sequence| (1, 0, sequence)))),
        seed("three", snapshot(&[(1, 0, 0), (2, 5, i32::MAX), (7, 1, 0), (7, 2, 0), (1, 0, 10)])),
    ]
}
