//! The identity file of a partition's directory: what the directory is, whatever its name says.

use super::ids::{PartitionId, TopicId};
use crate::codec::crc32c::crc32c;
use crate::journal::entry::Durability;
use crate::journal::fields::{FieldReader, FieldWriter};

const MAGIC: u32 = 0x4d52_4944;
const FORMAT: u16 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub partition: PartitionId,
    /// What it was created with; later changes are in the journal and the checkpoint.
    pub durability: Durability,
    pub ownership: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    Damaged,
    NewerFormat(u16),
}

impl Identity {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = FieldWriter::default();
        fields.u32(MAGIC);
        fields.u16(FORMAT);
        fields.u8(self.durability.code());
        fields.raw(&self.partition.topic.0);
        fields.u32(self.partition.index);
        fields.u64(self.ownership);
        let crc = crc32c(&fields.bytes);
        fields.u32(crc);
        fields.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, IdentityError> {
        let mut fields = FieldReader::new(bytes);
        let parsed = (|| {
            let magic = fields.u32()?;
            let format = fields.u16()?;
            let durability = fields.u8()?;
            let partition = PartitionId { topic: TopicId(fields.array()?), index: fields.u32()? };
            let ownership = fields.u64()?;
            let covered = bytes.len() - fields.left();
            (fields.u32()? == crc32c(&bytes[..covered]) && magic == MAGIC).then_some((format, durability, partition, ownership))
        })();
        let (format, durability, partition, ownership) = parsed.ok_or(IdentityError::Damaged)?;
        if format > FORMAT {
            return Err(IdentityError::NewerFormat(format));
        }
        let durability = Durability::from_code(durability).ok_or(IdentityError::Damaged)?;
        Ok(Self { partition, durability, ownership })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_round_trips_and_no_flipped_bit_passes() {
        let identity = Identity {
            partition: PartitionId { topic: TopicId([3; 16]), index: 4 },
            durability: Durability::Replicated,
            ownership: 2,
        };
        let mut bytes = identity.encode();
        assert_eq!(Identity::decode(&bytes), Ok(identity));
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Identity::decode(&bytes), Err(IdentityError::Damaged));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
