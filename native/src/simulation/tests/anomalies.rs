//! Rows of the list of anomalies that other logs were caught with and that live in one node's log: 15, 17, 18, 24, 25.
//! Row 23, the full disk, is in full_disk.rs.

use super::bed::{batch_of, builder_of, contents_of, id, replicated, Answer, Bed};
use super::corruption::{still, Still};
use crate::codec::batch::HEADER_SIZE;
use crate::io::sim::{Fault, FaultPlan, OpKind};
use crate::io::IoError;
use crate::log::config::LogConfig;
use crate::simulation::rig::small_log;
use crate::store::{AppendError, Control, OpenError, ReadError};
use std::path::PathBuf;

/// A power cut between any two steps of the disk: no ack is ahead of it.
#[test]
fn row_15_no_ack_is_ahead_of_the_disk() {
    let run = |crash_after: Option<u64>| {
        let mut bed = Bed::with_partition(3, small_log());
        let first = bed.disk.boundaries();
        if let Some(count) = crash_after {
            bed.disk.crash_after(count);
        }
        for content in 0..6 {
            bed.offer(id(1), &batch_of(content, 2500));
            bed.run_until(|bed| !bed.disk.has_power() || bed.acks.len() as u64 > content / 2);
        }
        bed.settle_while_powered();
        let boundaries = bed.disk.boundaries() - first;
        (bed, boundaries)
    };
    let (_, boundaries) = run(None);
    assert!(boundaries > 20);
    for count in 0..boundaries {
        let (mut bed, _) = run(Some(count));
        bed.reopen_after_power_loss(count);
        bed.assert_acknowledged_is_there();
    }
}

fn segments_of(still: &Still) -> Vec<PathBuf> {
    let directory = still.bed.paths().partition(&id(1));
    let is_log = |path: &PathBuf| path.starts_with(&directory) && path.extension().is_some_and(|extension| extension == "log");
    still.bed.disk.files().into_keys().filter(is_log).collect()
}

/// The batch that lies at a position of a segment, and whether the position is behind its header: damage there leaves
/// the way to the batches behind it open.
fn batch_at(still: &Still, segment: &str, position: u64) -> (u64, bool) {
    let first: u64 = segment.parse().expect("a base offset");
    let mut begin = 0;
    for (base, stored) in still.stored.iter().filter(|(base, _)| *base >= first) {
        let end = begin + stored.len() as u64;
        if position < end {
            return (*base, position >= begin + HEADER_SIZE as u64);
        }
        begin = end;
    }
    panic!("position {position} is behind the log");
}

#[test]
fn row_17_a_flip_below_the_recovery_point_costs_its_batch_and_nothing_else() {
    let mut still = still(small_log());
    for path in segments_of(&still) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for position in (0..still.size_of(&path)).step_by(151) {
            let (damaged, is_in_records) = batch_at(&still, &name, position);
            still.flip(&path, position, (position % 8) as u8);
            let size = still.bed.disk.file(&path).expect("a segment").len();
            still.bed.open();
            let corrupt = still.corrupt_offsets();
            assert!(corrupt.contains(&damaged), "{path:?} at {position}: batch {damaged} is damaged, {corrupt:?} answer so");
            if is_in_records {
                assert_eq!(corrupt, vec![damaged], "{path:?} at {position}");
            }
            assert!(corrupt.iter().all(|base| *base >= damaged), "{path:?} at {position}: {corrupt:?}");
            assert_eq!(still.bed.disk.file(&path).expect("a segment").len(), size, "nothing is cut");
            assert_eq!(still.bed.contents(id(2)), vec![100, 101, 102, 103, 104]);
            assert_eq!(still.bed.append(id(1), &batch_of(77, 100)).base, 20, "appends go on");
        }
    }
}

#[test]
fn row_17_a_flip_in_the_first_bytes_of_a_batch_is_noticed_too() {
    // Base offset, length and leader epoch are outside of the batch's CRC.
    let mut still = still(small_log());
    let path = segments_of(&still).remove(0);
    let begin: u64 = still.stored[..3].iter().map(|(_, bytes)| bytes.len() as u64).sum();
    for position in begin..begin + 16 {
        for bit in 0..8 {
            still.flip(&path, position, bit);
            still.bed.open();
            let corrupt = still.corrupt_offsets();
            assert!(corrupt.contains(&3), "byte {} bit {bit}: {corrupt:?}", position - begin);
        }
    }
}

#[test]
fn row_17_flips_in_an_index_are_invisible_to_readers() {
    let mut still = still(small_log());
    let paths = segments_of(&still).into_iter().map(|path| path.with_extension("index"));
    let paths: Vec<PathBuf> = paths.filter(|path| still.bed.disk.file(path).is_some()).collect();
    assert!(!paths.is_empty(), "a sealed segment has an index");
    for path in paths {
        for position in (0..still.size_of(&path).min(700)).step_by(3) {
            still.flip(&path, position, (position % 8) as u8);
            still.bed.open();
            assert_eq!(still.corrupt_offsets(), Vec::<u64>::new(), "{path:?} at {position}");
        }
    }
}

#[test]
fn row_18_a_segment_that_was_cut_short_is_refused_or_set_aside() {
    for config in [small_log(), replicated()] {
        let mut still = still(config);
        for path in segments_of(&still) {
            let size = still.size_of(&path);
            for cut in [0, 1, size / 2, size - 1] {
                still.bed.disk.restore(&still.snapshot);
                still.bed.disk.set_file_size(&path, cut);
                still.bed.rig.set_aside_corrupt = false;
                assert!(matches!(still.bed.try_open(), Err(OpenError::Corrupt(_))), "{path:?} cut to {cut}");
                still.bed.rig.set_aside_corrupt = true;
                still.bed.open();
                assert_eq!(still.bed.read(id(1), 0), Err(ReadError::Damaged));
                assert_eq!(still.bed.refusal(id(1), &batch_of(1, 100)), AppendError::Damaged);
                assert_eq!(still.bed.contents(id(2)), vec![100, 101, 102, 103, 104], "the rest is served");
                still.bed.append(id(2), &batch_of(105, 100));
                assert_eq!(still.bed.disk.file(&path).expect("kept").len() as u64, cut, "what is left stays for the operator");
                // It stays set aside however often the node starts.
                still.bed.reopen_after_close();
                assert_eq!(still.bed.read(id(1), 0), Err(ReadError::Damaged), "{path:?} cut to {cut}, next start");
            }
        }
    }
}

#[test]
fn row_24_offsets_below_the_log_start_never_return() {
    for seed in 0..16 {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.append_each(id(1), 0..20, 2000);
        bed.checkpoint();
        // The directory is never synced behind the unlink: either the device fails, or the power goes first.
        if seed % 2 == 0 {
            let directory = id(1).directory();
            bed.disk.set_faults(FaultPlan::new().always(OpKind::Sync, &directory, Fault::Error(IoError::MEDIA)));
        }
        assert_eq!(bed.control(id(1), Control::LogStart { to: 15 }), Answer::Done);
        bed.run_until(|bed| bed.store().io().in_flight() == 0);
        for _ in 0..2 {
            bed.reopen_after_power_loss(seed);
            assert_eq!(bed.contents(id(1)), (15..20).collect::<Vec<u64>>(), "seed {seed}");
            assert_eq!(bed.read(id(1), 14), Err(ReadError::OutOfRange { log_start: 15, end: 20 }));
        }
    }
}

#[test]
fn row_24_a_deletion_whose_sync_fails_is_not_answered_and_still_happens() {
    for seed in 0..12 {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.create(id(2), small_log());
        bed.append(id(1), &batch_of(1, 2000));
        bed.append(id(2), &batch_of(2, 2000));
        bed.settle();
        bed.disk.set_faults(FaultPlan::new().always(OpKind::Sync, "/topics", Fault::Error(IoError::MEDIA)));
        let ticket = bed.ask_delete(id(1));
        assert!(matches!(bed.answer(ticket), Answer::Failed(_)));
        bed.reopen_after_power_loss(seed);
        assert_eq!(bed.store().handle(&id(1)), None, "the metadata says that it is deleted");
        assert_eq!(bed.contents(id(2)), vec![2]);
        // A topic of the same name has another id, and nothing of the old one.
        bed.create(id(3), small_log());
        assert_eq!(bed.append(id(3), &batch_of(3, 100)).base, 0);
    }
}

#[test]
fn row_24_a_cut_whose_sync_fails_brings_nothing_back_once_it_is_answered() {
    for seed in 0..12 {
        let mut bed = Bed::with_partition(seed, replicated());
        bed.append_each(id(1), 0..12, 4000);
        bed.checkpoint();
        let directory = id(1).directory();
        bed.disk.set_faults(FaultPlan::new().always(OpKind::Sync, &directory, Fault::Error(IoError::MEDIA)));
        assert!(matches!(bed.control(id(1), Control::Truncate { to: 3 }), Answer::Failed(_)));
        assert!(bed.fenced.is_some());
        bed.reopen_after_power_loss(seed);
        // The intent was durable before any file was cut.
        assert_eq!(bed.contents(id(1)), vec![0, 1, 2], "seed {seed}");
    }
}

#[test]
fn row_25_a_torn_index_or_tail_never_makes_a_healthy_partition_unavailable() {
    for durability in [small_log().durability, replicated().durability] {
        let mut still = still(LogConfig { durability, ..small_log() });
        let logs = segments_of(&still);
        let log = logs.last().expect("an active segment");
        let sealed_index = logs[0].with_extension("index");
        let whole = still.bed.disk.file(log).expect("a segment");
        let index = still.bed.disk.file(&sealed_index).expect("a sealed segment has an index");
        let half_a_batch = &whole[..1000];
        let tails: [(&str, Vec<u8>); 4] = [
            ("zeros", vec![0; 5000]),
            ("noise", (0..5000u32).map(|at| (at * 131 % 251) as u8).collect()),
            ("half a batch", half_a_batch.to_vec()),
            ("an old batch", whole.clone()),
        ];
        for (name, tail) in tails {
            still.bed.disk.restore(&still.snapshot);
            still.bed.disk.put_file(log, &[whole.as_slice(), &tail].concat());
            still.bed.open();
            assert_eq!(still.corrupt_offsets(), Vec::<u64>::new(), "{name} behind the log");
            assert_eq!(still.bed.disk.file(log).expect("a segment").len(), whole.len(), "{name} was cut off");
            assert_eq!(still.bed.append(id(1), &batch_of(20, 100)).base, 20, "{name} behind the log");
        }
        for cut in [0, 1, 40, index.len() / 2, index.len() - 1] {
            still.bed.disk.restore(&still.snapshot);
            still.bed.disk.set_file_size(&sealed_index, cut as u64);
            still.bed.open();
            assert_eq!(still.corrupt_offsets(), Vec::<u64>::new(), "index cut to {cut}");
        }
        for other in [vec![0; 4096], vec![0xff; 8192], whole.clone()] {
            still.bed.disk.restore(&still.snapshot);
            for log in &logs {
                still.bed.disk.put_file(&log.with_extension("index"), &other);
            }
            still.bed.open();
            assert_eq!(still.corrupt_offsets(), Vec::<u64>::new(), "every index is something else");
        }
    }
}

/// Twenty batches of `count` records each, all of the same size in bytes, closed; the first segment's index.
fn closed_log_of(count: usize) -> (Bed, PathBuf) {
    let mut bed = Bed::with_partition(1, small_log());
    for content in 0..20u64 {
        let size_of = |padding: usize| builder_of(content, 1500).value(&vec![0; padding]);
        let batch = match count {
            1 => builder_of(content, 1700),
            _ => (0..300)
                .map(size_of)
                .find(|batch| batch.finish().len() == builder_of(content, 1700).finish().len())
                .expect("some padding fits"),
        };
        bed.append(id(1), &batch.finish());
    }
    bed.close();
    let index = bed.paths().index(&id(1), 0);
    (bed, index)
}

#[test]
fn row_25_a_whole_index_of_another_log_is_not_believed() {
    let (other, path) = closed_log_of(1);
    let foreign = other.disk.file(&path).expect("a sealed segment has an index");
    let (mut bed, path) = closed_log_of(2);
    assert!(bed.disk.file(&path).expect("a sealed segment has an index") != foreign);
    bed.disk.put_file(&path, &foreign);
    bed.open();
    for offset in 0..40 {
        let bytes = bed.read(id(1), offset).expect("readable");
        assert_eq!(contents_of(&bytes).first(), Some(&(offset / 2)), "offset {offset}");
    }
}
