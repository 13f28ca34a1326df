//! What recovery would leave of a data directory, found out without changing a byte of it: `log dump` and `log verify`.

use super::OpenError;
use crate::fatal::ExitCode;
use crate::io::Io;
use crate::log::ids::PartitionId;
use std::path::Path;

/// A batch as recovery would leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectedBatch {
    pub partition: PartitionId,
    pub base: u64,
    pub last: u64,
    pub leader_epoch: i32,
    pub crc: u32,
    /// The base offset of its segment, and where in the file it would lie.
    pub segment: u64,
    pub position: u64,
    pub size: u32,
}

/// Something that a verification has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Bytes of a segment file behind the end of the log: nothing acknowledged, recovery would cut them.
    TornTail { partition: PartitionId, segment: u64, position: u64, size: u64 },
    /// The last commits of a journal are not whole, and nothing says that they were ever acknowledged.
    TornCommit { shard: u32, number: u64, position: u64 },
    /// A stored batch that fails its checks; it is never cut, and reads of it fail.
    CorruptBatch { partition: PartitionId, segment: u64, position: u64, offset: u64 },
    /// Anything else that contradicts its checksum or another file: recovery would refuse to start.
    Corrupt { what: String },
    /// A directory that the metadata does not know: recovery would set it aside.
    Unknown { name: String },
}

/// The answer of `log verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyOutcome {
    Clean,
    TornTail,
    Corrupt,
}

impl VerifyOutcome {
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Clean => ExitCode::Done,
            Self::TornTail => ExitCode::TornTail,
            Self::Corrupt => ExitCode::VerifyCorrupt,
        }
    }
}

impl Finding {
    #[must_use]
    pub fn outcome(&self) -> VerifyOutcome {
        match self {
            Self::TornTail { .. } | Self::TornCommit { .. } => VerifyOutcome::TornTail,
            Self::CorruptBatch { .. } | Self::Corrupt { .. } => VerifyOutcome::Corrupt,
            Self::Unknown { .. } => VerifyOutcome::Clean,
        }
    }
}

/// What was found. It borrows the Io, to fetch a batch's bytes when asked.
pub struct Inspection<'io> {
    pub findings: Vec<Finding>,
    batches: Vec<InspectedBatch>,
    #[allow(dead_code)]
    io: std::cell::RefCell<&'io mut dyn Io>,
}

impl Inspection<'_> {
    /// By partition, in offset order.
    pub fn batches(&self) -> impl Iterator<Item = &InspectedBatch> {
        self.batches.iter()
    }

    /// The whole batch as stored.
    pub fn bytes(&self, _batch: &InspectedBatch) -> Result<Vec<u8>, OpenError> {
        unimplemented!()
    }

    /// The worst of the findings.
    #[must_use]
    pub fn outcome(&self) -> VerifyOutcome {
        self.findings.iter().map(Finding::outcome).max().unwrap_or(VerifyOutcome::Clean)
    }
}

/// Inspects a data directory. `journals` is where its journals lie if not inside it.
///
/// # Errors
/// In use by a process, unreadable, or of a newer format. Corruption is a finding, not an error.
pub fn inspect<'io>(_io: &'io mut dyn Io, _data: &Path, _journals: Option<&Path>) -> Result<Inspection<'io>, OpenError> {
    unimplemented!()
}

/// As `inspect`, for one segment file of a data directory (an absolute path): only its batches and findings.
pub fn inspect_segment<'io>(_io: &'io mut dyn Io, _file: &Path, _journals: Option<&Path>) -> Result<Inspection<'io>, OpenError> {
    unimplemented!()
}
