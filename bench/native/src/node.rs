//! A store over real files with one ring that feeds it, as a shard has it.

use millrace_native::io::{open_io, Io, IoChoice, PageCache};
use millrace_native::journal::entry::Durability;
use millrace_native::journal::writer::JournalConfig;
use millrace_native::log::config::LogConfig;
use millrace_native::log::ids::{PartitionId, TopicId};
use millrace_native::ring::{OwnedRing, RingWriter};
use millrace_native::store::{recover, Catalog, Event, Now, OpenOptions, RecoveryReport, Store, StoreConfig};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub struct Node {
    pub store: Store,
    pub ring: RingWriter,
    pub report: RecoveryReport,
    clock: Clock,
    /// Holds the directory's lock.
    _lock: Box<dyn Io>,
}

#[derive(Clone, Copy)]
pub struct Clock {
    start: Instant,
    wall_ms: i64,
}

impl Clock {
    #[must_use]
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Self { start: Instant::now(), wall_ms: wall.as_millis() as i64 }
    }

    #[must_use]
    pub fn now(&self) -> Now {
        let ms = self.start.elapsed().as_millis() as u64;
        Now { monotonic_ms: ms, wall_ms: self.wall_ms + ms as i64 }
    }
}

#[must_use]
pub fn partition_ids(count: u32) -> Vec<PartitionId> {
    (0..count).map(|index| PartitionId { topic: TopicId([7; 16]), index }).collect()
}

#[must_use]
pub fn log_config(durability: Durability) -> LogConfig {
    LogConfig { durability, ..LogConfig::default() }
}

impl Node {
    /// # Panics
    /// If the store can't be opened: there is nothing to measure then.
    #[must_use]
    pub fn open(data: &Path, config: StoreConfig, ring_capacity: usize, catalog: &Catalog) -> Self {
        let clock = Clock::start();
        let options = OpenOptions {
            data: data.to_owned(),
            journals: None,
            shards: 1,
            journal: config.journal,
            batch_size_max: 1 << 20,
            wall_ms: clock.now().wall_ms,
            set_aside_corrupt: false,
            nonce: nonce(),
        };
        let mut lock = io(PageCache::Keep);
        let mut recovered = recover(lock.as_mut(), &options, catalog).unwrap_or_else(|error| panic!("recover: {error:?}"));
        let shard = recovered.shards.pop().expect("one shard");
        // As a node does that was not told otherwise.
        let segments = io(PageCache::best_in(data));
        let mut store = Store::open(segments, config, shard, clock.now()).expect("the journal opens");
        let (ring, reader) = OwnedRing::new(ring_capacity, 4).expect("a legal capacity").split();
        store.attach_ring(reader);
        Self { store, ring, report: recovered.report, clock, _lock: lock }
    }

    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Creates the partitions and waits until they take appends; their handles.
    ///
    /// # Panics
    /// If one can't be created.
    pub fn create(&mut self, ids: &[PartitionId], config: LogConfig) -> Vec<u32> {
        let epoch = self.store.incarnation() as i32;
        let wanted: Vec<(PartitionId, LogConfig, i32)> = ids.iter().map(|id| (*id, config, epoch)).collect();
        let handles = self.store.create(u64::MAX, &wanted);
        let mut left = handles.len();
        while left > 0 {
            for event in self.step() {
                match event {
                    Event::Done { .. } => left -= 1,
                    other => panic!("create: {other:?}"),
                }
            }
        }
        handles
    }

    /// One turn; blocks for a completion if it brought nothing.
    pub fn step(&mut self) -> Vec<Event> {
        let now = self.now();
        let has_more = self.store.turn(now);
        let events = self.store.take_events();
        if has_more || !events.is_empty() {
            return events;
        }
        self.pause(
            self.store
                .deadline_ms()
                .map_or(Duration::from_millis(1), |due| Duration::from_millis(due.saturating_sub(now.monotonic_ms))),
        );
        self.store.take_events()
    }

    /// Waits for a completion, or, when nothing is under way, for the time given.
    pub fn pause(&mut self, idle_for: Duration) {
        if self.store.io().in_flight() > 0 {
            self.store.wait(self.clock.now());
        } else {
            std::thread::sleep(idle_for.min(Duration::from_millis(5)));
        }
    }
}

/// What the machine has; said beside every figure.
#[must_use]
pub fn io(page_cache: PageCache) -> Box<dyn Io> {
    open_io(IoChoice::Auto, page_cache).unwrap_or_else(|why| panic!("{why}")).io
}

fn nonce() -> [u8; 16] {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    since.as_nanos().to_le_bytes()
}

#[must_use]
pub fn store_config(journal_size: u64) -> StoreConfig {
    StoreConfig { journal: JournalConfig { size_max: journal_size, ..JournalConfig::default() }, ..StoreConfig::default() }
}
