//! Builds record batches, as a client would: for `log append`, benches, fuzz seeds and tests.

use super::batch::{Attributes, BatchHeader, HEADER_SIZE, NO_PRODUCER_ID, NO_TIMESTAMP, PREFIX_SIZE};
use super::compression::{compress, Compression};
use super::crc32c::crc32c;
use super::varint::{varint_size, write_varint};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewRecord<'bytes> {
    pub timestamp: i64,
    pub key: Option<&'bytes [u8]>,
    pub value: Option<&'bytes [u8]>,
    pub headers: &'bytes [(&'bytes [u8], Option<&'bytes [u8]>)],
}

/// Collects records and gives the whole batch, its CRC included.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    header: BatchHeader,
    compression: Compression,
    records: Vec<u8>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// A batch as an ordinary producer sends it: offset 0, no leader epoch, no producer id.
    #[must_use]
    pub fn new() -> Self {
        let header = BatchHeader {
            base_offset: 0,
            size: 0,
            leader_epoch: -1,
            crc: 0,
            attributes: Attributes(0),
            last_offset_delta: -1,
            first_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: -1,
            base_sequence: -1,
            records_count: 0,
        };
        Self { header, compression: Compression::None, records: Vec::new() }
    }

    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    #[must_use]
    pub fn base_offset(mut self, base_offset: i64) -> Self {
        self.header.base_offset = base_offset;
        self
    }

    #[must_use]
    pub fn leader_epoch(mut self, leader_epoch: i32) -> Self {
        self.header.leader_epoch = leader_epoch;
        self
    }

    #[must_use]
    pub fn producer(mut self, producer_id: i64, producer_epoch: i16, base_sequence: i32) -> Self {
        (self.header.producer_id, self.header.producer_epoch) = (producer_id, producer_epoch);
        self.header.base_sequence = base_sequence;
        self
    }

    /// Sets bits besides the compression: `Attributes::TRANSACTIONAL` and so on.
    #[must_use]
    pub fn attributes(mut self, bits: i16) -> Self {
        self.header.attributes.0 |= bits & !7;
        self
    }

    #[must_use]
    pub fn record(mut self, record: &NewRecord<'_>) -> Self {
        self.push(record);
        self
    }

    /// A record with a value and nothing else.
    #[must_use]
    pub fn value(self, value: &[u8]) -> Self {
        self.record(&NewRecord { value: Some(value), ..NewRecord::default() })
    }

    pub fn push(&mut self, record: &NewRecord<'_>) {
        self.push_at(self.header.last_offset_delta + 1, record);
    }

    /// A record that leaves a gap before it, as compaction does.
    pub fn push_at(&mut self, offset_delta: i32, record: &NewRecord<'_>) {
        assert!(offset_delta > self.header.last_offset_delta, "offset deltas ascend");
        if self.header.records_count == 0 {
            self.header.first_timestamp = record.timestamp;
        }
        self.header.max_timestamp = self.header.max_timestamp.max(record.timestamp);
        self.header.last_offset_delta = offset_delta;
        self.header.records_count += 1;
        let timestamp_delta = record.timestamp - self.header.first_timestamp;
        write_record(&mut self.records, timestamp_delta, offset_delta, record);
    }

    /// The batch's last offsets had records once: compaction removed them.
    #[must_use]
    pub fn ends_at(mut self, last_offset_delta: i32) -> Self {
        assert!(last_offset_delta >= self.header.last_offset_delta, "a gap at the end reaches beyond the last record");
        self.header.last_offset_delta = last_offset_delta;
        self
    }

    #[must_use]
    pub fn records_count(&self) -> i32 {
        self.header.records_count
    }

    /// Of the records before compression.
    #[must_use]
    pub fn records_size(&self) -> usize {
        self.records.len()
    }

    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        let Self { header, compression, records } = self;
        let payload = if records.is_empty() { Vec::new() } else { compress(*compression, records) };
        let size = u32::try_from(HEADER_SIZE + payload.len()).expect("a batch below 4 GiB");
        let attributes = header.attributes.0 | *compression as i16;

        let mut covered = Vec::with_capacity(payload.len() + HEADER_SIZE);
        covered.extend_from_slice(&attributes.to_be_bytes());
        covered.extend_from_slice(&header.last_offset_delta.to_be_bytes());
        covered.extend_from_slice(&header.first_timestamp.to_be_bytes());
        covered.extend_from_slice(&header.max_timestamp.to_be_bytes());
        covered.extend_from_slice(&header.producer_id.to_be_bytes());
        covered.extend_from_slice(&header.producer_epoch.to_be_bytes());
        covered.extend_from_slice(&header.base_sequence.to_be_bytes());
        covered.extend_from_slice(&header.records_count.to_be_bytes());
        covered.extend_from_slice(&payload);

        let mut batch = Vec::with_capacity(size as usize);
        batch.extend_from_slice(&header.base_offset.to_be_bytes());
        batch.extend_from_slice(&(size - PREFIX_SIZE as u32).to_be_bytes());
        batch.extend_from_slice(&header.leader_epoch.to_be_bytes());
        batch.push(2);
        batch.extend_from_slice(&crc32c(&covered).to_be_bytes());
        batch.extend_from_slice(&covered);
        batch
    }
}

fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(varint_size(-1), |bytes| varint_size(bytes.len() as i64) + bytes.len())
}

fn write_nullable(target: &mut Vec<u8>, bytes: Option<&[u8]>) {
    write_varint(target, bytes.map_or(-1, |bytes| bytes.len() as i64));
    target.extend_from_slice(bytes.unwrap_or_default());
}

fn write_record(target: &mut Vec<u8>, timestamp_delta: i64, offset_delta: i32, record: &NewRecord<'_>) {
    let headers_size: usize = record.headers.iter().map(|&(name, value)| nullable_size(Some(name)) + nullable_size(value)).sum();
    let size = 1
        + varint_size(timestamp_delta)
        + varint_size(i64::from(offset_delta))
        + nullable_size(record.key)
        + nullable_size(record.value)
        + varint_size(record.headers.len() as i64)
        + headers_size;
    write_varint(target, size as i64);
    target.push(0);
    write_varint(target, timestamp_delta);
    write_varint(target, i64::from(offset_delta));
    write_nullable(target, record.key);
    write_nullable(target, record.value);
    write_varint(target, record.headers.len() as i64);
    for &(name, value) in record.headers {
        write_nullable(target, Some(name));
        write_nullable(target, value);
    }
}
