use super::{field, Attributes, ATTRIBUTES_AT, CRC_AT, LEADER_EPOCH_AT, PREFIX_SIZE, PRODUCER_ID_AT};
use crate::codec::crc32c::Crc32c;

/// Bytes to put into a batch in place, at a byte position from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp<const SIZE: usize> {
    pub at: usize,
    pub bytes: [u8; SIZE],
}

impl<const SIZE: usize> Stamp<SIZE> {
    pub fn apply(&self, batch: &mut [u8]) {
        batch[self.at..self.at + SIZE].copy_from_slice(&self.bytes);
    }
}

/// Base offset and leader epoch as the leader assigns them, with the length between them as it is: one write. Both are
/// outside the CRC.
#[must_use]
pub fn stamp_assigned(base_offset: i64, size: u32, leader_epoch: i32) -> Stamp<16> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
    bytes[8..12].copy_from_slice(&(size - PREFIX_SIZE as u32).to_be_bytes());
    bytes[12..].copy_from_slice(&leader_epoch.to_be_bytes());
    Stamp { at: 0, bytes }
}

#[must_use]
pub fn stamp_base_offset(base_offset: i64) -> Stamp<8> {
    Stamp { at: 0, bytes: base_offset.to_be_bytes() }
}

#[must_use]
pub fn stamp_leader_epoch(leader_epoch: i32) -> Stamp<4> {
    Stamp { at: LEADER_EPOCH_AT, bytes: leader_epoch.to_be_bytes() }
}

/// Timestamp type LogAppendTime with this time, and the CRC that goes with them: the bytes from the CRC up to and with
/// the max timestamp. The first timestamp stays, as the records' deltas count from it. Takes a whole, validated batch.
#[must_use]
pub fn stamp_log_append_time(batch: &[u8], now: i64) -> Stamp<26> {
    let mut bytes: [u8; 26] = field(batch, CRC_AT);
    let attributes = i16::from_be_bytes(field(batch, ATTRIBUTES_AT)) | Attributes::LOG_APPEND_TIME;
    bytes[4..6].copy_from_slice(&attributes.to_be_bytes());
    bytes[18..].copy_from_slice(&now.to_be_bytes());
    let mut crc = Crc32c::new();
    crc.update(&bytes[4..]);
    crc.update(&batch[PRODUCER_ID_AT..]);
    bytes[..4].copy_from_slice(&crc.value().to_be_bytes());
    Stamp { at: CRC_AT, bytes }
}
