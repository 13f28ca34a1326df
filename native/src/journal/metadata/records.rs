//! Records one behind the other: the payload of a frame, and the content of a raft entry or of a snapshot.
//!
//! ```text
//! per record: kind u16 · size u32 · bytes
//! ```
//! ts/cluster/metadata/records/framing.ts is the twin.

use super::Record;
use crate::journal::fields::{FieldReader, FieldWriter};

#[must_use]
pub fn encode_records(records: &[Record]) -> Vec<u8> {
    let mut fields = FieldWriter::default();
    for record in records {
        fields.u16(record.kind);
        fields.sized(&record.bytes);
    }
    fields.bytes
}

/// None unless the bytes are whole records to their end.
#[must_use]
pub fn decode_records(bytes: &[u8]) -> Option<Vec<Record>> {
    let mut fields = FieldReader::new(bytes);
    let mut records = Vec::new();
    while fields.left() > 0 {
        records.push(Record { kind: fields.u16()?, bytes: fields.sized()?.to_vec() });
    }
    Some(records)
}
