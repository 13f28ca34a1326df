use crate::io::{IoError, IoResult};
use crate::log::ids::PartitionId;
use std::path::{Path, PathBuf};

/// One file of a partition's log, as the shard knows it. The bytes are the batches, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The offset of the first record, and the file's name.
    pub base: u64,
    /// Bytes of whole batches listed for it, whether the file has them yet or not.
    pub size: u64,
    /// Of all batches in it; -1 while it has none.
    pub max_timestamp: i64,
    /// Monotonic milliseconds when the first batch came, for `segment.ms`.
    pub began_ms: u64,
}

impl Segment {
    #[must_use]
    pub fn new(base: u64, now_ms: u64) -> Self {
        Self { base, size: 0, max_timestamp: -1, began_ms: now_ms }
    }

    pub fn note(&mut self, size: u64, max_timestamp: i64) {
        self.size += size;
        self.max_timestamp = self.max_timestamp.max(max_timestamp);
    }
}

#[must_use]
pub fn log_name(base: u64) -> String {
    format!("{base:020}.log")
}

#[must_use]
pub fn index_name(base: u64) -> String {
    format!("{base:020}.index")
}

/// The base offset of a segment file's name; None for any other file.
#[must_use]
pub fn base_of_log_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

#[must_use]
pub fn base_of_index_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".index")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// Names inside a data directory.
#[derive(Clone, Debug)]
pub struct DataPaths {
    pub root: PathBuf,
}

pub const TOMBSTONE_SUFFIX: &str = ".tombstone";

impl DataPaths {
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    #[must_use]
    pub fn topics(&self) -> PathBuf {
        self.root.join("topics")
    }

    #[must_use]
    pub fn partition(&self, id: &PartitionId) -> PathBuf {
        self.topics().join(id.directory())
    }

    #[must_use]
    pub fn tombstone(&self, id: &PartitionId) -> PathBuf {
        self.topics().join(format!("{}{TOMBSTONE_SUFFIX}", id.directory()))
    }

    #[must_use]
    pub fn identity(&self, id: &PartitionId) -> PathBuf {
        self.partition(id).join("identity")
    }

    #[must_use]
    pub fn log(&self, id: &PartitionId, base: u64) -> PathBuf {
        self.partition(id).join(log_name(base))
    }

    #[must_use]
    pub fn index(&self, id: &PartitionId, base: u64) -> PathBuf {
        self.partition(id).join(index_name(base))
    }

    #[must_use]
    pub fn set_aside(&self) -> PathBuf {
        self.root.join("set-aside")
    }

    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    #[must_use]
    pub fn journals(&self) -> PathBuf {
        self.root.join("journal")
    }

    #[must_use]
    pub fn metadata(&self) -> PathBuf {
        self.root.join("metadata")
    }

    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    #[must_use]
    pub fn reserve(&self) -> PathBuf {
        self.root.join("reserve")
    }
}

/// A directory that does not exist lists as empty.
pub fn absent_is_empty<T: Default>(listed: IoResult<T>) -> IoResult<T> {
    match listed {
        Err(IoError::NOT_FOUND) => Ok(T::default()),
        other => other,
    }
}
