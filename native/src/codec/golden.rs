//! Batches frozen under test/golden/record-batch, which Rust and TypeScript both read and (uncompressed) both build. They
//! are a format that others hold on their disks: a file there never changes. To add one, add a case and run this test
//! once with MILLRACE_WRITE_GOLDEN=1, which writes what is missing and touches nothing else.

use super::batch::{stamp_log_append_time, validate, Attributes, BatchHeader, BatchRules, NO_TIMESTAMP, OFFSET_MAX};
use super::build::{BatchBuilder, NewRecord};
use super::compression::Compression;
use super::records::{Record, Records};
use std::fmt::Write;
use std::path::PathBuf;

struct Case {
    name: String,
    batch: Vec<u8>,
}

fn case(name: &str, batch: Vec<u8>) -> Case {
    Case { name: name.to_owned(), batch }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test/golden/record-batch")
}

/// Timestamps that go back, null and empty apart from one another.
fn builder_of(sizes: &[usize]) -> BatchBuilder {
    let bytes = vec![b'x'; sizes.iter().copied().max().unwrap_or(0)];
    let headers: &[(&[u8], Option<&[u8]>)] = &[("trace-ø".as_bytes(), Some(b"0123")), (b"", None), (b"empty", Some(b""))];
    let mut builder = BatchBuilder::new().base_offset(4_000_000_000).leader_epoch(7);
    for (index, &size) in sizes.iter().enumerate() {
        let timestamp = 1_700_000_000_000 + [0i64, 1, -1, 64, -8_192, 1 << 33][index];
        let (key, value) = (Some(&bytes[..size]), Some(&bytes[..size / 2]));
        builder.push(&NewRecord { timestamp, key, value, headers: &headers[..index % 4] });
    }
    builder.record(&NewRecord { timestamp: 1_700_000_000_000, ..NewRecord::default() })
}

fn cases() -> Vec<Case> {
    let record = NewRecord { timestamp: 1_700_000_000_000, key: Some(b"key"), value: Some(b"value"), headers: &[] };
    let one = || BatchBuilder::new().record(&record);
    let appended = {
        let mut batch = one().base_offset(9).record(&NewRecord { timestamp: 5, ..record }).finish();
        stamp_log_append_time(&batch, 1_800_000_000_000).apply(&mut batch);
        batch
    };
    let commit = NewRecord { timestamp: 1_700_000_000_000, key: Some(&[0, 0, 0, 1]), value: Some(&[0; 6]), headers: &[] };
    let mut compacted = BatchBuilder::new().base_offset(100).leader_epoch(2);
    compacted.push_at(3, &record);
    compacted.push_at(70, &NewRecord { value: None, ..record });
    let mut cases = vec![
        case("one", one().finish()),
        // Sizes on both sides of the steps of a varint.
        case("many", builder_of(&[0, 1, 63, 64, 8_191, 8_192]).finish()),
        case("idempotent", one().producer(i64::MAX, i16::MAX, i32::MAX).finish()),
        case("transactional", one().producer(1 << 40, 3, 0).attributes(Attributes::TRANSACTIONAL).finish()),
        case(
            "commit-marker",
            BatchBuilder::new()
                .producer(1 << 40, 3, -1)
                .attributes(Attributes::TRANSACTIONAL | Attributes::CONTROL)
                .record(&commit)
                .finish(),
        ),
        case("log-append-time", appended),
        case("no-timestamp", BatchBuilder::new().record(&NewRecord { timestamp: NO_TIMESTAMP, ..record }).finish()),
        case("largest-offset", one().base_offset(OFFSET_MAX).leader_epoch(i32::MAX).finish()),
        case("compacted", compacted.ends_at(200).finish()),
        case("emptied-by-compaction", BatchBuilder::new().base_offset(50).producer(5, 0, 17).ends_at(9).finish()),
    ];
    for compression in &Compression::ALL[1..] {
        cases.push(case(compression.name(), builder_of(&[0, 1, 300]).compression(*compression).finish()));
    }
    cases
}

fn hex(bytes: Option<&[u8]>) -> String {
    bytes.map_or("null".to_owned(), |bytes| bytes.iter().fold("\"".to_owned(), |hex, byte| hex + &format!("{byte:02x}")) + "\"")
}

fn record_json(record: &Record<'_>) -> String {
    let headers: Vec<String> =
        record.headers.iter().map(|header| format!("[{}, {}]", hex(Some(header.name)), hex(header.value))).collect();
    let Record { offset, timestamp, key, value, .. } = record;
    let (key, value, headers) = (hex(*key), hex(*value), headers.join(", "));
    format!(r#"    {{ "offset": {offset}, "timestamp": {timestamp}, "key": {key}, "value": {value}, "headers": [{headers}] }}"#)
}

/// What a reader must find, as text that TypeScript reads too. The producer id is a string: JSON's numbers end at 2^53.
fn description(batch: &[u8]) -> String {
    let header = validate(batch, &BatchRules::replica()).expect("a valid batch");
    let records = Records::open(batch, 1 << 20).expect("records that open");
    let lines: Vec<String> = records.iter().map(|record| record_json(&record.expect("a readable record"))).collect();
    let mut json = String::from("{\n");
    let BatchHeader { base_offset, size, leader_epoch, crc, attributes, last_offset_delta, .. } = header;
    let BatchHeader { first_timestamp, max_timestamp, producer_id, producer_epoch, base_sequence, records_count, .. } = header;
    writeln!(json, r#"  "baseOffset": {base_offset}, "size": {size}, "leaderEpoch": {leader_epoch}, "crc": {crc},"#).unwrap();
    writeln!(json, r#"  "attributes": {}, "lastOffsetDelta": {last_offset_delta},"#, attributes.0).unwrap();
    writeln!(json, r#"  "firstTimestamp": {first_timestamp}, "maxTimestamp": {max_timestamp},"#).unwrap();
    writeln!(json, r#"  "producerId": "{producer_id}", "producerEpoch": {producer_epoch},"#).unwrap();
    writeln!(json, r#"  "baseSequence": {base_sequence}, "recordsCount": {records_count},"#).unwrap();
    writeln!(json, "  \"records\": [{}]", if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) })
        .unwrap();
    json + "}\n"
}

#[test]
fn frozen_batches_are_read_and_built_as_ever() {
    let may_write = std::env::var_os("MILLRACE_WRITE_GOLDEN").is_some();
    for Case { name, batch } in cases() {
        let file = |ending: &str| folder().join(format!("{name}.{ending}"));
        if may_write && !file("bin").exists() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(file("bin"), &batch).unwrap();
            std::fs::write(file("json"), description(&batch)).unwrap();
        }
        let frozen = std::fs::read(file("bin")).unwrap();
        let described = std::fs::read_to_string(file("json")).unwrap();
        assert_eq!(description(&frozen), described, "{name} reads differently");
        // What a compressor makes of the same bytes may change with its version; what a batch is may not.
        if Compression::from_id(frozen[22] & 7) == Some(Compression::None) {
            assert_eq!(batch, frozen, "{name} is built differently");
        } else {
            let records = |batch: &[u8]| description(batch).split_once("\"records\"").unwrap().1.to_owned();
            assert_eq!(records(&batch), records(&frozen), "{name} is built differently");
        }
    }
}
