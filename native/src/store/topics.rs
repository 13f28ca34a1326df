//! The catalogue of topics where no broker is: names, ids and settings, over the metadata journal. A topic is durable
//! here before a directory of it is made (DURABILITY.md rule 12), and a deletion before one is renamed (rule 10).

mod record;
#[cfg(test)]
mod tests;

use super::{Catalog, OpenError};
use crate::io::task::{block_on, Files};
use crate::io::{Io, IoResult};
use crate::journal::metadata::{self, MetadataError, MetadataJournal, Record, Recovered};
use crate::journal::superblock::{SUPERBLOCK_MAGIC, SUPERBLOCK_NAME};
use crate::journal::twin::Twin;
use crate::log::config::LogConfig;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::segment::DataPaths;
use record::TopicRecord;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
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

/// Records in the journal per topic above which it is rewritten: a topic that changes often must not fill the disk.
const RECORDS_PER_TOPIC_MAX: usize = 16;
const RECORDS_FREE: usize = 256;

pub struct Topics {
    journal: Option<MetadataJournal>,
    records_count: usize,
    topics: BTreeMap<TopicId, Topic>,
}

impl Topics {
    /// Reads the catalogue. `is_fresh`: no superblock exists, so that a missing catalogue is a new one, not a lost one.
    /// The data directory itself exists.
    ///
    /// # Errors
    /// Damaged, missing, of a newer format, or unreadable.
    pub fn open(io: &mut dyn Io, data: &Path, is_fresh: bool) -> Result<Self, OpenError> {
        let directory = DataPaths::new(data).metadata();
        let (journal, records) = block_on(io, |files| async move {
            let (mut journal, records) = MetadataJournal::open(&files, &directory, is_fresh).await?;
            journal.close(&files).await?;
            Ok::<_, MetadataError>((journal, records))
        })
        .map_err(open_error)?;
        Ok(Self { journal: Some(journal), records_count: records.len(), topics: reduce(&records)? })
    }

    /// As `open`, but changes nothing on disk and can't be changed itself. None if there is no catalogue.
    ///
    /// # Errors
    /// Damaged, of a newer format, or unreadable.
    pub fn read(io: &mut dyn Io, data: &Path) -> Result<Option<ReadTopics>, OpenError> {
        let directory = DataPaths::new(data).metadata();
        let recovered = block_on(io, |files| async move { metadata::read(&files, &directory).await }).map_err(open_error)?;
        let Some(Recovered { records, torn_size, .. }) = recovered else { return Ok(None) };
        let topics = Self { journal: None, records_count: records.len(), topics: reduce(&records)? };
        Ok(Some(ReadTopics { topics, torn_size }))
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
            assert!(!self.topics.contains_key(&id), "an id is fresh");
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
        let mut live = HashMap::new();
        for topic in self.list() {
            live.extend((0..topic.partitions_count).map(|index| (PartitionId { topic: topic.id, index }, topic.config)));
        }
        let deleted = self.topics.values().filter(|topic| topic.is_deleted).map(|topic| topic.id).collect();
        Catalog { live, deleted }
    }

    /// The topic of this name that exists.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.list().find(|topic| topic.name == name)
    }

    /// The name, of a deleted topic too.
    #[must_use]
    pub fn name_of(&self, id: &TopicId) -> Option<&str> {
        self.topics.get(id).map(|topic| topic.name.as_str())
    }

    /// Those that exist, by id.
    pub fn list(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values().filter(|topic| !topic.is_deleted)
    }

    fn change(&mut self, io: &mut dyn Io, changes: &[TopicRecord]) -> Result<(), OpenError> {
        if changes.is_empty() {
            return Ok(());
        }
        let records: Vec<Record> = changes.iter().map(TopicRecord::encode).collect();
        let count = records.len();
        self.with_journal(io, |mut journal, files| async move {
            let appended = journal.append(&files, &records).await;
            // Whoever runs a command once is gone soon: the witness goes out now.
            let witnessed = if appended.is_ok() { journal.witness(&files).await } else { Ok(()) };
            let closed = journal.close(&files).await;
            (journal, appended.and(witnessed).and(closed))
        })?;
        self.records_count += count;
        for change in changes {
            change.apply(&mut self.topics).map_err(OpenError::Corrupt)?;
        }
        self.rewrite_if_long(io)
    }

    fn rewrite_if_long(&mut self, io: &mut dyn Io) -> Result<(), OpenError> {
        if self.records_count <= RECORDS_FREE + self.topics.len() * RECORDS_PER_TOPIC_MAX {
            return Ok(());
        }
        let records: Vec<Record> = self.topics.values().flat_map(record::snapshot).map(|change| change.encode()).collect();
        self.records_count = records.len();
        self.with_journal(io, |mut journal, files| async move {
            let result = journal.rewrite(&files, &records).await;
            (journal, result)
        })
    }

    fn with_journal<F>(&mut self, io: &mut dyn Io, work: impl FnOnce(MetadataJournal, Files) -> F) -> Result<(), OpenError>
    where
        F: Future<Output = (MetadataJournal, IoResult<()>)> + 'static,
    {
        let journal = self.journal.take().expect("a catalogue opened for reading is not changed");
        let (journal, result) = block_on(io, |files| work(journal, files));
        self.journal = Some(journal);
        result.map_err(|error| open_error(error.into()))
    }
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

fn reduce(records: &[Record]) -> Result<BTreeMap<TopicId, Topic>, OpenError> {
    let mut topics = BTreeMap::new();
    for record in records {
        TopicRecord::decode(record).and_then(|change| change.apply(&mut topics)).map_err(OpenError::Corrupt)?;
    }
    Ok(topics)
}

fn open_error(error: MetadataError) -> OpenError {
    match error {
        MetadataError::Io(error) => OpenError::Io { what: "the metadata journal".into(), error },
        MetadataError::Corrupt(what) => OpenError::Corrupt(what),
        MetadataError::NewerFormat(format) => OpenError::NewerFormat(format!("the metadata journal has format {format}")),
    }
}
