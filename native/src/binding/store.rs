//! One shard's store, on the thread that opened it. JavaScript crosses once per wake-up (`turn`), once per control
//! operation, once per large batch: never per record, and for batches in rings not even per batch.
//!
//! ```text
//!   open ──► turn / wait … ──► close: drains, checkpoints; its last events wait for `takeEvents` ──► release: memory gone
//!                └──────────────────────────── release at once: a crash, and as safe ────────────────────┘
//! ```

use super::clocks::Clocks;
use super::data_directory::{
    durability, durability_name, log_config, open_traced, partition_id, take_shard, BindingTopicConfig, Directory,
};
use super::event_words::{encode, exact, index_of, lent_words, read_failure, EVENT_WORDS, HEADER_WORDS, LENT_WORDS, STORE_CODES};
use super::failure::BindingFailure;
use super::guarded;
use super::lent_words::LentWords;
use super::shared_memory::SharedMemory;
use super::wakeup::{BindingDoorbell, BindingWakeup};
use crate::io::{descriptors_max, AlignedBuffer, Piece};
use crate::log::config::LogConfig;
use crate::log::ids::PartitionId;
use crate::log::partition::AppendOrigin;
use crate::ring::RingReader;
use crate::store::{shard_of, Control, Event, HotSlice, Now, ReadBytes, ReadOutcome, Store, StoreConfig, StoreError, Tail};
use napi::bindgen_prelude::{Either, Env, Function};
use napi_derive::napi;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Words per batch that a read finds in ring memory: ring, high and low half of the slot's position (which outlasts what a
/// double counts exactly), byte offset in the ring's data area, size, base offset, offset behind it.
const SLICE_WORDS: usize = 7;
/// What `read` answers when a part of a file was lent. Below all codes of failures.
const LENT: i32 = -100;
/// Words of a producer.
const PRODUCER_WORDS: usize = 4;
/// Words of a tail before its slices.
const TAIL_WORDS: usize = 3;

#[napi(object)]
pub struct BindingNewPartition {
    /// 32 hexadecimal digits.
    pub topic: String,
    pub index: u32,
    pub leader_epoch: i32,
    pub config: BindingTopicConfig,
}

#[napi(object)]
pub struct BindingPartition {
    pub handle: u32,
    pub topic: String,
    pub index: u32,
    /// Under which this node leads it; before `lead`, the largest that may have written there. -1: none.
    pub leader_epoch: i32,
    pub log_start: f64,
    pub end: f64,
    /// Below it a reader may be served.
    pub stable_end: f64,
    pub durability: String,
    pub is_damaged: bool,
    /// Of its segments, in bytes.
    pub size: f64,
    pub segments_count: u32,
}

/// `leader_epoch` is the one found: the largest that is not above the one asked for.
#[napi(object)]
pub struct BindingEpochEnd {
    pub leader_epoch: i32,
    pub end: f64,
}

#[napi(object)]
pub struct BindingStoreCounters {
    /// Calls from JavaScript into this store.
    pub crossings: f64,
    pub system_calls: f64,
    pub turns: f64,
    pub appended_batches: f64,
    pub appended_size: f64,
    pub segment_writes: f64,
    pub segment_size: f64,
    pub staged_size: f64,
    pub checkpoints: f64,
    pub file_syncs: f64,
    pub commits: f64,
    pub journal_entries: f64,
    pub journal_size: f64,
    /// Bytes read from files that were copied to whoever sends them.
    pub taken_size: f64,
}

/// Lives on: its shard's thread. JavaScript keeps the memory of attached rings until `release`.
#[napi]
pub struct BindingStore {
    // Dropped before the directory, whose lock outlives whatever this one has in flight. None once it was released. Shared with the event
    // loop of this thread, which pumps it between calls from JavaScript.
    store: Rc<RefCell<Option<Store>>>,
    clocks: Rc<Cell<Clocks>>,
    directory: Option<Arc<Directory>>,
    shard: u32,
    rings: u32,
    events: VecDeque<Event>,
    /// Bytes read from files, until JavaScript has copied them.
    reads: HashMap<(u32, u64), ReadBytes>,
    /// Bytes of these that were copied.
    taken_size: u64,
    crossings: u64,
}

/// Takes over a shard of an open data directory, on the thread that will own it.
#[napi]
pub fn open_store(directory: u32, shard: u32, monotonic_ms: f64, wall_ms: f64) -> Either<BindingStore, BindingFailure> {
    guarded(|| match open(directory, shard, Clocks::told(monotonic_ms, wall_ms)) {
        Ok(store) => Either::A(store),
        Err(failure) => Either::B(failure),
    })
}

fn open(directory: u32, shard: u32, clocks: Clocks) -> Result<BindingStore, BindingFailure> {
    let (directory, recovered) = take_shard(directory, shard)?;
    let (io, _) = open_traced(directory.choice, directory.page_cache, directory.trace.as_ref())?;
    let usual = StoreConfig::default();
    // Several shards, and every client's socket, have the same limit; what is written around the page cache has two descriptors.
    let open_files_max = usual.open_files_max.min(descriptors_max() / 32);
    let config = StoreConfig { journal: directory.journal, open_files_max, ..usual };
    let journal = recovered.journal_path.clone();
    let store = Store::open(io, config, recovered, clocks.now())
        .map_err(|error| BindingFailure::opening("open the journal", Some(&journal), error))?;
    Ok(BindingStore {
        store: Rc::new(RefCell::new(Some(store))),
        clocks: Rc::new(Cell::new(clocks)),
        directory: Some(directory),
        shard,
        rings: 0,
        events: VecDeque::new(),
        reads: HashMap::new(),
        taken_size: 0,
        crossings: 1,
    })
}

#[napi]
impl BindingStore {
    /// The store, if it was not released; counts the crossing.
    fn crossed(&mut self) -> Option<RefMut<'_, Store>> {
        self.crossings += 1;
        RefMut::filter_map(self.store.borrow_mut(), Option::as_mut).ok()
    }

    /// The ring's number, by which reads name its memory. `memory` begins where the ring begins.
    #[napi]
    pub fn attach_ring(&mut self, memory: SharedMemory, producer: Option<&BindingDoorbell>) -> Either<u32, BindingFailure> {
        guarded(|| {
            let Some(mut store) = self.crossed() else { return Either::B(BindingFailure::closed()) };
            // SAFETY: the memory is JavaScript's to keep until `release`, and so is the promise of one consumer.
            let reader = match unsafe { RingReader::attach(memory.pointer(), memory.size()) } {
                Ok(reader) => reader,
                Err(error) => return Either::B(BindingFailure::new("wrong-setting", error.to_string())),
            };
            let reader = match producer {
                Some(doorbell) => reader.with_doorbell(doorbell.share()),
                None => reader,
            };
            let ring = store.attach_ring(reader);
            drop(store);
            self.rings += 1;
            Either::A(ring)
        })
    }

    /// Every ring agrees that this thread may sleep; if one has work, none sleeps.
    #[napi]
    pub fn before_sleep(&mut self) -> bool {
        guarded(|| {
            let rings = self.rings;
            let Some(mut store) = self.crossed() else { return true };
            let may_sleep = (0..rings).all(|ring| store.ring_mut(ring).before_sleep());
            if !may_sleep {
                (0..rings).for_each(|ring| store.ring_mut(ring).awake());
            }
            may_sleep
        })
    }

    /// After every wake, before the turn.
    #[napi]
    pub fn awake(&mut self) {
        guarded(|| {
            let rings = self.rings;
            if let Some(mut store) = self.crossed() {
                (0..rings).for_each(|ring| store.ring_mut(ring).awake());
            }
        });
    }

    #[napi]
    pub fn partitions(&mut self) -> Vec<BindingPartition> {
        guarded(|| {
            let Some(store) = self.crossed() else { return Vec::new() };
            store.handles().filter_map(|handle| describe(&store, handle)).collect()
        })
    }

    #[napi]
    pub fn partition(&mut self, handle: u32) -> Option<BindingPartition> {
        guarded(|| self.crossed().and_then(|store| describe(&store, handle)))
    }

    /// Their handles. Appends are taken at once and wait for the directories, which an event per partition reports.
    #[napi]
    pub fn create_partitions(&mut self, ticket: f64, partitions: Vec<BindingNewPartition>) -> Either<Vec<u32>, BindingFailure> {
        guarded(|| {
            self.crossings += 1;
            match self.create(ticket as u64, &partitions) {
                Ok(handles) => Either::A(handles),
                Err(failure) => Either::B(failure),
            }
        })
    }

    fn create(&mut self, ticket: u64, partitions: &[BindingNewPartition]) -> Result<Vec<u32>, BindingFailure> {
        let wanted = partitions.iter().map(new_partition).collect::<Result<Vec<_>, _>>()?;
        let (Some(store), Some(directory)) = (&mut *self.store.borrow_mut(), &self.directory) else {
            return Err(BindingFailure::closed());
        };
        for (id, ..) in &wanted {
            // The next start would give it to the other shard, which knows nothing of what this one wrote.
            let home = shard_of(id, directory.shards_count);
            if home != self.shard {
                return Err(BindingFailure::new("wrong-setting", format!("partition {id:?} belongs to shard {home}")));
            }
            if store.handle(id).is_some() {
                return Err(BindingFailure::new("busy", format!("partition {id:?} exists")));
            }
        }
        Ok(store.create(ticket, &wanted))
    }

    /// Appends a batch that is too large for a ring: copied into an aligned buffer of its own (DURABILITY.md rule 19).
    /// `origin`: 0 leader, 1 coordinator, 2 follower.
    #[napi]
    pub fn append(&mut self, partition: u32, ticket: f64, origin: u32, batch: &[u8]) -> Option<BindingFailure> {
        guarded(|| {
            let Some(mut store) = self.crossed() else { return Some(BindingFailure::closed()) };
            let origin = match origin {
                0 => AppendOrigin::Leader,
                1 => AppendOrigin::Coordinator,
                2 => AppendOrigin::Follower,
                other => return Some(BindingFailure::new("wrong-setting", format!("no origin {other}"))),
            };
            let mut buffer = AlignedBuffer::new(batch.len());
            buffer.bytes_mut()[..batch.len()].copy_from_slice(batch);
            store.append(partition, ticket as u64, Rc::new(buffer), batch.len(), origin);
            None
        })
    }

    /// Begins a control operation: "truncate", "log-start" and "reset" to an offset, "fsync", "replicated", "delete".
    #[napi]
    pub fn control(&mut self, partition: u32, ticket: f64, operation: String, to: f64) -> Option<BindingFailure> {
        guarded(|| {
            let Some(mut store) = self.crossed() else { return Some(BindingFailure::closed()) };
            let to = to as u64;
            let control = match operation.as_str() {
                "truncate" => Control::Truncate { to },
                "log-start" => Control::LogStart { to },
                "reset" => Control::Reset { to },
                "delete" => Control::Delete,
                name => match durability(name) {
                    Ok(durability) => Control::Durability(durability),
                    Err(_) => return Some(BindingFailure::new("wrong-setting", format!("no control operation {name}"))),
                },
            };
            store.control(partition, ticket as u64, control);
            None
        })
    }

    /// What its topic asks for, from now on; what is absent stays as it is, and so does durability.
    #[napi]
    pub fn configure(&mut self, partition: u32, config: BindingTopicConfig) -> Option<BindingFailure> {
        guarded(|| {
            let Some(mut store) = self.crossed() else { return Some(BindingFailure::closed()) };
            let Some(state) = store.partition(partition) else { return Some(StoreError::UnknownPartition.into()) };
            let changed = match log_config(&config, state.config) {
                Ok(changed) => changed,
                Err(failure) => return Some(failure),
            };
            store.configure(partition, changed).err().map(BindingFailure::from)
        })
    }

    /// The node leads the partition under this epoch from now on.
    #[napi]
    pub fn lead(&mut self, partition: u32, leader_epoch: i32) -> Option<BindingFailure> {
        guarded(|| match self.crossed() {
            Some(mut store) => store.lead(partition, leader_epoch).err().map(BindingFailure::from),
            None => Some(BindingFailure::closed()),
        })
    }

    /// Where an epoch ends, for OffsetForLeaderEpoch; null: newer than any this partition knows, or no such partition.
    #[napi]
    pub fn epoch_end(&mut self, partition: u32, leader_epoch: i32) -> Option<BindingEpochEnd> {
        guarded(|| {
            let found = self.crossed()?.partition(partition)?.epoch_end(leader_epoch)?;
            Some(BindingEpochEnd { leader_epoch: found.leader_epoch, end: exact(found.end_offset as u64) })
        })
    }

    /// The producers that a partition knows, whoever wrote last first: id, epoch, last sequence and timestamp of each, as many as
    /// `words` has room for. The count of them.
    #[napi]
    pub fn producers(&mut self, partition: u32, mut words: LentWords) -> u32 {
        guarded(|| {
            let Some(store) = self.crossed() else { return 0 };
            let Some(state) = store.partition(partition) else { return 0 };
            let targets = words.words().as_chunks_mut::<PRODUCER_WORDS>().0;
            let told = state.producers.latest().zip(targets).map(|(known, target)| {
                *target =
                    [known.producer_id as f64, known.producer_epoch.into(), known.last_sequence.into(), known.timestamp as f64];
            });
            told.count() as u32
        })
    }

    /// Moves log starts behind what has outlived its retention; how many partitions. Now and then: it looks at each.
    #[napi]
    pub fn apply_retention(&mut self) -> u32 {
        guarded(|| self.crossed().map_or(0, |mut store| store.apply_retention() as u32))
    }

    /// One round of work; `words` is filled as event_words.rs draws it.
    #[napi]
    pub fn turn(&mut self, monotonic_ms: f64, wall_ms: f64, mut words: LentWords) {
        guarded(|| {
            let now = self.told(monotonic_ms, wall_ms);
            let has_more = self.crossed().is_some_and(|mut store| store.turn(now));
            self.tell(words.words(), has_more);
        });
    }

    /// As `turn`, but blocks until something completes if anything is in flight.
    #[napi]
    pub fn wait(&mut self, monotonic_ms: f64, wall_ms: f64, mut words: LentWords) {
        guarded(|| {
            let now = self.told(monotonic_ms, wall_ms);
            if let Some(mut store) = self.crossed() {
                store.wait(now);
            }
            self.tell(words.words(), false);
        });
    }

    /// What had no room in the last call, or came out of `close`.
    #[napi]
    pub fn take_events(&mut self, mut words: LentWords) {
        guarded(|| {
            self.crossings += 1;
            self.tell(words.words(), false);
        });
    }

    fn told(&self, monotonic_ms: f64, wall_ms: f64) -> Now {
        let clocks = Clocks::told(monotonic_ms, wall_ms);
        self.clocks.set(clocks);
        clocks.now()
    }

    fn tell(&mut self, words: &mut [f64], has_more: bool) {
        let mut deadline = -1.0;
        if let Some(store) = &mut *self.store.borrow_mut() {
            self.events.extend(store.take_events());
            deadline = store.deadline_ms().map_or(-1.0, exact);
        }
        let (header, room) = words.split_at_mut(HEADER_WORDS);
        let mut count = 0;
        let reads = &mut self.reads;
        for target in room.chunks_exact_mut(EVENT_WORDS) {
            let Some(event) = self.events.pop_front() else { break };
            encode(event, target, &mut |partition, ticket, read| drop(reads.insert((partition, ticket), read)));
            count += 1;
        }
        header[0] = f64::from(count);
        header[1] = f64::from(u8::from(has_more));
        header[2] = deadline;
        header[3] = f64::from(u8::from(!self.events.is_empty()));
    }

    /// Batches from an offset on, below a limit. `words` gets the log start, and behind it what was found. The number of batches in
    /// ring memory, each as `SLICE_WORDS` words; 0: nothing there yet; -1: the bytes come as an event; -100: with `may_lend`, one part
    /// of a file, as lease, file, position, size, base and next; else: -1 minus the index into the store's codes, and three details.
    #[napi]
    #[allow(clippy::too_many_arguments)] // One crossing, whatever has to cross.
    pub fn read(
        &mut self,
        partition: u32,
        ticket: f64,
        offset: f64,
        limit: f64,
        size_max: u32,
        may_lend: bool,
        mut words: LentWords,
    ) -> i32 {
        guarded(|| {
            let Some(mut store) = self.crossed() else { return -1 - index_of(&STORE_CODES, "unknown-partition") as i32 };
            let log_start = store.partition(partition).map_or(0, |partition| partition.log_start);
            let read = if may_lend { Store::read_in_place } else { Store::read };
            let outcome = read(&mut store, partition, ticket as u64, offset as u64, limit as u64, size_max as usize);
            let (head, rest) = words.words().split_at_mut(1);
            head[0] = exact(log_start);
            match outcome {
                ReadOutcome::Lent(slice) => {
                    rest[..LENT_WORDS].copy_from_slice(&lent_words(&slice));
                    LENT
                }
                ReadOutcome::Hot(slices) => {
                    let targets = rest.chunks_exact_mut(SLICE_WORDS);
                    slices.iter().zip(targets).map(|(slice, target)| put_slice(&store, slice, target)).count() as i32
                }
                ReadOutcome::Empty => 0,
                ReadOutcome::Pending => -1,
                ReadOutcome::Failed(error) => {
                    let (code, details) = read_failure(&error);
                    rest[..3].copy_from_slice(&details);
                    -1 - index_of(&STORE_CODES, code) as i32
                }
            }
        })
    }

    /// Puts log start, bytes and number of segments into `words`: far less than all that `partition` tells. False: not served here.
    #[napi]
    pub fn extent(&mut self, partition: u32, mut words: LentWords) -> bool {
        guarded(|| {
            let Some(store) = self.crossed() else { return false };
            let Some(partition) = store.partition(partition) else { return false };
            let told = [exact(partition.log_start), exact(partition.size()), partition.segments.len() as f64];
            words.words()[..told.len()].copy_from_slice(&told);
            true
        })
    }

    /// What became stable in watched partitions, all in one crossing. `wanted` has three words for each: handle, offset from
    /// which, bytes at most. `words` gets for each in turn log start (-1: not served here), stable end and the number of
    /// batches in ring memory, and then these as `SLICE_WORDS` words each. How many of the wanted had room: the rest is
    /// asked for again. At least one has, if `words` has room for one batch.
    #[napi]
    pub fn read_tails(&mut self, mut wanted: LentWords, count: u32, mut words: LentWords) -> u32 {
        guarded(|| {
            let Some(store) = self.crossed() else { return 0 };
            let mut room = words.words();
            let mut told = 0;
            for [handle, from, size_max] in wanted.words().as_chunks().0.iter().take(count as usize) {
                let tail = store.tail(*handle as u32, *from as u64, *size_max as usize);
                let Some(used) = put_tail(&store, tail.as_ref(), room, told == 0) else { break };
                room = &mut room[used..];
                told += 1;
            }
            told
        })
    }

    /// What was lent is not sent from any more.
    #[napi]
    pub fn give_back(&mut self, lease: f64) {
        guarded(|| {
            if let Some(mut store) = self.crossed() {
                store.give_back(lease as u64);
            }
        });
    }

    /// Copies what a read event announced, once; how many bytes. Nothing if the target is smaller: the bytes still wait.
    #[napi]
    pub fn take_read(&mut self, partition: u32, ticket: f64, target: SharedMemory) -> Option<u32> {
        guarded(|| {
            self.crossings += 1;
            let key = (partition, ticket as u64);
            let size = self.reads.get(&key)?.size;
            if size > target.size() {
                return None;
            }
            // SAFETY: the caller's memory, larger than this, alive and nobody else's during the call.
            let target = unsafe { Piece::from_raw(target.pointer(), size as u32) };
            target.write(0, self.reads.remove(&key)?.bytes());
            self.taken_size += size as u64;
            Some(size as u32)
        })
    }

    /// The first record at or above a timestamp: the answer is an event.
    #[napi]
    pub fn find(&mut self, partition: u32, ticket: f64, timestamp: f64) -> Option<BindingFailure> {
        guarded(|| match self.crossed() {
            Some(mut store) => {
                store.find(partition, ticket as u64, timestamp as i64);
                None
            }
            None => Some(BindingFailure::closed()),
        })
    }

    /// Readable when completions wait; -1 where there is none. For who produces on this thread without a doorbell, and so has to look after
    /// each of them.
    #[napi]
    pub fn wakeup_descriptor(&mut self) -> i32 {
        guarded(|| self.crossed().and_then(|store| store.io().wakeup_fd()).unwrap_or(-1))
    }

    /// Calls back when a turn has something to do. What follows from completions without JavaScript is done before, whether it is called or not.
    #[napi]
    pub fn watch(&mut self, env: Env, callback: Function<(), ()>) -> Either<BindingWakeup, String> {
        guarded(|| {
            let Some(descriptor) = self.crossed().and_then(|store| store.io().wakeup_fd()) else {
                return Either::B("it has no completions to wait for".to_owned());
            };
            let (store, clocks) = (Rc::downgrade(&self.store), Rc::clone(&self.clocks));
            let pump = move || {
                let now = clocks.get().now();
                store.upgrade().is_some_and(|store| store.borrow_mut().as_mut().is_some_and(|store| store.pump(now)))
            };
            BindingWakeup::pumped(env, descriptor, callback, pump)
        })
    }

    #[napi]
    pub fn is_idle(&mut self) -> bool {
        guarded(|| self.crossed().is_none_or(|store| store.is_idle()))
    }

    #[napi]
    pub fn counters(&mut self) -> Option<BindingStoreCounters> {
        guarded(|| {
            let (crossings, taken_size) = (self.crossings + 1, self.taken_size);
            let store = self.crossed()?;
            let (counters, journal) = (store.counters, store.journal_counters());
            Some(BindingStoreCounters {
                crossings: exact(crossings),
                system_calls: exact(store.io().system_calls()),
                turns: exact(counters.turns),
                appended_batches: exact(counters.appended_batches),
                appended_size: exact(counters.appended_bytes),
                segment_writes: exact(counters.segment_writes),
                segment_size: exact(counters.segment_bytes),
                staged_size: exact(store.io().staged_size()),
                checkpoints: exact(counters.checkpoints),
                file_syncs: exact(counters.file_syncs),
                commits: exact(journal.commits),
                journal_entries: exact(journal.entries),
                journal_size: exact(journal.bytes),
                taken_size: exact(taken_size),
            })
        })
    }

    /// Blocks until all is on disk and checkpointed, so that the next start has nothing to replay. Its events still wait.
    #[napi]
    pub fn close(&mut self, monotonic_ms: f64, wall_ms: f64) -> Option<BindingFailure> {
        guarded(|| {
            let clocks = Clocks::told(monotonic_ms, wall_ms);
            let mut store = self.crossed()?;
            store.close(|| clocks.now()).err().map(BindingFailure::from)
        })
    }

    /// Frees everything; waits for what the kernel still does with our memory. Without `close` before, it is a crash.
    #[napi]
    pub fn release(&mut self) {
        guarded(|| {
            self.crossings += 1;
            self.reads.clear();
            *self.store.borrow_mut() = None;
            self.directory = None;
        });
    }
}

fn describe(store: &Store, handle: u32) -> Option<BindingPartition> {
    let partition = store.partition(handle)?;
    Some(BindingPartition {
        handle,
        topic: partition.id.topic.to_string(),
        index: partition.id.index,
        leader_epoch: if partition.is_led { partition.leader_epoch } else { partition.leader_epoch_used() },
        log_start: exact(partition.log_start),
        end: exact(partition.end),
        stable_end: exact(partition.stable_end()),
        durability: durability_name(partition.durability).to_owned(),
        is_damaged: partition.is_damaged(),
        size: exact(partition.size()),
        segments_count: partition.segments.len() as u32,
    })
}

fn new_partition(wanted: &BindingNewPartition) -> Result<(PartitionId, LogConfig, i32), BindingFailure> {
    Ok((partition_id(&wanted.topic, wanted.index)?, log_config(&wanted.config, LogConfig::default())?, wanted.leader_epoch))
}

/// The words that it takes; None: no room for it. The first one is cut to what there is room for.
fn put_tail(store: &Store, tail: Option<&Tail>, words: &mut [f64], is_first: bool) -> Option<usize> {
    let slices = tail.map_or(&[] as &[HotSlice], |tail| &tail.slices);
    let room = words.len().checked_sub(TAIL_WORDS)? / SLICE_WORDS;
    if slices.len() > room && !is_first {
        return None;
    }
    let count = slices.len().min(room);
    words[0] = tail.map_or(-1.0, |tail| exact(tail.log_start));
    words[1] = tail.map_or(-1.0, |tail| exact(tail.stable_end));
    words[2] = count as f64;
    let targets = words[TAIL_WORDS..].chunks_exact_mut(SLICE_WORDS);
    slices.iter().zip(targets).for_each(|(slice, target)| put_slice(store, slice, target));
    Some(TAIL_WORDS + count * SLICE_WORDS)
}

fn put_slice(store: &Store, slice: &HotSlice, words: &mut [f64]) {
    let data = store.ring(slice.ring).data();
    let at = (slice.piece.address() - data.address()) as f64;
    let (high, low) = ((slice.ring_position >> 32) as u32, slice.ring_position as u32);
    let position = [f64::from(high), f64::from(low)];
    let [high, low] = position;
    words.copy_from_slice(&[
        f64::from(slice.ring),
        high,
        low,
        at,
        slice.piece.size() as f64,
        exact(slice.base),
        exact(slice.next),
    ]);
}
