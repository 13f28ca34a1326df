//! What the next life begins with: journals and checkpoints of the new incarnation before its superblock, tidying behind it.

use super::super::journal_replay::{journal_identity, write_first_step, write_zeros};
use super::super::partition_files::cut_files;
use super::{has_reserve, shard_of, OpenError, OpenOptions, Recovered, RecoveredShard, Recovery};
use crate::io::{IoError, Op, OpenMode, BLOCK_SIZE};
use crate::journal::checkpoint::{Checkpoint, PartitionRecord, CHECKPOINT_MAGIC};
use crate::journal::header::Incarnation;
use crate::journal::space::JOURNAL_START;
use crate::journal::superblock::{JournalPlace, Superblock};
use crate::journal::twin::Twin;
use crate::log::ids::PartitionId;
use crate::log::partition::Partition;
use crate::log::segment::absent_is_empty;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const RESERVE_SIZE: u64 = 8 << 20;

impl Recovery<'_> {
    pub(super) fn next_superblock(&self, old: &Superblock) -> Superblock {
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
    pub(super) fn prepare_shards(
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
    pub(super) fn conclude(mut self, superblock: Superblock, mut shards: Vec<RecoveredShard>) -> Result<Recovered, OpenError> {
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

/// How far behind the end of the run a commit can lie that was in flight or acknowledged after the missing one.
fn search_size(options: &OpenOptions) -> u64 {
    // The missing one, those in flight beside it, and the first that was begun when it was durable; one of them may hold
    // a single batch beyond the usual size, and such a commit travels alone.
    let count = options.journal.depth as u64 + 2;
    count * options.journal.commit_size_max as u64 + options.batch_size_max + (1 << 20)
}
