//! The checkpoint record of one shard: from where its journal is replayed, and what every partition was at that point.
//!
//! Journal space is freed only after the record that no longer needs it is durable (DURABILITY.md rule 7).

use super::entry::Durability;
use super::fields::{FieldReader, FieldWriter};
use super::header::Incarnation;
use crate::log::ids::{PartitionId, TopicId};

/// Bits of a partition's flags.
const RELEASED: u8 = 1;
const DAMAGED: u8 = 2;

pub const CHECKPOINT_MAGIC: u32 = 0x4d52_4350;

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Checkpoint {
    pub incarnation: Incarnation,
    /// Position and number of the commit where replay begins.
    pub position: u64,
    pub number: u64,
    /// The first shard sequence that no entry had when the record was made.
    pub sequence_next: u64,
    pub partitions: Vec<PartitionRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PartitionRecord {
    pub id: PartitionId,
    pub durability: Durability,
    pub ownership: u64,
    /// Another shard has it, or will: kept until that shard has a record of its own (rule 11).
    pub is_released: bool,
    /// Found corrupt and set aside: the rest of the record says what it was, for whoever repairs it.
    pub is_damaged: bool,
    pub log_start: u64,
    /// The end of what is synced in segments.
    pub recovery_point: u64,
    /// The last shard sequence that the segments contain; replay skips entries up to it.
    pub last_sequence: u64,
    /// Ascending; the last one holds the recovery point.
    pub segments: Vec<SegmentRecord>,
    /// As `LeaderEpochs` and `ProducerState` encode themselves.
    pub epochs: Vec<u8>,
    pub producers: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SegmentRecord {
    pub base: u64,
    /// Bytes up to the recovery point.
    pub size: u64,
    pub max_timestamp: i64,
}

impl Checkpoint {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = FieldWriter::default();
        fields.u64(self.incarnation.number);
        fields.raw(&self.incarnation.nonce);
        fields.u64(self.position);
        fields.u64(self.number);
        fields.u64(self.sequence_next);
        fields.u32(self.partitions.len() as u32);
        self.partitions.iter().for_each(|partition| partition.encode(&mut fields));
        fields.bytes
    }

    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = FieldReader::new(bytes);
        let mut checkpoint = Self {
            incarnation: Incarnation { number: fields.u64()?, nonce: fields.array()? },
            position: fields.u64()?,
            number: fields.u64()?,
            sequence_next: fields.u64()?,
            partitions: Vec::new(),
        };
        for _ in 0..fields.u32()? {
            checkpoint.partitions.push(PartitionRecord::decode(&mut fields)?);
        }
        (fields.left() == 0).then_some(checkpoint)
    }
}

impl PartitionRecord {
    fn encode(&self, fields: &mut FieldWriter) {
        fields.raw(&self.id.topic.0);
        fields.u32(self.id.index);
        fields.u8(self.durability.code());
        fields.u64(self.ownership);
        fields.u8(u8::from(self.is_released) * RELEASED + u8::from(self.is_damaged) * DAMAGED);
        fields.u64(self.log_start);
        fields.u64(self.recovery_point);
        fields.u64(self.last_sequence);
        fields.u32(self.segments.len() as u32);
        for segment in &self.segments {
            fields.u64(segment.base);
            fields.u64(segment.size);
            fields.u64(segment.max_timestamp as u64);
        }
        fields.sized(&self.epochs);
        fields.sized(&self.producers);
    }

    fn decode(fields: &mut FieldReader<'_>) -> Option<Self> {
        let (id, durability, ownership) = (
            PartitionId { topic: TopicId(fields.array()?), index: fields.u32()? },
            Durability::from_code(fields.u8()?)?,
            fields.u64()?,
        );
        let flags = Some(fields.u8()?).filter(|flags| flags & !(RELEASED | DAMAGED) == 0)?;
        let mut record = Self {
            id,
            durability,
            ownership,
            is_released: flags & RELEASED != 0,
            is_damaged: flags & DAMAGED != 0,
            log_start: fields.u64()?,
            recovery_point: fields.u64()?,
            last_sequence: fields.u64()?,
            ..Self::default()
        };
        for _ in 0..fields.u32()? {
            let base = fields.u64()?;
            let size = fields.u64()?;
            record.segments.push(SegmentRecord { base, size, max_timestamp: fields.u64()? as i64 });
        }
        record.epochs = fields.sized()?.to_vec();
        record.producers = fields.sized()?.to_vec();
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_round_trips_and_a_cut_one_is_refused() {
        let partition = PartitionRecord {
            id: PartitionId { topic: TopicId([4; 16]), index: 2 },
            durability: Durability::Replicated,
            is_released: true,
            is_damaged: true,
            segments: vec![
                SegmentRecord { base: 0, size: 77, max_timestamp: -1 },
                SegmentRecord { base: 9, size: 0, max_timestamp: 4 },
            ],
            epochs: vec![1, 2],
            producers: vec![3],
            recovery_point: 9,
            ..PartitionRecord::default()
        };
        let checkpoint = Checkpoint { position: 4096, number: 3, partitions: vec![partition], ..Checkpoint::default() };
        let bytes = checkpoint.encode();
        assert_eq!(Checkpoint::decode(&bytes), Some(checkpoint));
        for cut in 0..bytes.len() {
            assert_eq!(Checkpoint::decode(&bytes[..cut]), None);
        }
    }
}
