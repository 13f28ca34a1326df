//! One line of a commit's header: what happened to which partition, and where its bytes are.
//!
//! ```text
//! kind u8 · durability u8 · begins segment u16 · payload position in the commit u32 · sequence u64 · topic id 16 · partition u32 ·
//! leader epoch u32 · end before u64 · offset u64 · size u32 · batch CRC u32 · value u64 · timestamp i64 · ownership u64 · CRC of these u32
//! ```

use super::fields::{FieldReader, FieldWriter};
use crate::codec::crc32c::crc32c;
use crate::log::ids::{PartitionId, TopicId};

pub const ENTRY_SIZE: usize = 92;

/// What an ack of a partition promises (DURABILITY.md rule 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// Acknowledged from stable media.
    #[default]
    Fsync,
    /// Acknowledged from the page cache (and, in a cluster, the replicas): survives kill -9, not a power cut.
    Replicated,
}

impl Durability {
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Fsync => 0,
            Self::Replicated => 1,
        }
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Fsync, Self::Replicated].into_iter().find(|durability| durability.code() == code)
    }
}

/// The meaning of an entry and of its `offset` and `value` fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A batch at `offset`; `value` is the offset behind it.
    Batch,
    /// The partition is about to be cut so that `offset` becomes its end: at byte `size` of segment `value`. Replay cuts
    /// there without looking, because the files may hold what was written after this cut or a later one.
    Truncate,
    /// `replicated` partitions only: the cut to `offset` is done and synced.
    TruncateDone,
    /// Nothing below `offset` is served any more.
    LogStart,
    /// The durability changes at `offset`, the end, which is the new recovery point as everything below is synced.
    Durability,
    /// Everything is dropped and the partition continues, empty, at `offset`.
    Reset,
    /// Nothing more comes under this ownership: a record contains the partition up to `offset`, its end.
    Fence,
    /// The partition goes on in this journal under the entry's ownership, one above the last, from `offset`, its end and
    /// recovery point; `value` is its log start.
    Adopt,
}

const KINDS: [(EntryKind, u8); 8] = [
    (EntryKind::Batch, 1),
    (EntryKind::Truncate, 2),
    (EntryKind::TruncateDone, 3),
    (EntryKind::LogStart, 4),
    (EntryKind::Durability, 5),
    (EntryKind::Reset, 6),
    (EntryKind::Fence, 7),
    (EntryKind::Adopt, 8),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: EntryKind,
    pub durability: Durability,
    /// The batch is the first of a new segment: replay rolls where the log rolled, so it rebuilds the same files.
    pub begins_segment: bool,
    /// Where the batch begins, counted from the commit's first byte.
    pub payload_position: u32,
    /// Given when the entry is listed, across all rings of the shard.
    pub sequence: u64,
    pub partition: PartitionId,
    pub leader_epoch: i32,
    /// The partition's end before this entry: a chain that recovery checks.
    pub end_before: u64,
    pub offset: u64,
    pub size: u32,
    pub batch_crc: u32,
    pub value: u64,
    /// The batch's largest timestamp; of a cut, the largest that its last segment keeps.
    pub timestamp: i64,
    /// The partition's ownership number (rule 11).
    pub ownership: u64,
}

impl Entry {
    /// A control entry: no payload.
    #[must_use]
    pub fn control(kind: EntryKind, partition: PartitionId, end_before: u64, offset: u64) -> Self {
        Self {
            kind,
            durability: Durability::Fsync,
            begins_segment: false,
            payload_position: 0,
            sequence: 0,
            partition,
            leader_epoch: -1,
            end_before,
            offset,
            size: 0,
            batch_crc: 0,
            value: 0,
            timestamp: -1,
            ownership: 0,
        }
    }

    pub fn encode(&self, out: &mut [u8]) {
        let code = KINDS.iter().find(|(kind, _)| *kind == self.kind).map(|(_, code)| *code).expect("every kind has a code");
        let mut fields = FieldWriter { bytes: Vec::with_capacity(ENTRY_SIZE) };
        fields.u8(code);
        fields.u8(self.durability.code());
        fields.u16(u16::from(self.begins_segment));
        fields.u32(self.payload_position);
        fields.u64(self.sequence);
        fields.raw(&self.partition.topic.0);
        fields.u32(self.partition.index);
        fields.u32(self.leader_epoch as u32);
        fields.u64(self.end_before);
        fields.u64(self.offset);
        fields.u32(self.size);
        fields.u32(self.batch_crc);
        fields.u64(self.value);
        fields.u64(self.timestamp as u64);
        fields.u64(self.ownership);
        let crc = crc32c(&fields.bytes);
        fields.u32(crc);
        out[..ENTRY_SIZE].copy_from_slice(&fields.bytes);
    }

    /// None if the bytes are not an entry: wrong CRC, unknown kind.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..ENTRY_SIZE)?;
        let mut fields = FieldReader::new(bytes);
        let code = fields.u8()?;
        let durability = fields.u8()?;
        let begins_segment = fields.u16()? != 0;
        let entry = Self {
            kind: KINDS.iter().find(|(_, known)| *known == code)?.0,
            durability: Durability::from_code(durability)?,
            begins_segment,
            payload_position: fields.u32()?,
            sequence: fields.u64()?,
            partition: PartitionId { topic: TopicId(fields.array()?), index: fields.u32()? },
            leader_epoch: fields.u32()? as i32,
            end_before: fields.u64()?,
            offset: fields.u64()?,
            size: fields.u32()?,
            batch_crc: fields.u32()?,
            value: fields.u64()?,
            timestamp: fields.u64()? as i64,
            ownership: fields.u64()?,
        };
        (fields.u32()? == crc32c(&bytes[..ENTRY_SIZE - 4])).then_some(entry)
    }
}
