//! One partition on its way back from a crash: a cursor that begins at the recovery point and follows the journal's
//! entries. Writes go to the same positions as before the crash, so a recovery that crashes is repeated whole.
//!
//! An `fsync` partition is what its checkpoint and the journal say and nothing else; what its files hold beyond is cut
//! at the end. A `replicated` partition continues behind the cursor with the longest run of good batches in its files.

use super::partition_files::cut_files;
use super::walk::{self, Chunk, SegmentFile};
use super::ReadError;
use crate::codec::batch::{validate, BatchHeader, BatchRules, HEADER_SIZE};
use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, IoError, IoResult, Op, OpenMode, Piece};
use crate::journal::checkpoint::{PartitionRecord, SegmentRecord};
use crate::journal::entry::{Durability, Entry, EntryKind};
use crate::log::config::LogConfig;
use crate::log::ids::PartitionId;
use crate::log::leader_epochs::LeaderEpochs;
use crate::log::partition::{producers_at, Mark, Partition};
use crate::log::producer_state::{ProducerState, PRODUCERS_MAX};
use crate::log::segment::{base_of_index_name, base_of_log_name, DataPaths, Segment};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

/// Why a partition's state and its journal contradict each other.
#[derive(Debug, PartialEq, Eq)]
pub enum ReplayError {
    Io(IoError),
    Corrupt(String),
}

impl From<IoError> for ReplayError {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

impl From<ReadError> for ReplayError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            other => Self::Corrupt(format!("{other:?}")),
        }
    }
}

pub(super) struct Replay {
    pub id: PartitionId,
    pub config: LogConfig,
    pub durability: Durability,
    pub ownership: u64,
    /// Its owner gave it away, and nobody is known to have taken it.
    pub is_fenced: bool,
    pub log_start: u64,
    pub cursor: Mark,
    segments: Vec<Segment>,
    epochs: LeaderEpochs,
    producers: ProducerState,
    /// Batches to be written behind one another, from `pending_at` in `pending_segment` on.
    pending: Vec<(Piece, Rc<AlignedBuffer>)>,
    pending_segment: u64,
    pending_at: u64,
    pub pending_size: usize,
    wall_ms: i64,
    /// The lowest segment that recovery wrote, cut or found unsynced; synced from there on.
    changed_from: u64,
    was_cut: bool,
    /// Sizes of the segment files on disk, as they are now.
    sizes: HashMap<u64, u64>,
    /// Bytes of each segment that only its file has: the record says so and no entry rewrote them.
    trusted: Vec<(u64, u64)>,
    /// A cut of a `replicated` partition that no second entry has confirmed yet.
    unconfirmed_cut: Option<u64>,
    pub is_changed: bool,
    /// Bytes that were in files and are not part of the log.
    pub cut_size: u64,
}

impl Replay {
    /// From its record in a checkpoint.
    pub fn from_record(
        record: &PartitionRecord,
        config: LogConfig,
        names: &[(String, u64)],
        wall_ms: i64,
    ) -> Result<Self, ReplayError> {
        let corrupt = |what: &str| ReplayError::Corrupt(format!("checkpoint of {:?}: {what}", record.id));
        let epochs = LeaderEpochs::decode(&record.epochs).map_err(|_| corrupt("leader epochs"))?;
        let producers = match record.producers.is_empty() {
            true => ProducerState::new(record.recovery_point as i64, PRODUCERS_MAX),
            false => ProducerState::decode(&record.producers, PRODUCERS_MAX).map_err(|_| corrupt("producers"))?,
        };
        let segments: Vec<Segment> = record.segments.iter().map(segment_of).collect();
        let last = segments.last().map_or((record.recovery_point, 0), |segment| (segment.base, segment.size));
        let cursor = Mark { offset: record.recovery_point, sequence: record.last_sequence, segment: last.0, position: last.1 };
        let mut replay = Self::empty(record.id, config, names, wall_ms);
        replay.trusted = segments.iter().map(|segment| (segment.base, segment.size)).collect();
        replay.durability = record.durability;
        replay.ownership = record.ownership;
        replay.is_fenced = record.is_released;
        replay.log_start = record.log_start;
        replay.cursor = cursor;
        replay.segments = segments;
        replay.epochs = epochs;
        replay.producers = producers;
        Ok(replay)
    }

    /// A partition that no checkpoint has seen.
    pub fn empty(id: PartitionId, config: LogConfig, names: &[(String, u64)], wall_ms: i64) -> Self {
        let sizes = names.iter().filter_map(|(name, size)| Some((base_of_log_name(name)?, *size))).collect();
        Self {
            id,
            config,
            durability: config.durability,
            ownership: 1,
            is_fenced: false,
            log_start: 0,
            cursor: Mark::default(),
            segments: Vec::new(),
            epochs: LeaderEpochs::new(),
            producers: ProducerState::new(0, PRODUCERS_MAX),
            pending: Vec::new(),
            pending_segment: 0,
            pending_at: 0,
            pending_size: 0,
            sizes,
            wall_ms,
            changed_from: u64::MAX,
            was_cut: false,
            trusted: Vec::new(),
            unconfirmed_cut: None,
            is_changed: false,
            cut_size: 0,
        }
    }

    fn corrupt(&self, entry: &Entry, what: &str) -> ReplayError {
        ReplayError::Corrupt(format!(
            "{:?}: entry {} ({:?} at {}) {what}: the log ends at {}",
            self.id, entry.sequence, entry.kind, entry.offset, self.cursor.offset
        ))
    }

    /// Applies one entry; batches are only queued for writing.
    pub fn apply(&mut self, entry: &Entry, payload: Option<(Piece, Rc<AlignedBuffer>)>) -> Result<(), ReplayError> {
        if entry.ownership > self.ownership {
            return self.adopt(entry);
        }
        // What an owner before this one did, and what the segments contained when the checkpoint was made, is in them.
        if entry.ownership < self.ownership || entry.sequence <= self.cursor.sequence {
            return Ok(());
        }
        if self.is_fenced {
            return Err(self.corrupt(entry, "comes behind the fence"));
        }
        let is_chained = entry.end_before == self.cursor.offset;
        if self.durability == Durability::Fsync && !is_chained {
            return Err(self.corrupt(entry, "does not follow"));
        }
        match entry.kind {
            EntryKind::Batch => self.batch(entry, payload)?,
            EntryKind::LogStart => self.raise_log_start(entry.offset),
            EntryKind::Durability => self.change_durability(entry)?,
            EntryKind::Truncate => self.truncate(entry),
            EntryKind::Reset => self.reset(entry.offset),
            EntryKind::TruncateDone => self.unconfirmed_cut = None,
            EntryKind::Fence => self.is_fenced = true,
            EntryKind::Adopt => return Err(self.corrupt(entry, "adopts what this journal has already")),
        }
        self.cursor.sequence = entry.sequence;
        self.is_changed = true;
        Ok(())
    }

    /// The partition goes on in another journal. That of the owner before may not have been replayed yet, and need not be:
    /// its record contains all that it ever listed (rule 11).
    fn adopt(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        let is_next = entry.kind == EntryKind::Adopt && entry.ownership == self.ownership + 1;
        if !is_next || entry.end_before != self.cursor.offset {
            return Err(self.corrupt(entry, "is of an owner that did not adopt what the last record says"));
        }
        self.ownership = entry.ownership;
        self.is_fenced = false;
        self.log_start = self.log_start.max(entry.value);
        self.cursor.sequence = entry.sequence;
        self.is_changed = true;
        Ok(())
    }

    fn batch(&mut self, entry: &Entry, payload: Option<(Piece, Rc<AlignedBuffer>)>) -> Result<(), ReplayError> {
        if self.durability != Durability::Fsync || entry.offset < self.cursor.offset {
            return Err(self.corrupt(entry, "is not a batch that this log can have"));
        }
        let (piece, window) = payload.expect("a batch has bytes");
        let header = BatchHeader::parse(piece.bytes()).expect("checked by the scan");
        if entry.begins_segment || self.segments.is_empty() {
            // A cut may have left the segment of that name behind, empty.
            self.segments.retain(|segment| segment.base != entry.offset);
            self.segments.push(Segment::new(entry.offset, 0));
        }
        let segment = self.segments.last_mut().expect("just made sure");
        if self.pending.is_empty() {
            self.pending_segment = segment.base;
            self.pending_at = segment.size;
        }
        segment.note(u64::from(entry.size), header.max_timestamp);
        self.cursor = Mark { offset: entry.value, sequence: entry.sequence, segment: segment.base, position: segment.size };
        self.pending.push((piece, window));
        self.pending_size += piece.size();
        self.note(&header)
    }

    fn note(&mut self, header: &BatchHeader) -> Result<(), ReplayError> {
        if self.epochs.assign(header.leader_epoch, header.base_offset).is_err() {
            let latest = self.epochs.latest();
            return Err(ReplayError::Corrupt(format!(
                "{:?}: leader epoch {} at {} goes back behind {latest:?}",
                self.id, header.leader_epoch, header.base_offset
            )));
        }
        // After a cut they are read from the log at the end: the state before it may know of batches that are gone.
        if !self.was_cut {
            self.producers.replay(header, self.wall_ms);
        }
        Ok(())
    }

    /// True if the next batch can't be written together with those that are pending.
    pub fn must_write_before(&self, entry: &Entry) -> bool {
        !self.pending.is_empty() && (entry.kind != EntryKind::Batch || entry.begins_segment)
    }

    pub async fn write_pending(&mut self, files: &Files, paths: &DataPaths) -> IoResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.changed_from = self.changed_from.min(self.pending_segment);
        let file = files.open(&paths.log(&self.id, self.pending_segment), OpenMode::Write).await?;
        let pieces: Vec<Piece> = self.pending.iter().map(|(piece, _)| *piece).collect();
        let written = files.write(file, self.pending_at, &pieces, None).await;
        // The device is idle while the journal is read on: the sync at the end finds less to do.
        let (position, size) = (self.pending_at, self.pending_size as u64);
        let _ = files.call(Op::StartWriteback { file, position, size }).await;
        files.close(file).await?;
        let size = self.sizes.entry(self.pending_segment).or_default();
        *size = (*size).max(self.pending_at + self.pending_size as u64);
        self.pending.clear();
        self.pending_size = 0;
        written
    }

    fn raise_log_start(&mut self, to: u64) {
        // The epochs below it are dropped at the end: a tail that is yet to be scanned may begin there.
        self.log_start = self.log_start.max(to);
    }

    fn change_durability(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        // It was in a checkpoint before its entry was listed.
        if self.cursor.offset != entry.offset {
            return Err(self.corrupt(entry, "names another end"));
        }
        self.durability = entry.durability;
        Ok(())
    }

    /// Cuts where the entry says, in memory; the files follow at the end. Producers are then read from the log again.
    fn truncate(&mut self, entry: &Entry) {
        if self.durability == Durability::Replicated {
            self.unconfirmed_cut = Some(entry.offset);
        }
        if self.cursor.offset <= entry.offset {
            return;
        }
        let (base, position) = (entry.value, u64::from(entry.size));
        self.changed_from = self.changed_from.min(base);
        self.trusted.retain(|(segment, _)| *segment <= base);
        if let Some((_, size)) = self.trusted.iter_mut().find(|(segment, _)| *segment == base) {
            *size = (*size).min(position);
        }
        self.segments.retain(|segment| segment.base <= base);
        if let Some(last) = self.segments.last_mut() {
            last.size = position;
            last.max_timestamp = entry.timestamp;
        }
        self.cursor = Mark { offset: entry.offset, segment: base, position, ..self.cursor };
        let _ = self.epochs.truncate_to(entry.offset as i64);
        self.was_cut = true;
    }

    /// The producers of the log as it is now, from its first header to its last.
    async fn read_producers(&mut self, files: &Files, paths: &DataPaths) -> Result<(), ReplayError> {
        let first = self.segments.first().map_or(self.cursor.offset, |segment| segment.base);
        let mut producers = ProducerState::new(first as i64, PRODUCERS_MAX);
        for (index, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(index + 1).map_or(self.cursor.offset, |next| next.base);
            let file = SegmentFile { base: segment.base, size: segment.size, next };
            let wall_ms = self.wall_ms;
            walk::headers(files, &paths.log(&self.id, segment.base), file, |header, _| {
                producers.replay(header, wall_ms);
                true
            })
            .await?;
        }
        self.producers = producers;
        Ok(())
    }

    fn reset(&mut self, to: u64) {
        if self.durability == Durability::Replicated {
            self.unconfirmed_cut = Some(to);
        }
        self.segments.clear();
        self.trusted.clear();
        self.log_start = to;
        self.epochs = LeaderEpochs::new();
        self.producers = ProducerState::new(to as i64, PRODUCERS_MAX);
        self.cursor = Mark { offset: to, segment: to, position: 0, ..self.cursor };
    }

    /// The end of replay: takes over or cuts what the files hold behind the cursor, and removes what is no part.
    pub async fn finish(&mut self, files: &Files, paths: &DataPaths, names: &[(String, u64)]) -> Result<(), ReplayError> {
        self.write_pending(files, paths).await?;
        if self.durability == Durability::Replicated {
            let limit = self.unconfirmed_cut.unwrap_or(u64::MAX);
            self.scan_tail(files, paths, limit).await?;
        }
        if self.cursor.offset < self.log_start {
            // The log start is durable, the tail that it lay in was not: the log begins there, empty.
            self.reset(self.log_start);
            self.is_changed = true;
        }
        let _ = self.epochs.drop_below(self.log_start as i64);
        self.check_trusted(names)?;
        if self.was_cut {
            self.read_producers(files, paths).await?;
        }
        self.cut_rest(files, paths, names).await
    }

    /// Extends a `replicated` partition by the longest contiguous run of good batches below `limit`.
    async fn scan_tail(&mut self, files: &Files, paths: &DataPaths, limit: u64) -> Result<(), ReplayError> {
        // An empty one is no gap: a shard rolled to it and gave the partition away before the first batch.
        let filled = self.sizes.iter().filter(|(_, size)| **size > 0);
        let mut bases: Vec<u64> = filled.map(|(base, _)| *base).collect();
        bases.sort_unstable();
        let from = self.cursor.segment;
        for base in bases.into_iter().filter(|base| *base >= from) {
            let is_new = self.segments.last().is_none_or(|segment| segment.base < base);
            // A segment that does not continue where the last one ended lies behind a gap.
            if is_new && base != self.cursor.offset {
                break;
            }
            let position = if is_new { 0 } else { self.cursor.position };
            let after = TailStart {
                position,
                offset: self.cursor.offset,
                leader_epoch: self.epochs.latest().map_or(0, |latest| latest.leader_epoch),
            };
            let found = scan_batches(files, &paths.log(&self.id, base), after, limit).await?;
            if is_new && found.is_empty() {
                break;
            }
            if is_new {
                self.segments.push(Segment::new(base, 0));
            }
            if !found.is_empty() {
                self.changed_from = self.changed_from.min(base);
            }
            for header in found {
                let segment = self.segments.last_mut().expect("the segment scanned");
                segment.note(u64::from(header.size), header.max_timestamp);
                self.cursor = Mark {
                    offset: header.next_offset() as u64,
                    segment: base,
                    position: segment.size,
                    sequence: self.cursor.sequence,
                };
                self.note(&header)?;
                self.is_changed = true;
            }
        }
        Ok(())
    }

    /// What only the files have is there and as long as it was; but for segments below the log start, which may have
    /// been removed after the last record.
    fn check_trusted(&mut self, names: &[(String, u64)]) -> Result<(), ReplayError> {
        for (base, size) in std::mem::take(&mut self.trusted) {
            let found = names.iter().find(|(name, _)| base_of_log_name(name) == Some(base)).map(|(_, size)| *size);
            if found.unwrap_or(0) >= size {
                continue;
            }
            let next = self.segments.iter().map(|segment| segment.base).find(|other| *other > base);
            if found.is_none() && next.unwrap_or(self.cursor.offset) <= self.log_start {
                self.segments.retain(|segment| segment.base != base);
                continue;
            }
            let what = format!("{:?}: segment {base} has {found:?} bytes where its checkpoint says {size}", self.id);
            return Err(ReplayError::Corrupt(what));
        }
        Ok(())
    }

    /// Cuts the segments at their sizes and removes files that are no part of the log, those included that replay
    /// itself wrote before it came to a truncation.
    async fn cut_rest(&mut self, files: &Files, paths: &DataPaths, names: &[(String, u64)]) -> Result<(), ReplayError> {
        let is_part = |base: u64| self.segments.iter().any(|segment| segment.base == base);
        let logs = self.sizes.keys().filter(|base| !is_part(**base)).map(|base| paths.log(&self.id, *base));
        let indexes = names.iter().filter_map(|(name, _)| base_of_index_name(name)).filter(|base| !is_part(*base));
        let mut unlinks: Vec<PathBuf> = logs.chain(indexes.map(|base| paths.index(&self.id, base))).collect();
        unlinks.sort_unstable();
        let kept_of = |base: u64| self.segments.iter().find(|segment| segment.base == base).map_or(0, |segment| segment.size);
        let found = names.iter().filter_map(|(name, size)| Some((base_of_log_name(name)?, *size)));
        self.cut_size = found.map(|(base, size)| size.saturating_sub(kept_of(base))).sum();
        let is_longer = |segment: &&Segment| self.sizes.get(&segment.base).is_some_and(|size| *size > segment.size);
        let longer: Vec<Segment> = self.segments.iter().filter(is_longer).copied().collect();
        self.is_changed |= !unlinks.is_empty() || !longer.is_empty();
        if !self.is_changed {
            return Ok(());
        }
        let changed = longer.iter().chain(self.segments.last());
        self.changed_from = changed.clone().map(|segment| segment.base).fold(self.changed_from, u64::min);
        // Their indexes may tell of batches that are gone. A read that needs one makes it again.
        unlinks.extend(changed.map(|segment| paths.index(&self.id, segment.base)));
        cut_files(files, unlinks, None, None).await?;
        for segment in longer {
            cut_files(files, Vec::new(), Some((paths.log(&self.id, segment.base), segment.size)), None).await?;
        }
        Ok(())
    }

    /// What recovery wrote or cut, to be synced: segment files, then the directory that names them.
    pub fn unsynced(&self, paths: &DataPaths) -> (Vec<PathBuf>, Option<PathBuf>) {
        if !self.is_changed {
            return (Vec::new(), None);
        }
        let bases = self.segments.iter().map(|segment| segment.base).filter(|base| *base >= self.changed_from);
        (bases.map(|base| paths.log(&self.id, base)).collect(), Some(paths.partition(&self.id)))
    }

    pub fn into_partition(mut self, leader_epoch: i32) -> Partition {
        let mut partition = Partition::new(self.id, self.config, leader_epoch);
        partition.is_led = false;
        let mark = Mark { sequence: 0, ..self.cursor };
        partition.durability = self.durability;
        partition.config.durability = self.durability;
        partition.ownership = self.ownership;
        partition.log_start = self.log_start;
        partition.end = mark.offset;
        partition.segments = self.segments;
        partition.epochs = self.epochs;
        partition.synced_producers = producers_at(&mut self.producers, mark.offset);
        partition.producers = self.producers;
        for place in
            [&mut partition.listed, &mut partition.stable, &mut partition.written, &mut partition.synced, &mut partition.recorded]
        {
            *place = mark;
        }
        partition.reserved = mark.position;
        partition
    }

    pub fn record(&mut self) -> PartitionRecord {
        let last = self.cursor.segment;
        let segments = self.segments.iter().filter(|segment| segment.size > 0 || segment.base == last);
        PartitionRecord {
            id: self.id,
            durability: self.durability,
            ownership: self.ownership,
            is_released: false,
            is_damaged: false,
            log_start: self.log_start,
            recovery_point: self.cursor.offset,
            last_sequence: 0,
            segments: segments
                .map(|segment| SegmentRecord { base: segment.base, size: segment.size, max_timestamp: segment.max_timestamp })
                .collect(),
            epochs: self.epochs.encode(),
            producers: producers_at(&mut self.producers, self.cursor.offset),
        }
    }
}

fn segment_of(record: &SegmentRecord) -> Segment {
    Segment { base: record.base, size: record.size, max_timestamp: record.max_timestamp, began_ms: 0 }
}

/// Where a tail is scanned from, and what came before it.
#[derive(Clone, Copy)]
struct TailStart {
    position: u64,
    offset: u64,
    leader_epoch: i32,
}

/// Good batches from a position on: whole, their CRC right, one behind the other, below the limit.
async fn scan_batches(files: &Files, path: &std::path::Path, start: TailStart, limit: u64) -> IoResult<Vec<BatchHeader>> {
    let file = match files.open(path, OpenMode::Read).await {
        Ok(file) => file,
        Err(IoError::NOT_FOUND) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let found = scan_file(files, file, start, limit).await;
    files.close(file).await?;
    found
}

async fn scan_file(files: &Files, file: FileId, start: TailStart, limit: u64) -> IoResult<Vec<BatchHeader>> {
    let io_error = |error| match error {
        ReadError::Io(error) => error,
        _ => IoError::MEDIA,
    };
    let mut chunk = Chunk::new(file, u64::MAX / 2);
    let mut found: Vec<BatchHeader> = Vec::new();
    let TailStart { mut position, mut offset, mut leader_epoch } = start;
    loop {
        let Some(bytes) = chunk.bytes(files, position, HEADER_SIZE).await.map_err(io_error)? else { break };
        let Ok(header) = BatchHeader::parse(bytes) else { break };
        let is_next = header.base_offset as u64 == offset && header.leader_epoch >= leader_epoch && header.last_offset_delta >= 0;
        if !is_next || header.next_offset() as u64 > limit {
            break;
        }
        let Some(bytes) = chunk.bytes(files, position, header.size as usize).await.map_err(io_error)? else { break };
        // What an append would have refused is not ours, whatever its CRC says.
        if validate(&bytes[..header.size as usize], &BatchRules::replica()).is_err() {
            break;
        }
        position += u64::from(header.size);
        offset = header.next_offset() as u64;
        leader_epoch = header.leader_epoch;
        found.push(header);
    }
    Ok(found)
}

/// Opens of many small files at once, in their order; a missing one is None.
pub(super) async fn read_all(files: &Files, paths: Vec<PathBuf>) -> IoResult<Vec<Option<Vec<u8>>>> {
    const SMALL: usize = 4096;
    let mut contents = Vec::with_capacity(paths.len());
    for group in paths.chunks(64) {
        let opened = files.all(group.iter().map(|path| Op::Open { path: path.clone(), mode: OpenMode::Read }).collect()).await;
        let buffers: Vec<AlignedBuffer> = group.iter().map(|_| AlignedBuffer::new(SMALL)).collect();
        let mut reads = Vec::new();
        let mut closes = Vec::new();
        for (result, buffer) in opened.iter().zip(&buffers) {
            match result {
                Ok(id) => {
                    let file = FileId(*id as u32);
                    reads.push(Op::Read { file, position: 0, target: buffer.piece(0, SMALL) });
                    closes.push(Op::Close { file });
                }
                Err(IoError::NOT_FOUND) => {}
                Err(error) => return Err(*error),
            }
        }
        let counts = files.all(reads).await;
        files.all_ok(closes).await?;
        let mut counts = counts.into_iter();
        for (result, buffer) in opened.iter().zip(&buffers) {
            contents.push(match result {
                Ok(_) => Some(buffer.bytes()[..counts.next().expect("one read each")? as usize].to_vec()),
                Err(_) => None,
            });
        }
    }
    Ok(contents)
}
