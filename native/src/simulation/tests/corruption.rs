//! Bits that flip on the disk, in every kind of file: refused, answered as corrupt, or made good; never taken for the
//! truth, never taken for emptiness (DURABILITY.md rules 4, 6, 7). Rows 17, 18 and 25 of the anomalies build on it.

use super::bed::{batch_of, id, Bed};
use crate::codec::batch::split_batches;
use crate::io::sim::{DiskSnapshot, SimIo};
use crate::io::task::block_on;
use crate::journal::checkpoint::{Checkpoint, PartitionRecord, CHECKPOINT_MAGIC};
use crate::journal::twin::Twin;
use crate::log::config::LogConfig;
use crate::simulation::rig::small_log;
use crate::store::{OpenError, ReadError};
use std::path::Path;

/// The log as it was written, and the disk that holds it. No life is under way.
pub struct Still {
    pub bed: Bed,
    pub snapshot: DiskSnapshot,
    /// The stored batches of `id(1)` by base offset.
    pub stored: Vec<(u64, Vec<u8>)>,
}

/// Twenty batches of two kilobytes in `id(1)`, closed; five small ones in `id(2)`.
pub fn still(config: LogConfig) -> Still {
    let mut bed = Bed::with_partition(1, config);
    bed.create(id(2), small_log());
    bed.append_each(id(1), 0..20, 2000);
    bed.append_each(id(2), 100..105, 100);
    let stored = bed.batches(id(1)).into_iter().map(|(header, bytes)| (header.base_offset as u64, bytes)).collect();
    bed.close();
    let snapshot = bed.disk.snapshot();
    Still { bed, snapshot, stored }
}

impl Still {
    /// The disk as it was, with one bit changed.
    pub fn flip(&mut self, path: &Path, position: u64, bit: u8) {
        self.bed.disk.restore(&self.snapshot);
        self.bed.disk.flip_bit(path, position, bit);
    }

    pub fn size_of(&self, path: &Path) -> u64 {
        self.bed.disk.restore(&self.snapshot);
        self.bed.disk.file(path).map_or(0, |bytes| bytes.len() as u64)
    }

    /// Reads every offset on its own. What is served is what was stored; the offsets that answer Corrupt.
    pub fn corrupt_offsets(&mut self) -> Vec<u64> {
        let mut corrupt = Vec::new();
        for (base, stored) in self.stored.clone() {
            match self.bed.read(id(1), base) {
                Ok(bytes) => {
                    let mut batches = split_batches(&bytes).map(|batch| batch.expect("whole batches"));
                    assert!(batches.next() == Some(stored.as_slice()), "offset {base} is served as something else");
                    for (index, batch) in batches.enumerate() {
                        let (_, expected) = &self.stored[base as usize + 1 + index];
                        assert!(batch == expected.as_slice(), "behind offset {base}, something else is served");
                    }
                }
                Err(ReadError::Corrupt { .. }) => corrupt.push(base),
                Err(error) => panic!("offset {base}: {error:?}"),
            }
        }
        corrupt
    }
}

#[test]
fn a_flip_in_a_checkpoint_or_superblock_is_made_good_or_refused() {
    let mut still = still(small_log());
    let paths = still.bed.paths();
    let mut made_good = 0;
    for path in ["superblock.a", "superblock.b", "checkpoint/00000.a", "checkpoint/00000.b"].map(|name| paths.root.join(name)) {
        let size = still.size_of(&path);
        for position in (0..size).step_by(7) {
            still.flip(&path, position, (position % 8) as u8);
            match still.bed.try_open() {
                Ok(()) => {
                    assert_eq!(still.corrupt_offsets(), Vec::<u64>::new(), "{path:?} at {position}");
                    made_good += 1;
                }
                // Both copies of the superblock are of this incarnation: either is enough.
                Err(OpenError::Corrupt(_)) if path.starts_with(paths.checkpoints()) => {}
                Err(error) => panic!("{path:?} at {position}: {error:?}"),
            }
        }
    }
    assert!(made_good > 0);
}

#[test]
fn both_copies_of_the_superblock_gone_is_not_a_fresh_directory() {
    let mut still = still(small_log());
    let root = still.bed.paths().root;
    still.bed.disk.restore(&still.snapshot);
    for name in ["superblock.a", "superblock.b"] {
        if still.bed.disk.file(&root.join(name)).is_some() {
            still.bed.disk.set_file_size(&root.join(name), 0);
        }
    }
    assert!(matches!(still.bed.try_open(), Err(OpenError::Corrupt(_))));
}

#[test]
fn a_missing_journal_or_checkpoint_is_not_an_empty_one() {
    let mut still = still(small_log());
    let (root, journal) = (still.bed.paths().root, still.bed.journal_path());
    still.bed.disk.restore(&still.snapshot);
    still.bed.disk.set_file_size(&journal, 0);
    assert!(matches!(still.bed.try_open(), Err(OpenError::Corrupt(_))));
    still.bed.disk.restore(&still.snapshot);
    for name in ["checkpoint/00000.a", "checkpoint/00000.b"] {
        still.bed.disk.set_file_size(&root.join(name), 0);
    }
    assert!(matches!(still.bed.try_open(), Err(OpenError::Corrupt(_))));
}

#[test]
fn a_flip_in_a_commit_that_was_durable_is_refused_the_last_one_included() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 1000);
    // The journal goes idle and gets its witness.
    bed.settle();
    bed.pass_ms(50);
    bed.settle();
    let used = used_size(&bed);
    bed.die();
    let snapshot = bed.disk.snapshot();
    let journal = bed.journal_path();
    let mut refused = 0;
    for position in (4096..used).step_by(97) {
        bed.disk.restore(&snapshot);
        bed.disk.flip_bit(&journal, position, (position % 8) as u8);
        match bed.try_open() {
            Ok(()) => bed.assert_acknowledged_is_there(),
            Err(OpenError::Corrupt(_)) => refused += 1,
            Err(error) => panic!("at {position}: {error:?}"),
        }
    }
    assert!(refused > 40, "{refused}: the batches of the last commit are as well watched as the others");
}

/// The part of the journal behind which only zeros lie.
fn used_size(bed: &Bed) -> u64 {
    let bytes = bed.disk.file(&bed.journal_path()).expect("a journal");
    (bytes.iter().rposition(|byte| *byte != 0).expect("commits") as u64 + 1).next_multiple_of(4096)
}

#[test]
fn a_damaged_journal_sets_its_partitions_aside_where_that_was_asked_for() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 1000);
    bed.checkpoint();
    bed.append_each(id(1), 4..8, 1000);
    bed.pass_ms(50);
    let used = used_size(&bed);
    bed.die();
    let journal = bed.journal_path();
    let snapshot = bed.disk.snapshot();
    let mut is_refused = |position: u64| {
        bed.disk.restore(&snapshot);
        bed.disk.flip_bit(&journal, position, 1);
        matches!(bed.try_open(), Err(OpenError::Corrupt(_)))
    };
    let position = (4096..used).step_by(512).find(|position| is_refused(*position)).expect("replay needs the last commits");
    bed.disk.restore(&snapshot);
    bed.disk.flip_bit(&journal, position, 1);
    bed.rig.set_aside_corrupt = true;
    bed.open();
    assert_eq!(bed.read(id(1), 0), Err(ReadError::Damaged));
    assert_eq!(bed.life().report.damaged.len(), 1);
    // Which batches are missing is as unknown at every later start, and is said again.
    for _ in 0..2 {
        bed.reopen_after_close();
        assert_eq!(bed.read(id(1), 0), Err(ReadError::Damaged));
    }
    bed.close();
    bed.rig.set_aside_corrupt = false;
    assert!(matches!(bed.try_open(), Err(OpenError::Corrupt(_))));
}

#[test]
fn what_a_damaged_journal_alone_knew_is_in_doubt_too() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 1000);
    bed.checkpoint();
    // No record names it yet.
    bed.create(id(2), small_log());
    bed.append_each(id(2), 0..6, 1000);
    bed.pass_ms(20);
    assert_eq!(bed.store().counters.checkpoints, 1);
    let used = used_size(&bed);
    bed.die();
    let journal = bed.journal_path();
    let snapshot = bed.disk.snapshot();
    let mut refused = 0;
    for position in (4096..used).step_by(512) {
        bed.disk.restore(&snapshot);
        bed.disk.flip_bit(&journal, position, 1);
        bed.rig.set_aside_corrupt = false;
        if matches!(bed.try_open(), Err(OpenError::Corrupt(_))) {
            refused += 1;
            bed.rig.set_aside_corrupt = true;
            bed.open();
            assert_eq!(bed.read(id(2), 0), Err(ReadError::Damaged), "flipped at {position}");
        } else {
            bed.assert_acknowledged_is_there();
        }
    }
    assert!(refused > 3, "{refused}");
}

/// Changes what the newest checkpoint says of a partition, under a right checksum: as a bug of ours would.
fn falsify(bed: &mut Bed, falsely: fn(&mut PartitionRecord)) {
    let directory = bed.paths().checkpoints();
    let mut io = SimIo::new(&bed.disk);
    let written = block_on(&mut io, |files| async move {
        let mut twin = Twin::new(CHECKPOINT_MAGIC, &directory, "00000");
        let copies = twin.read(&files).await?;
        let mut checkpoint = Checkpoint::decode(&copies.whole[0].payload).expect("a checkpoint");
        checkpoint.partitions.iter_mut().filter(|record| record.id == id(1)).for_each(falsely);
        twin.write(&files, &checkpoint.encode()).await
    });
    written.expect("written");
}

#[test]
fn one_partition_that_contradicts_the_journal_costs_the_others_nothing() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.create(id(2), small_log());
    bed.append_each(id(1), 0..2, 1000);
    bed.checkpoint();
    for content in 2..8 {
        bed.append(id(1), &batch_of(content, 500));
        bed.append(id(2), &batch_of(content, 500));
    }
    bed.die();
    falsify(&mut bed, |record| record.recovery_point += 1);
    assert!(matches!(bed.try_open(), Err(OpenError::Corrupt(_))));
    bed.rig.set_aside_corrupt = true;
    for _ in 0..3 {
        bed.open();
        assert_eq!(bed.read(id(1), 0), Err(ReadError::Damaged));
        assert_eq!(bed.contents(id(2)), (2..8).collect::<Vec<u64>>(), "its entries come behind the first bad one");
        bed.close();
    }
}
