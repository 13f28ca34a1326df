//! One journal on its way back: its file's identity, and the run of commits followed entry by entry.

use super::replay::{Replay, ReplayError};
use crate::codec::crc32c::crc32c;
use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, IoError, IoResult, Op, SyncMethod, BLOCK_SIZE};
use crate::journal::entry::EntryKind;
use crate::journal::fields::{FieldReader, FieldWriter};
use crate::journal::scan::{ScanError, ScanStart, Scanner};
use crate::log::ids::PartitionId;
use crate::log::segment::DataPaths;
use std::collections::{BTreeMap, BTreeSet};

/// Pending bytes of all partitions above which replay writes them out.
const REPLAY_PENDING_MAX: usize = 16 << 20;

const IDENTITY_MAGIC: u32 = 0x4d52_4a49;

/// The first block of a journal file: whose it is. A journal of another directory is refused, not taken for empty.
pub(super) fn journal_identity(directory: &[u8; 16], shard: u32) -> Vec<u8> {
    let mut fields = FieldWriter::default();
    fields.u32(IDENTITY_MAGIC);
    fields.u16(1);
    fields.raw(directory);
    fields.u32(shard);
    let crc = crc32c(&fields.bytes);
    fields.u32(crc);
    fields.bytes
}

pub(super) async fn write_first_step(files: &Files, file: FileId, identity: &[u8], size: u64) -> IoResult<()> {
    let mut first = AlignedBuffer::new(BLOCK_SIZE);
    first.bytes_mut()[..identity.len()].copy_from_slice(identity);
    files.write(file, 0, &[first.piece(0, BLOCK_SIZE)], None).await?;
    write_zeros(files, file, BLOCK_SIZE as u64, size).await
}

/// Durable, with whatever was written to the file before.
pub(super) async fn write_zeros(files: &Files, file: FileId, from: u64, to: u64) -> IoResult<()> {
    const ZEROS: usize = 1 << 20;
    files.call(Op::Allocate { file, position: from, size: to - from }).await?;
    let zeros = AlignedBuffer::new(ZEROS);
    let mut pieces = Vec::new();
    let mut left = (to - from) as usize;
    while left > 0 {
        let part = left.min(ZEROS);
        pieces.push(zeros.piece(0, part));
        left -= part;
    }
    files.write(file, from, &pieces, Some(SyncMethod::Linked)).await
}

pub(super) struct Context {
    pub gone: BTreeSet<PartitionId>,
    pub damaged: BTreeSet<PartitionId>,
    pub paths: DataPaths,
}

#[derive(Default)]
pub(super) struct Counts {
    pub commits: u64,
    pub entries: u64,
    pub bytes: u64,
    /// Partitions whose entries contradict them: what comes for them is passed over.
    pub corrupt: Vec<(PartitionId, String)>,
}

pub(super) enum Stop {
    Io(IoError),
    Journal(String),
}

impl From<IoError> for Stop {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

pub(super) type Replays = BTreeMap<PartitionId, Replay>;

pub(super) async fn replay(
    files: &Files,
    start: ScanStart,
    identity: &[u8],
    replays: &mut Replays,
    context: &Context,
    touched: &mut BTreeSet<PartitionId>,
) -> Result<Counts, Stop> {
    check_identity(files, &start, identity).await?;
    let mut scanner = Scanner::new(files.clone(), start);
    let mut counts = Counts::default();
    let mut pending: BTreeSet<PartitionId> = BTreeSet::new();
    let mut pending_size = 0;
    while let Some(commit) = scanner.next().await? {
        counts.commits += 1;
        for entry in &commit.entries {
            let id = entry.partition;
            let is_corrupt = counts.corrupt.iter().any(|(corrupt, _)| *corrupt == id);
            if context.gone.contains(&id) || context.damaged.contains(&id) || is_corrupt {
                continue;
            }
            touched.insert(id);
            let Some(replay) = replays.get_mut(&id) else {
                return Err(Stop::Journal(format!("entry {} of a partition that nobody knows: {id:?}", entry.sequence)));
            };
            let payload = (entry.kind == EntryKind::Batch).then(|| {
                let range = commit.payload_range(entry);
                (commit.window().piece(range.start, range.len()), commit.window())
            });
            if replay.must_write_before(entry) {
                replay.write_pending(files, &context.paths).await?;
            }
            counts.entries += 1;
            counts.bytes += u64::from(entry.size);
            pending_size += entry.size as usize;
            pending.insert(id);
            match replay.apply(entry, payload) {
                Ok(()) => {}
                Err(ReplayError::Io(error)) => return Err(Stop::Io(error)),
                // The others' entries are as good as ever.
                Err(ReplayError::Corrupt(what)) => counts.corrupt.push((id, what)),
            }
        }
        if pending_size > REPLAY_PENDING_MAX {
            for id in std::mem::take(&mut pending) {
                replays.get_mut(&id).expect("was pending").write_pending(files, &context.paths).await?;
            }
            pending_size = 0;
        }
    }
    for id in pending {
        replays.get_mut(&id).expect("was pending").write_pending(files, &context.paths).await?;
    }
    match scanner.check_end().await {
        Ok(()) => Ok(counts),
        Err(ScanError::Io(error)) => Err(Stop::Io(error)),
        Err(ScanError::Corrupt { number, position, witness }) => {
            Err(Stop::Journal(format!("commit {number} at {position} is damaged, but commit {witness} says that it was durable")))
        }
    }
}

async fn check_identity(files: &Files, start: &ScanStart, identity: &[u8]) -> Result<(), Stop> {
    let block = AlignedBuffer::new(BLOCK_SIZE);
    let count = files.read(start.file, 0, block.piece(0, BLOCK_SIZE)).await?;
    let mut fields = FieldReader::new(&block.bytes()[..count]);
    if fields.raw(identity.len()) == Some(identity) {
        return Ok(());
    }
    Err(Stop::Journal("a journal file belongs to another data directory or shard, or its first block is damaged".into()))
}
