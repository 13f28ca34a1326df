//! Frees journal space in the background: sync what the segments have, write the record, forget the commits.
//!
//! ```text
//!   start: boundary = last durable commit; every partition that changed since its recovery point is queued
//!     ─► per partition: written up to its stable mark? ─► sync files and directory ─► new recovery point
//!     ─► all done: record (twin file) durable ─► journal freed up to the boundary ─► tombstones that nothing names any more
//! ```
//! The order of the last two is DURABILITY.md rule 7; freeing first would lose acknowledged batches in a crash.

use super::{FencedBy, Finished, Now, Store, StoreError};
use crate::io::task::Files;
use crate::io::{FileId, IoError, IoResult, Op, OpenMode};
use crate::journal::checkpoint::{Checkpoint, PartitionRecord, SegmentRecord};
use crate::journal::header::Incarnation;
use crate::journal::twin::Twin;
use crate::log::ids::PartitionId;
use crate::log::partition::{producers_at, Mark, Partition};
use std::collections::VecDeque;
use std::path::PathBuf;

/// A checkpoint is due after so many new segments: a replay makes each of them again.
const ROLLS_MAX: u32 = 1024;

pub(super) enum Step {
    Synced { partition: u32, mark: Mark, cuts: u32, producers: Vec<u8>, result: IoResult<u64> },
    Recorded { twin: Twin, marks: Vec<Recorded>, result: IoResult<u64> },
}

/// Up to where a record contains a partition, and how often the log had been cut then.
pub(super) struct Recorded {
    partition: u32,
    mark: Mark,
    cuts: u32,
}

enum Phase {
    Idle,
    Syncing,
    Recording,
}

pub struct Checkpointer {
    twin: Option<Twin>,
    incarnation: Incarnation,
    phase: Phase,
    requested: bool,
    boundary: u64,
    /// Partitions to sync, each with the offset up to which at least.
    queue: VecDeque<(u32, u64)>,
    /// Partitions being synced now: nobody cuts their files meanwhile.
    syncing: Vec<u32>,
    last_ms: u64,
    has_news: bool,
    /// The journal failed: partitions are synced once more, and nothing is recorded.
    is_salvage: bool,
    /// There was no room for the last one: the next is tried then, and not before.
    again_at_ms: Option<u64>,
    /// Segments begun since the last checkpoint.
    rolls: u32,
}

impl Checkpointer {
    #[must_use]
    pub fn new(twin: Twin, incarnation: Incarnation, now: Now) -> Self {
        Self {
            twin: Some(twin),
            incarnation,
            phase: Phase::Idle,
            requested: false,
            boundary: 0,
            queue: VecDeque::new(),
            syncing: Vec::new(),
            last_ms: now.monotonic_ms,
            has_news: false,
            is_salvage: false,
            again_at_ms: None,
            rolls: 0,
        }
    }

    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(self.phase, Phase::Idle)
    }

    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested
    }

    #[must_use]
    pub fn is_syncing(&self, partition: u32) -> bool {
        self.syncing.contains(&partition)
    }

    /// A segment was begun, which a replay would have to make again.
    pub fn note_roll(&mut self) {
        self.rolls += 1;
    }

    pub fn note_change(&mut self) {
        self.has_news = true;
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.again_at_ms.is_some()
    }

    /// Whoever stops does not wait for room.
    pub fn forget_pause(&mut self) {
        self.again_at_ms = None;
    }

    #[must_use]
    pub fn deadline_ms(&self, age_max_ms: u64) -> Option<u64> {
        let is_due = self.has_news && !self.is_running();
        self.again_at_ms.or(is_due.then_some(self.last_ms + age_max_ms))
    }
}

impl Store {
    /// A checkpoint as soon as possible.
    pub fn request_checkpoint(&mut self) {
        self.checkpointer.requested = true;
    }

    pub(super) fn advance_checkpoint(&mut self) {
        match self.fenced {
            None if !self.checkpointer.is_running() && self.is_checkpoint_due() => self.start_checkpoint(),
            None => {}
            // What was acknowledged goes to its segments and is synced; the journal and its record stay as they are.
            Some((_, FencedBy::Journal)) => self.start_salvage(),
            Some(_) => return,
        }
        if matches!(self.checkpointer.phase, Phase::Syncing) {
            self.sync_partitions();
        }
    }

    fn is_checkpoint_due(&self) -> bool {
        let is_old =
            self.checkpointer.deadline_ms(self.config.checkpoint_age_max_ms).is_some_and(|due| self.now.monotonic_ms >= due);
        match self.checkpointer.again_at_ms {
            Some(at) => self.now.monotonic_ms >= at,
            None => {
                let has_many_files = self.checkpointer.rolls > ROLLS_MAX;
                self.checkpointer.requested || is_old || has_many_files || self.journal.wants_checkpoint()
            }
        }
    }

    fn start_checkpoint(&mut self) {
        let boundary = self.journal.durable();
        let changed = |partition: &Partition| {
            let is_changed = partition.synced != partition.stable
                || partition.recorded != partition.synced
                || partition.is_directory_dirty
                || partition.is_file_dirty;
            is_changed && partition.is_settled_in()
        };
        let states = self.partitions.iter().enumerate().filter_map(|(handle, state)| Some((handle as u32, state.as_ref()?)));
        let queue = states.filter(|(_, state)| changed(state)).map(|(handle, state)| (handle, state.stable.offset)).collect();
        let checkpointer = &mut self.checkpointer;
        checkpointer.requested = false;
        checkpointer.again_at_ms = None;
        checkpointer.rolls = 0;
        checkpointer.has_news = false;
        checkpointer.last_ms = self.now.monotonic_ms;
        checkpointer.boundary = boundary;
        checkpointer.phase = Phase::Syncing;
        checkpointer.queue = queue;
        self.handovers.record_begins();
        // Everything that is stable now must be in its segment before the sync.
        for (handle, _) in self.checkpointer.queue.clone() {
            self.make_due(handle);
        }
    }

    /// Once, and over everything: a checkpoint that is syncing began before the last acks and has its own list, one that
    /// is writing its record comes to its end first.
    fn start_salvage(&mut self) {
        if !self.checkpointer.is_salvage && !matches!(self.checkpointer.phase, Phase::Recording) {
            self.checkpointer.is_salvage = true;
            self.start_checkpoint();
        }
    }

    fn sync_partitions(&mut self) {
        for _ in 0..self.checkpointer.queue.len() {
            if self.checkpointer.syncing.len() >= self.config.syncs_max {
                return;
            }
            let Some((handle, until)) = self.checkpointer.queue.pop_front() else { break };
            let Some(state) = self.partition(handle).filter(|state| !state.is_leaving) else { continue };
            // A file that refused a write is not tried again: the start replays it.
            if state.write_error.is_some() {
                continue;
            }
            // A control operation may be changing the files; what is stable may still be on its way there; the checkpoint
            // that a salvage took over may still sync what it had.
            let is_busy = self.is_changing(handle) || self.checkpointer.is_syncing(handle);
            if is_busy || state.written.offset < until.min(state.stable.offset) {
                self.make_due(handle);
                self.checkpointer.queue.push_back((handle, until));
                continue;
            }
            self.sync_partition(handle);
        }
        if self.checkpointer.queue.is_empty() && self.checkpointer.syncing.is_empty() && !self.is_changing_files() {
            if self.checkpointer.is_salvage {
                self.checkpointer.phase = Phase::Idle;
                return;
            }
            // Cut since it was synced: the record would say so, and the journal's entry count as applied.
            let states = self.partitions.iter().enumerate().filter_map(|(handle, state)| Some((handle as u32, state.as_ref()?)));
            let cut = states.filter(|(_, state)| state.is_file_dirty && state.is_settled_in());
            self.checkpointer.queue = cut.map(|(handle, state)| (handle, state.stable.offset)).collect();
            if self.checkpointer.queue.is_empty() {
                self.record_checkpoint();
            } else {
                self.sync_partitions();
            }
        }
    }

    fn sync_partition(&mut self, handle: u32) {
        let now_ms = self.now.wall_ms;
        let state = self.partitions[handle as usize].as_mut().expect("in the queue");
        let mark = state.syncable();
        let from = state.synced.segment;
        // A segment without a byte may have no file yet, for lack of room; one that a cut emptied has.
        let was_cut = state.is_file_dirty;
        let filled = state.segments.iter().filter(|segment| segment.size > 0 || was_cut);
        let bases = filled.map(|segment| segment.base).filter(|base| *base >= from && *base <= mark.segment);
        let paths: Vec<PathBuf> = bases.map(|base| self.paths.log(&state.id, base)).collect();
        let directory = std::mem::take(&mut state.is_directory_dirty).then(|| self.paths.partition(&state.id));
        state.is_file_dirty = false;
        state.producers.expire(now_ms, state.config.producer_expiration_ms);
        let producers = producers_at(&mut state.producers, mark.offset);
        let cuts = state.cuts;
        self.checkpointer.syncing.push(handle);
        let files = self.files.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            let result = sync_all(&files, &paths, directory.as_slice()).await;
            Finished::Checkpoint(Step::Synced { partition: handle, mark, cuts, producers, result })
        });
    }

    pub(super) fn checkpoint_step(&mut self, step: Step) {
        match step {
            Step::Synced { partition, mark, cuts, producers, result } => {
                self.checkpointer.syncing.retain(|handle| *handle != partition);
                match result {
                    Ok(count) => {
                        self.counters.file_syncs += count;
                        match self.partition_mut(partition) {
                            Some(state) if state.cuts == cuts => {
                                state.synced = mark;
                                state.synced_producers = producers;
                                let is_quiet = state.is_quiet() && state.stable.offset == mark.offset;
                                if is_quiet && !state.is_held {
                                    self.rest_index(partition);
                                }
                            }
                            // It was cut meanwhile: the point that was synced may lie beyond its end.
                            Some(state) => {
                                let until = state.stable.offset;
                                self.checkpointer.queue.push_back((partition, until));
                            }
                            None => {}
                        }
                    }
                    Err(error) => self.fence(error, FencedBy::Segment),
                }
                self.advance_checkpoint();
            }
            Step::Recorded { twin, marks, result } => {
                self.checkpointer.twin = Some(twin);
                self.checkpointer.phase = Phase::Idle;
                match result {
                    Ok(size) => {
                        for Recorded { partition, mark, cuts } in &marks {
                            // If it was cut meanwhile, replay comes to the cut, and needs the files from there on.
                            if let Some(state) = self.partition_mut(*partition).filter(|state| state.cuts == *cuts) {
                                state.recorded = *mark;
                            }
                        }
                        self.handovers.recorded(|handle| marks.iter().any(|recorded| recorded.partition == handle));
                        self.checkpoint_done(size);
                    }
                    Err(error) if error.is_no_space() => self.checkpoint_again(),
                    Err(error) => self.fence(error, FencedBy::Checkpoint),
                }
            }
        }
    }

    /// Not even the reserve had room for the record. The last one stands, the journal keeps what it would have freed and
    /// holds appends back when it is full: nothing is lost, and it goes on when there is room.
    fn checkpoint_again(&mut self) {
        const PAUSE_MS: u64 = 1000;
        self.checkpointer.again_at_ms = Some(self.now.monotonic_ms + PAUSE_MS);
        self.fail_recording(StoreError::Io(IoError::NO_SPACE));
    }

    fn record_checkpoint(&mut self) {
        let (position, number) = self.journal.replay_start_after(self.checkpointer.boundary);
        let states = || {
            self.partitions
                .iter()
                .enumerate()
                .filter_map(|(handle, state)| Some((handle as u32, state.as_ref().filter(|state| state.is_settled_in())?)))
        };
        let marks = states().map(|(partition, state)| Recorded { partition, mark: state.synced, cuts: state.cuts }).collect();
        let partitions = states().map(|(_, state)| partition_record(state)).chain(self.handovers.records()).collect();
        let checkpoint = Checkpoint {
            incarnation: self.checkpointer.incarnation,
            position,
            number,
            sequence_next: self.journal.sequence_next(),
            partitions,
        };
        let mut twin = self.checkpointer.twin.take().expect("one record at a time");
        self.checkpointer.phase = Phase::Recording;
        let files = self.files.clone();
        let reserve = self.paths.reserve();
        self.tasks.spawn(self.io.as_mut(), async move {
            let payload = checkpoint.encode();
            let size = payload.len() as u64;
            let mut result = twin.write(&files, &payload).await;
            if result.is_err_and(IoError::is_no_space) {
                result = match release_reserve(&files, &reserve).await {
                    Ok(()) => twin.write(&files, &payload).await,
                    Err(error) => Err(error),
                };
            }
            Finished::Checkpoint(Step::Recorded { twin, marks, result: result.map(|()| size) })
        });
    }

    fn checkpoint_done(&mut self, size: u64) {
        self.counters.checkpoints += 1;
        self.counters.checkpoint_bytes += size;
        self.journal.free_through(self.checkpointer.boundary);
        let boundary = self.checkpointer.boundary;
        let (gone, kept): (Vec<_>, Vec<_>) = self.tombstones.drain(..).partition(|(_, commit)| *commit <= boundary);
        self.tombstones = kept;
        for (id, _) in gone {
            self.remove_tombstone(&id);
        }
        self.remove_all_old_segments();
    }

    fn remove_tombstone(&mut self, id: &PartitionId) {
        let path = self.paths.tombstone(id);
        let entries = match self.io.list(&path) {
            Ok(entries) => entries,
            Err(IoError::NOT_FOUND) => return,
            Err(error) => return self.fence(error, FencedBy::Segment),
        };
        let topics = self.paths.topics();
        let files = self.files.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            Finished::Removed {
                partition: None,
                result: remove_directory(&files, path, entries.into_iter().map(|entry| entry.name), topics).await,
            }
        });
    }
}

pub(super) async fn remove_directory(
    files: &Files,
    path: PathBuf,
    names: impl Iterator<Item = String>,
    parent: PathBuf,
) -> IoResult<()> {
    let unlinks = names.map(|name| Op::Unlink { path: path.join(name) }).collect();
    files.all_ok(unlinks).await?;
    files.call(Op::RemoveDir { path }).await?;
    files.sync_directory(&parent).await
}

/// A full disk must not stop what frees it: the reserve's blocks are given back once (rule 8).
pub(super) async fn release_reserve(files: &Files, reserve: &std::path::Path) -> IoResult<()> {
    files.remove_file(reserve).await?;
    files.sync_directory(reserve.parent().expect("in the data directory")).await
}

/// Files first, then the directories that name them. The count of syncs.
pub(super) async fn sync_all(files: &Files, paths: &[PathBuf], directories: &[PathBuf]) -> IoResult<u64> {
    sync_each(files, paths, OpenMode::Write).await?;
    sync_each(files, directories, OpenMode::Directory).await?;
    Ok((paths.len() + directories.len()) as u64)
}

/// Several at a time: the filesystem makes them durable together.
async fn sync_each(files: &Files, paths: &[PathBuf], mode: OpenMode) -> IoResult<()> {
    for group in paths.chunks(16) {
        let opens = group.iter().map(|path| Op::Open { path: path.clone(), mode }).collect();
        let opened: Vec<FileId> = files.all_ok(opens).await?.into_iter().map(|id| FileId(id as u32)).collect();
        let synced = files.all_ok(opened.iter().map(|file| Op::Sync { file: *file }).collect()).await;
        files.all_ok(opened.iter().map(|file| Op::Close { file: *file }).collect()).await?;
        synced?;
    }
    Ok(())
}

/// The partition as of its recovery point.
pub(super) fn partition_record(partition: &Partition) -> PartitionRecord {
    if let Some(record) = &partition.set_aside {
        return PartitionRecord::clone(record);
    }
    let mark = partition.synced;
    let upto = partition.segments.iter().filter(|segment| segment.base <= mark.segment);
    let segments = upto.map(|segment| {
        let size = if segment.base == mark.segment { mark.position } else { segment.size };
        SegmentRecord { base: segment.base, size, max_timestamp: segment.max_timestamp }
    });
    let mut epochs = partition.epochs.clone();
    let _ = epochs.truncate_to(mark.offset as i64);
    PartitionRecord {
        id: partition.id,
        durability: partition.durability,
        ownership: partition.ownership,
        is_released: false,
        is_damaged: false,
        log_start: partition.log_start,
        recovery_point: mark.offset,
        last_sequence: mark.sequence,
        // The last one even if it is empty: after a cut to a log start inside a batch the log goes on in it, at an offset
        // that is not its name.
        segments: segments.filter(|segment| segment.size > 0 || segment.base == mark.segment).collect(),
        epochs: epochs.encode(),
        producers: partition.synced_producers.clone(),
    }
}
