//! Records of every compression. What can be read is built again and must read the same.

use super::batch_header::make_good;
use super::{seed, Seed};
use crate::codec::build::{BatchBuilder, NewRecord};
use crate::codec::compression::{decompress, Compression};
use crate::codec::records::{Record, Records};

/// Small enough that a campaign does not spend its time on decompression bombs, large enough to meet them.
const SIZE_MAX: usize = 64 << 10;

pub fn run(bytes: &[u8]) {
    read(bytes);
    if let Some(made_good) = make_good(bytes) {
        read(&made_good);
    }
    for compression in Compression::ALL {
        if let Ok(decompressed) = decompress(compression, bytes, SIZE_MAX) {
            assert!(decompressed.len() <= SIZE_MAX);
        }
    }
}

fn read(batch: &[u8]) {
    let Ok(opened) = Records::open(batch, SIZE_MAX) else { return };
    let Ok(records) = opened.iter().collect::<Result<Vec<_>, _>>() else { return };
    assert_eq!(records.len(), opened.header().records_count as usize);
    assert!(records.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    assert!(records.last().is_none_or(|last| last.offset <= opened.header().last_offset()));
    read_again(opened.header().base_offset, &records);
}

fn read_again(base_offset: i64, records: &[Record<'_>]) {
    // Deltas from the first timestamp: two that lie further apart than an i64 holds cannot be written.
    let first_timestamp = records.first().map_or(0, |record| record.timestamp);
    if records.iter().any(|record| record.timestamp.checked_sub(first_timestamp).is_none()) {
        return;
    }
    let mut builder = BatchBuilder::new().base_offset(base_offset);
    for record in records {
        let headers: Vec<_> = record.headers.iter().map(|header| (header.name, header.value)).collect();
        let Record { timestamp, key, value, .. } = *record;
        builder.push_at((record.offset - base_offset) as i32, &NewRecord { timestamp, key, value, headers: &headers });
    }
    if records.is_empty() {
        builder = builder.ends_at(0);
    }
    let built = builder.finish();
    let opened = Records::open(&built, usize::MAX - 1).expect("what was built opens");
    let read: Vec<_> = opened.iter().collect::<Result<_, _>>().expect("what was built is read");
    assert_eq!(read, records);
}

pub fn seeds() -> Vec<Seed> {
    let text: Vec<u8> = (0..400u32).map(|i| (i * i / 50 % 17) as u8 + b'a').collect();
    let headers: &[(&[u8], Option<&[u8]>)] = &[(b"trace", Some(b"0123")), (b"", None)];
    let records = [
        NewRecord { timestamp: 1_000, key: Some(b"key"), value: Some(&text), headers },
        NewRecord { timestamp: 500, key: None, value: Some(b""), headers: &[] },
        NewRecord { timestamp: 1 << 41, key: Some(b""), value: None, headers: &headers[1..] },
    ];
    let builder = records.iter().fold(BatchBuilder::new().base_offset(1 << 33), BatchBuilder::record);
    let mut seeds: Vec<Seed> =
        Compression::ALL.map(|compression| seed(compression.name(), builder.clone().compression(compression).finish())).to_vec();
    let mut compacted = BatchBuilder::new();
    compacted.push_at(3, &records[1]);
    compacted.push_at(70, &records[0]);
    seeds.push(seed("compacted", compacted.ends_at(200).finish()));
    let raw = snap::raw::Encoder::new().compress_vec(&text).expect("a small block");
    seeds.push(seed("snappy-raw", raw));
    seeds
}
