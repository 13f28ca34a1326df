use super::header::check_prefix;
use super::{field, BatchError, BatchHeader, ATTRIBUTES_AT, CRC_AT, HEADER_SIZE, NO_PRODUCER_ID, NO_TIMESTAMP, TIMESTAMP_MAX};
use crate::codec::crc32c::crc32c;

/// An uncompressed record: length, attributes, timestamp delta, offset delta, key size, value size, headers count.
const RECORD_SIZE_MIN: usize = 7;

/// Where a batch comes from decides what it may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A producer: base offset 0, as many records as offsets, none of the bits that only brokers set.
    Client,
    /// A coordinator of ours: control batches are allowed, and so is a base sequence of -1 in them.
    Coordinator,
    /// A leader's log, or our own files: compaction may have removed records, even all of them.
    Replica,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRules {
    pub origin: Origin,
    /// `max.message.bytes`; what a leader has accepted before is not judged again, so `Replica` gives no limit.
    pub size_max: u32,
    /// Bounds of timestamps that a client may claim (`message.timestamp.before.max.ms` and `.after.max.ms`, applied to
    /// the header's first and max timestamp, as the records stay unread). No timestamp is always allowed.
    pub timestamp_min: i64,
    pub timestamp_max: i64,
}

impl BatchRules {
    #[must_use]
    pub const fn client(size_max: u32) -> Self {
        Self { origin: Origin::Client, size_max, timestamp_min: 0, timestamp_max: TIMESTAMP_MAX }
    }

    #[must_use]
    pub const fn coordinator(size_max: u32) -> Self {
        Self { origin: Origin::Coordinator, ..Self::client(size_max) }
    }

    #[must_use]
    pub const fn replica() -> Self {
        Self { origin: Origin::Replica, ..Self::client(u32::MAX) }
    }
}

impl BatchHeader {
    fn check_counts(&self, origin: Origin) -> Result<(), BatchError> {
        let (count, last_offset_delta) = (self.records_count, self.last_offset_delta);
        let counts_agree = match origin {
            Origin::Client | Origin::Coordinator => count > 0 && count - 1 == last_offset_delta,
            // An empty batch is what compaction leaves so that a producer's last sequence is not forgotten.
            Origin::Replica => i64::from(count) <= i64::from(last_offset_delta) + 1,
        };
        if !counts_agree {
            return Err(BatchError::RecordsCount { count, last_offset_delta });
        }
        let records_size = self.size as usize - HEADER_SIZE;
        let size_min = match (count, self.attributes.is_compressed()) {
            (0, _) => 0,
            (_, true) => 1,
            (_, false) => count as usize * RECORD_SIZE_MIN,
        };
        if records_size < size_min {
            return Err(BatchError::RecordsCountImplausible { count, records_size });
        }
        Ok(())
    }

    /// Without a producer id, epoch and sequence mean nothing: clients in use leave -1 or 0 in them.
    fn check_producer(&self, origin: Origin) -> Result<(), BatchError> {
        if self.producer_id == NO_PRODUCER_ID {
            return if self.attributes.is_transactional() { Err(BatchError::TransactionalWithoutProducer) } else { Ok(()) };
        }
        let may_lack_sequence = self.attributes.is_control() && origin != Origin::Client;
        let sequence_is_valid = self.base_sequence >= 0 || may_lack_sequence;
        if self.producer_id < 0 || self.producer_epoch < 0 || !sequence_is_valid {
            let Self { producer_id, producer_epoch, base_sequence, .. } = *self;
            return Err(BatchError::ProducerFields { producer_id, producer_epoch, base_sequence });
        }
        Ok(())
    }

    fn check_client(&self, rules: &BatchRules) -> Result<(), BatchError> {
        if self.base_offset != 0 {
            return Err(BatchError::BaseOffset(self.base_offset));
        }
        if self.attributes.is_control() {
            return Err(BatchError::ControlBatchFromClient);
        }
        if self.attributes.has_delete_horizon() {
            return Err(BatchError::DeleteHorizonFromClient);
        }
        if self.attributes.is_log_append_time() {
            return Err(BatchError::LogAppendTimeFromClient);
        }
        if self.attributes.is_transactional() {
            return Err(BatchError::TransactionalFromClient);
        }
        for timestamp in [self.first_timestamp, self.max_timestamp] {
            let (min, max) = (rules.timestamp_min, rules.timestamp_max);
            if timestamp != NO_TIMESTAMP && !(min..=max).contains(&timestamp) {
                return Err(BatchError::TimestampOutOfBounds { timestamp, min, max });
            }
        }
        Ok(())
    }

    /// What the header alone can tell, beyond what `parse` looked at.
    fn check(&self, rules: &BatchRules) -> Result<(), BatchError> {
        if self.attributes.compression_id() > 4 {
            return Err(BatchError::UnknownCompression(self.attributes.compression_id()));
        }
        self.check_counts(rules.origin)?;
        if rules.origin == Origin::Client {
            self.check_client(rules)?;
        }
        self.check_producer(rules.origin)
    }
}

/// Checks exactly one batch: its size, its CRC in one pass, and what its origin may write. The records stay unread.
///
/// # Errors
/// One of `BatchError`. A wrong CRC comes before any complaint about fields that the CRC covers, since those then say
/// nothing about the producer; only sizes, which decide what to sum over, come first.
pub fn validate(bytes: &[u8], rules: &BatchRules) -> Result<BatchHeader, BatchError> {
    let size = check_prefix(bytes)?;
    if size > rules.size_max {
        return Err(BatchError::TooLarge { size, max: rules.size_max });
    }
    match bytes.len().cmp(&(size as usize)) {
        std::cmp::Ordering::Less => return Err(BatchError::TooShort { size: bytes.len(), needed: size as usize }),
        std::cmp::Ordering::Greater => return Err(BatchError::TrailingBytes { size: bytes.len(), batch_size: size as usize }),
        std::cmp::Ordering::Equal => {}
    }
    let stored = u32::from_be_bytes(field(bytes, CRC_AT));
    let computed = crc32c(&bytes[ATTRIBUTES_AT..]);
    if stored != computed {
        return Err(BatchError::CorruptBatch { stored, computed });
    }
    let header = BatchHeader::parse(bytes)?;
    header.check(rules)?;
    Ok(header)
}
