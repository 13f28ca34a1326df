//! Looks at the journals before recovery is asked: which were cut short by the power, and whose cuts they hold.

use super::Finding;
use crate::io::task::{block_on, Files};
use crate::io::{AlignedBuffer, Io, IoResult, OpenMode, BLOCK_SIZE};
use crate::journal::checkpoint::{Checkpoint, CHECKPOINT_MAGIC};
use crate::journal::entry::EntryKind;
use crate::journal::header::claimed_number;
use crate::journal::scan::{ScanStart, Scanner};
use crate::journal::space::JOURNAL_START;
use crate::journal::superblock::{Superblock, SUPERBLOCK_MAGIC, SUPERBLOCK_NAME};
use crate::journal::twin::{Copies, Twin};
use crate::log::ids::PartitionId;
use crate::log::segment::DataPaths;
use std::collections::BTreeSet;
use std::path::Path;

const READ_SIZE: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Survey {
    pub shards: u32,
    pub findings: Vec<Finding>,
    /// Partitions that a replay will truncate or reset: their files are longer than their logs, and rightly so.
    pub rewound: BTreeSet<PartitionId>,
}

/// What is damaged beyond use is passed over: recovery names it.
pub(super) fn survey(io: &mut dyn Io, paths: &DataPaths) -> IoResult<Survey> {
    let mut survey = Survey { shards: 1, ..Survey::default() };
    let copies = read_twin(io, SUPERBLOCK_MAGIC, &paths.root, SUPERBLOCK_NAME.to_owned())?;
    survey.note_copies(&copies, SUPERBLOCK_NAME);
    let Some(superblock) = copies.whole.first().and_then(|copy| Superblock::decode(&copy.payload)) else { return Ok(survey) };
    survey.shards = superblock.journals.len().max(1) as u32;
    for (shard, place) in superblock.journals.iter().enumerate() {
        let name = format!("{shard:05}");
        let copies = read_twin(io, CHECKPOINT_MAGIC, &paths.checkpoints(), name.clone())?;
        survey.note_copies(&copies, &format!("checkpoint {name}"));
        let mut checkpoints = copies.whole.iter().filter_map(|copy| Checkpoint::decode(&copy.payload));
        let own = checkpoints.find(|checkpoint| checkpoint.incarnation == superblock.incarnation);
        let (path, search_size) = (paths.root.join(&place.path), place.search_size);
        let (Some(checkpoint), Some(file_size)) = (own, io.file_size(&path)?) else { continue };
        let (torn, rewound) =
            block_on(io, |files| async move { look_into(&files, &path, (file_size, search_size), &checkpoint).await })?;
        let shard = shard as u32;
        survey.findings.extend(torn.map(|(number, position)| Finding::TornCommit { shard, number, position }));
        survey.rewound.extend(rewound);
    }
    Ok(survey)
}

impl Survey {
    fn note_copies(&mut self, copies: &Copies, what: &str) {
        if copies.damaged > 0 && !copies.whole.is_empty() {
            self.findings.push(Finding::DamagedCopy { what: what.to_owned() });
        }
    }
}

fn read_twin(io: &mut dyn Io, magic: u32, directory: &Path, name: String) -> IoResult<Copies> {
    let mut twin = Twin::new(magic, directory, &name);
    block_on(io, |files| async move { twin.read(&files).await })
}

type Torn = Option<(u64, u64)>;

async fn look_into(
    files: &Files,
    path: &Path,
    (file_size, search_size): (u64, u64),
    checkpoint: &Checkpoint,
) -> IoResult<(Torn, BTreeSet<PartitionId>)> {
    let Checkpoint { incarnation, position, number, .. } = *checkpoint;
    let file = files.open(path, OpenMode::Direct).await?;
    let start = ScanStart { file, file_size, incarnation, position, number, search_size };
    let looked = async {
        let mut scanner = Scanner::new(files.clone(), start);
        let mut rewound = BTreeSet::new();
        while let Some(commit) = scanner.next().await? {
            let cuts = commit.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Truncate | EntryKind::Reset));
            rewound.extend(cuts.map(|entry| entry.partition));
        }
        let (end, number) = scanner.end();
        let behind = find_torn(files, &start, end, number).await?;
        let torn = if behind.is_some() { behind } else { find_torn(files, &start, JOURNAL_START, number).await? };
        Ok((torn, rewound))
    };
    let result = looked.await;
    files.close(file).await?;
    result
}

/// The first trace of a commit that should come next, or later, from a position on.
async fn find_torn(files: &Files, start: &ScanStart, from: u64, number: u64) -> IoResult<Torn> {
    let buffer = AlignedBuffer::new(READ_SIZE);
    let until = start.file_size.min(from + start.search_size);
    let mut position = from;
    while position < until {
        let count = files.read(start.file, position, buffer.piece(0, READ_SIZE.min((until - position) as usize))).await?;
        for (index, block) in buffer.bytes()[..count].chunks_exact(BLOCK_SIZE).enumerate() {
            if let Some(claimed) = claimed_number(block, &start.incarnation).filter(|claimed| *claimed >= number) {
                return Ok(Some((claimed, position + (index * BLOCK_SIZE) as u64)));
            }
        }
        if count < BLOCK_SIZE {
            break;
        }
        position += count as u64 / BLOCK_SIZE as u64 * BLOCK_SIZE as u64;
    }
    Ok(None)
}
