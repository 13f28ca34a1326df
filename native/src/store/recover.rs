//! Opens a data directory: finds out what the last life left, repeats what the journals say, and begins a new
//! incarnation (DURABILITY.md rules 4, 6, 11, 12, 22). Everything blocks here; nothing serves yet.
//!
//! ```text
//!   lock ─► superblock ─► checkpoints ─► directories ─► journals replayed ─► tails ─► all synced
//!        ─► checkpoints of the new incarnation ─► superblock of the new incarnation   ◄── the one step that counts
//! ```
//! A crash anywhere before the last arrow leaves the old superblock, whose journals and checkpoints are untouched.

use super::checkpointer::{release_reserve, sync_all};
use super::journal_replay::{journal_identity, replay, write_first_step, write_zeros, Context, Stop};
use super::partition_files::cut_files;
use super::replay::{read_all, Replay, ReplayError};
use crate::codec::crc32c::crc32c;
use crate::io::task::{block_on, Files};
use crate::io::{Io, IoError, IoResult, Op, OpenMode, BLOCK_SIZE};
use crate::journal::checkpoint::{Checkpoint, PartitionRecord, CHECKPOINT_MAGIC};
use crate::journal::header::Incarnation;
use crate::journal::scan::ScanStart;
use crate::journal::space::JOURNAL_START;
use crate::journal::superblock::{JournalPlace, Superblock, SUPERBLOCK_MAGIC};
use crate::journal::twin::{Copies, Twin};
use crate::journal::writer::JournalConfig;
use crate::log::config::LogConfig;
use crate::log::identity::{Identity, IdentityError};
use crate::log::ids::{PartitionId, TopicId};
use crate::log::partition::Partition;
use crate::log::segment::{absent_is_empty, DataPaths, TOMBSTONE_SUFFIX};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

const RESERVE_SIZE: u64 = 8 << 20;

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

    fn read_superblock(&mut self) -> Result<(Twin, Option<Superblock>), OpenError> {
        let root = self.paths.root.clone();
        let (twin, copies) = self.run_task("read the superblock", |files| async move {
            let mut twin = Twin::new(SUPERBLOCK_MAGIC, &root, "superblock");
            let copies = twin.read(&files).await?;
            Ok((twin, copies))
        })?;
        refuse_newer(&copies, "the superblock")?;
        if let Some(copy) = copies.whole.first() {
            let superblock = Superblock::decode(&copy.payload).ok_or_else(|| OpenError::Corrupt("the superblock".into()))?;
            return Ok((twin, Some(superblock)));
        }
        // A first start that crashed before its superblock was durable has acknowledged nothing.
        let topics = absent_is_empty(self.io.list(&self.paths.topics())).map_err(OpenError::io("list the topics"))?;
        if topics.is_empty() {
            return Ok((twin, None));
        }
        Err(OpenError::Corrupt("both copies of the superblock are missing or damaged, but there are topics".into()))
    }

    /// The newest checkpoint of the superblock's incarnation for every journal; its twin continues from it, so that the
    /// copy that recovery needs is not the one that is overwritten.
    fn read_checkpoints(&mut self, superblock: &Superblock) -> Result<Vec<(Twin, Checkpoint)>, OpenError> {
        let mut found = Vec::new();
        for shard in 0..superblock.journals.len() {
            let directory = self.paths.checkpoints();
            let (mut twin, copies) = self.run_task("read a checkpoint", |files| async move {
                let mut twin = Twin::new(CHECKPOINT_MAGIC, &directory, &format!("{shard:05}"));
                let copies = twin.read(&files).await?;
                Ok((twin, copies))
            })?;
            refuse_newer(&copies, "a checkpoint")?;
            let own = copies.whole.into_iter().find_map(|copy| {
                let checkpoint = Checkpoint::decode(&copy.payload)?;
                (checkpoint.incarnation == superblock.incarnation).then_some((copy.generation, checkpoint))
            });
            let (generation, checkpoint) =
                own.ok_or_else(|| OpenError::Corrupt(format!("no whole checkpoint of shard {shard} is of this incarnation")))?;
            twin.generation = generation;
            found.push((twin, checkpoint));
        }
        Ok(found)
    }

    fn read_directories(&mut self, checkpoints: &[(Twin, Checkpoint)]) -> Result<(), OpenError> {
        let topics = self.paths.topics();
        let entries = absent_is_empty(self.io.list(&topics)).map_err(OpenError::io("list the topics"))?;
        let recorded: HashSet<PartitionId> =
            checkpoints.iter().flat_map(|(_, checkpoint)| &checkpoint.partitions).map(|record| record.id).collect();
        for entry in entries {
            let bare = entry.name.strip_suffix(TOMBSTONE_SUFFIX).unwrap_or(&entry.name);
            match PartitionId::from_directory(bare) {
                Some(id) if bare != entry.name => drop(self.gone.insert(id)),
                Some(id) if self.catalog.live.contains_key(&id) => {
                    let names = self.io.list(&topics.join(&entry.name)).map_err(OpenError::io("list a partition"))?;
                    self.names.insert(id, names.into_iter().map(|entry| (entry.name, entry.size)).collect());
                }
                Some(id) if self.catalog.deleted.contains(&id.topic) => self.bury(&id)?,
                id => self.set_aside(&entry.name, id.is_some_and(|id| recorded.contains(&id)))?,
            }
        }
        for id in recorded.difference(&self.names.keys().copied().collect()) {
            if self.catalog.deleted.contains(&id.topic) {
                self.gone.insert(*id);
            } else if !self.gone.contains(id) {
                self.corrupt(*id, format!("{id:?}: its directory is missing"))?;
            }
        }
        Ok(())
    }

    /// A deletion that the metadata recorded, but whose rename the crash prevented.
    fn bury(&mut self, id: &PartitionId) -> Result<(), OpenError> {
        let (from, to, parent) = (self.paths.partition(id), self.paths.tombstone(id), self.paths.topics());
        self.gone.insert(*id);
        self.run_task("rename a deleted partition", |files| async move {
            files.call(Op::Rename { from, to }).await?;
            files.sync_directory(&parent).await
        })
    }

    fn set_aside(&mut self, name: &str, is_recorded: bool) -> Result<(), OpenError> {
        if is_recorded {
            return Err(OpenError::Corrupt(format!("{name} is in the checkpoint, but the metadata does not know it")));
        }
        let (from, directory, parent) = (self.paths.topics().join(name), self.paths.set_aside(), self.paths.topics());
        let to = directory.join(name);
        self.report.set_aside.push(name.to_owned());
        self.run_task("set an unknown directory aside", |files| async move {
            files.make_directory(&directory).await?;
            files.call(Op::Rename { from, to }).await?;
            files.sync_directory(&directory).await?;
            files.sync_directory(&parent).await
        })
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

    fn begin_replays(&mut self, checkpoints: &[(Twin, Checkpoint)]) -> Result<(), OpenError> {
        let mut records: HashMap<PartitionId, PartitionRecord> = HashMap::new();
        for record in checkpoints.iter().flat_map(|(_, checkpoint)| &checkpoint.partitions) {
            let is_newer = records.get(&record.id).is_none_or(|known| known.ownership < record.ownership);
            if is_newer && !self.gone.contains(&record.id) {
                records.insert(record.id, record.clone());
            }
        }
        let mut ids: Vec<PartitionId> = self.names.keys().copied().collect();
        ids.sort_unstable();
        let identities = self.read_identities(&ids)?;
        let mut unrecorded = Vec::new();
        for (id, identity) in ids.into_iter().zip(identities) {
            let config = self.catalog.live[&id];
            let names = &self.names[&id];
            match (identity, records.get(&id)) {
                (_, Some(record)) if record.is_damaged => {
                    self.corrupt(id, format!("{id:?}: an earlier start found it damaged"))?
                }
                (Ok(identity), Some(record)) if identity.partition == id => {
                    match Replay::from_record(record, config, names, self.options.wall_ms) {
                        Ok(replay) => drop(self.replays.insert(id, replay)),
                        Err(error) => self.corrupt(id, describe(&error))?,
                    }
                }
                (Ok(identity), None) if identity.partition == id => {
                    let mut replay = Replay::empty(id, config, names, self.options.wall_ms);
                    replay.durability = identity.durability;
                    replay.ownership = identity.ownership;
                    unrecorded.push(id);
                    self.replays.insert(id, replay);
                }
                (Err(IdentityError::NewerFormat(format)), _) => {
                    return Err(OpenError::NewerFormat(format!("{id:?} has format {format}")));
                }
                // The crash came while it was created: nothing was acknowledged in it, and creating it again is safe.
                (Err(IdentityError::Damaged), None) if names.iter().all(|(name, _)| name == "identity") => {}
                _ => self.corrupt(id, format!("{id:?}: its identity file is damaged or another partition's"))?,
            }
        }
        self.records = records;
        self.sync_identities(&unrecorded)
    }

    /// The last life may have died between making a partition and syncing it: before a checkpoint names it, it must
    /// be as durable as one that was created to the end (rule 10).
    fn sync_identities(&mut self, ids: &[PartitionId]) -> Result<(), OpenError> {
        let paths: Vec<(PathBuf, PathBuf)> = ids.iter().map(|id| (self.paths.identity(id), self.paths.partition(id))).collect();
        let topics = self.paths.topics();
        self.run_task("sync identity files", |files| async move {
            for (identity, directory) in &paths {
                files.sync_path(identity, OpenMode::Write).await?;
                files.sync_directory(directory).await?;
            }
            files.sync_directory(&topics).await
        })
    }

    fn read_identities(&mut self, ids: &[PartitionId]) -> Result<Vec<Result<Identity, IdentityError>>, OpenError> {
        let paths: Vec<PathBuf> = ids.iter().map(|id| self.paths.identity(id)).collect();
        let contents = self.run_task("read identity files", |files| async move { read_all(&files, paths).await })?;
        Ok(contents.into_iter().map(|bytes| Identity::decode(&bytes.unwrap_or_default())).collect())
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

    fn next_superblock(&self, old: &Superblock) -> Superblock {
        let directory = if self.report.is_fresh { self.options.nonce } else { old.directory };
        let incarnation = Incarnation { number: old.incarnation.number + 1, nonce: self.options.nonce };
        let folder = self.options.journals.clone().unwrap_or_else(|| PathBuf::from("journal"));
        let journals = (0..self.options.shards)
            .map(|shard| JournalPlace {
                path: folder.join(format!("{shard:05}.journal")),
                size: self.options.journal.size_max,
                search_size: search_size(self.options),
            })
            .collect();
        Superblock { directory, incarnation, journals }
    }

    /// Journals and checkpoints of the new incarnation, everything but the superblock that makes them valid.
    fn prepare_shards(
        &mut self,
        superblock: &Superblock,
        last: &Superblock,
        old: &[(Twin, Checkpoint)],
    ) -> Result<Vec<RecoveredShard>, OpenError> {
        let mut shards = Vec::new();
        for (shard, place) in superblock.journals.iter().enumerate() {
            let shard = shard as u32;
            let path = self.options.data.join(&place.path);
            let is_known = last.journals.get(shard as usize).is_some_and(|known| known.path == place.path);
            let size = self.prepare_journal(&path, &superblock.directory, shard, is_known)?;
            let mut twin = old.get(shard as usize).map_or_else(
                || Twin::new(CHECKPOINT_MAGIC, &self.paths.checkpoints(), &format!("{shard:05}")),
                |(twin, _)| twin.clone(),
            );
            let records = self.records_of(shard);
            let checkpoint = Checkpoint {
                incarnation: superblock.incarnation,
                position: JOURNAL_START,
                number: 1,
                sequence_next: 1,
                partitions: records,
            };
            let twin = self.run_task("write a checkpoint", |files| async move {
                twin.write_with_entry(&files, &checkpoint.encode()).await?;
                Ok(twin)
            })?;
            shards.push(RecoveredShard {
                shard,
                paths: self.paths.clone(),
                superblock: superblock.clone(),
                journal_path: path,
                journal_size: size,
                batch_size_max: u32::try_from(self.options.batch_size_max).unwrap_or(u32::MAX),
                checkpoints: twin,
                partitions: Vec::new(),
            });
        }
        Ok(shards)
    }

    /// What the last life knew of it, so that no start takes it for whole, or for empty.
    fn damaged_record(&self, id: &PartitionId) -> PartitionRecord {
        let known = self.records.get(id).cloned().unwrap_or_else(|| PartitionRecord { id: *id, ..PartitionRecord::default() });
        PartitionRecord { is_damaged: true, is_released: false, last_sequence: 0, ..known }
    }

    fn records_of(&mut self, shard: u32) -> Vec<PartitionRecord> {
        let shards = self.options.shards;
        let damaged: Vec<PartitionId> = self.damaged.iter().filter(|id| shard_of(id, shards) == shard).copied().collect();
        let mut records: Vec<PartitionRecord> = damaged.iter().map(|id| self.damaged_record(id)).collect();
        let own = self.replays.iter_mut().filter(|(id, _)| shard_of(id, shards) == shard && !self.damaged.contains(id));
        records.extend(own.map(|(_, replay)| replay.record()));
        records
    }

    /// Makes a journal file with its identity and the first pre-written step. One that the last superblock did not
    /// name is made anew: it is what a start left that crashed before its superblock was durable. One that it names only
    /// grows: until the new superblock is durable, a crash repeats the recovery from what stands in it.
    fn prepare_journal(&mut self, path: &Path, directory: &[u8; 16], shard: u32, is_known: bool) -> Result<u64, OpenError> {
        let found = self.io.file_size(path).map_err(OpenError::io("find a journal"))?.unwrap_or(0);
        let found = found / BLOCK_SIZE as u64 * BLOCK_SIZE as u64;
        let size = JOURNAL_START + self.options.journal.step;
        if is_known && found >= size {
            return Ok(found);
        }
        let path = path.to_owned();
        let identity = (!is_known || found == 0).then(|| journal_identity(directory, shard));
        self.run_task("make a journal", |files| async move {
            let file = files.open(&path, OpenMode::Direct).await?;
            let made = match identity {
                Some(identity) => write_first_step(&files, file, &identity, size).await,
                None => write_zeros(&files, file, found, size).await,
            };
            files.close(file).await?;
            made?;
            files.sync_directory(path.parent().expect("a journal lies in a directory")).await?;
            Ok(size)
        })
    }

    /// The reserve keeps checkpoints and deletions going on a full disk (rule 8). On one that is full already there is none.
    fn reserve(&mut self) -> Result<(), OpenError> {
        let path = self.paths.reserve();
        if has_reserve(self.io, &self.paths)? {
            return Ok(());
        }
        self.run_task("make the reserve", |files| async move {
            let file = match files.open(&path, OpenMode::Write).await {
                Err(error) if error.is_no_space() => return Ok(()),
                opened => opened?,
            };
            let reserved = files.call(Op::Allocate { file, position: 0, size: RESERVE_SIZE }).await;
            files.close(file).await?;
            match reserved {
                Err(error) if error.is_no_space() => files.remove_file(&path).await,
                other => other.map(drop),
            }
        })
    }

    /// After the superblock: what is left is tidying.
    fn conclude(mut self, superblock: Superblock, mut shards: Vec<RecoveredShard>) -> Result<Recovered, OpenError> {
        self.reserve()?;
        self.remove_tombstones()?;
        self.remove_surplus_journals(&superblock)?;
        let epoch = superblock.incarnation.number as i32;
        let count = self.options.shards;
        for id in &self.damaged {
            let Some(config) = self.catalog.live.get(id) else { continue };
            let mut partition = Partition::new(*id, *config, epoch);
            partition.set_aside = Some(Box::new(self.damaged_record(id)));
            shards[shard_of(id, count) as usize].partitions.push(partition);
        }
        for (id, replay) in self.replays.into_iter().filter(|(id, _)| !self.damaged.contains(id)) {
            shards[shard_of(&id, count) as usize].partitions.push(replay.into_partition(epoch));
        }
        Ok(Recovered { shards, incarnation: superblock.incarnation, report: self.report })
    }

    /// No journal of the new incarnation names them.
    fn remove_tombstones(&mut self) -> Result<(), OpenError> {
        for id in std::mem::take(&mut self.gone) {
            let path = self.paths.tombstone(&id);
            let entries = absent_is_empty(self.io.list(&path)).map_err(OpenError::io("list a tombstone"))?;
            let unlinks: Vec<PathBuf> = entries.into_iter().map(|entry| path.join(entry.name)).collect();
            self.run_task("remove a tombstone", |files| async move {
                cut_files(&files, unlinks, None, None).await?;
                match files.call(Op::RemoveDir { path }).await {
                    Ok(_) | Err(IoError::NOT_FOUND) => Ok(()),
                    Err(error) => Err(error),
                }
            })?;
        }
        Ok(())
    }

    fn remove_surplus_journals(&mut self, superblock: &Superblock) -> Result<(), OpenError> {
        let directory = self.journals_directory();
        let entries = absent_is_empty(self.io.list(&directory)).map_err(OpenError::io("list the journals"))?;
        let kept: HashSet<PathBuf> = superblock.journals.iter().map(|place| self.options.data.join(&place.path)).collect();
        let surplus = entries.into_iter().map(|entry| directory.join(entry.name));
        let surplus: Vec<PathBuf> = surplus
            .filter(|path| path.extension().is_some_and(|extension| extension == "journal") && !kept.contains(path))
            .collect();
        self.run_task("remove a journal", |files| async move { cut_files(&files, surplus, None, None).await })
    }
}

fn refuse_newer(copies: &Copies, what: &str) -> Result<(), OpenError> {
    match copies.newer_format {
        Some(format) => Err(OpenError::NewerFormat(format!("{what} has format {format}"))),
        None => Ok(()),
    }
}

fn describe(error: &ReplayError) -> String {
    match error {
        ReplayError::Io(error) => error.to_string(),
        ReplayError::Corrupt(what) => what.clone(),
    }
}

/// How far behind the end of the run a commit can lie that was in flight or acknowledged after the missing one.
fn search_size(options: &OpenOptions) -> u64 {
    // The missing one, those in flight beside it, and the first that was begun when it was durable; one of them may hold
    // a single batch beyond the usual size, and such a commit travels alone.
    let count = options.journal.depth as u64 + 2;
    count * options.journal.commit_size_max as u64 + options.batch_size_max + (1 << 20)
}
