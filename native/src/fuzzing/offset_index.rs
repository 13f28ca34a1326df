//! The index file. The first bytes of an input are the file; its checksums are also made good, chunk by chunk.

use super::{seed, Seed};
use crate::codec::batch::{Attributes, BatchHeader};
use crate::codec::crc32c::crc32c;
use crate::log::offset_index::{Loaded, OffsetIndex, Start, CHUNK_SIZE};

const BASE: i64 = 1_000;
const INTERVAL: u32 = 100;

pub fn run(bytes: &[u8]) {
    check(bytes);
    let mut made_good = bytes.to_vec();
    for chunk in made_good.chunks_exact_mut(CHUNK_SIZE) {
        let crc = crc32c(&chunk[8..]);
        chunk[4..8].copy_from_slice(&crc.to_le_bytes());
    }
    check(&made_good);
}

fn check(file: &[u8]) {
    let Loaded { mut index, .. } = OffsetIndex::load(file, BASE, INTERVAL, 1 << 30);
    assert!(index.covered_to() <= 1 << 30);
    for offset in [0, BASE, BASE + 500, BASE + (1 << 31), i64::MAX] {
        if let Start::Position { position, base_offset } = index.find_offset(offset) {
            assert!(position <= index.covered_to());
            assert!(base_offset <= offset || position == 0);
        }
    }
    for timestamp in [-1, 0, 1_000, i64::MAX] {
        if let Start::Position { position, .. } = index.find_timestamp(timestamp) {
            assert!(position <= index.covered_to());
        }
    }
    let next = batch(BASE + i64::from(u32::MAX) - 9, index.max_timestamp());
    // Batches ascend: an entry that reaches as far as this one leaves it no room.
    let last = index.find_offset(BASE + i64::from(u32::MAX));
    let is_behind = matches!(last, Start::Position { base_offset, .. } if base_offset < next.base_offset);
    if is_behind && index.fits(&next) {
        index.note(&next, index.covered_to());
    }
    saved_and_loaded(index);
}

/// What was loaded, however odd, is written and read as the same index.
fn saved_and_loaded(index: OffsetIndex) {
    if index.first_unsaved_chunk() > 0 {
        return;
    }
    let file = index.encode_unsaved();
    assert_eq!(file.len() as u64, index.file_size());
    let Loaded { index: mut again, .. } = OffsetIndex::load(&file, BASE, INTERVAL, u32::MAX);
    assert_eq!(again.covered_to(), index.covered_to());
    assert_eq!(again.entries_count(), index.entries_count());
    again.evict();
    again.restore(&file).expect("the file holds what was evicted");
    again.truncate_to(again.covered_to() / 2);
}

fn batch(base_offset: i64, max_timestamp: i64) -> BatchHeader {
    BatchHeader {
        base_offset,
        size: 150,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes(0),
        last_offset_delta: 9,
        first_timestamp: 0,
        max_timestamp,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        records_count: 10,
    }
}

pub fn seeds() -> Vec<Seed> {
    let file = |batches_count: i64| {
        let mut index = OffsetIndex::new(BASE, INTERVAL);
        for number in 0..batches_count {
            index.note(&batch(BASE + number * 10, 900 + number % 300), index.covered_to());
        }
        index.encode_unsaved()
    };
    vec![seed("empty", file(0)), seed("one-entry", file(2)), seed("two-chunks", file(300))]
}
