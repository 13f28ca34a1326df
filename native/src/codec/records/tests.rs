use super::*;
use crate::codec::batch::{stamp_assigned, stamp_log_append_time, validate, BatchRules};
use crate::codec::build::{BatchBuilder, NewRecord};
use crate::codec::varint::write_varint;
use proptest::prelude::*;

const SIZE_MAX: usize = 1 << 20;

/// A batch around records of any bytes.
fn around(records: &[u8], records_count: i32) -> Vec<u8> {
    let mut batch = BatchBuilder::new().record(&NewRecord { timestamp: -1, ..NewRecord::default() }).finish();
    batch.truncate(HEADER_SIZE);
    batch[8..12].copy_from_slice(&((HEADER_SIZE - 12 + records.len()) as i32).to_be_bytes());
    batch[23..27].copy_from_slice(&(records_count - 1).to_be_bytes());
    batch[57..61].copy_from_slice(&records_count.to_be_bytes());
    batch.extend_from_slice(records);
    batch
}

/// One record: its size, then the body as given.
fn record(body: &[i64]) -> Vec<u8> {
    let mut fields = vec![0];
    body.iter().for_each(|&field| write_varint(&mut fields, field));
    let mut bytes = Vec::new();
    write_varint(&mut bytes, fields.len() as i64);
    bytes.extend_from_slice(&fields);
    bytes
}

fn error_of(batch: &[u8]) -> RecordError {
    let records = match Records::open(batch, SIZE_MAX) {
        Ok(records) => records,
        Err(error) => return error,
    };
    let error = records.iter().find_map(Result::err).expect("an error");
    assert!(records.iter().skip_while(Result::is_ok).nth(1).is_none(), "nothing follows the error");
    error
}

#[test]
fn each_fault_has_its_error() {
    // timestamp delta, offset delta, key size, value size, headers count
    let good = record(&[0, 0, -1, -1, 0]);
    assert_eq!(Records::open(&around(&good, 1), SIZE_MAX).unwrap().iter().count(), 1);
    assert_eq!(error_of(&around(&good[..6], 1)), RecordError::Cut { index: 0 });
    assert_eq!(error_of(&around(&good, 2)), RecordError::Cut { index: 1 });
    assert_eq!(error_of(&around(&[good.clone(), vec![7; 3]].concat(), 1)), RecordError::TrailingBytes { count: 3 });
    assert_eq!(error_of(&around(&record(&[0, 0, 9, -1, 0]), 1)), RecordError::Cut { index: 0 });
    assert_eq!(error_of(&around(&record(&[0, 0, -2, -1, 0]), 1)), RecordError::NegativeSize { index: 0 });
    assert_eq!(error_of(&around(&record(&[0, 0, -1, -1, -1]), 1)), RecordError::NegativeSize { index: 0 });
    assert_eq!(error_of(&around(&record(&[0, 0, -1, -1, 1, -1, -1]), 1)), RecordError::NegativeSize { index: 0 });
    assert_eq!(error_of(&around(&record(&[0, 0, -1, -1, i64::from(i32::MAX)]), 1)), RecordError::Cut { index: 0 });
    assert_eq!(error_of(&around(&record(&[0, 0, -1, -1, 0, 0]), 1)), RecordError::TrailingInRecord { index: 0, count: 1 });
    assert_eq!(error_of(&around(&record(&[0, 1, -1, -1, 0]), 1)), RecordError::OffsetDelta { index: 0, delta: 1 });
    assert_eq!(error_of(&around(&record(&[0, -1, -1, -1, 0]), 1)), RecordError::OffsetDelta { index: 0, delta: -1 });
    let count = BatchError::RecordsCount { count: -1, last_offset_delta: 0 };
    let mut negative = around(&good, 1);
    negative[57..61].fill(0xff);
    assert_eq!(error_of(&negative), RecordError::Batch(count));
    let twice = [good.clone(), good.clone()].concat();
    assert_eq!(error_of(&around(&twice, 2)), RecordError::OffsetDelta { index: 1, delta: 0 });
    assert_eq!(error_of(&around(&record(&[i64::MIN, 0, -1, -1, 0]), 1)), RecordError::Timestamp { index: 0 });
    assert_eq!(error_of(&around(&[1], 1)), RecordError::NegativeSize { index: 0 }, "a size of -1");
}

#[test]
fn errors_of_the_layers_below_come_through() {
    let batch = BatchBuilder::new().compression(Compression::Zstd).value(&[7; 5000]).finish();
    assert_eq!(Records::open(&batch, 4999).unwrap_err(), RecordError::Compression(CompressionError::TooLarge { size_max: 4999 }));
    let needed = batch.len();
    let cut = BatchError::TooShort { size: needed - 1, needed };
    assert_eq!(Records::open(&batch[..needed - 1], SIZE_MAX).unwrap_err(), RecordError::Batch(cut));
    let mut unknown = batch.clone();
    unknown[22] = 5;
    assert_eq!(Records::open(&unknown, SIZE_MAX).unwrap_err(), RecordError::Batch(BatchError::UnknownCompression(5)));
    let mut rotten = batch;
    rotten[HEADER_SIZE] ^= 0xff;
    assert!(matches!(Records::open(&rotten, SIZE_MAX), Err(RecordError::Compression(CompressionError::Corrupt { .. }))));
}

#[test]
fn append_time_replaces_every_timestamp() {
    let mut batch = BatchBuilder::new().value(b"a").value(b"b").finish();
    stamp_assigned(500, batch.len() as u32, 3).apply(&mut batch);
    stamp_log_append_time(&batch, 1_234).apply(&mut batch);
    validate(&batch, &BatchRules::replica()).unwrap();
    let records = Records::open(&batch, SIZE_MAX).unwrap();
    let read: Vec<_> = records.iter().map(|record| record.map(|record| (record.offset, record.timestamp)).unwrap()).collect();
    assert_eq!(read, [(500, 1_234), (501, 1_234)]);
}

#[test]
fn what_compaction_left_is_read() {
    let mut builder = BatchBuilder::new().base_offset(100).compression(Compression::Gzip);
    builder.push_at(3, &NewRecord { key: Some(b"k"), ..NewRecord::default() });
    let records = builder.clone().ends_at(9).finish();
    let read: Vec<_> = Records::open(&records, SIZE_MAX).unwrap().iter().map(|record| record.unwrap().offset).collect();
    assert_eq!(read, [103]);
    let empty = BatchBuilder::new().compression(Compression::Zstd).ends_at(9).finish();
    assert_eq!(Records::open(&empty, SIZE_MAX).unwrap().iter().count(), 0);
}

type OwnedHeader = (Vec<u8>, Option<Vec<u8>>);
type OwnedRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<OwnedHeader>);

fn owned_record() -> impl Strategy<Value = OwnedRecord> {
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..200));
    let headers = prop::collection::vec((prop::collection::vec(any::<u8>(), 0..10), bytes()), 0..3);
    (0i64..1 << 45, bytes(), bytes(), headers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn reads_what_was_built(records in prop::collection::vec(owned_record(), 1..20), base_offset in 0i64..1 << 50) {
        for compression in Compression::ALL {
            let mut builder = BatchBuilder::new().base_offset(base_offset).compression(compression);
            for (timestamp, key, value, headers) in &records {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_slice(), value.as_deref())).collect();
                let (key, value) = (key.as_deref(), value.as_deref());
                builder.push(&NewRecord { timestamp: *timestamp, key, value, headers: &headers });
            }
            let batch = builder.finish();
            let header = validate(&batch, &BatchRules::replica()).unwrap();
            prop_assert_eq!(header.max_timestamp, records.iter().map(|record| record.0).max().unwrap());
            let opened = Records::open(&batch, SIZE_MAX).unwrap();
            let read: Vec<_> = opened.iter().collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(read.len(), records.len());
            for (index, (read, (timestamp, key, value, headers))) in read.iter().zip(&records).enumerate() {
                prop_assert_eq!(read.offset, base_offset + index as i64);
                prop_assert_eq!((read.timestamp, read.key, read.value), (*timestamp, key.as_deref(), value.as_deref()));
                let read_headers: Vec<_> = read.headers.iter().map(|header| (header.name.to_vec(), header.value.map(<[u8]>::to_vec))).collect();
                prop_assert_eq!(&read_headers, headers);
            }
        }
    }

    #[test]
    fn arbitrary_records_give_no_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..4], 0..60), count in 0i32..6) {
        if let Ok(records) = Records::open(&around(&bytes, count.max(1)), SIZE_MAX) {
            prop_assert!(records.iter().count() <= 6);
        }
    }
}
