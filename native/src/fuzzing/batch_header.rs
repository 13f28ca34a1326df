//! Header, checks, splitting and stamps of record batches.

use super::{seed, Seed};
use crate::codec::batch::{
    split_batches, stamp_assigned, stamp_log_append_time, validate, Attributes, BatchHeader, BatchRules, HEADER_SIZE, OFFSET_MAX,
};
use crate::codec::build::{BatchBuilder, NewRecord};
use crate::codec::compression::Compression;
use crate::codec::crc32c::crc32c;

const RULES: [BatchRules; 3] = [BatchRules::client(1 << 20), BatchRules::coordinator(1 << 20), BatchRules::replica()];

pub fn run(bytes: &[u8]) {
    let split: usize = split_batches(bytes).filter_map(Result::ok).map(<[u8]>::len).sum();
    assert!(split <= bytes.len());
    if let Ok(header) = BatchHeader::parse(bytes) {
        assert!(header.base_offset >= 0 && header.last_offset() <= OFFSET_MAX);
    }
    judge(bytes);
    if let Some(made_good) = make_good(bytes) {
        judge(&made_good);
    }
}

fn judge(batch: &[u8]) {
    for rules in &RULES {
        if let Ok(header) = validate(batch, rules) {
            assert_eq!(header.size as usize, batch.len());
            assert!(header.size <= rules.size_max);
            stamp(batch, &header);
        }
    }
}

/// A batch that was accepted must still be one after the leader's stamps.
fn stamp(batch: &[u8], header: &BatchHeader) {
    let mut stamped = batch.to_vec();
    let assigned = header.at_offset(OFFSET_MAX - i64::from(header.last_offset_delta)).expect("the last place there is");
    stamp_assigned(assigned.base_offset, header.size, 7).apply(&mut stamped);
    stamp_log_append_time(&stamped.clone(), 123).apply(&mut stamped);
    let read = validate(&stamped, &BatchRules::replica()).expect("stamps keep a batch valid");
    let attributes = Attributes(header.attributes.0 | Attributes::LOG_APPEND_TIME);
    assert_eq!(read, BatchHeader { leader_epoch: 7, max_timestamp: 123, crc: read.crc, attributes, ..assigned });
}

/// The same batch with the magic, length and CRC that its bytes ask for.
pub(super) fn make_good(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() < HEADER_SIZE {
        return None;
    }
    let mut batch = bytes.to_vec();
    batch[8..12].copy_from_slice(&((bytes.len() - 12) as u32).to_be_bytes());
    batch[16] = 2;
    let crc = crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    Some(batch)
}

pub fn seeds() -> Vec<Seed> {
    let record = NewRecord { timestamp: 1_000, key: Some(b"key"), value: Some(b"value"), headers: &[(b"name", Some(b"value"))] };
    let plain = BatchBuilder::new().record(&record).record(&NewRecord { timestamp: 3_000, ..record });
    let idempotent = plain.clone().producer(42, 3, i32::MAX).attributes(Attributes::TRANSACTIONAL);
    let marker = BatchBuilder::new().producer(42, 3, -1).attributes(Attributes::TRANSACTIONAL | Attributes::CONTROL);
    let marker = marker.record(&NewRecord { key: Some(&[0, 0, 0, 1]), value: Some(&[0; 6]), ..NewRecord::default() });
    let compacted = BatchBuilder::new().base_offset(1 << 40).leader_epoch(5).ends_at(99);
    let mut old = vec![0; 34];
    old[11] = 22;
    vec![
        seed("plain", plain.finish()),
        seed("idempotent", idempotent.finish()),
        seed("marker", marker.finish()),
        seed("compacted", compacted.finish()),
        seed("magic-0", old),
        seed("gzip", plain.clone().compression(Compression::Gzip).finish()),
        seed("two", [plain.finish(), marker.finish()].concat()),
    ]
}
