//! Rare changes of one partition: truncation, log start, durability, reset, creation, deletion. Each is a journal
//! entry that is durable before any file changes and before the answer (DURABILITY.md rule 5).
//!
//! ```text
//!   held: new appends wait ─► quiet: all listed is stable and written ─► look ─► entry durable ─► files ─► [done entry] ─► go on
//! ```
//! `replicated` partitions need the second entry: their appends are in no journal, so a replay that cut again would
//! cut what came later.

use super::checkpointer::partition_record;
use super::cut::{find_cut, Cut, WantedCut};
use super::partition_files::{create_directories, cut_files, rename_durably};
use super::{Event, FencedBy, Finished, Listed, ReadError, Store, StoreError};
use crate::io::IoResult;
use crate::journal::entry::{Durability, Entry, EntryKind};
use crate::log::config::LogConfig;
use crate::log::identity::Identity;
use crate::log::ids::PartitionId;
use crate::log::open_files::FileKey;
use crate::log::partition::{producers_at, Mark, Partition};
use crate::log::producer_state::{ProducerState, PRODUCERS_MAX};
use crate::log::retention::expired_start;
use crate::log::segment::Segment;
use std::path::PathBuf;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Cut so that nothing at or above the offset is left. A batch that holds it goes as a whole.
    Truncate {
        to: u64,
    },
    /// Nothing below the offset is served any more; whole segments below it are removed.
    LogStart {
        to: u64,
    },
    Durability(Durability),
    /// Drop everything and continue, empty, at the offset.
    Reset {
        to: u64,
    },
    /// The topic's deletion is durable in the metadata already.
    Delete,
    /// To be adopted by another shard of this node; see `handover.rs`.
    Release,
}

/// Of what the store does on its own account: nobody is told.
pub const NO_TICKET: u64 = u64::MAX;

enum Step {
    /// Waits until nothing of the partition is under way.
    Quieting,
    /// A task looks something up or syncs before the entry is listed.
    Preparing,
    /// Waits for a checkpoint that contains all of the partition.
    Recording,
    /// The entry is in the journal's hands.
    Listed(Cut),
    /// A task changes files.
    Changing,
    /// The second entry is.
    Confirming,
    /// Readers and syncs come to their end.
    Leaving,
}

pub(super) struct Running {
    control: Control,
    ticket: u64,
    step: Step,
    /// Rebuilt below the cut.
    producers: Option<ProducerState>,
}

/// What a task of a control operation found or did.
pub(super) enum FilesDone {
    Located { cut: Cut, producers: Box<ProducerState> },
    Changed(IoResult<()>),
    Unreadable(ReadError),
}

impl Store {
    /// Makes directories and identity files durable, then takes appends. Answers `Done` for each with its ticket.
    pub fn create(&mut self, ticket: u64, partitions: &[(PartitionId, LogConfig, i32)]) -> Vec<u32> {
        let mut handles = Vec::new();
        let mut directories = Vec::new();
        for (id, config, leader_epoch) in partitions {
            let mut partition = Partition::new(*id, *config, *leader_epoch);
            partition.is_held = true;
            partition.is_arriving = true;
            let identity = Identity { partition: *id, durability: config.durability, ownership: partition.ownership };
            directories.push((self.paths.partition(id), identity.encode()));
            handles.push(self.add(partition));
        }
        let topics = self.paths.topics();
        let files = self.files.clone();
        let created = handles.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            Finished::Created { ticket, partitions: created, result: create_directories(&files, directories, topics).await }
        });
        handles
    }

    pub(super) fn created(&mut self, ticket: u64, partitions: &[u32], result: IoResult<()>) {
        for handle in partitions {
            match result {
                Ok(()) => {
                    let state = self.live(*handle);
                    state.is_held = false;
                    state.is_arriving = false;
                    self.retry.push_back(*handle);
                    self.events.push(Event::Done { partition: *handle, ticket });
                }
                Err(error) => {
                    let state = self.partitions[*handle as usize].take().expect("just created");
                    self.by_id.remove(&state.id);
                    for append in &state.waiting {
                        self.refuse(*handle, append, super::AppendError::UnknownPartition);
                    }
                    self.events.push(Event::ControlFailed { partition: *handle, ticket, error: error.into() });
                }
            }
        }
    }

    /// Begins an operation. It ends with `Done` or `ControlFailed` and the ticket.
    pub fn control(&mut self, partition: u32, ticket: u64, control: Control) {
        match self.check_control(partition, control) {
            Ok(()) => {}
            Err(error) => return self.events.push(Event::ControlFailed { partition, ticket, error }),
        }
        self.controls.insert(partition, Running { control, ticket, step: Step::Quieting, producers: None });
        if matches!(control, Control::LogStart { .. }) {
            return self.list_control(partition);
        }
        let state = self.live(partition);
        state.is_held = true;
        state.is_leaving = matches!(control, Control::Delete);
        self.make_due(partition);
    }

    fn check_control(&self, partition: u32, control: Control) -> Result<(), StoreError> {
        let state = self.partition(partition).filter(|state| !state.is_leaving).ok_or(StoreError::UnknownPartition)?;
        if self.fenced.is_some() {
            return Err(StoreError::Fenced);
        }
        if state.is_damaged() && control != Control::Delete {
            return Err(StoreError::Damaged);
        }
        let goes_away = matches!(control, Control::Delete | Control::Release);
        if self.controls.contains_key(&partition) || state.is_held || (goes_away && state.is_settling) {
            return Err(StoreError::Busy);
        }
        let within = |to: u64, end: u64| {
            let is_within = to >= state.log_start && to <= end;
            if is_within {
                Ok(())
            } else {
                Err(StoreError::OutOfRange { start: state.log_start, end })
            }
        };
        match control {
            Control::Truncate { to } => within(to, state.end),
            Control::LogStart { to } => within(to, state.stable_end()),
            Control::Durability(_) | Control::Reset { .. } | Control::Delete | Control::Release => Ok(()),
        }
    }

    /// As far as each gets without waiting for the disk: what is left has something in flight or a deadline, as nothing
    /// else brings the next turn.
    pub(super) fn advance_controls(&mut self) {
        for handle in self.controls_at(|step| matches!(step, Step::Quieting)) {
            if !self.recall_all_of(handle, None) && self.is_undisturbed(handle) {
                self.prepare_control(handle);
            } else {
                self.make_due(handle);
            }
        }
        self.advance_recording();
        self.advance_leaving();
    }

    fn advance_leaving(&mut self) {
        for handle in self.controls_at(|step| matches!(step, Step::Leaving)) {
            if !self.recall_all_of(handle, None) && self.is_undisturbed(handle) {
                let running = self.controls.remove(&handle).expect("a release under way");
                self.hand_over(handle, running.ticket);
            }
        }
    }

    /// In order, so that the same run does the same again.
    fn controls_at(&self, is_there: impl Fn(&Step) -> bool) -> Vec<u32> {
        let running = self.controls.iter().filter(|(_, running)| is_there(&running.step));
        let mut handles: Vec<u32> = running.map(|(handle, _)| *handle).collect();
        handles.sort_unstable();
        handles
    }

    /// A partition whose durability changes is in a checkpoint first, so that replay begins behind all that it was: batches
    /// that only the files have are not looked for when a later cut has removed them, and old ones from the journal are
    /// not written over what came later without it.
    fn advance_recording(&mut self) {
        for handle in self.controls_at(|step| matches!(step, Step::Recording)) {
            let state = self.live(handle);
            let is_recorded = state.recorded.offset == state.end && state.recorded.sequence >= state.stable.sequence;
            if is_recorded {
                self.list_control(handle);
            } else if !self.checkpointer.is_running() {
                self.request_checkpoint();
            }
        }
    }

    /// Those that wait for a record that will not come soon are told so.
    pub(super) fn fail_recording(&mut self, error: StoreError) {
        for handle in self.controls_at(|step| matches!(step, Step::Recording)) {
            self.control_failed(handle, error.clone());
        }
    }

    /// The shard fenced: what they wait for will not come. Tasks end by themselves.
    pub(super) fn fail_controls(&mut self) {
        let waits = |step: &Step| matches!(step, Step::Quieting | Step::Recording | Step::Listed(_) | Step::Confirming);
        for handle in self.controls_at(waits) {
            self.control_failed(handle, StoreError::Fenced);
        }
    }

    /// Files are being changed in a way that the next record must not miss half of. Short: no step of it waits for the
    /// journal, whose space a checkpoint may have to free first.
    pub(super) fn is_changing_files(&self) -> bool {
        self.controls.values().any(|running| matches!(running.step, Step::Changing))
    }

    pub(super) fn is_changing(&self, handle: u32) -> bool {
        self.controls.get(&handle).is_some_and(|running| matches!(running.step, Step::Changing))
    }

    /// Rule 18: nobody reads a file that is about to be cut or renamed; nor is it being synced.
    fn is_undisturbed(&self, handle: u32) -> bool {
        let is_leased = self.open_files.keys_of(handle).into_iter().any(|key| self.open_files.is_leased(key));
        let is_opening = self.opening.keys().any(|key| key.partition == handle);
        let is_quiet = self.partition(handle).is_some_and(|state| state.is_quiet() && state.removals == 0);
        is_quiet
            && !is_leased
            && !is_opening
            && self.searches == 0
            && self.index_writes == 0
            && !self.checkpointer.is_syncing(handle)
    }

    fn prepare_control(&mut self, handle: u32) {
        let control = self.running(handle).control;
        self.running(handle).step = Step::Preparing;
        self.lent.close_all_of(handle);
        self.verified.forget_all_of(handle);
        match control {
            Control::Truncate { to } => self.locate_cut(handle, to),
            Control::Durability(_) | Control::Release => self.running(handle).step = Step::Recording,
            Control::Reset { .. } | Control::LogStart { .. } => self.list_control(handle),
            Control::Delete => self.rename_to_tombstone(handle),
        }
    }

    fn running(&mut self, handle: u32) -> &mut Running {
        self.controls.get_mut(&handle).expect("a control operation under way")
    }

    fn spawn_control(&mut self, handle: u32, work: impl std::future::Future<Output = FilesDone> + 'static) {
        self.tasks.spawn(self.io.as_mut(), async move { Finished::Control { partition: handle, outcome: work.await } });
    }

    fn locate_cut(&mut self, handle: u32, to: u64) {
        let state = self.live(handle);
        let id = state.id;
        let end = state.listed;
        let segments = state.segments.clone();
        let start = (state.synced.offset <= to && !state.synced_producers.is_empty())
            .then(|| ProducerState::decode(&state.synced_producers, PRODUCERS_MAX).ok())
            .flatten();
        let log_start = state.log_start;
        let wanted = WantedCut { to, log_start, wall_ms: self.now.wall_ms };
        let paths = self.paths.clone();
        let files = self.files.clone();
        self.spawn_control(handle, async move {
            match find_cut(&files, |base| paths.log(&id, base), &segments, end, &wanted, start).await {
                Ok((cut, producers)) => FilesDone::Located { cut, producers: Box::new(producers) },
                Err(error) => FilesDone::Unreadable(error),
            }
        });
    }

    fn rename_to_tombstone(&mut self, handle: u32) {
        self.close_files_of(handle);
        self.running(handle).step = Step::Changing;
        let id = self.live(handle).id;
        let (from, to, parent) = (self.paths.partition(&id), self.paths.tombstone(&id), self.paths.topics());
        let files = self.files.clone();
        self.spawn_control(handle, async move { FilesDone::Changed(rename_durably(&files, from, to, parent).await) });
    }

    /// Lists the entry of the operation; it is applied when durable.
    fn list_control(&mut self, handle: u32) {
        let control = self.running(handle).control;
        let cut = match self.running(handle).step {
            Step::Listed(cut) => cut,
            _ => Cut::default(),
        };
        let state = self.live(handle);
        let (kind, offset) = match control {
            Control::Truncate { .. } => (EntryKind::Truncate, cut.offset),
            Control::LogStart { to } => (EntryKind::LogStart, to),
            Control::Durability(_) => (EntryKind::Durability, state.end),
            Control::Reset { to } => (EntryKind::Reset, to),
            Control::Release => (EntryKind::Fence, state.end),
            Control::Delete => unreachable!("a deletion is in the metadata, not in the journal"),
        };
        let mut entry = Entry { ownership: state.ownership, ..Entry::control(kind, state.id, state.end, offset) };
        match control {
            Control::Durability(durability) => entry.durability = durability,
            Control::Truncate { .. } => {
                entry.value = cut.segment;
                entry.size = u32::try_from(cut.position).expect("a segment's position");
                entry.timestamp = cut.max_timestamp;
            }
            _ => {}
        }
        let mut after = state.listed;
        after.sequence = self.journal.sequence_next();
        self.live(handle).listed.sequence = after.sequence;
        self.journal.stage(entry, None, Listed::Control { partition: handle, after });
        self.checkpointer.note_change();
        self.running(handle).step = Step::Listed(cut);
    }

    pub(super) fn control_durable(&mut self, handle: u32, after: Mark) {
        // Answered when the shard fenced.
        if self.fenced.is_some() {
            return;
        }
        let control = self.running(handle).control;
        match self.running(handle).step {
            Step::Confirming => {
                self.note_sequence(handle, after.sequence);
                self.control_done(handle);
            }
            Step::Listed(cut) => match control {
                Control::LogStart { to } => self.raise_log_start(handle, to, after),
                Control::Durability(durability) => self.change_durability(handle, durability, after),
                Control::Truncate { .. } => self.cut(handle, cut, after),
                Control::Reset { to } => self.reset(handle, to, after),
                Control::Release => self.fenced_off(handle, after),
                Control::Delete => unreachable!("has no entry"),
            },
            _ => unreachable!("no entry of it is in the journal"),
        }
    }

    /// A control entry was applied: from now on the partition's state contains it.
    pub(super) fn note_sequence(&mut self, handle: u32, sequence: u64) {
        let state = self.live(handle);
        for mark in [&mut state.stable, &mut state.written] {
            mark.sequence = mark.sequence.max(sequence);
        }
    }

    fn raise_log_start(&mut self, handle: u32, to: u64, after: Mark) {
        let state = self.live(handle);
        state.log_start = state.log_start.max(to);
        state.stable.sequence = state.stable.sequence.max(after.sequence);
        let _ = state.epochs.drop_below(to as i64);
        self.control_done(handle);
        self.remove_old_segments(handle);
    }

    /// From here on the partition is its next owner's: what this shard still does is let its readers finish.
    fn fenced_off(&mut self, handle: u32, after: Mark) {
        self.note_sequence(handle, after.sequence);
        let state = self.live(handle);
        state.is_leaving = true;
        // The fence changed no file: the record that keeps the partition contains it.
        state.synced.sequence = after.sequence;
        let record = partition_record(state);
        self.handovers.release(record);
        self.running(handle).step = Step::Leaving;
        // Before those that come from now on: a producer's batches are refused in their order.
        self.refuse_waiting(handle, &super::AppendError::UnknownPartition);
    }

    fn change_durability(&mut self, handle: u32, durability: Durability, after: Mark) {
        let state = self.live(handle);
        state.durability = durability;
        state.config.durability = durability;
        state.synced = Mark { sequence: after.sequence, ..state.listed };
        state.synced_producers = producers_at(&mut state.producers, state.listed.offset);
        // The record does not know yet that this point is synced and of which durability.
        state.is_file_dirty = true;
        self.note_sequence(handle, after.sequence);
        self.control_done(handle);
    }

    fn cut(&mut self, handle: u32, cut: Cut, after: Mark) {
        let producers = self.running(handle).producers.take().expect("located before it was listed");
        let mark = Mark { offset: cut.offset, sequence: after.sequence, segment: cut.segment, position: cut.position };
        let state = self.live(handle);
        let removed: Vec<Segment> = state.segments.iter().filter(|segment| segment.base > cut.segment).copied().collect();
        state.segments.retain(|segment| segment.base <= cut.segment);
        if let Some(active) = state.segments.last_mut() {
            active.size = cut.position;
            active.max_timestamp = cut.max_timestamp;
        }
        state.producers = producers;
        let _ = state.epochs.truncate_to(cut.offset as i64);
        self.end_at(handle, mark);
        self.change_files(handle, cut, &removed, true);
    }

    fn reset(&mut self, handle: u32, to: u64, after: Mark) {
        let mark = Mark { offset: to, sequence: after.sequence, segment: to, position: 0 };
        let state = self.live(handle);
        let removed = std::mem::take(&mut state.segments);
        state.log_start = to;
        state.epochs = crate::log::leader_epochs::LeaderEpochs::new();
        state.producers = ProducerState::new(to as i64, PRODUCERS_MAX);
        self.end_at(handle, mark);
        // Nothing below is left, so there is nothing to be recovered below.
        self.live(handle).synced = mark;
        self.live(handle).synced_producers.clear();
        self.change_files(handle, Cut { offset: to, segment: to, ..Cut::default() }, &removed, false);
    }

    /// The log ends at the mark from now on, in memory. Dropped batches leave the ring index before any read (rule 5).
    fn end_at(&mut self, handle: u32, mark: Mark) {
        let state = self.live(handle);
        state.end = mark.offset;
        state.listed = mark;
        state.stable = mark;
        state.written = mark;
        // What a checkpoint has recorded above the cut is gone; below it stays as it is.
        if state.synced.offset > mark.offset || state.synced.segment > mark.segment {
            state.synced = mark;
            state.synced_producers = producers_at(&mut state.producers, mark.offset);
        }
        // The record's replay comes to the cut as well, and goes on from there with what the files hold above it.
        if state.recorded.offset > mark.offset || state.recorded.segment > mark.segment {
            state.recorded = Mark { sequence: state.recorded.sequence, ..mark };
        }
        state.reserved = 0;
        state.leader_epoch_min = state.leader_epoch_min.max(state.leader_epoch + 1);
        state.hot.retain(|hot| hot.next <= mark.offset);
        state.is_file_dirty = true;
        state.is_directory_dirty = true;
        state.cuts += 1;
    }

    fn change_files(&mut self, handle: u32, cut: Cut, removed: &[Segment], keeps_cut_segment: bool) {
        let state = self.live(handle);
        let id = state.id;
        let is_synced = state.durability == Durability::Replicated;
        let bases: Vec<u64> = removed.iter().map(|segment| segment.base).collect();
        for base in bases.iter().chain([&cut.segment]) {
            self.drop_index(handle, *base);
        }
        for key in self.open_files.keys_of(handle).into_iter().filter(|key| bases.contains(&key.base)) {
            if let Some(file) = self.open_files.remove(key) {
                self.close_file(file);
            }
        }
        let mut unlinks: Vec<PathBuf> =
            bases.iter().flat_map(|base| [self.paths.log(&id, *base), self.paths.index(&id, *base)]).collect();
        unlinks.push(self.paths.index(&id, cut.segment));
        let cut_file = keeps_cut_segment.then(|| (self.paths.log(&id, cut.segment), cut.position));
        let directory = self.paths.partition(&id);
        let files = self.files.clone();
        self.running(handle).step = Step::Changing;
        self.spawn_control(handle, async move {
            FilesDone::Changed(cut_files(&files, unlinks, cut_file, is_synced.then_some(directory)).await)
        });
    }

    pub(super) fn control_files_done(&mut self, handle: u32, outcome: FilesDone) {
        match outcome {
            FilesDone::Located { .. } if self.fenced.is_some() => self.control_failed(handle, StoreError::Fenced),
            FilesDone::Located { cut, producers } => {
                let running = self.running(handle);
                running.producers = Some(*producers);
                running.step = Step::Listed(cut);
                if cut.offset == self.live(handle).end {
                    return self.control_done(handle);
                }
                self.list_control(handle);
            }
            FilesDone::Changed(Ok(())) => self.files_changed(handle),
            FilesDone::Unreadable(ReadError::Io(error)) => {
                self.control_failed(handle, StoreError::Io(error));
            }
            FilesDone::Unreadable(_) => self.control_failed(handle, StoreError::Damaged),
            FilesDone::Changed(Err(error)) => {
                self.fence(error, FencedBy::Segment);
                self.control_failed(handle, StoreError::Io(error));
            }
        }
    }

    fn files_changed(&mut self, handle: u32) {
        if self.running(handle).control == Control::Delete {
            return self.deleted(handle);
        }
        let state = self.live(handle);
        if state.durability == Durability::Fsync {
            return self.control_done(handle);
        }
        // Without the second entry the next start cuts once more, at the same place.
        if self.fenced.is_some() {
            return self.control_failed(handle, StoreError::Fenced);
        }
        let state = self.live(handle);
        let entry =
            Entry { ownership: state.ownership, ..Entry::control(EntryKind::TruncateDone, state.id, state.end, state.end) };
        let mut after = state.listed;
        after.sequence = self.journal.sequence_next();
        self.live(handle).listed.sequence = after.sequence;
        self.journal.stage(entry, None, Listed::Control { partition: handle, after });
        self.running(handle).step = Step::Confirming;
    }

    fn deleted(&mut self, handle: u32) {
        let running = self.controls.remove(&handle).expect("a deletion under way");
        let state = self.partitions[handle as usize].take().expect("deleted once");
        self.by_id.remove(&state.id);
        for append in &state.waiting {
            self.refuse(handle, append, super::AppendError::UnknownPartition);
        }
        self.drop_indexes_of(handle);
        self.fail_parked_reads(handle, &ReadError::UnknownPartition);
        // All its entries are in commits up to the last durable one: it was quiet.
        self.tombstones.push((state.id, self.journal.durable()));
        self.checkpointer.note_change();
        self.events.push(Event::Done { partition: handle, ticket: running.ticket });
    }

    fn control_done(&mut self, handle: u32) {
        let running = self.controls.remove(&handle).expect("a control operation under way");
        self.let_go(handle);
        if running.ticket != NO_TICKET {
            self.events.push(Event::Done { partition: handle, ticket: running.ticket });
        }
    }

    fn control_failed(&mut self, handle: u32, error: StoreError) {
        let running = self.controls.remove(&handle).expect("a control operation under way");
        self.let_go(handle);
        if running.ticket != NO_TICKET {
            self.events.push(Event::ControlFailed { partition: handle, ticket: running.ticket, error });
        }
    }

    fn let_go(&mut self, handle: u32) {
        let is_fenced = self.fenced.is_some();
        let state = self.live(handle);
        state.is_held = false;
        if !is_fenced {
            self.retry.push_back(handle);
        }
    }

    /// Moves the log start of every partition whose oldest segments have outlived their retention; the count of them.
    /// Called now and then: it looks at every partition and at as many segments as expire.
    pub fn apply_retention(&mut self) -> usize {
        let now = self.now;
        let expired: Vec<(u32, u64)> = self
            .handles()
            .filter_map(|handle| {
                let state = self.partition(handle)?;
                let start = expired_start(&state.segments, &state.config, now.wall_ms, now.monotonic_ms)?;
                Some((handle, start.min(state.stable_end()))).filter(|(_, start)| *start > state.log_start)
            })
            .collect();
        for (handle, to) in &expired {
            if self.check_control(*handle, Control::LogStart { to: *to }).is_ok() {
                self.control(*handle, NO_TICKET, Control::LogStart { to: *to });
            }
        }
        expired.len()
    }

    /// Segments that a log start has passed, but that a checkpoint or a reader still needed then.
    pub(super) fn remove_all_old_segments(&mut self) {
        let passed = |state: &Partition| state.segments.get(1).is_some_and(|second| second.base <= state.log_start);
        let handles: Vec<u32> = self.handles().filter(|handle| self.partition(*handle).is_some_and(passed)).collect();
        for handle in handles {
            self.remove_old_segments(handle);
        }
    }

    /// Unlinks whole segments below the log start that a checkpoint no longer needs and nobody reads (rules 7, 18).
    pub(super) fn remove_old_segments(&mut self, handle: u32) {
        if self.fenced.is_some() || self.controls.contains_key(&handle) || self.checkpointer.is_syncing(handle) {
            return;
        }
        let Some(state) = self.partition(handle).filter(|state| !state.is_arriving) else { return };
        let bound = state.log_start.min(state.recorded.offset);
        let removable =
            state.segments.windows(2).take_while(|pair| pair[1].base <= bound && pair[0].base < state.recorded.segment).count();
        let id = state.id;
        let mut keys: Vec<FileKey> =
            state.segments[..removable].iter().map(|segment| FileKey { partition: handle, base: segment.base }).collect();
        let is_free =
            |key: &&FileKey| !self.open_files.is_leased(**key) && !self.opening.contains_key(key) && !self.lent.is_lent(**key);
        let free = keys.iter().take_while(is_free).count();
        for key in keys.drain(free..) {
            self.recall_all_of(handle, Some(key.base));
        }
        if keys.is_empty() {
            return;
        }
        for key in &keys {
            self.drop_index(handle, key.base);
            self.verified.forget(*key);
            self.lent.close(*key);
            if let Some(file) = self.open_files.remove(*key) {
                self.close_file(file);
            }
        }
        let state = self.live(handle);
        state.segments.drain(..free);
        state.is_directory_dirty = true;
        state.removals += 1;
        let unlinks = keys.iter().flat_map(|key| [self.paths.log(&id, key.base), self.paths.index(&id, key.base)]).collect();
        let files = self.files.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            Finished::Removed { partition: Some(handle), result: cut_files(&files, unlinks, None, None).await }
        });
    }
}
