//! The bytes of one chunk: drawn in the parent.

use super::{Entry, OffsetIndex};
use crate::codec::batch::NO_TIMESTAMP;
use crate::codec::crc32c::crc32c;
use crate::codec::sealed::{Fields, FormatError};
use std::fmt;

pub const CHUNK_SIZE: usize = 4096;
pub const ENTRIES_PER_CHUNK: usize = (CHUNK_SIZE - HEADER_SIZE) / ENTRY_SIZE;

const HEADER_SIZE: usize = 40;
const ENTRY_SIZE: usize = 16;
const MAGIC: [u8; 4] = *b"MROI";
const VERSION: u16 = 1;
/// Where the bytes that the CRC covers begin.
const COVERED_FROM: usize = 8;

/// Why a loader went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// The file ends inside a chunk, or where one should be.
    Missing,
    /// Magic or CRC: torn, rotten, or never written.
    Corrupt,
    UnknownVersion(u16),
    /// A chunk of another segment or of another place in the file.
    Foreign,
    /// More entries than fit, or none where there must be some, or entries behind a chunk that has room left.
    Count,
    /// Offsets or positions do not ascend, or a maximum goes back.
    Order,
    /// Reaches beyond the end of the log that can be trusted.
    BeyondLog,
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "index file is cut"),
            Self::Corrupt => write!(f, "index chunk fails its checksum"),
            Self::UnknownVersion(version) => write!(f, "index chunk of unknown version {version}"),
            Self::Foreign => write!(f, "index chunk of another segment or place"),
            Self::Count => write!(f, "index chunk with a count of entries that its place does not allow"),
            Self::Order => write!(f, "index entries out of order"),
            Self::BeyondLog => write!(f, "index reaches beyond the log"),
        }
    }
}

impl std::error::Error for ChunkError {}

impl From<FormatError> for ChunkError {
    fn from(_: FormatError) -> Self {
        Self::Missing
    }
}

/// One chunk that is in memory. All but the last one say of themselves what was true just before the entry that follows
/// them, so that a loader that finds only them goes on from there.
pub(super) fn encode(index: &OffsetIndex, number: u32) -> [u8; CHUNK_SIZE] {
    let first = number as usize * ENTRIES_PER_CHUNK;
    let in_memory = first.checked_sub(index.evicted_count as usize).expect("a saved chunk is never written again");
    let rest = &index.entries[in_memory..];
    let (own, behind) = rest.split_at(rest.len().min(ENTRIES_PER_CHUNK));
    let (covered_to, max_timestamp) = match behind.first() {
        Some(next) => (next.position, next.max_timestamp_before),
        None => (index.covered_to, index.max_timestamp),
    };

    let mut body = Vec::with_capacity(CHUNK_SIZE);
    body.extend_from_slice(&VERSION.to_le_bytes());
    body.extend_from_slice(&(own.len() as u16).to_le_bytes());
    body.extend_from_slice(&number.to_le_bytes());
    body.extend_from_slice(&index.base_offset.to_le_bytes());
    body.extend_from_slice(&covered_to.to_le_bytes());
    body.extend_from_slice(&[0; 4]);
    body.extend_from_slice(&max_timestamp.to_le_bytes());
    for entry in own {
        body.extend_from_slice(&entry.relative_offset.to_le_bytes());
        body.extend_from_slice(&entry.position.to_le_bytes());
        body.extend_from_slice(&entry.max_timestamp_before.to_le_bytes());
    }
    body.resize(CHUNK_SIZE - COVERED_FROM, 0);

    let mut chunk = [0; CHUNK_SIZE];
    chunk[..4].copy_from_slice(&MAGIC);
    chunk[4..COVERED_FROM].copy_from_slice(&crc32c(&body).to_le_bytes());
    chunk[COVERED_FROM..].copy_from_slice(&body);
    chunk
}

/// Whether the entry is the one that an index up to its `covered_to` would get next.
pub(super) fn is_next(index: &OffsetIndex, entry: &Entry) -> bool {
    (entry.position, entry.max_timestamp_before) == (index.covered_to, index.max_timestamp)
        && index.entries.last().is_none_or(|last| follows(last, entry))
}

/// Whether the second entry may stand behind the first.
fn follows(first: &Entry, second: &Entry) -> bool {
    first.relative_offset < second.relative_offset
        && first.position < second.position
        && first.max_timestamp_before <= second.max_timestamp_before
}

/// Adds a chunk to an index that holds all chunks before it. On an error the index stays as it was.
pub(super) fn take(index: &mut OffsetIndex, number: u32, bytes: &[u8]) -> Result<(), ChunkError> {
    if bytes.len() < CHUNK_SIZE {
        return Err(ChunkError::Missing);
    }
    let mut fields = Fields::new(bytes);
    let (magic, stored): ([u8; 4], u32) = (fields.array()?, fields.u32()?);
    if magic != MAGIC || stored != crc32c(&bytes[COVERED_FROM..]) {
        return Err(ChunkError::Corrupt);
    }
    let (version, count) = (fields.u16()?, fields.u16()?);
    if version != VERSION {
        return Err(ChunkError::UnknownVersion(version));
    }
    let own = (fields.u32()?, fields.i64()?);
    let (covered_to, _, max_timestamp) = (fields.u32()?, fields.u32()?, fields.i64()?);
    if own != (number, index.base_offset) {
        return Err(ChunkError::Foreign);
    }
    let room_before = index.entries.len() < number as usize * ENTRIES_PER_CHUNK;
    if usize::from(count) > ENTRIES_PER_CHUNK || room_before || (count == 0 && number > 0) {
        return Err(ChunkError::Count);
    }
    let entries = take_entries(index, &mut fields, count)?;
    if entries.first().is_some_and(|first| number > 0 && !is_next(index, first)) {
        return Err(ChunkError::Order);
    }
    let last = entries.last().copied().unwrap_or(Entry { relative_offset: 0, position: 0, max_timestamp_before: max_timestamp });
    if covered_to < last.position || max_timestamp < last.max_timestamp_before.max(NO_TIMESTAMP) {
        return Err(ChunkError::Order);
    }
    index.entries.extend_from_slice(&entries);
    index.last_entry_position = last.position;
    index.covered_to = covered_to;
    index.max_timestamp = max_timestamp;
    Ok(())
}

fn take_entries(index: &OffsetIndex, fields: &mut Fields<'_>, count: u16) -> Result<Vec<Entry>, ChunkError> {
    let mut entries: Vec<Entry> = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let entry = Entry { relative_offset: fields.u32()?, position: fields.u32()?, max_timestamp_before: fields.i64()? };
        let is_in_order = match entries.last().or(index.entries.last()) {
            Some(last) => follows(last, &entry),
            None => entry.position > 0 && entry.relative_offset > 0 && entry.max_timestamp_before >= NO_TIMESTAMP,
        };
        if !is_in_order {
            return Err(ChunkError::Order);
        }
        entries.push(entry);
    }
    Ok(entries)
}
