//! One life of a shard after the other, over one simulated disk.

use crate::io::sim::{SimDisk, SimIo};
use crate::io::Io;
use crate::journal::writer::JournalConfig;
use crate::log::config::LogConfig;
use crate::log::ids::PartitionId;
use crate::ring::{OwnedRing, RingWriter};
use crate::store::{
    recover, shard_of, Catalog, Event, Now, OpenError, OpenOptions, RecoveryReport, Store, StoreConfig, StoreError,
};
use std::collections::HashMap;
use std::path::PathBuf;

/// Makes an Io over whatever the rig stands on.
pub type MakeIo = Box<dyn Fn() -> Box<dyn Io>>;

pub struct Life {
    pub store: Store,
    pub ring: RingWriter,
    pub report: RecoveryReport,
    /// The first shard holds the directory's lock, for all of them.
    _lock: Option<Box<dyn Io>>,
}

/// The shards of one process, one after the other on one thread.
pub struct Node {
    pub shards: Vec<Life>,
}

impl Node {
    /// The shard that has the partition, and its handle there.
    #[must_use]
    pub fn find(&self, id: &PartitionId) -> Option<(usize, u32)> {
        self.shards.iter().enumerate().find_map(|(at, life)| Some((at, life.store.handle(id)?)))
    }

    /// The shard that makes the partition.
    #[must_use]
    pub fn home_of(&self, id: &PartitionId) -> usize {
        shard_of(id, self.shards.len() as u32) as usize
    }

    #[must_use]
    pub fn incarnation(&self) -> u64 {
        self.shards[0].store.incarnation()
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shards.iter().all(|life| life.store.is_idle())
    }

    /// # Errors
    /// As the store's.
    pub fn close(&mut self, clock: impl Fn() -> Now) -> Result<(), StoreError> {
        self.shards.iter_mut().try_for_each(|life| life.store.close(&clock))
    }
}

pub struct Rig {
    pub make_io: MakeIo,
    pub data: PathBuf,
    pub config: StoreConfig,
    pub ring_capacity: usize,
    pub catalog: Catalog,
    pub life_count: u64,
    pub set_aside_corrupt: bool,
    pub shards: u32,
    clock: Box<dyn Fn() -> Now>,
}

/// Small sizes, so that a short run sees wraps, rolls, checkpoints and full rings.
#[must_use]
pub fn small_config() -> StoreConfig {
    StoreConfig {
        journal: JournalConfig {
            size_max: 512 << 10,
            step: 128 << 10,
            depth: 3,
            commit_size_max: 64 << 10,
            gather_size_min: 8 << 10,
            ..JournalConfig::default()
        },
        open_files_max: 4,
        write_size: 8 << 10,
        write_age_max_ms: 5,
        writes_max: 4,
        unwritten_size_max: 64 << 10,
        syncs_max: 3,
        checkpoint_age_max_ms: 200,
        ..StoreConfig::default()
    }
}

#[must_use]
pub fn small_log() -> LogConfig {
    LogConfig { segment_size_max: 24 << 10, index_interval: 512, batch_size_max: 256 << 10, ..LogConfig::default() }
}

impl Rig {
    #[must_use]
    pub fn over_sim(disk: &SimDisk, config: StoreConfig) -> Self {
        let (own, clock_disk) = (disk.clone(), disk.clone());
        let data = PathBuf::from("/data");
        if disk.file(&data.join("lock")).is_none() {
            disk.put_dir(&data);
        }
        Self {
            make_io: Box::new(move || Box::new(SimIo::new(&own))),
            data,
            config,
            ring_capacity: 128 << 10,
            catalog: Catalog::default(),
            life_count: 0,
            set_aside_corrupt: false,
            shards: 1,
            clock: Box::new(move || {
                let ms = clock_disk.now_ns() / 1_000_000;
                Now { monotonic_ms: ms, wall_ms: 1_700_000_000_000 + ms as i64 }
            }),
        }
    }

    /// Over real files in a directory of its own.
    #[must_use]
    pub fn over(make_io: MakeIo, data: PathBuf, config: StoreConfig) -> Self {
        let start = std::time::Instant::now();
        Self {
            make_io,
            data,
            config,
            ring_capacity: 128 << 10,
            catalog: Catalog::default(),
            life_count: 0,
            set_aside_corrupt: false,
            shards: 1,
            clock: Box::new(move || {
                let ms = start.elapsed().as_millis() as u64;
                Now { monotonic_ms: ms, wall_ms: 1_700_000_000_000 + ms as i64 }
            }),
        }
    }

    #[must_use]
    pub fn now(&self) -> Now {
        (self.clock)()
    }

    pub fn add_to_catalog(&mut self, id: PartitionId, config: LogConfig) {
        self.catalog.live.insert(id, config);
    }

    /// Recovers and starts the only shard.
    ///
    /// # Errors
    /// As `recover`.
    pub fn open(&mut self) -> Result<Life, OpenError> {
        assert_eq!(self.shards, 1, "several shards are a node");
        Ok(self.open_node()?.shards.remove(0))
    }

    /// Recovers and starts every shard.
    ///
    /// # Errors
    /// As `recover`.
    pub fn open_node(&mut self) -> Result<Node, OpenError> {
        self.life_count += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.life_count.to_le_bytes());
        nonce[8..].copy_from_slice(&self.now().monotonic_ms.to_le_bytes());
        let options = OpenOptions {
            data: self.data.clone(),
            journals: None,
            shards: self.shards,
            journal: self.config.journal,
            batch_size_max: 256 << 10,
            set_aside_corrupt: self.set_aside_corrupt,
            nonce,
            wall_ms: self.now().wall_ms,
        };
        let mut lock = (self.make_io)();
        let recovered = recover(lock.as_mut(), &options, &self.catalog)?;
        let mut lock = Some(lock);
        let mut shards = Vec::new();
        for shard in recovered.shards {
            let mut store = Store::open((self.make_io)(), self.config, shard, self.now())
                .map_err(|error| OpenError::Io { what: "open the store".into(), error })?;
            let (ring, reader) = OwnedRing::new(self.ring_capacity, 4).expect("a legal capacity").split();
            store.attach_ring(reader);
            shards.push(Life { store, ring, report: recovered.report.clone(), _lock: lock.take() });
        }
        Ok(Node { shards })
    }
}

/// Drives a life until a condition holds; events are collected. False if nothing moves any more before it does.
pub fn drive(
    life: &mut Life,
    clock: impl Fn() -> Now,
    events: &mut Vec<Event>,
    mut is_enough: impl FnMut(&Life, &[Event]) -> bool,
) -> bool {
    const TURNS_MAX: usize = 100_000;
    for _ in 0..TURNS_MAX {
        life.store.turn(clock());
        events.append(&mut life.store.take_events());
        if is_enough(life, events) {
            return true;
        }
        if life.store.io().in_flight() == 0 {
            return is_enough(life, events);
        }
        life.store.wait(clock());
        events.append(&mut life.store.take_events());
        if is_enough(life, events) {
            return true;
        }
    }
    false
}

/// Counts handles by partition id, for workloads that name partitions.
#[must_use]
pub fn handles(life: &Life) -> HashMap<PartitionId, u32> {
    life.store.handles().filter_map(|handle| Some((life.store.partition(handle)?.id, handle))).collect()
}
