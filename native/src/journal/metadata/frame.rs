//! One append of the metadata journal: whole blocks, so that no write ever touches a block that holds an acknowledged
//! byte, and so that a frame behind a damaged one is found without knowing where that one ended.
//!
//! ```text
//! magic u32 · format u16 · zero u16 · sequence u64 · durable u64 (highest sequence known durable) · position u64 ·
//! size of the payload u32 · records u32 · CRC of the payload u32 · CRC of all before u32   = 48 bytes
//! then the payload, records (records.rs); then zeros up to a whole block
//! ```
//! Format 1 held records of the topic catalogue alone, format 2 holds those of the consensus log. The frames are the same, but
//! what only knows the former has to refuse by name.

use super::records::{decode_records, encode_records};
use super::Record;
use crate::codec::crc32c::crc32c;
use crate::io::BLOCK_SIZE;
use crate::journal::fields::{FieldReader, FieldWriter};

const MAGIC: u32 = 0x4d52_4d4a;
const FORMAT: u16 = 2;
const FORMAT_OLDEST: u16 = 1;
const HEADER_SIZE: usize = 48;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub sequence: u64,
    pub durable: u64,
    pub position: u64,
    payload_size: u32,
    records_count: u32,
    payload_crc: u32,
}

/// What stands at a position.
pub(super) enum Found {
    /// A header that passed its checksum; of the payload it says nothing.
    Header(FrameHeader),
    Newer(u16),
    Nothing,
}

impl FrameHeader {
    /// Header, payload and padding.
    pub fn size(&self) -> u64 {
        (HEADER_SIZE as u64 + u64::from(self.payload_size)).next_multiple_of(BLOCK_SIZE as u64)
    }
}

/// The bytes of an append.
pub(super) fn encode(sequence: u64, durable: u64, position: u64, records: &[Record]) -> Vec<u8> {
    let payload = encode_records(records);
    let mut fields = FieldWriter { bytes: Vec::with_capacity(HEADER_SIZE + payload.len()) };
    fields.u32(MAGIC);
    fields.u16(FORMAT);
    fields.u16(0);
    fields.u64(sequence);
    fields.u64(durable);
    fields.u64(position);
    fields.u32(u32::try_from(payload.len()).expect("an append below 4 GiB"));
    fields.u32(records.len() as u32);
    fields.u32(crc32c(&payload));
    let crc = crc32c(&fields.bytes);
    fields.u32(crc);
    fields.raw(&payload);
    fields.bytes.resize(fields.bytes.len().next_multiple_of(BLOCK_SIZE), 0);
    fields.bytes
}

/// The header at a position of the file's bytes. Its own position is under its checksum: a payload that holds an old
/// frame's bytes does not pass for one.
pub(super) fn header_at(bytes: &[u8], position: u64) -> Found {
    let parsed = (|| {
        let header = bytes.get(position as usize..)?.get(..HEADER_SIZE)?;
        let mut fields = FieldReader::new(header);
        let magic = fields.u32()?;
        let format = fields.u16()?;
        fields.u16()?;
        let found = FrameHeader {
            sequence: fields.u64()?,
            durable: fields.u64()?,
            position: fields.u64()?,
            payload_size: fields.u32()?,
            records_count: fields.u32()?,
            payload_crc: fields.u32()?,
        };
        let is_own = magic == MAGIC && found.position == position && fields.u32()? == crc32c(&header[..HEADER_SIZE - 4]);
        is_own.then_some((format, found))
    })();
    match parsed {
        Some((FORMAT_OLDEST..=FORMAT, header)) => Found::Header(header),
        Some((format, _)) => Found::Newer(format),
        None => Found::Nothing,
    }
}

/// The records of a frame; None unless all of it is there and right.
pub(super) fn records_of(bytes: &[u8], header: &FrameHeader) -> Option<Vec<Record>> {
    let from = header.position as usize + HEADER_SIZE;
    let payload = bytes.get(from..from.checked_add(header.payload_size as usize)?)?;
    // A file that ends inside the padding has lost a block of this frame: it was never wholly written.
    if crc32c(payload) != header.payload_crc || (bytes.len() as u64) < header.position + header.size() {
        return None;
    }
    decode_records(payload).filter(|records| records.len() == header.records_count as usize)
}
