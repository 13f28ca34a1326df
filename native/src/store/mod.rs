//! What one shard owns: its journal, its partitions, the rings that feed it. One thread, no locks; `turn` does a
//! bounded amount of work and never blocks.
//!
//! ```text
//!   ring slot ─► append.rs: validate, dedupe, stamp ─► journal (durable) ─► ack
//!                                   └─► writeback.rs: segment (lazily) ─► checkpointer.rs: sync, record, free journal
//! ```
//! Lives on: the shard's thread. Ends when: `close` has drained everything; dropping earlier is a crash and safe.

mod append;
mod checkpointer;
mod control;
mod cut;
mod event;
mod fence;
mod files;
mod handover;
mod index;
pub mod inspect;
mod journal_replay;
mod lent;
mod mend;
mod partition_files;
mod read;
mod recover;
mod replay;
mod rings;
pub mod topics;
mod walk;
mod writeback;

pub use control::{Control, NO_TICKET};
pub use event::{AppendError, Event, FencedBy, Found, ReadBytes, ReadError, StoreError};
pub use handover::{Handover, HandoverStep};
pub use lent::LentSlice;
pub use read::{HotSlice, ReadOutcome, Tail};
pub use recover::{recover, shard_of, Catalog, OpenError, OpenOptions, Recovered, RecoveredShard, RecoveryReport};

use crate::io::task::{block_on, Files, Tasks};
use crate::io::{AlignedBuffer, Completion, FileId, Io, IoError, IoResult, OpenMode, ReadBuffers, Token};
use crate::journal::space::JOURNAL_START;
use crate::journal::superblock::Superblock;
use crate::journal::writer::{Journal, JournalConfig, JournalStart};
use crate::log::ids::PartitionId;
use crate::log::offset_index::OffsetIndex;
use crate::log::open_files::{FileKey, OpenFiles};
use crate::log::partition::{Ack, Append, AppendOrigin, Mark, Memory, Partition};
use crate::log::segment::DataPaths;
use crate::log::verified::{Step, Verified};
use crate::ring::RingReader;
use rings::ShardRing;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Of what is known of segments: at one for 64 KiB, of 8 GiB of them.
const VERIFIED_MARKS_MAX: usize = 128 << 10;
/// Memory kept for reads from segments.
const READ_BUFFERS_SIZE_MAX: usize = 16 << 20;

const KIND_SHIFT: u32 = 56;
const JOURNAL: Token = 1 << KIND_SHIFT;
const SEGMENT_WRITE: Token = 2 << KIND_SHIFT;
const TASK: Token = 3 << KIND_SHIFT;
/// Operations whose result changes nothing: closing a descriptor, a hint.
const UNHEEDED: Token = 4 << KIND_SHIFT;

/// Times are given, never taken: the caller's clock is the simulator's or the machine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For ages and delays.
    pub monotonic_ms: u64,
    /// For LogAppendTime and retention: wall clock at start plus monotonic time since, so that a jump of the wall
    /// clock deletes nothing early.
    pub wall_ms: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct StoreConfig {
    pub journal: JournalConfig,
    pub open_files_max: usize,
    /// Slots read from the rings in one turn.
    pub slots_per_turn: usize,
    /// Of one segment write, and what a partition gathers for one until they are old: whole blocks.
    pub write_size: usize,
    /// Unwritten batches become at most this old before they are written.
    pub write_age_max_ms: u64,
    /// Segment writes in flight.
    pub writes_max: usize,
    /// Bytes of unwritten batches above which everything is written at once.
    pub unwritten_size_max: usize,
    /// Files synced together by a checkpoint.
    pub syncs_max: usize,
    /// A checkpoint is due this long after the last one if anything was appended.
    pub checkpoint_age_max_ms: u64,
    /// How long the journal is idle before the last commit gets its witness.
    pub witness_delay_ms: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            journal: JournalConfig::default(),
            open_files_max: 4096,
            slots_per_turn: 4096,
            write_size: 1 << 20,
            write_age_max_ms: 1000,
            writes_max: 16,
            unwritten_size_max: 16 << 20,
            syncs_max: 16,
            checkpoint_age_max_ms: 10_000,
            witness_delay_ms: 5,
        }
    }
}

/// What the journal hands back when an entry is durable.
enum Listed {
    Batch { partition: u32, ack: Ack, after: Mark, memory: Memory },
    Control { partition: u32, after: Mark },
    Adopted { partition: u32, ticket: u64, after: Mark },
}

/// How a background procedure ended.
enum Finished {
    FileOpened {
        key: FileKey,
        result: IoResult<FileId>,
    },
    SpacePrepared {
        partition: u32,
        base: u64,
        opened: Option<FileId>,
        result: IoResult<u64>,
    },
    Checkpoint(checkpointer::Step),
    Control {
        partition: u32,
        outcome: control::FilesDone,
    },
    Created {
        ticket: u64,
        partitions: Vec<u32>,
        result: IoResult<()>,
    },
    Read {
        key: FileKey,
        read: read::FileRead,
        index: Option<OffsetIndex>,
        result: Result<ReadBytes, ReadError>,
    },
    Mended {
        key: FileKey,
        read: read::FileRead,
        whole: Vec<Step>,
    },
    Found {
        partition: u32,
        ticket: u64,
        keys: Vec<FileKey>,
        result: Result<Option<Found>, ReadError>,
    },
    IndexWritten {
        result: IoResult<()>,
    },
    /// Segments of a partition, or a whole tombstone.
    Removed {
        partition: Option<u32>,
        result: IoResult<()>,
    },
}

/// Counted, for the bench and the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounters {
    pub turns: u64,
    pub appended_batches: u64,
    pub appended_bytes: u64,
    pub segment_writes: u64,
    pub segment_bytes: u64,
    pub checkpoints: u64,
    pub checkpoint_bytes: u64,
    pub file_syncs: u64,
}

pub struct Store {
    config: StoreConfig,
    paths: DataPaths,
    incarnation: u64,
    batch_size_max: u32,
    now: Now,
    /// Before the journal, whose memory it has registered: it ends first.
    io: Box<dyn Io>,
    journal: Journal<Listed>,
    tasks: Tasks<Finished>,
    files: Files,
    open_files: OpenFiles,
    /// Who waits for a file to be opened.
    opening: HashMap<FileKey, Vec<files::Waiter>>,
    indexes: HashMap<FileKey, OffsetIndex>,
    /// Searches by timestamp under way: they open files themselves.
    searches: usize,
    /// Index files being written: a cut must not be overtaken by what was true before it.
    index_writes: usize,
    partitions: Vec<Option<Partition>>,
    by_id: HashMap<PartitionId, u32>,
    rings: Vec<ShardRing>,
    /// Partitions with unwritten batches, oldest first, each once.
    write_queue: VecDeque<u32>,
    /// Partitions whose unwritten batches go out now.
    write_due: VecDeque<u32>,
    writes: HashMap<Token, writeback::SegmentWrite>,
    write_next: u64,
    unwritten_size: usize,
    /// Partitions whose waiting appends may go on.
    retry: VecDeque<u32>,
    reservations: append::Reservations,
    checkpointer: checkpointer::Checkpointer,
    controls: HashMap<u32, control::Running>,
    handovers: handover::Handovers,
    parked_reads: HashMap<u32, Vec<read::Parked>>,
    read_buffers: ReadBuffers,
    verified: Verified,
    lent: lent::Lent,
    /// Tombstones, with the commit after which nothing of them is in the journal.
    tombstones: Vec<(PartitionId, u64)>,
    fenced: Option<(IoError, FencedBy)>,
    last_commit_ms: u64,
    events: Vec<Event>,
    completions: Vec<Completion>,
    pub counters: StoreCounters,
}

impl Store {
    /// Takes over what recovery left for this shard.
    ///
    /// # Errors
    /// If the journal can't be opened.
    pub fn open(mut io: Box<dyn Io>, config: StoreConfig, recovered: RecoveredShard, now: Now) -> IoResult<Self> {
        let RecoveredShard { paths, superblock, journal_path, journal_size, batch_size_max, checkpoints, partitions, .. } =
            recovered;
        let Superblock { incarnation, .. } = superblock;
        let file = block_on(io.as_mut(), |files| async move { files.open(&journal_path, OpenMode::Direct).await })?;
        let start =
            JournalStart { file, incarnation, position: JOURNAL_START, number: 1, sequence_next: 1, written_end: journal_size };
        let tasks = Tasks::new(TASK);
        let mut store = Self {
            config,
            paths,
            incarnation: incarnation.number,
            batch_size_max,
            now,
            io,
            journal: Journal::new(config.journal, &start, JOURNAL),
            files: tasks.files(),
            tasks,
            open_files: OpenFiles::new(config.open_files_max),
            opening: HashMap::new(),
            indexes: HashMap::new(),
            searches: 0,
            index_writes: 0,
            partitions: Vec::new(),
            by_id: HashMap::new(),
            rings: Vec::new(),
            write_queue: VecDeque::new(),
            write_due: VecDeque::new(),
            writes: HashMap::new(),
            write_next: 0,
            unwritten_size: 0,
            retry: VecDeque::new(),
            reservations: append::Reservations::default(),
            checkpointer: checkpointer::Checkpointer::new(checkpoints, incarnation, now),
            controls: HashMap::new(),
            handovers: handover::Handovers::default(),
            parked_reads: HashMap::new(),
            read_buffers: ReadBuffers::new(READ_BUFFERS_SIZE_MAX),
            verified: Verified::new(VERIFIED_MARKS_MAX),
            lent: lent::Lent::default(),
            tombstones: Vec::new(),
            fenced: None,
            last_commit_ms: now.monotonic_ms,
            events: Vec::new(),
            completions: Vec::new(),
            counters: StoreCounters::default(),
        };
        store.journal.register(store.io.as_mut());
        for mut partition in partitions {
            // Ages count from now: the last life's clock says nothing here.
            partition.segments.iter_mut().for_each(|segment| segment.began_ms = now.monotonic_ms);
            store.add(partition);
        }
        Ok(store)
    }

    fn add(&mut self, partition: Partition) -> u32 {
        let handle = self.partitions.len() as u32;
        self.by_id.insert(partition.id, handle);
        self.partitions.push(Some(partition));
        handle
    }

    /// The handle by which requests name a partition, until the store is closed or the partition deleted.
    #[must_use]
    pub fn handle(&self, id: &PartitionId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    #[must_use]
    pub fn partition(&self, handle: u32) -> Option<&Partition> {
        self.partitions.get(handle as usize)?.as_ref()
    }

    fn partition_mut(&mut self, handle: u32) -> Option<&mut Partition> {
        self.partitions.get_mut(handle as usize)?.as_mut()
    }

    /// For code that knows that the handle is live: its own bookkeeping says so.
    fn live(&mut self, handle: u32) -> &mut Partition {
        self.partitions[handle as usize].as_mut().expect("a live partition")
    }

    pub fn handles(&self) -> impl Iterator<Item = u32> + '_ {
        self.partitions.iter().enumerate().filter(|(_, partition)| partition.is_some()).map(|(handle, _)| handle as u32)
    }

    /// The ring's index, by which its slots' bytes are named in read outcomes.
    pub fn attach_ring(&mut self, reader: RingReader) -> u32 {
        self.rings.push(ShardRing::new(reader));
        self.rings.len() as u32 - 1
    }

    #[must_use]
    pub fn ring(&self, index: u32) -> &RingReader {
        &self.rings[index as usize].reader
    }

    pub fn ring_mut(&mut self, index: u32) -> &mut RingReader {
        &mut self.rings[index as usize].reader
    }

    /// Appends a batch that lies in a buffer of its own (rule 19).
    pub fn append(&mut self, partition: u32, ticket: u64, buffer: Rc<AlignedBuffer>, size: usize, origin: AppendOrigin) {
        let piece = buffer.piece(0, size);
        self.offer(partition, Append { ticket, piece, memory: Memory::Owned(buffer), origin });
    }

    /// One round: what completed, what arrived, what may go out. Returns true if there is more to do at once.
    pub fn turn(&mut self, now: Now) -> bool {
        self.now = now;
        self.counters.turns += 1;
        self.round(Self::read_rings)
    }

    /// Between two turns: what completed, and what follows from it. True: there are events, or a turn is due earlier than it was.
    pub fn pump(&mut self, now: Now) -> bool {
        self.now = now;
        let deadline_ms = self.deadline_ms();
        self.round(|_| false);
        let is_due_earlier = self.deadline_ms().unwrap_or(u64::MAX) < deadline_ms.unwrap_or(u64::MAX);
        is_due_earlier || !self.events.is_empty()
    }

    fn round(&mut self, read: impl FnOnce(&mut Self) -> bool) -> bool {
        let mut completions = std::mem::take(&mut self.completions);
        self.io.poll(&mut completions);
        self.dispatch(&mut completions);
        let has_more = read(self);
        self.proceed();
        self.io.flush_and_take(&mut completions);
        // Once: a `replicated` batch is acknowledged in the turn that it came in, if the page cache took it.
        if !completions.is_empty() {
            self.dispatch(&mut completions);
            self.proceed();
            self.io.flush();
        }
        self.completions = completions;
        has_more
    }

    /// As `turn`, but blocks until something completes if anything is in flight: the CLI, tests, shutdown.
    pub fn wait(&mut self, now: Now) {
        self.now = now;
        let mut completions = std::mem::take(&mut self.completions);
        self.io.wait(&mut completions);
        self.dispatch(&mut completions);
        self.completions = completions;
        self.read_rings();
        self.proceed();
        self.io.flush();
    }

    fn proceed(&mut self) {
        self.retry_waiting();
        self.commit();
        self.acknowledge();
        self.write_segments();
        self.advance_controls();
        self.advance_checkpoint();
        self.witness_when_idle();
        self.reclaim_rings();
        self.finish_tasks();
        self.commit();
    }

    /// A failed segment keeps the journal untouched: nothing new goes there (rule 9).
    fn commit(&mut self) {
        if self.fenced.is_none() {
            self.journal.turn(self.io.as_mut());
        }
    }

    fn dispatch(&mut self, completions: &mut Vec<Completion>) {
        for Completion { token, result } in completions.drain(..) {
            match token >> KIND_SHIFT << KIND_SHIFT {
                JOURNAL => self.journal.complete(self.io.as_mut(), token, result),
                SEGMENT_WRITE => self.segment_written(token, result),
                TASK => self.tasks.complete(self.io.as_mut(), token, result),
                UNHEEDED => {}
                _ => unreachable!("a token of nobody"),
            }
        }
        self.finish_tasks();
        self.acknowledge();
    }

    fn finish_tasks(&mut self) {
        loop {
            let finished = self.tasks.take_finished();
            if finished.is_empty() {
                return;
            }
            for end in finished {
                self.finish(end);
            }
        }
    }

    fn finish(&mut self, end: Finished) {
        match end {
            Finished::FileOpened { key, result } => self.file_opened(key, result),
            Finished::SpacePrepared { partition, base, opened, result } => self.space_prepared(partition, base, opened, result),
            Finished::Checkpoint(step) => self.checkpoint_step(step),
            Finished::Control { partition, outcome } => self.control_files_done(partition, outcome),
            Finished::Created { ticket, partitions, result } => self.created(ticket, &partitions, result),
            Finished::Read { key, read, index, result } => self.read_done(key, read, index, result),
            Finished::Mended { key, read, whole } => self.mended(key, read, &whole),
            Finished::Found { partition, ticket, keys, result } => self.search_done(partition, ticket, &keys, result),
            // An index is made again where it is missing: a full disk costs no more than that.
            Finished::IndexWritten { result } => {
                self.index_writes -= 1;
                if let Some(error) = result.err().filter(|error| !error.is_no_space()) {
                    self.fence(error, FencedBy::Segment);
                }
            }
            Finished::Removed { partition, result } => {
                if let Some(state) = partition.and_then(|handle| self.partition_mut(handle)) {
                    state.removals -= 1;
                }
                if let Err(error) = result {
                    self.fence(error, FencedBy::Segment);
                }
            }
        }
    }

    /// Handles entries that became durable, in journal order.
    fn acknowledge(&mut self) {
        while let Some(listed) = self.journal.next_acknowledged() {
            self.last_commit_ms = self.now.monotonic_ms;
            match listed {
                Listed::Batch { partition, ack, after, memory } => {
                    self.unpin(&memory);
                    let state = self.live(partition);
                    state.stable = after;
                    if self.fenced.is_none() {
                        self.events.push(Event::Appended { partition, ack });
                    }
                    self.answer_duplicates(partition);
                }
                Listed::Control { partition, after } => self.control_durable(partition, after),
                Listed::Adopted { partition, ticket, after } => self.adopted(partition, ticket, after),
            }
        }
        // Behind the acks of all that came before the failure.
        if let Some(error) = self.journal.failed() {
            self.fence(error, FencedBy::Journal);
        }
    }

    fn witness_when_idle(&mut self) {
        if self.fenced.is_none() && self.now.monotonic_ms >= self.last_commit_ms + self.config.witness_delay_ms {
            self.journal.witness(self.io.as_mut());
        }
    }

    fn unpin(&mut self, memory: &Memory) {
        if let Memory::Ring { ring, slot } = memory {
            self.rings[*ring as usize].unpin(*slot);
        }
    }

    fn reclaim_rings(&mut self) {
        let partitions = &mut self.partitions;
        for (index, ring) in self.rings.iter_mut().enumerate() {
            ring.reclaim(|partition, end| {
                if let Some(Some(state)) = partitions.get_mut(partition as usize) {
                    while state.hot.front().is_some_and(|hot| hot.ring == index as u32 && hot.ring_position < end) {
                        state.hot.pop_front();
                    }
                }
            });
        }
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// For an owner that waited for one kind of event: the others come back with the next `take_events`, first.
    pub fn put_back_events(&mut self, mut events: Vec<Event>) {
        events.append(&mut self.events);
        self.events = events;
    }

    #[must_use]
    pub fn io(&self) -> &dyn Io {
        self.io.as_ref()
    }

    pub fn io_mut(&mut self) -> &mut dyn Io {
        self.io.as_mut()
    }

    #[must_use]
    pub fn journal_counters(&self) -> crate::journal::writer::JournalCounters {
        self.journal.counters
    }

    /// A checkpoint is under way: what is acknowledged meanwhile shares the disk with it.
    #[must_use]
    pub fn is_checkpointing(&self) -> bool {
        self.checkpointer.is_running()
    }

    /// Background procedures are under way: files being opened, removed, synced, searched.
    #[must_use]
    pub fn has_tasks(&self) -> bool {
        self.tasks.count() > 0
    }

    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Nothing is under way and nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.io.in_flight() == 0
            && self.journal.is_idle()
            && self.tasks.count() == 0
            && self.unwritten_size == 0
            && self.retry.is_empty()
            && self.controls.is_empty()
    }

    /// When `turn` wants to be called again though nothing completes, in monotonic milliseconds.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        let write = self.write_queue.front().and_then(|handle| self.partition(*handle)).and_then(|state| state.unwritten.front());
        let write = write.map(|batch| batch.since_ms + self.config.write_age_max_ms);
        let witness = self.journal.wants_witness().then_some(self.last_commit_ms + self.config.witness_delay_ms);
        let checkpoint = self.checkpointer.deadline_ms(self.config.checkpoint_age_max_ms).filter(|_| self.fenced.is_none());
        [write, witness, checkpoint].into_iter().flatten().min()
    }

    /// Whoever stops does not wait for a disk to have room: the next start replays instead.
    fn check_closing(&self) -> Result<(), StoreError> {
        if self.fenced.is_some() {
            return Err(StoreError::Fenced);
        }
        if self.checkpointer.is_paused() {
            return Err(StoreError::Io(IoError::NO_SPACE));
        }
        Ok(())
    }

    /// Drains, checkpoints and leaves a directory that reopens without a replay. No appends may be offered any more.
    pub fn close(&mut self, mut now: impl FnMut() -> Now) -> Result<(), StoreError> {
        self.checkpointer.forget_pause();
        loop {
            self.flush_all();
            self.turn(now());
            self.check_closing()?;
            if self.journal.is_idle() && self.unwritten_size == 0 && self.controls.is_empty() {
                break;
            }
            self.wait(now());
        }
        self.request_checkpoint();
        self.last_commit_ms = 0;
        while !self.is_idle() || self.checkpointer.is_running() || self.checkpointer.is_requested() {
            self.turn(now());
            self.wait(now());
            self.check_closing()?;
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // The kernel may still read or fill our memory: rings and buffers outlive all submitted I/O (rule 21).
        let mut completions = Vec::new();
        while self.io.in_flight() > 0 {
            self.io.wait(&mut completions);
            completions.clear();
        }
    }
}
