//! The superblock of a data directory: which incarnation is valid, and where its journals lie.
//!
//! Writing it is the single step that ends a recovery: before, a crash repeats recovery whole from the journals and
//! checkpoints of the old incarnation; after, those are history (DURABILITY.md rule 4).

use super::fields::{FieldReader, FieldWriter};
use super::header::Incarnation;
use std::path::PathBuf;

pub const SUPERBLOCK_MAGIC: u32 = 0x4d52_5342;
/// Of its two copies in the data directory.
pub const SUPERBLOCK_NAME: &str = "superblock";

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Superblock {
    /// Names the directory, so that a journal on another device cannot be paired with the wrong one.
    pub directory: [u8; 16],
    pub incarnation: Incarnation,
    /// One per shard, in shard order.
    pub journals: Vec<JournalPlace>,
}

/// One journal file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalPlace {
    pub path: PathBuf,
    /// The size it may grow to, in bytes.
    pub size: u64,
    /// How far behind the end of the run a commit can lie that this life had in flight (rule 6).
    pub search_size: u64,
}

impl Superblock {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = FieldWriter::default();
        fields.raw(&self.directory);
        fields.u64(self.incarnation.number);
        fields.raw(&self.incarnation.nonce);
        fields.u32(self.journals.len() as u32);
        for journal in &self.journals {
            fields.u64(journal.size);
            fields.u64(journal.search_size);
            fields.sized(journal.path.to_string_lossy().as_bytes());
        }
        fields.bytes
    }

    /// None for bytes that are no superblock; the checksum around them has been checked already.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = FieldReader::new(bytes);
        let directory = fields.array()?;
        let incarnation = Incarnation { number: fields.u64()?, nonce: fields.array()? };
        let count = fields.u32()?;
        let mut journals = Vec::new();
        for _ in 0..count {
            let size = fields.u64()?;
            let search_size = fields.u64()?;
            let path = PathBuf::from(std::str::from_utf8(fields.sized()?).ok()?);
            journals.push(JournalPlace { path, size, search_size });
        }
        (fields.left() == 0).then_some(Self { directory, incarnation, journals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superblock_round_trips_and_a_cut_one_is_refused() {
        let block = Superblock {
            directory: [1; 16],
            incarnation: Incarnation { number: 5, nonce: [9; 16] },
            journals: vec![JournalPlace { path: "journal/00000".into(), size: 1 << 29, search_size: 1 << 26 }],
        };
        let bytes = block.encode();
        assert_eq!(Superblock::decode(&bytes), Some(block));
        for cut in 0..bytes.len() {
            assert_eq!(Superblock::decode(&bytes[..cut]), None);
        }
    }
}
