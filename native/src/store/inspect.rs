//! What recovery would leave of a data directory, found out without changing a byte of it: `log dump` and `log verify`.
//!
//! ```text
//!   lock, if there is one ─► survey.rs: journals cut short ─► recovery itself, over overlay.rs ─► stored.rs: every batch checked
//! ```
//! Recovery runs over a disk whose changes stay in memory, so the answer cannot differ from what recovery will do.

mod overlay;
mod stored;
mod survey;
#[cfg(test)]
mod tests;

use super::topics::{is_fresh, ReadTopics, Topics};
use super::{recover, Catalog, OpenError, OpenOptions, ReadError, Recovered};
use crate::fatal::ExitCode;
use crate::io::task::block_on;
use crate::io::{AlignedBuffer, Io, IoError, OpenMode, BLOCK_SIZE};
use crate::journal::writer::JournalConfig;
use crate::log::config::LogConfig;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::partition::Partition;
use crate::log::segment::{absent_is_empty, base_of_log_name, DataPaths};
use overlay::Overlay;
use std::cell::RefCell;
use std::path::Path;
use stored::StoredLog;
use survey::Survey;

/// A batch as recovery would leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectedBatch {
    pub partition: PartitionId,
    pub base: u64,
    pub last: u64,
    pub leader_epoch: i32,
    pub crc: u32,
    /// The base offset of its segment, and where in the file it would lie.
    pub segment: u64,
    pub position: u64,
    pub size: u32,
}

/// Something that a verification has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Bytes of a segment file behind the end of the log: nothing acknowledged, recovery would cut them.
    TornTail { partition: PartitionId, segment: u64, position: u64, size: u64 },
    /// The last commits of a journal are not whole, and nothing says that they were ever acknowledged.
    TornCommit { shard: u32, number: u64, position: u64 },
    /// A stored batch that fails its checks; it is never cut, and reads of it fail.
    CorruptBatch { partition: PartitionId, segment: u64, position: u64, offset: u64 },
    /// Anything else that contradicts its checksum or another file: recovery would refuse to start.
    Corrupt { what: String },
    /// An append to the metadata journal that was never acknowledged; recovery would cut it.
    TornMetadata { size: u64 },
    /// One of two copies is damaged, as a crash while it was written leaves it; the other one is used.
    DamagedCopy { what: String },
    /// A directory that the metadata does not know: recovery would set it aside.
    Unknown { name: String },
}

/// The answer of `log verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyOutcome {
    Clean,
    TornTail,
    Corrupt,
}

impl VerifyOutcome {
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Clean => ExitCode::Done,
            Self::TornTail => ExitCode::TornTail,
            Self::Corrupt => ExitCode::VerifyCorrupt,
        }
    }
}

impl Finding {
    #[must_use]
    pub fn outcome(&self) -> VerifyOutcome {
        match self {
            Self::TornTail { .. } | Self::TornCommit { .. } | Self::TornMetadata { .. } => VerifyOutcome::TornTail,
            Self::CorruptBatch { .. } | Self::Corrupt { .. } => VerifyOutcome::Corrupt,
            Self::DamagedCopy { .. } | Self::Unknown { .. } => VerifyOutcome::Clean,
        }
    }
}

/// What was found. It borrows the Io, to fetch a batch's bytes when asked.
pub struct Inspection<'io> {
    pub findings: Vec<Finding>,
    batches: Vec<InspectedBatch>,
    topics: Option<Topics>,
    paths: DataPaths,
    overlay: RefCell<Overlay<'io>>,
}

impl Inspection<'_> {
    /// By partition, in offset order: those that reads would give out.
    pub fn batches(&self) -> impl Iterator<Item = &InspectedBatch> {
        self.batches.iter()
    }

    /// As `batches`, for good: here there are none any more.
    pub fn take_batches(&mut self) -> Vec<InspectedBatch> {
        std::mem::take(&mut self.batches)
    }

    /// The whole batch as stored.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn bytes(&self, batch: &InspectedBatch) -> Result<Vec<u8>, OpenError> {
        let path = self.paths.log(&batch.partition, batch.segment);
        let InspectedBatch { position, size, .. } = *batch;
        let what = path.display().to_string();
        let read = block_on(&mut *self.overlay.borrow_mut(), |files| async move {
            let buffer = AlignedBuffer::new(size as usize);
            let file = files.open(&path, OpenMode::Read).await?;
            let count = files.read(file, position, buffer.piece(0, size as usize)).await;
            files.close(file).await?;
            let bytes = buffer.bytes()[..count?].to_vec();
            if bytes.len() == size as usize {
                Ok(bytes)
            } else {
                Err(IoError::UNEXPECTED_END)
            }
        });
        read.map_err(|error| OpenError::Io { what, error })
    }

    /// The topic's name, if the catalogue could be read.
    #[must_use]
    pub fn name_of(&self, id: &TopicId) -> Option<&str> {
        self.topics.as_ref()?.name_of(id)
    }

    /// The worst of the findings.
    #[must_use]
    pub fn outcome(&self) -> VerifyOutcome {
        self.findings.iter().map(Finding::outcome).max().unwrap_or(VerifyOutcome::Clean)
    }
}

/// Inspects a data directory. `journals` is where its journals lie if not inside it. Where a lock file exists, the Io
/// holds the lock from now on.
///
/// # Errors
/// In use by a process, unreadable, or of a newer format. Corruption is a finding, not an error.
pub fn inspect<'io>(io: &'io mut dyn Io, data: &Path, journals: Option<&Path>) -> Result<Inspection<'io>, OpenError> {
    inspect_part(io, data, journals, None)
}

/// As `inspect`, for one segment file of a data directory (an absolute path): only its batches, and the findings that
/// are its own or everybody's.
///
/// # Errors
/// As `inspect`, or the path is none of a segment.
pub fn inspect_segment<'io>(io: &'io mut dyn Io, file: &Path, journals: Option<&Path>) -> Result<Inspection<'io>, OpenError> {
    let fail = |error| OpenError::Io { what: format!("{} as a segment of a data directory", file.display()), error };
    let (data, part) = segment_place(file).ok_or_else(|| fail(IoError::INVALID))?;
    io.file_size(file).map_err(fail)?.ok_or_else(|| fail(IoError::NOT_FOUND))?;
    inspect_part(io, data, journals, Some(part))
}

#[derive(Clone, Copy)]
struct Part {
    partition: PartitionId,
    segment: u64,
}

/// DATA/topics/PARTITION/SEGMENT.log
fn segment_place(file: &Path) -> Option<(&Path, Part)> {
    let name = |path: &'_ Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let directory = file.parent()?;
    let partition = PartitionId::from_directory(&name(directory)?)?;
    let segment = base_of_log_name(&name(file)?)?;
    Some((directory.parent()?.parent()?, Part { partition, segment }))
}

fn inspect_part<'io>(
    io: &'io mut dyn Io,
    data: &Path,
    journals: Option<&Path>,
    part: Option<Part>,
) -> Result<Inspection<'io>, OpenError> {
    let paths = DataPaths::new(data);
    claim(io, &paths)?;
    let mut inspector =
        Inspector { overlay: Overlay::new(io), paths, part, findings: Vec::new(), batches: Vec::new(), topics: None };
    let survey = survey::survey(&mut inspector.overlay, &inspector.paths).map_err(io_error("survey the journals"))?;
    let catalog = inspector.read_catalog()?;
    let options = options(data, journals, survey.shards, &catalog);
    match recover(&mut inspector.overlay, &options, &catalog) {
        Ok(recovered) => inspector.judge(recovered, survey)?,
        Err(OpenError::Corrupt(what)) => {
            inspector.findings.extend(survey.findings);
            inspector.findings.push(Finding::Corrupt { what });
        }
        Err(error) => return Err(error),
    }
    let Inspector { overlay, paths, findings, batches, topics, .. } = inspector;
    Ok(Inspection { findings, batches, topics, paths, overlay: RefCell::new(overlay) })
}

/// A directory without a lock file has never been opened; making one would be a change.
fn claim(io: &mut dyn Io, paths: &DataPaths) -> Result<(), OpenError> {
    io.list(&paths.root).map_err(io_error(&paths.root.display().to_string()))?;
    let lock = paths.lock();
    if io.file_size(&lock).map_err(io_error("find the lock"))?.is_none() {
        return Ok(());
    }
    match io.lock(&lock) {
        Ok(()) => Ok(()),
        Err(IoError::WOULD_BLOCK) => Err(OpenError::InUse),
        Err(error) => Err(io_error("take the lock")(error)),
    }
}

/// As a start with the same shards would use. Nothing of it is written, so it need not be large or random.
fn options(data: &Path, journals: Option<&Path>, shards: u32, catalog: &Catalog) -> OpenOptions {
    OpenOptions {
        data: data.to_owned(),
        journals: journals.map(Path::to_owned),
        shards,
        journal: JournalConfig { step: BLOCK_SIZE as u64, ..JournalConfig::default() },
        batch_size_max: catalog.live.values().map(|config| u64::from(config.batch_size_max)).max().unwrap_or(0),
        set_aside_corrupt: true,
        nonce: [0; 16],
        wall_ms: 0,
    }
}

fn io_error(what: &str) -> impl FnOnce(IoError) -> OpenError + '_ {
    move |error| OpenError::Io { what: what.to_owned(), error }
}

struct Inspector<'io> {
    overlay: Overlay<'io>,
    paths: DataPaths,
    part: Option<Part>,
    findings: Vec<Finding>,
    batches: Vec<InspectedBatch>,
    topics: Option<Topics>,
}

impl Inspector<'_> {
    /// Damaged or missing metadata is a finding; the directories then tell which partitions there are.
    fn read_catalog(&mut self) -> Result<Catalog, OpenError> {
        let what = match Topics::read(&mut self.overlay, &self.paths.root) {
            Ok(Some(ReadTopics { topics, torn_size })) => {
                if torn_size > 0 {
                    self.findings.push(Finding::TornMetadata { size: torn_size });
                }
                return Ok(self.topics.insert(topics).catalog());
            }
            Ok(None) if is_fresh(&mut self.overlay, &self.paths.root)? => return Ok(Catalog::default()),
            Ok(None) => "the metadata journal is missing".to_owned(),
            Err(OpenError::Corrupt(what)) => what,
            Err(error) => return Err(error),
        };
        self.findings.push(Finding::Corrupt { what });
        let entries = absent_is_empty(self.overlay.list(&self.paths.topics())).map_err(io_error("list the topics"))?;
        let ids = entries.iter().filter_map(|entry| PartitionId::from_directory(&entry.name));
        Ok(Catalog { live: ids.map(|id| (id, LogConfig::default())).collect(), ..Catalog::default() })
    }

    fn judge(&mut self, recovered: Recovered, survey: Survey) -> Result<(), OpenError> {
        let Recovered { shards, report, .. } = recovered;
        self.findings.extend(survey.findings);
        self.findings.extend(report.damaged.into_iter().map(|what| Finding::Corrupt { what }));
        self.findings.extend(report.set_aside.into_iter().map(|name| Finding::Unknown { name }));
        let mut partitions: Vec<Partition> = shards.into_iter().flat_map(|shard| shard.partitions).collect();
        partitions.retain(|partition| !partition.is_damaged() && self.part.is_none_or(|part| part.partition == partition.id));
        partitions.sort_unstable_by_key(|partition| partition.id);
        for partition in &partitions {
            if !survey.rewound.contains(&partition.id) {
                self.find_torn_tail(partition)?;
            }
            self.read_batches(partition)?;
        }
        Ok(())
    }

    /// Compares the files as they are with the log as it would be.
    fn find_torn_tail(&mut self, partition: &Partition) -> Result<(), OpenError> {
        let directory = self.paths.partition(&partition.id);
        let entries = self.overlay.below().list(&directory).map_err(io_error("list a partition"))?;
        for (segment, size) in entries.iter().filter_map(|entry| Some((base_of_log_name(&entry.name)?, entry.size))) {
            let kept = partition.segments.iter().find(|kept| kept.base == segment).map(|kept| kept.size);
            // A segment below the log start that is no part any more was being removed.
            let is_leftover = kept.is_none() && segment < partition.log_start;
            let position = kept.unwrap_or(0);
            if size > position && !is_leftover && self.part.is_none_or(|part| part.segment == segment) {
                self.findings.push(Finding::TornTail { partition: partition.id, segment, position, size: size - position });
            }
        }
        Ok(())
    }

    fn read_batches(&mut self, partition: &Partition) -> Result<(), OpenError> {
        let log = StoredLog::of(partition, self.part.map(|part| part.segment));
        let paths = self.paths.clone();
        let found = block_on(&mut self.overlay, |files| async move { log.read(&files, &paths).await });
        let found = found.map_err(|error| match error {
            ReadError::Io(error) => io_error("read a segment")(error),
            other => OpenError::Corrupt(format!("{other:?}")),
        })?;
        self.batches.extend(found.batches);
        self.findings.extend(found.findings);
        Ok(())
    }
}
