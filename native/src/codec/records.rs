//! The records inside a batch. The data path leaves them alone; `log dump`, compaction and tests read them here.
//!
//! ```text
//! record   size of the rest: varint
//!          attributes: one byte without meaning
//!          timestamp delta: varlong     offset delta: varint
//!          key: size varint (-1 is null), bytes
//!          value: likewise
//!          headers: count varint, then each: name size varint, name, value size varint (-1 is null), value
//! ```

use super::batch::{BatchError, BatchHeader, HEADER_SIZE};
use super::compression::{decompress, Compression, CompressionError};
use super::varint::{take_varint, take_varlong, VarintError};
use std::borrow::Cow;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    Batch(BatchError),
    Compression(CompressionError),
    /// A varint, or a size that reaches beyond its record, in the record of this index.
    Cut {
        index: i32,
    },
    /// A negative size or count that is not "null".
    NegativeSize {
        index: i32,
    },
    /// Bytes of the record behind its last field.
    TrailingInRecord {
        index: i32,
        count: usize,
    },
    /// Offset deltas do not ascend, or reach beyond the batch's last one.
    OffsetDelta {
        index: i32,
        delta: i32,
    },
    /// First timestamp and delta overflow.
    Timestamp {
        index: i32,
    },
    /// Bytes behind the last record that the header counts.
    TrailingBytes {
        count: usize,
    },
}

impl From<BatchError> for RecordError {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl From<CompressionError> for RecordError {
    fn from(error: CompressionError) -> Self {
        Self::Compression(error)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(error) => error.fmt(f),
            Self::Compression(error) => error.fmt(f),
            Self::Cut { index } => write!(f, "record {index} ends inside a field"),
            Self::NegativeSize { index } => write!(f, "record {index} has a negative size"),
            Self::TrailingInRecord { index, count } => write!(f, "record {index} has {count} bytes behind its fields"),
            Self::OffsetDelta { index, delta } => write!(f, "record {index} has offset delta {delta}"),
            Self::Timestamp { index } => write!(f, "timestamp of record {index} overflows"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes behind the last record"),
        }
    }
}

impl std::error::Error for RecordError {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'bytes> {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<&'bytes [u8]>,
    pub value: Option<&'bytes [u8]>,
    pub headers: Vec<RecordHeader<'bytes>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader<'bytes> {
    /// UTF-8 by agreement; nobody enforces it.
    pub name: &'bytes [u8],
    pub value: Option<&'bytes [u8]>,
}

/// The decompressed records of one batch.
#[derive(Clone, Debug)]
pub struct Records<'batch> {
    header: BatchHeader,
    bytes: Cow<'batch, [u8]>,
}

impl<'batch> Records<'batch> {
    /// Decompresses, at most to `size_max` bytes. The batch's CRC is the caller's affair.
    ///
    /// # Errors
    /// A header that does not parse or a batch that is cut; a compression that fails.
    pub fn open(batch: &'batch [u8], size_max: usize) -> Result<Self, RecordError> {
        let header = BatchHeader::parse(batch)?;
        let needed = header.size as usize;
        let payload = batch.get(HEADER_SIZE..needed).ok_or(BatchError::TooShort { size: batch.len(), needed })?;
        let id = header.attributes.compression_id();
        let bytes = match Compression::from_id(id).ok_or(BatchError::UnknownCompression(id))? {
            // Nothing is copied, so nothing is limited.
            Compression::None => Cow::Borrowed(payload),
            // What compaction emptied is no stream of any compression.
            _ if payload.is_empty() => Cow::Borrowed(payload),
            compression => Cow::Owned(decompress(compression, payload, size_max)?),
        };
        Ok(Self { header, bytes })
    }

    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The records in order. Ends after the first error.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { header: self.header, rest: &self.bytes, index: 0, last_delta: -1, has_ended: false }
    }
}

impl<'records> IntoIterator for &'records Records<'_> {
    type Item = Result<Record<'records>, RecordError>;
    type IntoIter = Iter<'records>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[derive(Clone, Debug)]
pub struct Iter<'records> {
    header: BatchHeader,
    rest: &'records [u8],
    index: i32,
    last_delta: i32,
    has_ended: bool,
}

impl<'records> Iter<'records> {
    fn take_record(&mut self) -> Result<Record<'records>, RecordError> {
        let index = self.index;
        let mut outer = Body { rest: self.rest, index };
        let size = outer.size()?.ok_or(RecordError::NegativeSize { index })?;
        let mut body = Body { rest: outer.bytes(size)?, index };
        body.bytes(1)?;
        let (timestamp_delta, offset_delta) = (body.varlong()?, body.varint()?);
        let record = Record {
            offset: self.header.base_offset + i64::from(offset_delta),
            timestamp: self.timestamp(timestamp_delta)?,
            key: body.nullable()?,
            value: body.nullable()?,
            headers: body.headers()?,
        };
        if !body.rest.is_empty() {
            return Err(RecordError::TrailingInRecord { index, count: body.rest.len() });
        }
        if offset_delta <= self.last_delta || offset_delta > self.header.last_offset_delta {
            return Err(RecordError::OffsetDelta { index, delta: offset_delta });
        }
        self.last_delta = offset_delta;
        self.rest = outer.rest;
        self.index += 1;
        Ok(record)
    }

    fn timestamp(&self, delta: i64) -> Result<i64, RecordError> {
        if self.header.attributes.is_log_append_time() {
            return Ok(self.header.max_timestamp);
        }
        self.header.first_timestamp.checked_add(delta).ok_or(RecordError::Timestamp { index: self.index })
    }
}

impl<'records> Iterator for Iter<'records> {
    type Item = Result<Record<'records>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let item = if self.index < self.header.records_count {
            Some(self.take_record())
        } else {
            (!self.rest.is_empty()).then_some(Err(RecordError::TrailingBytes { count: self.rest.len() }))
        };
        self.has_ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// What is left of one record.
struct Body<'bytes> {
    rest: &'bytes [u8],
    index: i32,
}

impl<'bytes> Body<'bytes> {
    fn varint(&mut self) -> Result<i32, RecordError> {
        take_varint(&mut self.rest).map_err(|VarintError| RecordError::Cut { index: self.index })
    }

    fn varlong(&mut self) -> Result<i64, RecordError> {
        take_varlong(&mut self.rest).map_err(|VarintError| RecordError::Cut { index: self.index })
    }

    fn bytes(&mut self, size: usize) -> Result<&'bytes [u8], RecordError> {
        let (taken, rest) = self.rest.split_at_checked(size).ok_or(RecordError::Cut { index: self.index })?;
        self.rest = rest;
        Ok(taken)
    }

    /// None is null.
    fn size(&mut self) -> Result<Option<usize>, RecordError> {
        match self.varint()? {
            -1 => Ok(None),
            size => Ok(Some(usize::try_from(size).map_err(|_| RecordError::NegativeSize { index: self.index })?)),
        }
    }

    fn nullable(&mut self) -> Result<Option<&'bytes [u8]>, RecordError> {
        self.size()?.map(|size| self.bytes(size)).transpose()
    }

    fn headers(&mut self) -> Result<Vec<RecordHeader<'bytes>>, RecordError> {
        let index = self.index;
        let count = self.size()?.ok_or(RecordError::NegativeSize { index })?;
        // A header takes two bytes at least: a count that cannot be allocates nothing.
        if count > self.rest.len() / 2 {
            return Err(RecordError::Cut { index });
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let name = self.nullable()?.ok_or(RecordError::NegativeSize { index })?;
            headers.push(RecordHeader { name, value: self.nullable()? });
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests;
