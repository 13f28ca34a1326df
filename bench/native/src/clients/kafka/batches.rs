//! Records that carry the time at which they were due, in batches as a producer sends them.

use millrace_native::codec::build::{BatchBuilder, NewRecord};
use millrace_native::codec::records::Records;
use std::time::SystemTime;

const STAMP_SIZE: usize = 8;
/// Nothing is compressed.
const DECOMPRESSED_SIZE_MAX: usize = 0;

/// A batch of a record for each stamp.
#[must_use]
pub fn batch_of(stamps: impl Iterator<Item = u64>, value: &mut [u8]) -> Vec<u8> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_millis() as i64);
    let mut builder = BatchBuilder::new();
    for stamp in stamps {
        value[..STAMP_SIZE].copy_from_slice(&stamp.to_le_bytes());
        builder.push(&NewRecord { timestamp: now, value: Some(value), ..NewRecord::default() });
    }
    builder.finish()
}

/// Tells the stamps of all whole batches; the offset behind the last of them, if there is one.
///
/// # Errors
/// A sentence: no batch, or records that this load did not write.
pub fn stamps_in(bytes: &[u8], from: i64, mut told: impl FnMut(u64)) -> Result<i64, String> {
    let mut next = from;
    let mut rest = bytes;
    while let Some(batch) = first_of(rest) {
        let records = Records::open(batch, DECOMPRESSED_SIZE_MAX).map_err(|error| error.to_string())?;
        for record in &records {
            let record = record.map_err(|error| error.to_string())?;
            let stamp = record.value.and_then(|value| value.first_chunk()).ok_or("a record without a time")?;
            if record.offset >= from {
                told(u64::from_le_bytes(*stamp));
            }
        }
        next = records.header().base_offset + i64::from(records.header().last_offset_delta) + 1;
        rest = &rest[batch.len()..];
    }
    Ok(next)
}

/// The last batch of an answer may be cut.
fn first_of(bytes: &[u8]) -> Option<&[u8]> {
    let size = bytes.get(8..12)?.first_chunk().map(|size| u32::from_be_bytes(*size) as usize)?;
    bytes.get(..12 + size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_come_back_and_a_cut_batch_is_left() {
        let mut value = [0; 100];
        let batch = batch_of([5, 6].into_iter(), &mut value);
        let bytes = [&batch[..], &batch[..70]].concat();
        let mut stamps = Vec::new();
        assert_eq!(stamps_in(&bytes, 0, |stamp| stamps.push(stamp)), Ok(2));
        assert_eq!(stamps, [5, 6]);
        assert_eq!(stamps_in(&[], 7, |_| ()), Ok(7));
    }
}
