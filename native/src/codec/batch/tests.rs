use super::*;
use crate::codec::build::{BatchBuilder, NewRecord};
use crate::codec::compression::Compression;
use crate::codec::crc32c::crc32c;
use proptest::prelude::*;

const SIZE_MAX: u32 = 1 << 20;
const CLIENT: BatchRules = BatchRules::client(SIZE_MAX);
const COORDINATOR: BatchRules = BatchRules::coordinator(SIZE_MAX);
const REPLICA: BatchRules = BatchRules::replica();

fn produced() -> Vec<u8> {
    let record = |timestamp| NewRecord { timestamp, value: Some(b"value"), ..NewRecord::default() };
    BatchBuilder::new().record(&record(1000)).record(&record(3000)).record(&record(2000)).finish()
}

/// The batch with some of its bytes replaced and its CRC made good again.
fn patched(mut batch: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = crc32c(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    batch
}

fn refused(rules: &BatchRules, batch: &[u8]) -> BatchError {
    validate(batch, rules).expect_err("a batch that must be refused")
}

#[test]
fn reads_every_field() {
    let batch = BatchBuilder::new()
        .base_offset(0x0102_0304_0506)
        .leader_epoch(77)
        .compression(Compression::Lz4)
        .producer(0x1122_3344_5566_7788, 0x0a0b, 0x0c0d_0e0f)
        .attributes(Attributes::TRANSACTIONAL)
        .record(&NewRecord { timestamp: 1000, ..NewRecord::default() })
        .record(&NewRecord { timestamp: 3000, ..NewRecord::default() })
        .record(&NewRecord { timestamp: 2000, ..NewRecord::default() })
        .finish();
    let header = validate(&batch, &REPLICA).unwrap();
    let expected = BatchHeader {
        base_offset: 0x0102_0304_0506,
        size: batch.len() as u32,
        leader_epoch: 77,
        crc: crc32c(&batch[21..]),
        attributes: Attributes(0x13),
        last_offset_delta: 2,
        first_timestamp: 1000,
        max_timestamp: 3000,
        producer_id: 0x1122_3344_5566_7788,
        producer_epoch: 0x0a0b,
        base_sequence: 0x0c0d_0e0f,
        records_count: 3,
    };
    assert_eq!(header, expected);
    assert_eq!(BatchHeader::parse(&batch[..HEADER_SIZE]), Ok(expected));
    assert_eq!((header.last_offset(), header.next_offset()), (0x0102_0304_0508, 0x0102_0304_0509));
    let attributes = header.attributes;
    assert!(attributes.is_compressed() && attributes.is_transactional());
    assert!(!attributes.is_control() && !attributes.is_log_append_time() && !attributes.has_delete_horizon());
}

/// Frozen: a batch of one record with key "k", value "v" and a header, as the protocol's own documents lay it out. Any
/// change of these bytes is a change of format.
#[test]
fn builds_the_known_bytes() {
    let record = NewRecord { timestamp: 1000, key: Some(b"k"), value: Some(b"v"), headers: &[(b"h", None)] };
    let batch = BatchBuilder::new().leader_epoch(-1).record(&record).finish();
    let covered = [
        &[0, 0, 0, 0, 0, 0][..],
        &[0, 0, 0, 0, 0, 0, 3, 0xe8],
        &[0, 0, 0, 0, 0, 0, 3, 0xe8],
        &[0xff; 14],
        &[0, 0, 0, 1],
        &[22, 0, 0, 0, 2, b'k', 2, b'v', 2, 2, b'h', 1],
    ]
    .concat();
    let before = [&[0; 8][..], &[0, 0, 0, 61], &[0xff; 4], &[2], &crc32c(&covered).to_be_bytes()].concat();
    assert_eq!(batch, [before, covered].concat());
}

#[test]
fn every_origin_accepts_what_it_may_write() {
    for compression in Compression::ALL {
        let batch = BatchBuilder::new().compression(compression).value(&[7; 300]).finish();
        validate(&batch, &CLIENT).unwrap();
    }
    validate(&BatchBuilder::new().producer(5, 0, 0).value(b"v").finish(), &CLIENT).unwrap();
    // No producer id, but zeros where others write -1: seen from clients in use.
    validate(&BatchBuilder::new().producer(-1, 0, 0).value(b"v").finish(), &CLIENT).unwrap();
    let marker = BatchBuilder::new().producer(5, 0, -1).attributes(Attributes::CONTROL | Attributes::TRANSACTIONAL);
    validate(&marker.value(b"v").finish(), &COORDINATOR).unwrap();
    let mut compacted = BatchBuilder::new().base_offset(50);
    compacted.push_at(3, &NewRecord::default());
    validate(&compacted.ends_at(9).finish(), &REPLICA).unwrap();
    validate(&BatchBuilder::new().producer(5, 0, 0).ends_at(9).finish(), &REPLICA).unwrap();
}

#[test]
fn sizes() {
    let batch = produced();
    assert_eq!(refused(&CLIENT, &[]), BatchError::TooShort { size: 0, needed: HEADER_SIZE });
    assert_eq!(refused(&CLIENT, &batch[..60]), BatchError::TooShort { size: 60, needed: HEADER_SIZE });
    let (size, needed) = (batch.len() - 1, batch.len());
    assert_eq!(refused(&CLIENT, &batch[..size]), BatchError::TooShort { size, needed });
    let two = [batch.clone(), batch.clone()].concat();
    assert_eq!(refused(&CLIENT, &two), BatchError::TrailingBytes { size: two.len(), batch_size: batch.len() });
    for length in [-1, 0, 48, i32::MIN] {
        assert_eq!(
            refused(&CLIENT, &patched(batch.clone(), LENGTH_AT, &length.to_be_bytes())),
            BatchError::InvalidLength(length)
        );
    }
    let huge = patched(batch.clone(), LENGTH_AT, &i32::MAX.to_be_bytes());
    assert_eq!(refused(&CLIENT, &huge), BatchError::TooLarge { size: i32::MAX as u32 + 12, max: SIZE_MAX });
    assert_eq!(refused(&REPLICA, &huge), BatchError::TooShort { size: batch.len(), needed: i32::MAX as usize + 12 });
    let size = batch.len() as u32;
    validate(&batch, &BatchRules::client(size)).unwrap();
    assert_eq!(refused(&BatchRules::client(size - 1), &batch), BatchError::TooLarge { size, max: size - 1 });
}

#[test]
fn old_formats_are_named_even_when_shorter_than_a_header() {
    let mut message = vec![0u8; 26];
    assert_eq!(refused(&CLIENT, &message), BatchError::UnsupportedMagic(0));
    message[MAGIC_AT] = 1;
    assert_eq!(refused(&CLIENT, &message), BatchError::UnsupportedMagic(1));
    message[MAGIC_AT] = 0xff;
    assert_eq!(BatchHeader::parse(&message), Err(BatchError::UnsupportedMagic(-1)));
}

#[test]
fn every_flipped_bit_from_the_crc_on_is_found() {
    let batch = produced();
    for bit in CRC_AT * 8..batch.len() * 8 {
        let mut rotten = batch.clone();
        rotten[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(refused(&CLIENT, &rotten), BatchError::CorruptBatch { .. }), "bit {bit}");
    }
}

#[test]
fn counts_and_offsets() {
    let counts = |rules: &BatchRules, count: i32, last_offset_delta: i32| {
        let batch = patched(produced(), 57, &count.to_be_bytes());
        validate(&patched(batch, 23, &last_offset_delta.to_be_bytes()), rules).map(drop)
    };
    let error = |count, last_offset_delta| Err(BatchError::RecordsCount { count, last_offset_delta });
    for (count, delta) in [(0, 2), (-1, 2), (2, 2), (4, 2), (i32::MIN, 0)] {
        assert_eq!(counts(&CLIENT, count, delta), error(count, delta));
        assert_eq!(counts(&COORDINATOR, count, delta), error(count, delta));
    }
    assert_eq!(counts(&REPLICA, 2, 2), Ok(()));
    assert_eq!(counts(&REPLICA, 0, 2), Ok(()));
    assert_eq!(counts(&REPLICA, 4, 2), error(4, 2));
    assert_eq!(counts(&REPLICA, -1, 2), error(-1, 2));
    assert_eq!(counts(&CLIENT, 3, -1), Err(BatchError::LastOffsetDelta(-1)));
    let many = BatchError::RecordsCountImplausible { count: 6, records_size: produced().len() - HEADER_SIZE };
    assert_eq!(counts(&CLIENT, 6, 5), Err(many));
    let many = BatchError::RecordsCountImplausible { count: i32::MAX, records_size: produced().len() - HEADER_SIZE };
    assert_eq!(counts(&CLIENT, i32::MAX, i32::MAX - 1), Err(many));

    let at = |rules: &BatchRules, base_offset: i64| {
        validate(&patched(produced(), 0, &base_offset.to_be_bytes()), rules).map(|header| header.last_offset())
    };
    assert_eq!(at(&REPLICA, OFFSET_MAX - 2), Ok(OFFSET_MAX));
    for base_offset in [OFFSET_MAX - 1, i64::MAX, -1, i64::MIN] {
        assert_eq!(at(&REPLICA, base_offset), Err(BatchError::OffsetOverflow { base_offset, last_offset_delta: 2 }));
    }
    assert_eq!(at(&CLIENT, 7), Err(BatchError::BaseOffset(7)));
    let header = BatchHeader::parse(&produced()).unwrap();
    assert_eq!(header.at_offset(40).map(|header| header.next_offset()), Ok(43));
    let overflow = BatchError::OffsetOverflow { base_offset: OFFSET_MAX - 1, last_offset_delta: 2 };
    assert_eq!(header.at_offset(OFFSET_MAX - 1), Err(overflow));
}

#[test]
fn attributes_that_only_brokers_set() {
    let with = |bits: i16| BatchBuilder::new().producer(5, 0, 0).attributes(bits).value(b"v").finish();
    assert_eq!(refused(&CLIENT, &with(Attributes::CONTROL)), BatchError::ControlBatchFromClient);
    assert_eq!(refused(&CLIENT, &with(Attributes::DELETE_HORIZON)), BatchError::DeleteHorizonFromClient);
    assert_eq!(refused(&CLIENT, &with(Attributes::LOG_APPEND_TIME)), BatchError::LogAppendTimeFromClient);
    for bits in [Attributes::CONTROL, Attributes::DELETE_HORIZON, Attributes::LOG_APPEND_TIME] {
        validate(&with(bits), &REPLICA).unwrap();
    }
    for id in 5..8u8 {
        let batch = patched(produced(), ATTRIBUTES_AT + 1, &[id]);
        assert_eq!(refused(&CLIENT, &batch), BatchError::UnknownCompression(id));
        assert_eq!(refused(&REPLICA, &batch), BatchError::UnknownCompression(id));
    }
}

#[test]
fn a_transactional_batch_is_no_clients_as_nobody_has_begun_a_transaction() {
    for producer_id in [5, -1] {
        let batch = BatchBuilder::new().producer(producer_id, 0, 0).attributes(Attributes::TRANSACTIONAL).value(b"v").finish();
        assert_eq!(refused(&CLIENT, &batch), BatchError::TransactionalFromClient);
    }
    let stored = BatchBuilder::new().producer(5, 0, 0).attributes(Attributes::TRANSACTIONAL).value(b"v").finish();
    validate(&stored, &COORDINATOR).unwrap();
    validate(&stored, &REPLICA).unwrap();
}

#[test]
fn timestamps() {
    let at = |first: i64, max: i64, rules: &BatchRules| {
        let batch = patched(produced(), 27, &first.to_be_bytes());
        validate(&patched(batch, MAX_TIMESTAMP_AT, &max.to_be_bytes()), rules).map(drop)
    };
    let bounded = BatchRules { timestamp_min: 100, timestamp_max: 200, ..CLIENT };
    let out = |timestamp| Err(BatchError::TimestampOutOfBounds { timestamp, min: 100, max: 200 });
    assert_eq!(at(100, 200, &bounded), Ok(()));
    assert_eq!(at(NO_TIMESTAMP, NO_TIMESTAMP, &bounded), Ok(()));
    assert_eq!(at(99, 200, &bounded), out(99));
    assert_eq!(at(100, 201, &bounded), out(201));
    assert_eq!(at(0, TIMESTAMP_MAX, &CLIENT), Ok(()));
    for (first, max, timestamp) in [(-2, 0, -2), (0, TIMESTAMP_MAX + 1, TIMESTAMP_MAX + 1)] {
        assert_eq!(at(first, max, &CLIENT), Err(BatchError::TimestampOutOfBounds { timestamp, min: 0, max: TIMESTAMP_MAX }));
    }
    assert_eq!(at(-2, 0, &REPLICA), Ok(()));
}

#[test]
fn producer_fields() {
    let of = |producer_id, producer_epoch, base_sequence, bits, rules: &BatchRules| {
        let builder = BatchBuilder::new().producer(producer_id, producer_epoch, base_sequence);
        validate(&builder.attributes(bits).value(b"v").finish(), rules).map(drop)
    };
    let error = |producer_id, producer_epoch, base_sequence| {
        Err(BatchError::ProducerFields { producer_id, producer_epoch, base_sequence })
    };
    for rules in [CLIENT, COORDINATOR, REPLICA] {
        assert_eq!(of(5, 0, -1, 0, &rules), error(5, 0, -1));
        assert_eq!(of(5, -1, 0, 0, &rules), error(5, -1, 0));
        assert_eq!(of(-2, 0, 0, 0, &rules), error(-2, 0, 0));
        assert_eq!(of(i64::MAX, i16::MAX, i32::MAX, 0, &rules), Ok(()));
    }
    for rules in [COORDINATOR, REPLICA] {
        assert_eq!(of(-1, 0, 0, Attributes::TRANSACTIONAL, &rules), Err(BatchError::TransactionalWithoutProducer));
    }
}

#[test]
fn a_wrong_crc_comes_before_what_it_covers() {
    let mut batch = produced();
    batch[ATTRIBUTES_AT + 1] = Attributes::CONTROL as u8;
    assert!(matches!(refused(&CLIENT, &batch), BatchError::CorruptBatch { .. }));
}

#[test]
fn a_row_of_batches_is_split() {
    let (one, two) = (produced(), BatchBuilder::new().value(&[1; 100]).finish());
    let row = [one.clone(), two.clone()].concat();
    assert_eq!(split_batches(&row).collect::<Vec<_>>(), [Ok(one.as_slice()), Ok(two.as_slice())]);
    assert_eq!(split_batches(&[]).count(), 0);
    let cut = BatchError::TooShort { size: two.len() - 1, needed: two.len() };
    assert_eq!(split_batches(&row[..row.len() - 1]).collect::<Vec<_>>(), [Ok(one.as_slice()), Err(cut)]);
    let short = BatchError::TooShort { size: 11, needed: PREFIX_SIZE };
    assert_eq!(split_batches(&row[..one.len() + 11]).last(), Some(Err(short)));
    let negative = [one.clone(), vec![0xff; 100]].concat();
    assert_eq!(split_batches(&negative).last(), Some(Err(BatchError::InvalidLength(-1))));
}

#[test]
fn stamps_change_what_they_say_and_nothing_else() {
    let batch = produced();
    let mut stamped = batch.clone();
    stamp_assigned(4_000_000_000, batch.len() as u32, 9).apply(&mut stamped);
    let header = validate(&stamped, &REPLICA).unwrap();
    let before = validate(&batch, &CLIENT).unwrap();
    assert_eq!(header, BatchHeader { base_offset: 4_000_000_000, leader_epoch: 9, ..before });
    assert_eq!(stamped[MAGIC_AT..], batch[MAGIC_AT..]);
    let mut singly = batch.clone();
    stamp_base_offset(4_000_000_000).apply(&mut singly);
    stamp_leader_epoch(9).apply(&mut singly);
    assert_eq!(singly, stamped);

    stamp_log_append_time(&batch, 77_777).apply(&mut stamped);
    let timed = validate(&stamped, &REPLICA).unwrap();
    let attributes = Attributes(Attributes::LOG_APPEND_TIME);
    assert_eq!(timed, BatchHeader { attributes, max_timestamp: 77_777, crc: timed.crc, ..header });
    assert_eq!(stamped[PRODUCER_ID_AT..], batch[PRODUCER_ID_AT..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn arbitrary_headers_give_no_panic_and_no_impossible_offsets(mut bytes in prop::collection::vec(any::<u8>(), HEADER_SIZE..100), keep_magic in prop::bool::weighted(0.9)) {
        if keep_magic {
            bytes[MAGIC_AT] = 2;
            bytes[0] = 0;
            bytes[1] &= 0x1f;
            bytes[23] &= 0x7f;
        }
        for rules in [CLIENT, COORDINATOR, REPLICA] {
            if let Ok(header) = validate(&patched(bytes.clone(), 30, &[1]), &rules) {
                prop_assert!(header.base_offset >= 0 && header.last_offset() <= OFFSET_MAX);
                prop_assert_eq!(header.size as usize, bytes.len());
            }
        }
        prop_assert!(split_batches(&bytes).count() <= 2);
    }
}
