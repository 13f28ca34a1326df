//! What the last life left: superblock, checkpoints, directories, identity files. What nobody knows is set aside, what was deleted
//! is buried.

use super::super::replay::{read_all, Replay};
use super::{describe, OpenError, Recovery};
use crate::io::{Op, OpenMode};
use crate::journal::checkpoint::{Checkpoint, PartitionRecord, CHECKPOINT_MAGIC};
use crate::journal::superblock::{Superblock, SUPERBLOCK_MAGIC};
use crate::journal::twin::{Copies, Twin};
use crate::log::identity::{Identity, IdentityError};
use crate::log::ids::PartitionId;
use crate::log::segment::{absent_is_empty, TOMBSTONE_SUFFIX};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

impl Recovery<'_> {
    pub(super) fn read_superblock(&mut self) -> Result<(Twin, Option<Superblock>), OpenError> {
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
    pub(super) fn read_checkpoints(&mut self, superblock: &Superblock) -> Result<Vec<(Twin, Checkpoint)>, OpenError> {
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

    pub(super) fn read_directories(&mut self, checkpoints: &[(Twin, Checkpoint)]) -> Result<(), OpenError> {
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

    pub(super) fn begin_replays(&mut self, checkpoints: &[(Twin, Checkpoint)]) -> Result<(), OpenError> {
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
}

fn refuse_newer(copies: &Copies, what: &str) -> Result<(), OpenError> {
    match copies.newer_format {
        Some(format) => Err(OpenError::NewerFormat(format!("{what} has format {format}"))),
        None => Ok(()),
    }
}
