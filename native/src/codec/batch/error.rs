use std::fmt;

/// Why a batch is refused. Nothing of a refused batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// Fewer bytes than a batch (or, in a row of batches, than the batch's own length) needs.
    TooShort {
        size: usize,
        needed: usize,
    },
    /// Magic 0 and 1 are the old message formats; any other is none.
    UnsupportedMagic(i8),
    /// The length field is negative or ends before the header does.
    InvalidLength(i32),
    /// The batch ends before the bytes do. A request carries exactly one batch for each partition.
    TrailingBytes {
        size: usize,
        batch_size: usize,
    },
    TooLarge {
        size: u32,
        max: u32,
    },
    CorruptBatch {
        stored: u32,
        computed: u32,
    },
    UnknownCompression(u8),
    RecordsCount {
        count: i32,
        last_offset_delta: i32,
    },
    /// More records than the bytes can hold.
    RecordsCountImplausible {
        count: i32,
        records_size: usize,
    },
    LastOffsetDelta(i32),
    OffsetOverflow {
        base_offset: i64,
        last_offset_delta: i32,
    },
    /// A producer gives offsets from 0; the leader assigns them.
    BaseOffset(i64),
    ControlBatchFromClient,
    DeleteHorizonFromClient,
    LogAppendTimeFromClient,
    /// There are no transactions: nobody can have begun one, and readers of committed records would take it for committed.
    TransactionalFromClient,
    TimestampOutOfBounds {
        timestamp: i64,
        min: i64,
        max: i64,
    },
    ProducerFields {
        producer_id: i64,
        producer_epoch: i16,
        base_sequence: i32,
    },
    TransactionalWithoutProducer,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { size, needed } => write!(f, "batch needs {needed} bytes, there are {size}"),
            Self::UnsupportedMagic(magic) => write!(f, "record batch magic {magic} is not supported, only 2"),
            Self::InvalidLength(length) => write!(f, "batch length {length} is impossible"),
            Self::TrailingBytes { size, batch_size } => write!(f, "batch of {batch_size} bytes in a request of {size}"),
            Self::TooLarge { size, max } => write!(f, "batch of {size} bytes, max.message.bytes is {max}"),
            Self::CorruptBatch { stored, computed } => write!(f, "batch CRC is {stored:#010x}, its bytes give {computed:#010x}"),
            Self::UnknownCompression(id) => write!(f, "unknown compression type {id}"),
            Self::RecordsCount { count, last_offset_delta } => {
                write!(f, "{count} records with a last offset delta of {last_offset_delta}")
            }
            Self::RecordsCountImplausible { count, records_size } => write!(f, "{count} records in {records_size} bytes"),
            Self::LastOffsetDelta(delta) => write!(f, "last offset delta is {delta}"),
            Self::OffsetOverflow { base_offset, last_offset_delta } => {
                write!(f, "offset overflow: base offset {base_offset}, last offset delta {last_offset_delta}")
            }
            Self::BaseOffset(offset) => write!(f, "base offset of a produced batch is {offset}, not 0"),
            Self::ControlBatchFromClient => write!(f, "clients may not write control batches"),
            Self::DeleteHorizonFromClient => write!(f, "clients may not set a delete horizon"),
            Self::LogAppendTimeFromClient => write!(f, "clients may not set the timestamp type to LogAppendTime"),
            Self::TransactionalFromClient => write!(f, "clients may not write transactional batches: there are no transactions"),
            Self::TimestampOutOfBounds { timestamp, min, max } => write!(f, "timestamp {timestamp} is outside {min}..={max}"),
            Self::ProducerFields { producer_id, producer_epoch, base_sequence } => {
                write!(f, "producer id {producer_id} with epoch {producer_epoch} and base sequence {base_sequence}")
            }
            Self::TransactionalWithoutProducer => write!(f, "transactional batch without a producer id"),
        }
    }
}

impl std::error::Error for BatchError {}
