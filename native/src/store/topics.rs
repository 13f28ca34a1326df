//! What the metadata log says of topics, as recovery, `log append` and the inspection read it: names, ids and settings. A
//! topic is durable there before a directory of it is made (DURABILITY.md rule 12), and a deletion before one is renamed
//! (rule 10). The cluster's reducer reads the same records and more; what is not about topics is passed over here.

mod record;
#[cfg(test)]
mod tests;

use super::{Catalog, OpenError};
use crate::consensus::{Consensus, ConsensusError, StoredLog};
use crate::io::Io;
use crate::journal::metadata::{encode_records, Record};
use crate::journal::superblock::{SUPERBLOCK_MAGIC, SUPERBLOCK_NAME};
use crate::journal::twin::Twin;
use crate::log::config::LogConfig;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::segment::DataPaths;
pub use record::TopicRecord;
use record::TopicTable;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub id: TopicId,
    pub name: String,
    pub partitions_count: u32,
    pub config: LogConfig,
    pub is_deleted: bool,
}

/// A catalogue as `open` would leave it.
pub struct ReadTopics {
    pub topics: Topics,
    /// Bytes of an append that was never acknowledged, which opening would cut.
    pub torn_size: u64,
}

/// The journal is written anew when it has grown by so much beyond four times its snapshot: a topic that changes often must
/// not fill the disk.
const JOURNAL_GROWTH_MAX: u64 = 1 << 20;

pub struct Topics {
    /// None: read without the right to change, or handed to the control plane.
    consensus: Option<Consensus>,
    known: Known,
}

/// What the records say.
#[derive(Default)]
struct Known {
    topics: TopicTable,
    /// Deleted by an entry that may yet be taken back: their directories stay.
    uncertain: BTreeSet<TopicId>,
}

impl Topics {
    /// Reads the catalogue, to be changed by whoever works without a broker. `is_fresh`: no superblock exists, so that a missing
    /// catalogue is a new one, not a lost one. The data directory itself exists.
    ///
    /// # Errors
    /// Damaged, missing, of a newer format, or unreadable.
    pub fn open(io: &mut dyn Io, data: &Path, is_fresh: bool) -> Result<Self, OpenError> {
        Self::open_as(io, data, is_fresh, None)
    }

    /// As `open`, for a node: a directory that none had before becomes its own.
    ///
    /// # Errors
    /// As `open`, or the directory is another node's.
    pub fn open_as(io: &mut dyn Io, data: &Path, is_fresh: bool, node: Option<u64>) -> Result<Self, OpenError> {
        let directory = DataPaths::new(data).metadata();
        // Read first: metadata without a meaning is left as it is.
        if let Some((stored, _)) = Consensus::read(io, &directory).map_err(open_error)? {
            reduce(&stored)?;
        }
        let consensus = Consensus::open(io, &directory, is_fresh, node).map_err(open_error)?;
        let known = reduce(consensus.stored())?;
        Ok(Self { consensus: Some(consensus), known })
    }

    /// As `open`, but changes nothing on disk and can't be changed itself. None if there is no catalogue.
    ///
    /// # Errors
    /// Damaged, of a newer format, or unreadable.
    pub fn read(io: &mut dyn Io, data: &Path) -> Result<Option<ReadTopics>, OpenError> {
        let directory = DataPaths::new(data).metadata();
        let Some((stored, torn_size)) = Consensus::read(io, &directory).map_err(open_error)? else { return Ok(None) };
        let topics = Self { consensus: None, known: reduce(&stored)? };
        Ok(Some(ReadTopics { topics, torn_size }))
    }

    /// Hands the log to the control plane: from now on topics change there, and here nothing does. Once.
    pub fn take_consensus(&mut self) -> Option<Consensus> {
        self.consensus.take()
    }

    /// The topic of this name, with at least so many partitions and these settings; what has to change is durable
    /// when this returns. `fresh_id` becomes the id of a new topic.
    ///
    /// # Errors
    /// The device failed; the catalogue is to be opened anew.
    pub fn ensure(
        &mut self,
        io: &mut dyn Io,
        name: &str,
        partitions_count: u32,
        config: &LogConfig,
        fresh_id: [u8; 16],
    ) -> Result<TopicId, OpenError> {
        let Some(topic) = self.get(name) else {
            let id = TopicId(fresh_id);
            assert!(!self.known.topics.by_id.contains_key(&id), "an id is fresh");
            self.change(io, &[TopicRecord::Created { id, name: name.to_owned(), partitions_count, config: *config }])?;
            return Ok(id);
        };
        let id = topic.id;
        let grown = (topic.partitions_count < partitions_count).then_some(TopicRecord::Grown { id, partitions_count });
        let configured = (topic.config != *config).then_some(TopicRecord::Configured { id, config: *config });
        let changes: Vec<TopicRecord> = grown.into_iter().chain(configured).collect();
        self.change(io, &changes)?;
        Ok(id)
    }

    /// Records the deletion, durably. False if there is no such topic.
    ///
    /// # Errors
    /// The device failed; the catalogue is to be opened anew.
    pub fn delete(&mut self, io: &mut dyn Io, name: &str) -> Result<bool, OpenError> {
        let Some(id) = self.get(name).map(|topic| topic.id) else { return Ok(false) };
        self.change(io, &[TopicRecord::Deleted { id }])?;
        Ok(true)
    }

    /// What recovery has to know.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        let Known { topics, uncertain } = &self.known;
        let (deleted, live): (Vec<&Topic>, Vec<&Topic>) =
            topics.by_id.values().partition(|topic| topic.is_deleted && !uncertain.contains(&topic.id));
        let mut partitions = HashMap::new();
        for topic in live {
            partitions.extend((0..topic.partitions_count).map(|index| (PartitionId { topic: topic.id, index }, topic.config)));
        }
        Catalog { live: partitions, deleted: deleted.into_iter().map(|topic| topic.id).collect() }
    }

    /// The topic of this name that exists.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.list().find(|topic| topic.name == name)
    }

    /// The name, of a deleted topic too.
    #[must_use]
    pub fn name_of(&self, id: &TopicId) -> Option<&str> {
        self.known.topics.by_id.get(id).map(|topic| topic.name.as_str())
    }

    /// Those that exist, by id.
    pub fn list(&self) -> impl Iterator<Item = &Topic> {
        self.known.topics.by_id.values().filter(|topic| !topic.is_deleted)
    }

    fn change(&mut self, io: &mut dyn Io, changes: &[TopicRecord]) -> Result<(), OpenError> {
        if changes.is_empty() {
            return Ok(());
        }
        let records: Vec<Record> = changes.iter().map(TopicRecord::encode).collect();
        let consensus =
            self.consensus.as_mut().ok_or_else(|| OpenError::Refused("its metadata is not open for changes".into()))?;
        consensus.commit_alone(io, encode_records(&records)).map_err(open_error)?;
        for change in changes {
            change.apply(&mut self.known.topics).map_err(OpenError::Corrupt)?;
        }
        rewrite_if_long(consensus, io)
    }
}

/// Records of others are kept as they are, and in their place: only the cluster's reducer knows what may go.
fn rewrite_if_long(consensus: &mut Consensus, io: &mut dyn Io) -> Result<(), OpenError> {
    let state = consensus.state();
    if state.journal_size <= JOURNAL_GROWTH_MAX + 4 * state.snapshot_size {
        return Ok(());
    }
    let records = consensus.stored().records().map_err(OpenError::Corrupt)?;
    let content = encode_records(&record::without_superseded(records.into_iter().map(|(_, record)| record).collect()));
    consensus.compact(io, state.commit_index, content).map_err(open_error)
}

/// True if the directory never had a superblock: nothing was ever acknowledged in it.
///
/// # Errors
/// The directory can't be read.
pub fn is_fresh(io: &mut dyn Io, data: &Path) -> Result<bool, OpenError> {
    let superblock = Twin::new(SUPERBLOCK_MAGIC, data, SUPERBLOCK_NAME);
    for path in superblock.paths() {
        let found = io.file_size(path).map_err(|error| OpenError::Io { what: format!("find {}", path.display()), error })?;
        if found.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn reduce(stored: &StoredLog) -> Result<Known, OpenError> {
    let mut known = Known::default();
    let certain = stored.certain_index();
    for (index, record) in stored.records().map_err(OpenError::Corrupt)? {
        let Some(change) = TopicRecord::decode(&record).map_err(OpenError::Corrupt)? else {
            // On the journal itself only records of topics have ever stood.
            if stored.is_bare {
                return Err(OpenError::Corrupt(format!(
                    "a record of kind {} in the metadata journal has no meaning",
                    record.kind
                )));
            }
            continue;
        };
        change.apply(&mut known.topics).map_err(OpenError::Corrupt)?;
        if let TopicRecord::Deleted { id } = change {
            if index > certain {
                known.uncertain.insert(id);
            }
        }
    }
    Ok(known)
}

fn open_error(error: ConsensusError) -> OpenError {
    match error {
        ConsensusError::Io(error) => OpenError::Io { what: "the metadata journal".into(), error },
        ConsensusError::Corrupt(what) => OpenError::Corrupt(what),
        ConsensusError::NewerFormat(format) => OpenError::NewerFormat(format!("the metadata journal has format {format}")),
        ConsensusError::Refused(why) => OpenError::Refused(why),
        ConsensusError::NotLeader | ConsensusError::Busy | ConsensusError::Malformed => {
            unreachable!("a quorum of one leads, and commits what it proposes: {error:?}")
        }
    }
}
