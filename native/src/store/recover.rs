//! Opens a data directory: finds out what the last life left, repeats what the journals say, and begins a new
//! incarnation (DURABILITY.md rules 4, 6, 11, 12, 22). Everything blocks here; nothing serves yet.
//!
//! ```text
//!   lock ─► superblock ─► checkpoints ─► directories ─► journals replayed ─► tails ─► all synced
//!        ─► checkpoints of the new incarnation ─► superblock of the new incarnation   ◄── the one step that counts
//! ```
//! A crash anywhere before the last arrow leaves the old superblock, whose journals and checkpoints are untouched.

mod inventory;
mod next_life;

use super::checkpointer::{release_reserve, sync_all};
use super::journal_replay::{journal_identity, replay, Context, Stop};
use super::replay::{Replay, ReplayError};
use crate::codec::crc32c::crc32c;
use crate::io::task::{block_on, Files};
use crate::io::{Io, IoError, IoResult, OpenMode, BLOCK_SIZE};
use crate::journal::checkpoint::{Checkpoint, PartitionRecord};
use crate::journal::header::Incarnation;
use crate::journal::scan::ScanStart;
use crate::journal::superblock::{JournalPlace, Superblock};
use crate::journal::twin::Twin;
use crate::journal::writer::JournalConfig;
use crate::log::config::LogConfig;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::partition::Partition;
use crate::log::segment::DataPaths;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub data: PathBuf,
    /// Where journals are made; default: in the data directory.
    pub journals: Option<PathBuf>,
    pub shards: u32,
    pub journal: JournalConfig,
    /// Batches may be this large (`max.message.bytes` of any topic).
    pub batch_size_max: u64,
    /// Serve the rest when a journal or partition is corrupt.
    pub set_aside_corrupt: bool,
    /// Fresh random bytes: the nonce of the new incarnation.
    pub nonce: [u8; 16],
    /// The wall clock: when idempotent producers found in the log were last seen.
    pub wall_ms: i64,
}

/// What the metadata knows. A directory it does not know is set aside, never deleted.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub live: HashMap<PartitionId, LogConfig>,
    pub deleted: HashSet<TopicId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    InUse,
    Io {
        what: String,
        error: IoError,
    },
    Corrupt(String),
    NewerFormat(String),
    /// Not with this caller: another node's, or several nodes'.
    Refused(String),
}

impl OpenError {
    fn io(what: &str) -> impl FnOnce(IoError) -> Self + '_ {
        move |error| Self::Io { what: what.to_owned(), error }
    }
}

/// What recovery did, for the log and for `doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    pub is_fresh: bool,
    pub commits: u64,
    pub entries: u64,
    pub bytes: u64,
    /// Bytes in segment files that were no part of the log.
    pub cut_size: u64,
    pub set_aside: Vec<String>,
    pub damaged: Vec<String>,
}

pub struct RecoveredShard {
    pub shard: u32,
    pub paths: DataPaths,
    pub superblock: Superblock,
    pub journal_path: PathBuf,
    pub journal_size: u64,
    /// No batch is larger in this life.
    pub batch_size_max: u32,
    pub checkpoints: Twin,
    pub partitions: Vec<Partition>,
}

pub struct Recovered {
    pub shards: Vec<RecoveredShard>,
    pub incarnation: Incarnation,
    pub report: RecoveryReport,
}

/// The shard that a partition belongs to.
#[must_use]
pub fn shard_of(id: &PartitionId, shards: u32) -> u32 {
    (crc32c(&id.topic.0).wrapping_add(id.index)) % shards.max(1)
}

/// The names and sizes of a partition directory's files.
type Names = Vec<(String, u64)>;

struct Recovery<'a> {
    io: &'a mut dyn Io,
    options: &'a OpenOptions,
    catalog: &'a Catalog,
    paths: DataPaths,
    report: RecoveryReport,
    replays: BTreeMap<PartitionId, Replay>,
    names: HashMap<PartitionId, Names>,
    /// Their entries are dropped, their tombstones removed at the end.
    gone: BTreeSet<PartitionId>,
    damaged: BTreeSet<PartitionId>,
    /// Of every partition the record of its last owner.
    records: HashMap<PartitionId, PartitionRecord>,
    is_journal_damaged: bool,
}

/// Recovers everything and makes the directory ready for `options.shards` shards.
///
/// # Errors
/// In use, unreadable, of a newer format, or corrupt; nothing that recovery needs has been changed then.
pub fn recover(io: &mut dyn Io, options: &OpenOptions, catalog: &Catalog) -> Result<Recovered, OpenError> {
    let paths = DataPaths::new(&options.data);
    match io.lock(&paths.lock()) {
        Ok(()) => {}
        Err(IoError::WOULD_BLOCK) => return Err(OpenError::InUse),
        Err(error) => return Err(OpenError::Io { what: format!("lock {}", paths.lock().display()), error }),
    }
    match attempt(io, options, catalog, &paths) {
        // Before its last step a recovery can be repeated whole: on a full disk with the room that the reserve gives.
        Err(OpenError::Io { error, .. }) if error.is_no_space() && has_reserve(io, &paths)? => {
            let reserve = paths.reserve();
            block_on(io, |files| async move { release_reserve(&files, &reserve).await })
                .map_err(OpenError::io("release the reserve"))?;
            attempt(io, options, catalog, &paths)
        }
        outcome => outcome,
    }
}

fn has_reserve(io: &mut dyn Io, paths: &DataPaths) -> Result<bool, OpenError> {
    Ok(io.file_size(&paths.reserve()).map_err(OpenError::io("find the reserve"))?.is_some())
}

fn attempt(io: &mut dyn Io, options: &OpenOptions, catalog: &Catalog, paths: &DataPaths) -> Result<Recovered, OpenError> {
    let recovery = Recovery {
        io,
        options,
        catalog,
        paths: paths.clone(),
        report: RecoveryReport::default(),
        replays: BTreeMap::new(),
        names: HashMap::new(),
        gone: BTreeSet::new(),
        damaged: BTreeSet::new(),
        records: HashMap::new(),
        is_journal_damaged: false,
    };
    recovery.run()
}

impl Recovery<'_> {
    fn run(mut self) -> Result<Recovered, OpenError> {
        self.make_directories()?;
        let (mut twin, superblock) = self.read_superblock()?;
        self.report.is_fresh = superblock.is_none();
        let old = superblock.clone().unwrap_or_default();
        let checkpoints = self.read_checkpoints(&old)?;
        self.read_directories(&checkpoints)?;
        self.begin_replays(&checkpoints)?;
        for (shard, place) in old.journals.iter().enumerate() {
            self.replay_journal(shard, place, &old, &checkpoints[shard].1)?;
        }
        self.doubt_the_homeless();
        self.finish_replays()?;
        let next = self.next_superblock(&old);
        let shards = self.prepare_shards(&next, &old, &checkpoints)?;
        block_on(self.io, |files| async move {
            twin.write(&files, &next.encode()).await?;
            // The other copy too, before any work is accepted: else the loss of the newer one would bring back the
            // last incarnation, in whose journal nothing of this one is.
            twin.write(&files, &next.encode()).await?;
            Ok(next)
        })
        .map_err(OpenError::io("write the superblock"))
        .and_then(|superblock| self.conclude(superblock, shards))
    }

    fn run_task<T: 'static, F: std::future::Future<Output = IoResult<T>> + 'static>(
        &mut self,
        what: &str,
        start: impl FnOnce(Files) -> F,
    ) -> Result<T, OpenError> {
        block_on(self.io, start).map_err(OpenError::io(what))
    }

    fn make_directories(&mut self) -> Result<(), OpenError> {
        let paths = self.paths.clone();
        let journals = self.journals_directory();
        self.run_task("make the data directory's folders", |files| async move {
            for path in [paths.topics(), paths.checkpoints(), journals] {
                files.make_directory(&path).await?;
            }
            files.sync_directory(&paths.root).await
        })
    }

    fn journals_directory(&self) -> PathBuf {
        self.options.journals.clone().unwrap_or_else(|| self.paths.journals())
    }

    /// Refuses to start, or, where the operator asked for it, serves the rest without this partition.
    fn corrupt(&mut self, id: PartitionId, what: String) -> Result<(), OpenError> {
        if !self.options.set_aside_corrupt {
            return Err(OpenError::Corrupt(what));
        }
        self.report.damaged.push(what);
        self.damaged.insert(id);
        Ok(())
    }

    fn replay_journal(
        &mut self,
        shard: usize,
        place: &JournalPlace,
        superblock: &Superblock,
        checkpoint: &Checkpoint,
    ) -> Result<(), OpenError> {
        let path = self.options.data.join(&place.path);
        let size = self.io.file_size(&path).map_err(OpenError::io("find a journal"))?;
        let Some(size) = size else {
            return Err(OpenError::Corrupt(format!("the journal {} is missing", path.display())));
        };
        let mut replays = std::mem::take(&mut self.replays);
        let mut touched = BTreeSet::new();
        let context = Context { gone: self.gone.clone(), damaged: self.damaged.clone(), paths: self.paths.clone() };
        let identity = journal_identity(&superblock.directory, shard as u32);
        let search_size = place.search_size;
        let incarnation = superblock.incarnation;
        let (position, number) = (checkpoint.position, checkpoint.number);
        let outcome = block_on(self.io, |files| async move {
            let replayed = async {
                let file = files.open(&path, OpenMode::Direct).await?;
                // Commits that a killed process had not synced are valid here and must stay so: replay changes files.
                files.sync(file).await?;
                // A crash may have left a part of a block at the end: nothing was ever committed there.
                let file_size = size / BLOCK_SIZE as u64 * BLOCK_SIZE as u64;
                let start = ScanStart { file, file_size, incarnation, position, number, search_size };
                let replayed = replay(&files, start, &identity, &mut replays, &context, &mut touched).await;
                files.close(file).await?;
                replayed
            };
            let result = replayed.await;
            (result, replays, touched)
        });
        self.replays = outcome.1;
        match outcome.0 {
            Ok(counts) => {
                self.report.commits += counts.commits;
                self.report.entries += counts.entries;
                self.report.bytes += counts.bytes;
                counts.corrupt.into_iter().try_for_each(|(id, what)| self.corrupt(id, what))
            }
            Err(Stop::Io(error)) => Err(OpenError::Io { what: format!("replay {}", place.path.display()), error }),
            Err(Stop::Journal(what)) if self.options.set_aside_corrupt => {
                // Which batches are missing is unknown: every partition that this journal made durable is in doubt.
                // So is each that came to it after its last record, and each that no record names.
                self.is_journal_damaged = true;
                self.report.damaged.push(what);
                self.damaged.extend(checkpoint.partitions.iter().map(|record| record.id));
                self.damaged.extend(outcome.2);
                self.damaged.extend(self.replays.keys().filter(|id| !self.records.contains_key(id)));
                Ok(())
            }
            Err(Stop::Journal(what)) => Err(OpenError::Corrupt(what)),
        }
    }

    /// What one shard gave away may have gone into a journal that is damaged.
    fn doubt_the_homeless(&mut self) {
        if self.is_journal_damaged {
            self.damaged.extend(self.replays.values().filter(|replay| replay.is_fenced).map(|replay| replay.id));
        }
    }

    fn finish_replays(&mut self) -> Result<(), OpenError> {
        let replays = std::mem::take(&mut self.replays);
        let names = std::mem::take(&mut self.names);
        let paths = self.paths.clone();
        let damaged = self.damaged.clone();
        let (results, replays, synced) = block_on(self.io, |files| async move {
            let mut replays = replays;
            let mut results = Vec::new();
            let (mut changed, mut directories) = (Vec::new(), Vec::new());
            for (id, replay) in replays.iter_mut().filter(|(id, _)| !damaged.contains(id)) {
                match replay.finish(&files, &paths, &names[id]).await {
                    Ok(()) => {
                        let (paths, directory) = replay.unsynced(&paths);
                        changed.extend(paths);
                        directories.extend(directory);
                    }
                    Err(error) => results.push((*id, error)),
                }
            }
            let synced = sync_all(&files, &changed, &directories).await;
            (results, replays, synced)
        });
        self.replays = replays;
        synced.map_err(OpenError::io("sync what was recovered"))?;
        for (id, error) in results {
            match error {
                ReplayError::Io(error) => return Err(OpenError::Io { what: format!("recover {id:?}"), error }),
                ReplayError::Corrupt(what) => self.corrupt(id, what)?,
            }
        }
        self.report.cut_size = self.replays.values().map(|replay| replay.cut_size).sum();
        Ok(())
    }
}

fn describe(error: &ReplayError) -> String {
    match error {
        ReplayError::Io(error) => error.to_string(),
        ReplayError::Corrupt(what) => what.clone(),
    }
}
