//! Errors as values. A code is a word from a closed list that ts/native/failures.ts repeats; the message is for people.

use crate::consensus::ConsensusError;
use crate::io::IoError;
use crate::store::{OpenError, StoreError};
use napi_derive::napi;
use std::path::Path;

#[napi(object)]
pub struct BindingFailure {
    pub code: String,
    pub message: String,
}

/// Every code of a `BindingFailure`.
pub const FAILURE_CODES: [&str; 15] = [
    "in-use",
    "corrupt",
    "newer-format",
    "io",
    "disk-failed",
    "no-io",
    "wrong-setting",
    "unknown-partition",
    "fenced",
    "busy",
    "not-leader",
    "out-of-range",
    "leader-epoch-used",
    "closed",
    "cancelled",
];

impl BindingFailure {
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        assert!(FAILURE_CODES.contains(&code), "{code} is not in the list of failures");
        Self { code: code.to_owned(), message: message.into() }
    }

    #[must_use]
    pub fn io(what: &str, error: IoError) -> Self {
        Self::new("io", format!("{what}: {error}"))
    }

    /// While something is opened. `culprit`: the file, where it is known.
    #[must_use]
    pub fn opening(what: &str, culprit: Option<&Path>, error: IoError) -> Self {
        let code = if error.is_device() { "disk-failed" } else { "io" };
        let file = culprit.map(|path| format!(" ({})", path.display())).unwrap_or_default();
        Self::new(code, format!("{what}{file}: {error}"))
    }

    #[must_use]
    pub fn closed() -> Self {
        Self::new("closed", "it was closed before")
    }
}

impl From<OpenError> for BindingFailure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::InUse => Self::new("in-use", "another process owns the data directory"),
            OpenError::Io { what, error: IoError::CANCELLED } => Self::new("cancelled", format!("{what}: it was not to go on")),
            OpenError::Io { what, error } => Self::io(&what, error),
            OpenError::Corrupt(what) => Self::new("corrupt", what),
            OpenError::NewerFormat(what) => Self::new("newer-format", what),
            OpenError::Refused(why) => Self::new("wrong-setting", format!("the data directory: {why}")),
        }
    }
}

impl From<StoreError> for BindingFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io(error) => Self::io("the store", error),
            StoreError::UnknownPartition => Self::new("unknown-partition", "there is no such partition"),
            StoreError::Damaged => Self::new("corrupt", "the partition is damaged"),
            StoreError::Fenced => Self::new("fenced", "a write or sync failed: the log directory takes no more"),
            StoreError::Busy => Self::new("busy", "another change of this partition is under way"),
            StoreError::LeaderEpochUsed { used, given } => {
                Self::new("leader-epoch-used", format!("leader epoch {given} is not above {used}, which may have written here"))
            }
            StoreError::OutOfRange { start, end } => Self::new("out-of-range", format!("the log reaches from {start} to {end}")),
        }
    }
}

impl From<ConsensusError> for BindingFailure {
    fn from(error: ConsensusError) -> Self {
        match error {
            ConsensusError::Io(error) => Self::io("the metadata journal", error),
            ConsensusError::Corrupt(what) => Self::new("corrupt", what),
            ConsensusError::NewerFormat(format) => Self::new("newer-format", format!("the metadata journal has format {format}")),
            ConsensusError::Refused(why) => Self::new("wrong-setting", format!("the data directory: {why}")),
            ConsensusError::NotLeader => Self::new("not-leader", "another node leads the metadata quorum, or none"),
            ConsensusError::Busy => Self::new("busy", "too much is proposed and not yet committed"),
            ConsensusError::Malformed => Self::new("wrong-setting", "the message is none of the consensus engine"),
        }
    }
}
