//! The records of topics. Kinds and layouts stay readable forever; a new meaning gets a new kind. They stand in the contents of
//! the metadata log among others; ts/cluster/metadata/records/topic.ts is the twin, test/golden/metadata-records.json holds both.
//!
//! ```text
//! 1 created     id 16 · partitions u32 · config · name u32 + UTF-8
//! 2 grown       id 16 · partitions u32
//! 3 configured  id 16 · config
//! 4 deleted     id 16
//! config: batch size max u32 · segment size max u64 · segment age max ms u64 · index interval u32 · LogAppendTime u8 ·
//!         durability u8 · retention ms u64 · retention size u64 (of both: all ones for none) ·
//!         producer expiration ms u64
//! ```

use super::Topic;
use crate::journal::entry::Durability;
use crate::journal::fields::{FieldReader, FieldWriter};
use crate::journal::metadata::Record;
use crate::log::config::LogConfig;
use crate::log::ids::TopicId;
use std::collections::{BTreeMap, BTreeSet, HashSet};

const CREATED: u16 = 1;
const GROWN: u16 = 2;
const CONFIGURED: u16 = 3;
const DELETED: u16 = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicRecord {
    Created { id: TopicId, name: String, partitions_count: u32, config: LogConfig },
    Grown { id: TopicId, partitions_count: u32 },
    Configured { id: TopicId, config: LogConfig },
    Deleted { id: TopicId },
}

impl TopicRecord {
    #[must_use]
    pub fn encode(&self) -> Record {
        let mut fields = FieldWriter::default();
        let kind = match self {
            Self::Created { id, name, partitions_count, config } => {
                fields.raw(&id.0);
                fields.u32(*partitions_count);
                encode_config(config, &mut fields);
                fields.sized(name.as_bytes());
                CREATED
            }
            Self::Grown { id, partitions_count } => {
                fields.raw(&id.0);
                fields.u32(*partitions_count);
                GROWN
            }
            Self::Configured { id, config } => {
                fields.raw(&id.0);
                encode_config(config, &mut fields);
                CONFIGURED
            }
            Self::Deleted { id } => {
                fields.raw(&id.0);
                DELETED
            }
        };
        Record { kind, bytes: fields.bytes }
    }

    /// None: the record is not about what recovery reads.
    ///
    /// # Errors
    /// The record is not whole.
    pub fn decode(record: &Record) -> Result<Option<Self>, String> {
        if !(CREATED..=DELETED).contains(&record.kind) {
            return Ok(None);
        }
        let mut fields = FieldReader::new(&record.bytes);
        let decoded = Self::decode_fields(record.kind, &mut fields).filter(|_| fields.left() == 0);
        decoded.map(Some).ok_or_else(|| format!("a record of kind {} in the topic catalogue has no meaning", record.kind))
    }

    fn decode_fields(kind: u16, fields: &mut FieldReader<'_>) -> Option<Self> {
        let id = TopicId(fields.array()?);
        match kind {
            CREATED => {
                let partitions_count = fields.u32()?;
                let config = decode_config(fields)?;
                let name = std::str::from_utf8(fields.sized()?).ok()?.to_owned();
                Some(Self::Created { id, name, partitions_count, config })
            }
            GROWN => Some(Self::Grown { id, partitions_count: fields.u32()? }),
            CONFIGURED => Some(Self::Configured { id, config: decode_config(fields)? }),
            DELETED => Some(Self::Deleted { id }),
            _ => None,
        }
    }

    /// # Errors
    /// The record contradicts those before it.
    pub(super) fn apply(&self, table: &mut TopicTable) -> Result<(), String> {
        match self {
            Self::Created { id, name, partitions_count, config } => {
                if table.by_id.contains_key(id) || !table.names.insert(name.clone()) {
                    return Err(format!("the topic catalogue creates topic {name} ({id}) twice"));
                }
                let topic = Topic {
                    id: *id,
                    name: name.clone(),
                    partitions_count: *partitions_count,
                    config: *config,
                    is_deleted: false,
                };
                table.by_id.insert(*id, topic);
                Ok(())
            }
            Self::Grown { id, partitions_count } => {
                let topic = table.live(id)?;
                topic.partitions_count = topic.partitions_count.max(*partitions_count);
                Ok(())
            }
            Self::Configured { id, config } => {
                table.live(id)?.config = *config;
                Ok(())
            }
            Self::Deleted { id } => {
                let topic = table.live(id)?;
                topic.is_deleted = true;
                let name = topic.name.clone();
                table.names.remove(&name);
                Ok(())
            }
        }
    }
}

/// What records of topics come to.
#[derive(Default)]
pub(super) struct TopicTable {
    /// The deleted too.
    pub by_id: BTreeMap<TopicId, Topic>,
    /// Of those that exist.
    names: HashSet<String>,
}

impl TopicTable {
    fn live(&mut self, id: &TopicId) -> Result<&mut Topic, String> {
        let topic = self.by_id.get_mut(id).filter(|topic| !topic.is_deleted);
        topic.ok_or_else(|| format!("the topic catalogue changes topic {id}, which does not exist"))
    }
}

/// Without settings that later ones of the same topic replace.
pub(super) fn without_superseded(records: Vec<Record>) -> Vec<Record> {
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Record> = records
        .into_iter()
        .rev()
        .filter(|record| record.kind != CONFIGURED || seen.insert(record.bytes[..16].to_vec()))
        .collect();
    kept.reverse();
    kept
}

const NONE: u64 = u64::MAX;

fn encode_config(config: &LogConfig, fields: &mut FieldWriter) {
    fields.u32(config.batch_size_max);
    fields.u64(config.segment_size_max);
    fields.u64(config.segment_age_max_ms);
    fields.u32(config.index_interval);
    fields.u8(u8::from(config.is_log_append_time));
    fields.u8(config.durability.code());
    fields.u64(config.retention_ms.unwrap_or(NONE));
    fields.u64(config.retention_size.unwrap_or(NONE));
    fields.u64(config.producer_expiration_ms as u64);
}

fn decode_config(fields: &mut FieldReader<'_>) -> Option<LogConfig> {
    Some(LogConfig {
        batch_size_max: fields.u32()?,
        segment_size_max: fields.u64()?,
        segment_age_max_ms: fields.u64()?,
        index_interval: fields.u32()?,
        is_log_append_time: fields.u8()? != 0,
        durability: Durability::from_code(fields.u8()?)?,
        retention_ms: Some(fields.u64()?).filter(|value| *value != NONE),
        retention_size: Some(fields.u64()?).filter(|value| *value != NONE),
        producer_expiration_ms: fields.u64()? as i64,
    })
}
