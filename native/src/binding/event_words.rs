//! What a store tells JavaScript, as numbers in an array that JavaScript lends: one crossing per wake-up, no objects.
//!
//! ```text
//!   word 0   events that follow
//!   word 1   1: there is more to do at once
//!   word 2   when to come back though nothing completes, in monotonic milliseconds; -1: never
//!   word 3   1: more events wait than had room
//!   word 4   the first event; then one every EVENT_WORDS
//!
//!   event    kind  partition  ticket  then by kind
//!     1 appended         base  next   CRC32C     timestamp  flags (1 replicated, 2 duplicate)  leader epoch
//!     2 refused          code  first  second                                             index into REFUSAL_CODES, its details
//!     3 done
//!     4 control failed   code  first  second                                             index into STORE_CODES
//!     5 read             code  first  second     third                                   0: `first` bytes wait, `second` is the offset behind
//!     6 found            code  offset timestamp  leader epoch                            as for a read; offset -1: none is that young
//!     7 fenced           by    errno                                                     0 journal, 1 segment, 2 checkpoint
//!     8 recalled         lease in place of the ticket: give it back
//!     9 lent             lease file   position   size       base                  next   of a read in place, after all
//! ```
//! ts/native/log-events.ts reads them.

use super::failure::FAILURE_CODES;
use super::guarded;
use crate::codec::batch::BatchError;
use crate::journal::entry::Durability;
use crate::store::{AppendError, Event, FencedBy, LentSlice, ReadBytes, ReadError, StoreError};
use napi_derive::napi;

pub const HEADER_WORDS: usize = 4;
pub const EVENT_WORDS: usize = 9;

/// Why an append was refused, in the order of the codes.
pub const REFUSAL_CODES: [&str; 30] = [
    "too-short",
    "unsupported-magic",
    "invalid-length",
    "trailing-bytes",
    "too-large",
    "corrupt-batch",
    "unknown-compression",
    "records-count",
    "records-count-implausible",
    "last-offset-delta",
    "offset-overflow",
    "base-offset",
    "control-batch-from-client",
    "delete-horizon-from-client",
    "log-append-time-from-client",
    "transactional-from-client",
    "timestamp-out-of-bounds",
    "producer-fields",
    "transactional-without-producer",
    "out-of-order-sequence",
    "stale-producer-epoch",
    "offset-below-end",
    "leader-epoch-went-back",
    "leader-epoch-used",
    "no-space",
    "fenced",
    "unknown-partition",
    "damaged",
    "log-full",
    "unconfirmed",
];

/// Why a control operation or a read failed. The first stands for success.
pub const STORE_CODES: [&str; 9] =
    ["none", "io", "unknown-partition", "damaged", "fenced", "busy", "out-of-range", "corrupt", "leader-epoch-used"];

/// Every list of codes by name, as JSON: what ts/native is compared with.
#[napi]
pub fn describe_log_codes() -> String {
    let list = |codes: &[&str]| codes.iter().map(|code| format!("\"{code}\"")).collect::<Vec<_>>().join(",");
    let (refusals, store, failures) = (list(&REFUSAL_CODES), list(&STORE_CODES), list(&FAILURE_CODES));
    guarded(|| format!("{{\"refusals\":[{refusals}],\"store\":[{store}],\"failures\":[{failures}]}}"))
}

/// JavaScript counts exactly up to 2^53 - 1; nothing of ours gets there.
pub(super) fn exact(value: u64) -> f64 {
    assert!(value < 1 << 53, "{value} is beyond what a double counts exactly");
    value as f64
}

type Details = (&'static str, [f64; 3]);

/// Writes one event; the bytes of a read are handed to `keep`.
pub(super) fn encode(event: Event, words: &mut [f64], keep: &mut impl FnMut(u32, u64, ReadBytes)) {
    words[..EVENT_WORDS].fill(0.0);
    match event {
        Event::Appended { partition, ack } => {
            let flags = u8::from(ack.durability == Durability::Replicated) | u8::from(ack.is_duplicate) << 1;
            let (flags, leader_epoch) = (f64::from(flags), f64::from(ack.leader_epoch));
            let rest = [exact(ack.base), exact(ack.next), f64::from(ack.crc), ack.timestamp as f64, flags, leader_epoch];
            put(words, 1, partition, ack.ticket, &rest);
        }
        Event::Refused { partition, ticket, error } => {
            let (code, details) = refusal(&error);
            put_failure(words, 2, partition, ticket, index_of(&REFUSAL_CODES, code), details);
        }
        Event::Done { partition, ticket } => put(words, 3, partition, ticket, &[]),
        Event::ControlFailed { partition, ticket, error } => {
            let (code, details) = store_failure(&error);
            put_failure(words, 4, partition, ticket, index_of(&STORE_CODES, code), details);
        }
        Event::Read { partition, ticket, result: Ok(read) } => {
            put(words, 5, partition, ticket, &[0.0, exact(read.size as u64), exact(read.next), exact(read.room_wanted as u64)]);
            if read.room_wanted == 0 {
                keep(partition, ticket, read);
            }
        }
        Event::Read { partition, ticket, result: Err(error) } => {
            let (code, details) = read_failure(&error);
            put_failure(words, 5, partition, ticket, index_of(&STORE_CODES, code), details);
        }
        Event::Found { partition, ticket, result: Ok(found) } => {
            let rest = match found {
                Some(found) => [0.0, exact(found.offset), found.timestamp as f64, f64::from(found.leader_epoch)],
                None => [0.0, -1.0, -1.0, -1.0],
            };
            put(words, 6, partition, ticket, &rest);
        }
        Event::Found { partition, ticket, result: Err(error) } => {
            let (code, details) = read_failure(&error);
            put_failure(words, 6, partition, ticket, index_of(&STORE_CODES, code), details);
        }
        Event::Lent { partition, ticket, slice } => put(words, 9, partition, ticket, &lent_words(&slice)),
        Event::Recalled { partition, lease } => put(words, 8, partition, lease, &[]),
        Event::Fenced { error, path_kind } => {
            let by = match path_kind {
                FencedBy::Journal => 0.0,
                FencedBy::Segment => 1.0,
                FencedBy::Checkpoint => 2.0,
            };
            put(words, 7, 0, 0, &[by, f64::from(error.0)]);
        }
    }
}

pub const LENT_WORDS: usize = 6;

pub(super) fn lent_words(LentSlice { lease, span, base, next }: &LentSlice) -> [f64; LENT_WORDS] {
    [*lease, span.file, span.position, span.size as u64, *base, *next].map(exact)
}

fn put(words: &mut [f64], kind: u8, partition: u32, ticket: u64, rest: &[f64]) {
    words[0] = f64::from(kind);
    words[1] = f64::from(partition);
    words[2] = exact(ticket);
    words[3..3 + rest.len()].copy_from_slice(rest);
}

fn put_failure(words: &mut [f64], kind: u8, partition: u32, ticket: u64, code: usize, [first, second, third]: [f64; 3]) {
    put(words, kind, partition, ticket, &[code as f64, first, second, third]);
}

pub(super) fn index_of(codes: &[&str], code: &str) -> usize {
    codes.iter().position(|known| *known == code).expect("a code of the list")
}

fn refusal(error: &AppendError) -> Details {
    match *error {
        AppendError::Batch(ref error) => batch_refusal(error),
        AppendError::OutOfOrderSequence { expected, got } => ("out-of-order-sequence", pair(f64::from(expected), f64::from(got))),
        AppendError::StaleProducerEpoch { current, got } => ("stale-producer-epoch", pair(f64::from(current), f64::from(got))),
        AppendError::OffsetBelowEnd { end, got } => ("offset-below-end", pair(end as f64, got as f64)),
        AppendError::LeaderEpochWentBack { latest, got } => ("leader-epoch-went-back", pair(f64::from(latest), f64::from(got))),
        AppendError::LeaderEpochUsed { needed, got } => ("leader-epoch-used", pair(f64::from(needed), f64::from(got))),
        AppendError::NoSpace => ("no-space", [0.0; 3]),
        AppendError::Fenced => ("fenced", [0.0; 3]),
        AppendError::Unconfirmed => ("unconfirmed", [0.0; 3]),
        AppendError::UnknownPartition => ("unknown-partition", [0.0; 3]),
        AppendError::Damaged => ("damaged", [0.0; 3]),
        AppendError::OffsetOverflow => ("log-full", [0.0; 3]),
    }
}

/// What came from a client may be any 64-bit number: shown to people, so the nearest double will do.
fn batch_refusal(error: &BatchError) -> Details {
    let number = |value: i32| f64::from(value);
    match *error {
        BatchError::TooShort { size, needed } => ("too-short", pair(size as f64, needed as f64)),
        BatchError::UnsupportedMagic(magic) => ("unsupported-magic", pair(f64::from(magic), 0.0)),
        BatchError::InvalidLength(length) => ("invalid-length", pair(number(length), 0.0)),
        BatchError::TrailingBytes { size, batch_size } => ("trailing-bytes", pair(size as f64, batch_size as f64)),
        BatchError::TooLarge { size, max } => ("too-large", pair(f64::from(size), f64::from(max))),
        BatchError::CorruptBatch { stored, computed } => ("corrupt-batch", pair(f64::from(stored), f64::from(computed))),
        BatchError::UnknownCompression(id) => ("unknown-compression", pair(f64::from(id), 0.0)),
        BatchError::RecordsCount { count, last_offset_delta } => {
            ("records-count", pair(number(count), number(last_offset_delta)))
        }
        BatchError::RecordsCountImplausible { count, records_size } => {
            ("records-count-implausible", pair(number(count), records_size as f64))
        }
        BatchError::LastOffsetDelta(delta) => ("last-offset-delta", pair(number(delta), 0.0)),
        BatchError::OffsetOverflow { base_offset, last_offset_delta } => {
            ("offset-overflow", pair(base_offset as f64, number(last_offset_delta)))
        }
        BatchError::BaseOffset(offset) => ("base-offset", pair(offset as f64, 0.0)),
        BatchError::ControlBatchFromClient => ("control-batch-from-client", [0.0; 3]),
        BatchError::DeleteHorizonFromClient => ("delete-horizon-from-client", [0.0; 3]),
        BatchError::LogAppendTimeFromClient => ("log-append-time-from-client", [0.0; 3]),
        BatchError::TransactionalFromClient => ("transactional-from-client", [0.0; 3]),
        BatchError::TimestampOutOfBounds { timestamp, min, max } => {
            ("timestamp-out-of-bounds", [timestamp as f64, min as f64, max as f64])
        }
        BatchError::ProducerFields { producer_id, producer_epoch, base_sequence } => {
            ("producer-fields", [producer_id as f64, f64::from(producer_epoch), number(base_sequence)])
        }
        BatchError::TransactionalWithoutProducer => ("transactional-without-producer", [0.0; 3]),
    }
}

fn store_failure(error: &StoreError) -> Details {
    match *error {
        StoreError::Io(error) => ("io", pair(f64::from(error.0), 0.0)),
        StoreError::UnknownPartition => ("unknown-partition", [0.0; 3]),
        StoreError::Damaged => ("damaged", [0.0; 3]),
        StoreError::Fenced => ("fenced", [0.0; 3]),
        StoreError::Busy => ("busy", [0.0; 3]),
        StoreError::LeaderEpochUsed { used, given } => ("leader-epoch-used", pair(f64::from(used), f64::from(given))),
        StoreError::OutOfRange { start, end } => ("out-of-range", pair(start as f64, end as f64)),
    }
}

pub(super) fn read_failure(error: &ReadError) -> Details {
    match *error {
        ReadError::Io(error) => ("io", pair(f64::from(error.0), 0.0)),
        ReadError::UnknownPartition => ("unknown-partition", [0.0; 3]),
        ReadError::Damaged => ("damaged", [0.0; 3]),
        ReadError::OutOfRange { log_start, end } => ("out-of-range", pair(log_start as f64, end as f64)),
        ReadError::Corrupt { offset, segment, position } => ("corrupt", [offset as f64, segment as f64, position as f64]),
    }
}

fn pair(first: f64, second: f64) -> [f64; 3] {
    [first, second, 0.0]
}
