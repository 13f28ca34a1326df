//! A data directory that this process owns: recovered on the thread that opens it, its shards handed to theirs.
//!
//! ```text
//!   openDataDirectory ─► lock ─► catalogue ─► recover ─► BindingDataDirectory (id) ─┬─► openStore(id, 0)   any thread,
//!                                                                                   └─► openStore(id, 1)   once each
//! ```
//! The lock ends with the last holder, the directory or any of its stores, so that no one else opens the directory while
//! writes of ours may still be under way.

use super::consensus::BindingConsensus;
use super::event_words::exact;
use super::failure::BindingFailure;
use super::guarded;
use super::trace::BindingTrace;
use crate::io::task::{block_on, Files};
use crate::io::trace::{Trace, TraceIo};
use crate::io::{open_io, BlameIo, Io, IoChoice, IoError, IoResult, PageCache, SyncMethod};
use crate::journal::entry::Durability;
use crate::journal::space::JOURNAL_START;
use crate::journal::writer::JournalConfig;
use crate::log::config::LogConfig;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::segment::DataPaths;
use crate::store::topics::{is_fresh, Topic, Topics};
use crate::store::{recover, shard_of, OpenError, OpenOptions, Recovered, RecoveredShard, RecoveryReport};
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

#[napi(object)]
pub struct BindingOpenOptions {
    /// Made if it is not there.
    pub data: String,
    /// Where journals are made; default: in the data directory.
    pub journals: Option<String>,
    pub shards: u32,
    /// Bytes that one journal may grow to.
    pub journal_size: f64,
    /// "linked" or "dsync".
    pub sync: String,
    pub batch_size_max: f64,
    pub set_aside_corrupt: bool,
    /// The node that opens it, from 1 up: a directory that none had before becomes its own. Absent: whoever owns it.
    pub node_id: Option<u32>,
    /// "auto", "uring" or "fallback".
    pub io: String,
    /// "auto", "pass" or "keep".
    pub page_cache: String,
    /// 16 fresh random bytes.
    pub nonce: Uint8Array,
    pub wall_ms: f64,
}

/// A topic's configuration as the data plane reads it; what is absent stays as it is, or has its default in a new topic.
#[napi(object)]
#[derive(Default)]
pub struct BindingTopicConfig {
    /// "fsync" or "replicated".
    pub durability: Option<String>,
    pub batch_size_max: Option<f64>,
    pub segment_size_max: Option<f64>,
    pub segment_age_max_ms: Option<f64>,
    pub index_interval: Option<u32>,
    pub is_log_append_time: Option<bool>,
    /// Below zero: keeps everything.
    pub retention_ms: Option<f64>,
    pub retention_size: Option<f64>,
}

#[napi(object)]
pub struct BindingTopic {
    /// 32 hexadecimal digits.
    pub id: String,
    pub name: String,
    pub partitions: u32,
    /// All of them named.
    pub settings: BindingTopicConfig,
}

#[napi(object)]
pub struct BindingRecoveryReport {
    pub is_fresh: bool,
    pub commits: f64,
    pub entries: f64,
    pub size: f64,
    pub cut_size: f64,
    pub set_aside: Vec<String>,
    pub damaged: Vec<String>,
    /// The start count of the directory: the leader epoch of what is appended now, where no broker is.
    pub incarnation: f64,
    /// "uring" or "fallback".
    pub io: String,
    /// Empty, or why "auto" did not choose io_uring.
    pub why_not_uring: String,
    /// "pass" or "keep".
    pub page_cache: String,
}

/// What a store needs beside its shard. Held by the directory object and by every store of it.
pub(super) struct Directory {
    shards: Mutex<Vec<Option<Parcel>>>,
    io: Mutex<Keeper>,
    pub shards_count: u32,
    pub journal: JournalConfig,
    pub choice: IoChoice,
    pub page_cache: PageCache,
    pub trace: Option<Trace>,
}

/// A recovered shard on its way to the thread that will own it.
struct Parcel(RecoveredShard);

// SAFETY: fresh from recovery its partitions have neither batches nor buffers, the only places that count references
// without atomics. It is moved once, as a whole.
unsafe impl Send for Parcel {}

/// The Io of recovery, which holds the lock and serves the metadata log.
struct Keeper(Box<dyn Io>);

// SAFETY: nothing is in flight between two calls, and calls come from the thread that opened the directory only, as its
// object cannot leave that thread. Another one may at most drop it, which closes descriptors.
unsafe impl Send for Keeper {}

/// Directories by number: a number fits a port message. A number never comes back.
static DIRECTORIES: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Registry {
    last: u32,
    directories: HashMap<u32, Weak<Directory>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Directory {
    /// The Io that holds the lock, for the thread that opened the directory.
    pub fn with_io<T>(&self, work: impl FnOnce(&mut dyn Io) -> T) -> T {
        work(locked(&self.io).0.as_mut())
    }
}

fn register(directory: &Arc<Directory>) -> u32 {
    let mut registry = locked(&DIRECTORIES);
    registry.directories.retain(|_, directory| directory.strong_count() > 0);
    registry.last += 1;
    let id = registry.last;
    registry.directories.insert(id, Arc::downgrade(directory));
    id
}

/// The directory of a number and one of its shards, which nobody gets twice.
pub(super) fn take_shard(id: u32, shard: u32) -> Result<(Arc<Directory>, RecoveredShard), BindingFailure> {
    let directory = locked(&DIRECTORIES).directories.get(&id).and_then(Weak::upgrade).ok_or_else(BindingFailure::closed)?;
    let parcel = match locked(&directory.shards).get_mut(shard as usize) {
        Some(slot) => slot.take().ok_or_else(|| BindingFailure::new("busy", format!("shard {shard} was opened before")))?,
        None => return Err(BindingFailure::new("wrong-setting", format!("there is no shard {shard}"))),
    };
    Ok((directory, parcel.0))
}

#[napi]
pub struct BindingDataDirectory {
    directory: Option<Arc<Directory>>,
    id: u32,
    shards: u32,
    topics: Topics,
    report: RecoveryReport,
    incarnation: u64,
    io_name: &'static str,
    page_cache: PageCache,
    why_not_uring: String,
}

/// Blocks until the directory is recovered.
#[napi]
pub fn open_data_directory(
    options: BindingOpenOptions,
    trace: Option<&BindingTrace>,
) -> Either<BindingDataDirectory, BindingFailure> {
    guarded(|| match open(&options, trace.map(BindingTrace::share)) {
        Ok(directory) => Either::A(directory),
        Err(failure) => Either::B(failure),
    })
}

fn open(options: &BindingOpenOptions, trace: Option<Trace>) -> Result<BindingDataDirectory, BindingFailure> {
    let choice = io_choice(&options.io)?;
    let core = core_options(options)?;
    let (mut io, why_not_uring) = open_traced(choice, PageCache::Keep, trace.as_ref())?;
    let node = options.node_id.map(u64::from);
    if node == Some(0) {
        return Err(BindingFailure::new("wrong-setting", "node ids begin at 1"));
    }
    let (topics, recovered) = recover_directory(io.as_mut(), &core, node)?;
    let page_cache = page_cache_of(&options.page_cache, &core.data)?;
    let Recovered { shards, incarnation, report } = recovered;
    let io_name = io.name();
    let directory = Arc::new(Directory {
        shards: Mutex::new(shards.into_iter().map(|shard| Some(Parcel(shard))).collect()),
        io: Mutex::new(Keeper(io)),
        shards_count: core.shards,
        journal: core.journal,
        choice,
        page_cache,
        trace,
    });
    Ok(BindingDataDirectory {
        id: register(&directory),
        directory: Some(directory),
        shards: core.shards,
        topics,
        report,
        incarnation: incarnation.number,
        io_name,
        page_cache,
        why_not_uring,
    })
}

/// The lock comes first: the catalogue is read under it.
fn recover_directory(io: &mut dyn Io, options: &OpenOptions, node: Option<u64>) -> Result<(Topics, Recovered), BindingFailure> {
    let mut io = BlameIo::new(io);
    recover_with(&mut io, options, node).map_err(|error| match error {
        OpenError::Io { what, error } => BindingFailure::opening(&what, io.culprit(error), error),
        other => other.into(),
    })
}

fn recover_with(io: &mut dyn Io, options: &OpenOptions, node: Option<u64>) -> Result<(Topics, Recovered), OpenError> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error| OpenError::Io { what, error }
    };
    make_directory(io, &options.data).map_err(failed("make the data directory"))?;
    match io.lock(&DataPaths::new(&options.data).lock()) {
        Ok(()) => {}
        Err(IoError::WOULD_BLOCK) => return Err(OpenError::InUse),
        Err(error) => return Err(failed("lock the data directory")(error)),
    }
    let fresh = is_fresh(io, &options.data)?;
    let topics = Topics::open_as(io, &options.data, fresh, node)?;
    let recovered = recover(io, options, &topics.catalog())?;
    Ok((topics, recovered))
}

/// Makes the directory and all above it that are missing; each name is durable before something is made below it.
fn make_directory(io: &mut dyn Io, path: &Path) -> IoResult<()> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut at = path;
    while !at.as_os_str().is_empty() && !at.is_dir() {
        missing.push(at.to_owned());
        match at.parent() {
            Some(parent) => at = parent,
            None => break,
        }
    }
    block_on(io, |files| async move { make_each(&files, missing).await })
}

async fn make_each(files: &Files, missing: Vec<PathBuf>) -> IoResult<()> {
    for path in missing.into_iter().rev() {
        files.make_directory(&path).await?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        files.sync_directory(parent.unwrap_or(Path::new("."))).await?;
    }
    Ok(())
}

pub(super) fn open_traced(
    choice: IoChoice,
    page_cache: PageCache,
    trace: Option<&Trace>,
) -> Result<(Box<dyn Io>, String), BindingFailure> {
    let opened = open_io(choice, page_cache).map_err(|why| BindingFailure::new("no-io", why))?;
    let io: Box<dyn Io> = match trace {
        Some(trace) => Box::new(TraceIo::new(opened.io, trace)),
        None => opened.io,
    };
    Ok((io, opened.why_not_uring.unwrap_or_default()))
}

fn page_cache_of(name: &str, data: &Path) -> Result<PageCache, BindingFailure> {
    let wanted = match name {
        "auto" => return Ok(PageCache::best_in(data)),
        "keep" => PageCache::Keep,
        "pass" => PageCache::Pass,
        "direct" => PageCache::Direct,
        other => {
            let why = format!("the page cache is auto, direct, pass or keep, not {other}");
            return Err(BindingFailure::new("wrong-setting", why));
        }
    };
    if wanted.is_possible_in(data) {
        return Ok(wanted);
    }
    let why = "writes cannot pass the page cache of the data directory: that takes Linux 6.14 and a filesystem that knows of it";
    Err(BindingFailure::new("wrong-setting", why))
}

pub(super) fn page_cache_name(page_cache: PageCache) -> String {
    match page_cache {
        PageCache::Keep => "keep",
        PageCache::Pass => "pass",
        PageCache::Direct => "direct",
    }
    .to_owned()
}

pub(super) fn io_choice(name: &str) -> Result<IoChoice, BindingFailure> {
    match name {
        "auto" => Ok(IoChoice::Auto),
        "uring" => Ok(IoChoice::Uring),
        "fallback" => Ok(IoChoice::Fallback),
        other => Err(BindingFailure::new("wrong-setting", format!("no io named {other}"))),
    }
}

fn core_options(options: &BindingOpenOptions) -> Result<OpenOptions, BindingFailure> {
    let wrong = |what: &str| BindingFailure::new("wrong-setting", what);
    let nonce = options.nonce.as_ref().try_into().map_err(|_| wrong("a nonce has 16 bytes"))?;
    let sync = match options.sync.as_str() {
        "linked" => SyncMethod::Linked,
        "dsync" => SyncMethod::Dsync,
        _ => return Err(wrong("a sync method is linked or dsync")),
    };
    if options.shards == 0 {
        return Err(wrong("there is at least one shard"));
    }
    Ok(OpenOptions {
        data: PathBuf::from(&options.data),
        journals: options.journals.as_ref().map(PathBuf::from),
        shards: options.shards,
        journal: journal_config(options.journal_size as u64, sync),
        batch_size_max: options.batch_size_max as u64,
        set_aside_corrupt: options.set_aside_corrupt,
        nonce,
        wall_ms: options.wall_ms as i64,
    })
}

/// A small journal grows in small steps, and takes small commits: several must fit before a checkpoint frees the first.
fn journal_config(size: u64, sync: SyncMethod) -> JournalConfig {
    let default = JournalConfig::default();
    let eighth = (size / 8).next_multiple_of(JOURNAL_START);
    JournalConfig {
        size_max: size,
        step: default.step.min(eighth.max(JOURNAL_START * 16)),
        commit_size_max: default.commit_size_max.min(eighth as usize),
        sync,
        ..default
    }
}

#[napi]
impl BindingDataDirectory {
    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.id
    }

    #[napi]
    pub fn report(&self) -> BindingRecoveryReport {
        guarded(|| BindingRecoveryReport {
            is_fresh: self.report.is_fresh,
            commits: exact(self.report.commits),
            entries: exact(self.report.entries),
            size: exact(self.report.bytes),
            cut_size: exact(self.report.cut_size),
            set_aside: self.report.set_aside.clone(),
            damaged: self.report.damaged.clone(),
            incarnation: exact(self.incarnation),
            io: self.io_name.to_owned(),
            why_not_uring: self.why_not_uring.clone(),
            page_cache: page_cache_name(self.page_cache),
        })
    }

    #[napi]
    pub fn topics(&self) -> Vec<BindingTopic> {
        guarded(|| self.topics.list().map(describe).collect())
    }

    /// The topic of this name, with at least so many partitions and these settings: durable when this returns.
    #[napi]
    pub fn ensure_topic(
        &mut self,
        name: String,
        partitions: u32,
        config: BindingTopicConfig,
        fresh_id: Uint8Array,
    ) -> Either<BindingTopic, BindingFailure> {
        guarded(|| match self.ensure(&name, partitions, &config, &fresh_id) {
            Ok(topic) => Either::A(topic),
            Err(failure) => Either::B(failure),
        })
    }

    fn ensure(
        &mut self,
        name: &str,
        partitions: u32,
        config: &BindingTopicConfig,
        fresh_id: &[u8],
    ) -> Result<BindingTopic, BindingFailure> {
        let directory = self.directory.as_ref().ok_or_else(BindingFailure::closed)?;
        let fresh_id = fresh_id.try_into().map_err(|_| BindingFailure::new("wrong-setting", "a topic id has 16 bytes"))?;
        let known = self.topics.get(name).map_or_else(LogConfig::default, |topic| topic.config);
        let config = log_config(config, known)?;
        self.topics.ensure(locked(&directory.io).0.as_mut(), name, partitions, &config, fresh_id)?;
        Ok(describe(self.topics.get(name).expect("ensured just now")))
    }

    /// The metadata log, once: from now on topics change there.
    #[napi]
    pub fn take_consensus(&mut self) -> Either<BindingConsensus, BindingFailure> {
        guarded(|| {
            let Some(directory) = &self.directory else { return Either::B(BindingFailure::closed()) };
            match self.topics.take_consensus() {
                Some(consensus) => Either::A(BindingConsensus::new(consensus, directory.clone())),
                None => Either::B(BindingFailure::new("busy", "the metadata log was taken before")),
            }
        })
    }

    /// The shard that a partition belongs to.
    #[napi]
    pub fn shard_of(&self, topic: String, index: u32) -> Either<u32, BindingFailure> {
        guarded(|| match partition_id(&topic, index) {
            Ok(id) => Either::A(shard_of(&id, self.shards)),
            Err(failure) => Either::B(failure),
        })
    }

    /// Lets go of the directory; the lock ends with the last store.
    #[napi]
    pub fn close(&mut self) {
        guarded(|| drop(self.directory.take()));
    }
}

fn describe(topic: &Topic) -> BindingTopic {
    BindingTopic {
        id: topic.id.to_string(),
        name: topic.name.clone(),
        partitions: topic.partitions_count,
        settings: settings_of(&topic.config),
    }
}

fn settings_of(config: &LogConfig) -> BindingTopicConfig {
    let bound = |value: Option<u64>| Some(value.map_or(-1.0, |value| value as f64));
    BindingTopicConfig {
        durability: Some(durability_name(config.durability).to_owned()),
        batch_size_max: Some(f64::from(config.batch_size_max)),
        segment_size_max: Some(config.segment_size_max as f64),
        segment_age_max_ms: Some(config.segment_age_max_ms as f64),
        index_interval: Some(config.index_interval),
        is_log_append_time: Some(config.is_log_append_time),
        retention_ms: bound(config.retention_ms),
        retention_size: bound(config.retention_size),
    }
}

pub(super) fn partition_id(topic: &str, index: u32) -> Result<PartitionId, BindingFailure> {
    let topic =
        TopicId::from_hex(topic).ok_or_else(|| BindingFailure::new("wrong-setting", format!("{topic} is no topic id")))?;
    Ok(PartitionId { topic, index })
}

pub(super) fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Fsync => "fsync",
        Durability::Replicated => "replicated",
    }
}

pub(super) fn durability(name: &str) -> Result<Durability, BindingFailure> {
    match name {
        "fsync" => Ok(Durability::Fsync),
        "replicated" => Ok(Durability::Replicated),
        other => Err(BindingFailure::new("wrong-setting", format!("no durability named {other}"))),
    }
}

/// `base` with what the configuration names.
pub(super) fn log_config(config: &BindingTopicConfig, base: LogConfig) -> Result<LogConfig, BindingFailure> {
    let durability = config.durability.as_deref().map_or(Ok(base.durability), durability)?;
    let bound = |given: Option<f64>, base: Option<u64>| match given {
        Some(value) => (value >= 0.0).then_some(value as u64),
        None => base,
    };
    Ok(LogConfig {
        durability,
        batch_size_max: config.batch_size_max.map_or(base.batch_size_max, |size| size as u32),
        segment_size_max: config.segment_size_max.map_or(base.segment_size_max, |size| size as u64),
        segment_age_max_ms: config.segment_age_max_ms.map_or(base.segment_age_max_ms, |age| age as u64),
        index_interval: config.index_interval.unwrap_or(base.index_interval),
        is_log_append_time: config.is_log_append_time.unwrap_or(base.is_log_append_time),
        retention_ms: bound(config.retention_ms, base.retention_ms),
        retention_size: bound(config.retention_size, base.retention_size),
        ..base
    })
}
