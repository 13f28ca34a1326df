//! Record batch v2, opaque: its header, the checks that an append makes, and the stamps that a leader puts on it. The
//! records themselves stay untouched and unread, whatever their compression.
//!
//! ```text
//!  at size field                      covered by the batch's CRC
//!   0   8  base offset                no: stamped by the leader
//!   8   4  length: bytes from 12 on   no
//!  12   4  partition leader epoch     no: stamped by the leader
//!  16   1  magic                      no; magic 0 and 1 have theirs in the same place
//!  17   4  crc                        no
//!  21   2  attributes                 yes, and everything from here to the end
//!  23   4  last offset delta
//!  27   8  first timestamp
//!  35   8  max timestamp
//!  43   8  producer id
//!  51   2  producer epoch
//!  53   4  base sequence
//!  57   4  records count
//!  61   …  records
//! ```
//! All integers are big-endian.

mod error;
mod header;
mod split;
mod stamp;
mod validate;

pub use error::BatchError;
pub use header::{size_of_batch, Attributes, BatchHeader};
pub use split::{split_batches, SplitBatches};
pub use stamp::{stamp_assigned, stamp_base_offset, stamp_leader_epoch, stamp_log_append_time, Stamp};
pub use validate::{validate, BatchRules, Origin};

pub const HEADER_SIZE: usize = 61;
/// Base offset and length: what must be read before the end of a batch is known.
pub const PREFIX_SIZE: usize = 12;
/// The largest offset a JavaScript number holds exactly. No log of ours ever reaches a larger one.
pub const OFFSET_MAX: i64 = (1 << 53) - 1;
/// The largest timestamp a client may claim, for the same reason. The year is 287,396.
pub const TIMESTAMP_MAX: i64 = OFFSET_MAX;
/// "No timestamp", in the first and the max timestamp.
pub const NO_TIMESTAMP: i64 = -1;
/// "Not idempotent", in the producer id.
pub const NO_PRODUCER_ID: i64 = -1;

const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const MAGIC: i8 = 2;

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a range of N bytes")
}

#[cfg(test)]
mod tests;
