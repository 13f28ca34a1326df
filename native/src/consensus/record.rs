//! What the consensus engine keeps on the metadata journal. Kinds and layouts stay readable forever.
//!
//! ```text
//! 256 snapshot    index u64 · term u64 · voters u32, u64 each · learners u32, u64 each · content u32 + bytes
//! 257 hard state  term u64 · vote u64 · commit u64
//! 258 entry       index u64 · term u64 · content u32 + bytes
//! ```
//! Kinds below 256 mean something to the cluster, not to the engine: they stand inside a content, and, as `log append` wrote
//! them before there was an engine, on the journal itself.

use crate::journal::fields::{FieldReader, FieldWriter};
use crate::journal::metadata::Record;

const SNAPSHOT: u16 = 256;
const HARD_STATE: u16 = 257;
const ENTRY: u16 = 258;

/// Where the engine's kinds begin.
pub(super) const ENGINE_KINDS: u16 = 256;

/// Everything up to an index, as records that make the same image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    pub index: u64,
    pub term: u64,
    pub voters: Vec<u64>,
    pub learners: Vec<u64>,
    pub content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hard {
    pub term: u64,
    pub vote: u64,
    pub commit: u64,
}

/// One place in the log. Without content: a new leader's first entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEntry {
    pub index: u64,
    pub term: u64,
    pub content: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineRecord {
    Snapshot(Snapshot),
    Hard(Hard),
    Entry(LogEntry),
}

impl EngineRecord {
    #[must_use]
    pub fn encode(&self) -> Record {
        let mut fields = FieldWriter::default();
        let kind = match self {
            Self::Snapshot(snapshot) => {
                fields.u64(snapshot.index);
                fields.u64(snapshot.term);
                write_ids(&snapshot.voters, &mut fields);
                write_ids(&snapshot.learners, &mut fields);
                fields.sized(&snapshot.content);
                SNAPSHOT
            }
            Self::Hard(Hard { term, vote, commit }) => {
                [*term, *vote, *commit].iter().for_each(|value| fields.u64(*value));
                HARD_STATE
            }
            Self::Entry(LogEntry { index, term, content }) => {
                fields.u64(*index);
                fields.u64(*term);
                fields.sized(content);
                ENTRY
            }
        };
        Record { kind, bytes: fields.bytes }
    }

    /// None for what is none, or not whole.
    #[must_use]
    pub fn decode(record: &Record) -> Option<Self> {
        let mut fields = FieldReader::new(&record.bytes);
        let decoded = match record.kind {
            SNAPSHOT => Self::Snapshot(Snapshot {
                index: fields.u64()?,
                term: fields.u64()?,
                voters: read_ids(&mut fields)?,
                learners: read_ids(&mut fields)?,
                content: fields.sized()?.to_vec(),
            }),
            HARD_STATE => Self::Hard(Hard { term: fields.u64()?, vote: fields.u64()?, commit: fields.u64()? }),
            ENTRY => Self::Entry(LogEntry { index: fields.u64()?, term: fields.u64()?, content: fields.sized()?.to_vec() }),
            _ => return None,
        };
        (fields.left() == 0).then_some(decoded)
    }
}

fn write_ids(ids: &[u64], fields: &mut FieldWriter) {
    fields.u32(ids.len() as u32);
    ids.iter().for_each(|id| fields.u64(*id));
}

fn read_ids(fields: &mut FieldReader<'_>) -> Option<Vec<u64>> {
    let count = fields.u32()?;
    // One by one: a count that lies runs out of bytes before it costs memory.
    (0..count).map(|_| fields.u64()).collect()
}
