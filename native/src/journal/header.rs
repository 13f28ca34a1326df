//! The header blocks of a commit: who wrote it, where, as which number, and every entry it names.
//!
//! ```text
//! block k of a commit, 4096 bytes:
//!   magic u32 · format u16 · blocks u16 · incarnation u64 · nonce 16 · position of this block u64 · number u64 ·
//!   durable u64 (highest commit known durable) · size of the whole commit u64 · entries in the commit u32 ·
//!   this block's index u16 · entries in this block u16 · zero u32 · checksum u32   = 80 bytes
//!   then up to 43 entries of 92 bytes, then zeros, or, behind the last entry of a small commit, its batches
//! ```
//! The checksum covers the whole block, nonce and own position included: neither a block of an older incarnation or
//! lap, nor a client's payload that looks like one, can pass for a header (DURABILITY.md rule 4).

use super::entry::{Entry, ENTRY_SIZE};
use super::fields::{FieldReader, FieldWriter};
use crate::codec::crc32c::Crc32c;
use crate::io::BLOCK_SIZE;

const MAGIC: u32 = 0x4d52_4a31;
const FORMAT: u16 = 1;
/// In front of a block's entries.
pub const PREFIX_SIZE: usize = 80;
const CHECKSUM_AT: usize = PREFIX_SIZE - 4;
pub const ENTRIES_PER_BLOCK: usize = (BLOCK_SIZE - PREFIX_SIZE) / ENTRY_SIZE;

/// One life of the data directory: a counter and a random nonce (rule 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Incarnation {
    pub number: u64,
    pub nonce: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitHeader {
    pub incarnation: Incarnation,
    pub position: u64,
    pub number: u64,
    /// Every commit up to this one is known to be durable: the witness that tells a torn tail from corruption.
    pub durable: u64,
    /// Header blocks and payload, in bytes; whole blocks.
    pub size: u64,
    pub entry_count: u32,
}

/// A header block that passed its checksum.
pub struct HeaderBlock {
    pub header: CommitHeader,
    pub block_count: u16,
    pub block_index: u16,
    pub entries: Vec<Entry>,
}

#[must_use]
pub fn header_block_count(entry_count: usize) -> usize {
    entry_count.div_ceil(ENTRIES_PER_BLOCK).max(1)
}

/// Where the last entry ends, counted from the commit's first byte: the first that a batch may have.
#[must_use]
pub fn entries_end(entry_count: usize) -> usize {
    let full_blocks = header_block_count(entry_count) - 1;
    full_blocks * BLOCK_SIZE + PREFIX_SIZE + (entry_count - full_blocks * ENTRIES_PER_BLOCK) * ENTRY_SIZE
}

/// Fills `out` (exactly the header blocks) for the commit. What is behind the last entry stays, and is sealed with it.
pub fn encode_header(header: &CommitHeader, entries: &[Entry], out: &mut [u8]) {
    let block_count = header_block_count(entries.len());
    assert_eq!(out.len(), block_count * BLOCK_SIZE);
    for (index, block) in out.chunks_exact_mut(BLOCK_SIZE).enumerate() {
        let from = index * ENTRIES_PER_BLOCK;
        let own = &entries[from.min(entries.len())..(from + ENTRIES_PER_BLOCK).min(entries.len())];
        encode_block(header, block_count, index, own, block);
    }
}

fn encode_block(header: &CommitHeader, block_count: usize, index: usize, entries: &[Entry], block: &mut [u8]) {
    let mut fields = FieldWriter { bytes: Vec::with_capacity(PREFIX_SIZE) };
    fields.u32(MAGIC);
    fields.u16(FORMAT);
    fields.u16(block_count as u16);
    fields.u64(header.incarnation.number);
    fields.raw(&header.incarnation.nonce);
    fields.u64(header.position + (index * BLOCK_SIZE) as u64);
    fields.u64(header.number);
    fields.u64(header.durable);
    fields.u64(header.size);
    fields.u32(header.entry_count);
    fields.u16(index as u16);
    fields.u16(entries.len() as u16);
    fields.u32(0);
    block[..fields.bytes.len()].copy_from_slice(&fields.bytes);
    if index + 1 < block_count {
        block[PREFIX_SIZE + entries.len() * ENTRY_SIZE..].fill(0);
    }
    for (at, entry) in entries.iter().enumerate() {
        entry.encode(&mut block[PREFIX_SIZE + at * ENTRY_SIZE..]);
    }
    seal_block(block);
}

/// Puts the checksum that its other bytes ask for into a whole block.
pub fn seal_block(block: &mut [u8]) {
    let checksum = block_checksum(block);
    block[CHECKSUM_AT..PREFIX_SIZE].copy_from_slice(&checksum.to_le_bytes());
}

fn block_checksum(block: &[u8]) -> u32 {
    let mut checksum = Crc32c::new();
    checksum.update(&block[..CHECKSUM_AT]);
    checksum.update(&block[PREFIX_SIZE..]);
    checksum.value()
}

/// The header block that was written at `position` in this incarnation; None for anything else.
#[must_use]
pub fn decode_block(block: &[u8], position: u64, incarnation: &Incarnation) -> Option<HeaderBlock> {
    let block = block.get(..BLOCK_SIZE)?;
    let mut fields = FieldReader::new(block);
    // The cheap comparisons come first: recovery tries every block of a window.
    if fields.u32()? != MAGIC || fields.u16()? != FORMAT {
        return None;
    }
    let block_count = fields.u16()?;
    let own = Incarnation { number: fields.u64()?, nonce: fields.array()? };
    let own_position = fields.u64()?;
    let number = fields.u64()?;
    let durable = fields.u64()?;
    let size = fields.u64()?;
    let entry_count = fields.u32()?;
    let block_index = fields.u16()?;
    let own_count = fields.u16()? as usize;
    fields.u32()?;
    let checksum = fields.u32()?;
    if own != *incarnation || own_position != position || own_count > ENTRIES_PER_BLOCK || checksum != block_checksum(block) {
        return None;
    }
    let entries: Option<Vec<Entry>> = (0..own_count).map(|at| Entry::decode(&block[PREFIX_SIZE + at * ENTRY_SIZE..])).collect();
    let first = position.checked_sub(u64::from(block_index) * BLOCK_SIZE as u64)?;
    let header = CommitHeader { incarnation: own, position: first, number, durable, size, entry_count };
    Some(HeaderBlock { header, block_count, block_index, entries: entries? })
}

/// The commit number of a block that begins like a header of this incarnation, whether or not the rest of it was ever
/// written: the trace of a commit that the power cut short.
#[must_use]
pub fn claimed_number(block: &[u8], incarnation: &Incarnation) -> Option<u64> {
    let mut fields = FieldReader::new(block);
    let is_magic = fields.u32()? == MAGIC;
    fields.u32()?;
    let own = Incarnation { number: fields.u64()?, nonce: fields.array()? };
    fields.u64()?;
    (is_magic && own == *incarnation).then_some(fields.u64()?)
}

#[cfg(test)]
mod tests {
    use super::super::entry::EntryKind;
    use super::*;
    use crate::log::ids::PartitionId;

    fn header(entry_count: u32) -> CommitHeader {
        let incarnation = Incarnation { number: 3, nonce: [7; 16] };
        CommitHeader { incarnation, position: 8192, number: 9, durable: 7, size: 65536, entry_count }
    }

    fn entries(count: usize) -> Vec<Entry> {
        (0..count as u64).map(|at| Entry::control(EntryKind::LogStart, PartitionId::default(), at, at)).collect()
    }

    #[test]
    fn blocks_round_trip_and_only_at_their_place_and_in_their_incarnation() {
        let entries = entries(100);
        let mut bytes = vec![1; header_block_count(100) * BLOCK_SIZE];
        encode_header(&header(100), &entries, &mut bytes);
        let mut read = Vec::new();
        for (index, block) in bytes.chunks(BLOCK_SIZE).enumerate() {
            let position = 8192 + (index * BLOCK_SIZE) as u64;
            let decoded = decode_block(block, position, &header(0).incarnation).expect("own place");
            assert_eq!(decoded.header, header(100));
            assert_eq!((decoded.block_count, decoded.block_index), (3, index as u16));
            read.extend(decoded.entries);
            assert!(decode_block(block, position + 4096, &header(0).incarnation).is_none());
            let other = Incarnation { number: 3, nonce: [8; 16] };
            assert!(decode_block(block, position, &other).is_none());
        }
        assert_eq!(read, entries);
    }

    #[test]
    fn what_lies_behind_the_last_entry_stays() {
        let end = entries_end(50);
        assert_eq!(end, BLOCK_SIZE + PREFIX_SIZE + (50 - ENTRIES_PER_BLOCK) * ENTRY_SIZE);
        let mut bytes = vec![0x11; 2 * BLOCK_SIZE];
        encode_header(&header(50), &entries(50), &mut bytes);
        assert!(bytes[end..].iter().all(|byte| *byte == 0x11));
        let last = decode_block(&bytes[BLOCK_SIZE..], 8192 + BLOCK_SIZE as u64, &header(0).incarnation).expect("sealed");
        assert_eq!(last.entries, entries(50)[ENTRIES_PER_BLOCK..]);
    }

    #[test]
    fn a_flip_of_any_bit_is_noticed() {
        let mut bytes = vec![0x11; BLOCK_SIZE];
        encode_header(&header(2), &entries(2), &mut bytes);
        for bit in (0..BLOCK_SIZE * 8).step_by(7) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_block(&bytes, 8192, &header(0).incarnation).is_none(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
