//! Arbitrary bytes as a journal file, read back by the scanner that recovery uses.

use super::{seed, Seed};
use crate::codec::batch::BatchHeader;
use crate::codec::build::BatchBuilder;
use crate::codec::crc32c::crc32c;
use crate::io::sim::{SimDisk, SimIo};
use crate::io::task::{block_on, Files};
use crate::io::{OpenMode, BLOCK_SIZE};
use crate::journal::entry::{Entry, EntryKind, ENTRY_SIZE};
use crate::journal::header::{
    encode_header, entries_end, header_block_count, seal_block, CommitHeader, Incarnation, ENTRIES_PER_BLOCK, PREFIX_SIZE,
};
use crate::journal::scan::{ScanError, ScanStart, Scanner};
use crate::journal::space::JOURNAL_START;
use crate::log::ids::{PartitionId, TopicId};
use std::path::Path;

/// Of a block's own entries.
const ENTRY_COUNT_AT: usize = PREFIX_SIZE - 10;
const INCARNATION: Incarnation = Incarnation { number: 3, nonce: [7; 16] };

pub fn run(bytes: &[u8]) {
    let mut file = bytes.to_vec();
    file.resize(bytes.len().next_multiple_of(BLOCK_SIZE), 0);
    assert_eq!(scan(&file), scan(&file));
    make_good(&mut file);
    assert_eq!(scan(&file), scan(&file));
}

/// Numbers and positions of the run's commits, and whether recovery would go on behind it.
type Run = (Vec<(u64, u64)>, Result<(), ScanError>);

fn scan(file: &[u8]) -> Run {
    let disk = SimDisk::seeded(0);
    let path = Path::new("/d/journal");
    disk.put_file(path, file);
    let file_size = file.len() as u64;
    block_on(&mut SimIo::new(&disk), |files| async move {
        let file = files.open(path, OpenMode::Direct).await.expect("it is there");
        let start =
            ScanStart { file, file_size, incarnation: INCARNATION, position: JOURNAL_START, number: 1, search_size: 1 << 20 };
        let run = scan_from(&files, start).await;
        files.close(file).await.expect("it is open");
        run
    })
}

async fn scan_from(files: &Files, start: ScanStart) -> Run {
    let mut scanner = Scanner::new(files.clone(), start);
    let mut commits = Vec::new();
    while let Some(commit) = scanner.next().await.expect("a disk without faults") {
        let header = commit.header;
        assert_eq!((header.number, header.incarnation), (1 + commits.len() as u64, INCARNATION));
        assert!(header.position + header.size <= start.file_size);
        for entry in commit.entries.iter().filter(|entry| entry.kind == EntryKind::Batch) {
            let batch = BatchHeader::parse(commit.payload(entry)).expect("a whole batch");
            assert_eq!((batch.base_offset as u64, batch.crc), (entry.offset, entry.batch_crc));
        }
        commits.push((header.number, header.position));
    }
    assert_eq!(scanner.end().1, 1 + commits.len() as u64);
    (commits, scanner.check_end().await)
}

/// Every block that begins like a header gets the checksums that its bytes ask for, and so does every entry in it.
fn make_good(file: &mut [u8]) {
    let mut magic = vec![0; BLOCK_SIZE];
    encode_header(&header(1, 0, BLOCK_SIZE as u64, 0), &[], &mut magic);
    for block in file.chunks_exact_mut(BLOCK_SIZE).filter(|block| block[..4] == magic[..4]) {
        let count = usize::from(u16::from_le_bytes([block[ENTRY_COUNT_AT], block[ENTRY_COUNT_AT + 1]]));
        for entry in block[PREFIX_SIZE..].chunks_exact_mut(ENTRY_SIZE).take(count.min(ENTRIES_PER_BLOCK)) {
            let crc = crc32c(&entry[..ENTRY_SIZE - 4]);
            entry[ENTRY_SIZE - 4..].copy_from_slice(&crc.to_le_bytes());
        }
        seal_block(block);
    }
}

fn header(number: u64, position: u64, size: u64, entry_count: u32) -> CommitHeader {
    CommitHeader { incarnation: INCARNATION, position, number, durable: number - 1, size, entry_count }
}

/// Where the first batch of a commit lies.
#[derive(Clone, Copy)]
enum Layout {
    Blocks,
    Packed,
}

impl Layout {
    fn payload_at(self, entry_count: usize) -> usize {
        match self {
            Self::Blocks => header_block_count(entry_count) * BLOCK_SIZE,
            Self::Packed => entries_end(entry_count),
        }
    }
}

/// A commit of one-record batches for a partition, at the end of the file.
fn push_commit(file: &mut Vec<u8>, number: u64, first_offset: u64, count: usize, layout: Layout) {
    let id = PartitionId { topic: TopicId([5; 16]), index: 0 };
    let mut commit = vec![0; layout.payload_at(count)];
    let mut entries = Vec::new();
    for offset in first_offset..first_offset + count as u64 {
        let batch = BatchBuilder::new().base_offset(offset as i64).leader_epoch(1).value(&[offset as u8; 50]).finish();
        let parsed = BatchHeader::parse(&batch).expect("built");
        entries.push(Entry {
            sequence: offset + 1,
            payload_position: commit.len() as u32,
            leader_epoch: 1,
            size: parsed.size,
            batch_crc: parsed.crc,
            value: offset + 1,
            begins_segment: offset == 0,
            ..Entry::control(EntryKind::Batch, id, offset, offset)
        });
        commit.extend_from_slice(&batch);
    }
    commit.resize(commit.len().next_multiple_of(BLOCK_SIZE), 0);
    let header = header(number, file.len() as u64, commit.len() as u64, count as u32);
    encode_header(&header, &entries, &mut commit[..header_block_count(count) * BLOCK_SIZE]);
    file.extend_from_slice(&commit);
}

pub fn seeds() -> Vec<Seed> {
    let commits = |layout: Layout, counts: &[usize]| {
        let mut file = vec![0; JOURNAL_START as usize];
        let mut offset = 0;
        for (index, &count) in counts.iter().enumerate() {
            push_commit(&mut file, 1 + index as u64, offset, count, layout);
            offset += count as u64;
        }
        file
    };
    vec![
        seed("empty", commits(Layout::Blocks, &[])),
        seed("three", commits(Layout::Blocks, &[1, 3, 2])),
        seed("two-header-blocks", commits(Layout::Blocks, &[50, 1])),
        seed("witness", commits(Layout::Blocks, &[2, 0])),
        seed("packed", commits(Layout::Packed, &[1, 50, 2, 0])),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_whole_journals() {
        let counts: Vec<usize> = seeds().iter().map(|(_, bytes)| scan(bytes).0.len()).collect();
        assert_eq!(counts, [0, 3, 2, 2, 4]);
    }
}
