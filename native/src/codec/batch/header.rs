use super::{
    field, BatchError, ATTRIBUTES_AT, CRC_AT, HEADER_SIZE, LEADER_EPOCH_AT, LENGTH_AT, MAGIC, MAGIC_AT, MAX_TIMESTAMP_AT,
    OFFSET_MAX, PREFIX_SIZE, PRODUCER_ID_AT,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    pub const LOG_APPEND_TIME: i16 = 1 << 3;
    pub const TRANSACTIONAL: i16 = 1 << 4;
    pub const CONTROL: i16 = 1 << 5;
    pub const DELETE_HORIZON: i16 = 1 << 6;

    /// 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    #[must_use]
    pub fn compression_id(self) -> u8 {
        (self.0 & 7) as u8
    }

    #[must_use]
    pub fn is_compressed(self) -> bool {
        self.compression_id() != 0
    }

    #[must_use]
    pub fn is_log_append_time(self) -> bool {
        self.0 & Self::LOG_APPEND_TIME != 0
    }

    #[must_use]
    pub fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// The first timestamp is the time after which compaction may drop this batch's tombstones.
    #[must_use]
    pub fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }
}

/// The header's fields as they are; `parse` and `validate` say how far they can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: i64,
    /// Of the whole batch in bytes, header and prefix included.
    pub size: u32,
    pub leader_epoch: i32,
    pub crc: u32,
    pub attributes: Attributes,
    pub last_offset_delta: i32,
    pub first_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub records_count: i32,
}

/// The size of the batch that begins here, from its first 12 bytes.
///
/// # Errors
/// `TooShort` below 12 bytes, `InvalidLength` when the length is negative or leaves no room for a header.
pub fn size_of_batch(bytes: &[u8]) -> Result<u32, BatchError> {
    if bytes.len() < PREFIX_SIZE {
        return Err(BatchError::TooShort { size: bytes.len(), needed: PREFIX_SIZE });
    }
    let length = i32::from_be_bytes(field(bytes, LENGTH_AT));
    if length < (HEADER_SIZE - PREFIX_SIZE) as i32 {
        return Err(BatchError::InvalidLength(length));
    }
    Ok(length as u32 + PREFIX_SIZE as u32)
}

/// The batch's size, once magic and length are seen to be ours.
pub(super) fn check_prefix(bytes: &[u8]) -> Result<u32, BatchError> {
    // Before the size check: a message of magic 0 may be smaller than our header, and its error should say so.
    if bytes.len() > MAGIC_AT && bytes[MAGIC_AT] as i8 != MAGIC {
        return Err(BatchError::UnsupportedMagic(bytes[MAGIC_AT] as i8));
    }
    if bytes.len() < HEADER_SIZE {
        return Err(BatchError::TooShort { size: bytes.len(), needed: HEADER_SIZE });
    }
    size_of_batch(bytes)
}

impl BatchHeader {
    /// Reads the header at the start of the bytes; the rest of the batch need not be there. Checks what every later
    /// step relies on: magic, a length that holds the header, that the count is one, and that the last offset exists.
    ///
    /// # Errors
    /// `TooShort`, `UnsupportedMagic`, `InvalidLength`, `LastOffsetDelta`, `RecordsCount`, `OffsetOverflow`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let size = check_prefix(bytes)?;
        let header = Self::read(bytes[..HEADER_SIZE].try_into().expect("a header"), size);
        if header.last_offset_delta < 0 {
            return Err(BatchError::LastOffsetDelta(header.last_offset_delta));
        }
        if header.records_count < 0 {
            let Self { records_count: count, last_offset_delta, .. } = header;
            return Err(BatchError::RecordsCount { count, last_offset_delta });
        }
        header.at_offset(header.base_offset)
    }

    fn read(bytes: &[u8; HEADER_SIZE], size: u32) -> Self {
        Self {
            base_offset: i64::from_be_bytes(field(bytes, 0)),
            size,
            leader_epoch: i32::from_be_bytes(field(bytes, LEADER_EPOCH_AT)),
            crc: u32::from_be_bytes(field(bytes, CRC_AT)),
            attributes: Attributes(i16::from_be_bytes(field(bytes, ATTRIBUTES_AT))),
            last_offset_delta: i32::from_be_bytes(field(bytes, 23)),
            first_timestamp: i64::from_be_bytes(field(bytes, 27)),
            max_timestamp: i64::from_be_bytes(field(bytes, MAX_TIMESTAMP_AT)),
            producer_id: i64::from_be_bytes(field(bytes, PRODUCER_ID_AT)),
            producer_epoch: i16::from_be_bytes(field(bytes, 51)),
            base_sequence: i32::from_be_bytes(field(bytes, 53)),
            records_count: i32::from_be_bytes(field(bytes, 57)),
        }
    }

    /// The header as it will read once the leader has assigned this base offset.
    ///
    /// # Errors
    /// `OffsetOverflow` when the batch would reach beyond the largest offset.
    pub fn at_offset(self, base_offset: i64) -> Result<Self, BatchError> {
        let fits = base_offset >= 0 && base_offset <= OFFSET_MAX - i64::from(self.last_offset_delta);
        if fits {
            Ok(Self { base_offset, ..self })
        } else {
            Err(BatchError::OffsetOverflow { base_offset, last_offset_delta: self.last_offset_delta })
        }
    }

    #[must_use]
    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// The offset of whatever follows this batch.
    #[must_use]
    pub fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }

    #[must_use]
    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }
}
