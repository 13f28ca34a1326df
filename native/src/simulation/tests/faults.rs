//! A disk that fails: nothing is acknowledged behind a failure, what was acknowledged stays, and reads go on
//! (DURABILITY.md rule 9).

use super::bed::{batch_of, contents_of, id, Answer, Bed};
use crate::io::sim::{Fault, FaultPlan, OpKind};
use crate::io::IoError;
use crate::log::partition::AppendOrigin;
use crate::simulation::rig::small_log;
use crate::store::{AppendError, Control, FencedBy, ReadError, StoreError};

const EIO: Fault = Fault::Error(IoError::MEDIA);

/// Four acknowledged batches in journal and segments, none of them checkpointed.
fn with_four_batches(seed: u64) -> Bed {
    let mut bed = Bed::with_partition(seed, small_log());
    bed.append_each(id(1), 0..4, 1000);
    bed.settle();
    bed
}

/// From the fence on: no ack, refusals with the reason, reads of what was acknowledged; and after every kind of end it
/// is there, whole, and takes appends again.
fn check_fence(mut bed: Bed, by: FencedBy, doubtful: &[u64]) {
    assert!(bed.run_until(|bed| bed.fenced.is_some()), "the failure goes unnoticed");
    assert_eq!(bed.fenced, Some(by));
    let acks_before = bed.acks.len();
    assert_eq!(bed.refusal(id(1), &batch_of(90, 100)), AppendError::Fenced);
    assert_eq!(bed.control(id(1), Control::Truncate { to: 0 }), Answer::Failed(StoreError::Fenced));
    bed.pass_ms(500);
    assert_eq!(bed.acks.len(), acks_before, "something was acknowledged behind the failure");
    for ticket in doubtful {
        assert!(!matches!(bed.answered(*ticket), Some(Answer::Appended(_))), "ticket {ticket} was acknowledged");
    }
    for offset in 0..4 {
        assert_eq!(contents_of(&bed.read(id(1), offset).expect("reads go on")).first(), Some(&offset));
    }
    bed.lose_power(7);
    bed.open();
    bed.assert_acknowledged_is_there();
    let next = bed.partition(id(1)).end;
    assert_eq!(bed.append(id(1), &batch_of(91, 100)).base, next);
}

#[test]
fn a_failed_journal_write_or_sync_acknowledges_nothing_more() {
    for fault in [
        (OpKind::Write, EIO),
        (OpKind::Write, Fault::Short),
        (OpKind::Write, Fault::Torn),
        (OpKind::Sync, EIO),
        (OpKind::Sync, Fault::SyncDropsDirty),
    ] {
        for seed in 0..6 {
            let mut bed = with_four_batches(seed);
            bed.disk.set_faults(FaultPlan::new().nth(fault.0, ".journal", 1, fault.1));
            let doubtful = [bed.offer(id(1), &batch_of(4, 9000)), bed.offer(id(1), &batch_of(5, 9000))];
            check_fence(bed, FencedBy::Journal, &doubtful);
        }
    }
}

#[test]
fn a_failed_commit_fails_those_behind_it() {
    for seed in 0..12 {
        let mut bed = with_four_batches(seed);
        bed.disk.set_faults(FaultPlan::new().nth(OpKind::Sync, ".journal", 1, EIO));
        let mut doubtful = Vec::new();
        for content in 4..8 {
            doubtful.push(bed.offer(id(1), &batch_of(content, 9000)));
            bed.turn();
        }
        assert!(bed.run_until(|bed| bed.fenced.is_some()), "seed {seed}");
        let bases: Vec<u64> = bed.acks.iter().map(|(_, ack)| ack.base).collect();
        assert!(bases.iter().enumerate().all(|(index, base)| index as u64 == *base), "a gap in what was acknowledged: {bases:?}");
        bed.lose_power(seed);
        bed.open();
        bed.assert_acknowledged_is_there();
    }
}

#[test]
fn what_was_acknowledged_reaches_its_segment_though_the_journal_failed() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 1000);
    assert!(bed.partition(id(1)).written.offset < 4, "some of it is in memory only");
    bed.disk.set_faults(FaultPlan::new().always(OpKind::Write, ".journal", EIO));
    let doubtful = bed.offer(id(1), &batch_of(4, 1000));
    assert!(bed.run_until(|bed| bed.fenced.is_some() && bed.partition(id(1)).written.offset == 4), "it stays in memory");
    assert_eq!(bed.answered(doubtful), Some(&Answer::Refused(AppendError::Unconfirmed)));
    let segment = bed.disk.file(&bed.paths().log(&id(1), 0)).expect("a segment");
    assert_eq!(contents_of(&segment[..segment.len().min(bed.partition(id(1)).written.position as usize)]), vec![0, 1, 2, 3]);
}

#[test]
fn what_was_acknowledged_is_synced_though_the_journal_failed() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 1000);
    bed.disk.set_faults(FaultPlan::new().always(OpKind::Write, ".journal", EIO));
    bed.offer(id(1), &batch_of(4, 1000));
    assert!(bed.run_until(|bed| bed.fenced.is_some()));
    bed.pass_ms(200);
    let segment = bed.disk.durable_file(&bed.paths().log(&id(1), 0)).expect("a durable segment");
    assert_eq!(contents_of(&segment), vec![0, 1, 2, 3]);
}

#[test]
fn a_failed_sync_of_the_journals_extension_fences() {
    for seed in 0..8 {
        let mut bed = Bed::with_partition(seed, small_log());
        let journal = bed.disk.file(&bed.journal_path()).expect("a journal").len();
        // From here on every sync of the journal works but the one that comes with its growth.
        let mut content = 0;
        let grows = |bed: &Bed| bed.disk.file(&bed.journal_path()).expect("a journal").len() > journal;
        while !grows(&bed) {
            bed.try_offer(id(1), &batch_of(content, 4000), AppendOrigin::Leader);
            content += 1;
            bed.turn();
            assert!(content < 1000 && bed.disk.step(), "the journal grows");
        }
        bed.disk.set_faults(FaultPlan::new().nth(OpKind::Sync, ".journal", 1, Fault::SyncDropsDirty));
        bed.settle_or_fence();
        assert_eq!(bed.fenced, Some(FencedBy::Journal), "seed {seed}");
        bed.reopen_after_power_loss(seed);
        bed.assert_acknowledged_is_there();
    }
}

#[test]
fn a_failed_segment_write_fences_and_keeps_the_journal() {
    for fault in [EIO, Fault::Short, Fault::Torn] {
        for seed in 0..6 {
            let mut bed = with_four_batches(seed);
            bed.disk.set_faults(FaultPlan::new().nth(OpKind::Write, ".log", 1, fault));
            for content in 4..8 {
                bed.offer(id(1), &batch_of(content, 5000));
            }
            assert!(bed.run_until(|bed| bed.fenced.is_some()));
            bed.run_until(|bed| bed.store().io().in_flight() == 0);
            let journal = bed.disk.file(&bed.journal_path());
            bed.offer(id(1), &batch_of(99, 1000));
            bed.store().request_checkpoint();
            bed.pass_ms(500);
            assert!(bed.disk.file(&bed.journal_path()) == journal, "the journal is not what it was");
            check_fence(bed, FencedBy::Segment, &[]);
        }
    }
}

#[test]
fn a_failed_segment_sync_fences_and_the_checkpoint_records_nothing() {
    for fault in [EIO, Fault::SyncDropsDirty] {
        for seed in 0..12 {
            let mut bed = with_four_batches(seed);
            let checkpoints = bed.store().counters.checkpoints;
            bed.disk.set_faults(FaultPlan::new().nth(OpKind::Sync, ".log", 1, fault));
            bed.store().request_checkpoint();
            assert!(bed.run_until(|bed| bed.fenced.is_some()));
            bed.pass_ms(100);
            assert_eq!(bed.store().counters.checkpoints, checkpoints);
            check_fence(bed, FencedBy::Segment, &[]);
        }
    }
}

#[test]
fn a_failed_sync_of_a_partitions_directory_fences() {
    for seed in 0..6 {
        let mut bed = with_four_batches(seed);
        bed.disk.set_faults(FaultPlan::new().nth(OpKind::Sync, &id(1).directory(), 2, EIO));
        bed.store().request_checkpoint();
        check_fence(bed, FencedBy::Segment, &[]);
    }
}

#[test]
fn a_failed_checkpoint_write_fences_and_leaves_the_older_copy() {
    for fault in [(OpKind::Write, EIO), (OpKind::Write, Fault::Short), (OpKind::Write, Fault::Torn), (OpKind::Sync, EIO)] {
        for seed in 0..6 {
            let mut bed = with_four_batches(seed);
            bed.disk.set_faults(FaultPlan::new().nth(fault.0, "/checkpoint", 1, fault.1));
            bed.store().request_checkpoint();
            check_fence(bed, FencedBy::Checkpoint, &[]);
        }
    }
}

#[test]
fn a_failed_read_is_its_readers_affair_only() {
    let mut bed = with_four_batches(1);
    bed.reopen_after_close();
    bed.disk.set_faults(FaultPlan::new().nth(OpKind::Read, ".log", 1, EIO));
    assert_eq!(bed.read(id(1), 0), Err(ReadError::Io(IoError::MEDIA)));
    assert_eq!(bed.fenced, None);
    assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3]);
    assert_eq!(bed.append(id(1), &batch_of(4, 100)).base, 4);
}

#[test]
fn reads_that_end_early_are_continued() {
    for seed in 0..10 {
        let mut bed = with_four_batches(seed);
        bed.reopen_after_close();
        bed.disk.set_faults(FaultPlan::new().chance(OpKind::Read, ".log", 0.5, Fault::Short));
        assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3]);
        bed.die();
        // Not of the journal: a direct read ends early at a block only.
        let plan = ["superblock", "/checkpoint", "/topics"].into_iter();
        bed.disk.set_faults(plan.fold(FaultPlan::new(), |plan, path| plan.chance(OpKind::Read, path, 0.3, Fault::Short)));
        bed.open();
        bed.assert_acknowledged_is_there();
    }
}

#[test]
fn recovery_that_fails_on_any_write_or_sync_loses_nothing_and_can_be_repeated() {
    for kind in [OpKind::Write, OpKind::Sync, OpKind::Allocate, OpKind::SetSize, OpKind::Rename, OpKind::Unlink] {
        for n in 1..40 {
            let mut bed = with_four_batches(n);
            let ticket = bed.offer(id(1), &batch_of(4, 3000));
            bed.turn();
            bed.lose_power(n);
            bed.disk.set_faults(FaultPlan::new().nth(kind, "", n, EIO));
            let is_refused = bed.try_open().is_err();
            bed.disk.set_faults(FaultPlan::new());
            if !is_refused {
                break;
            }
            bed.open();
            bed.assert_acknowledged_is_there();
            assert_eq!(bed.answered(ticket), None);
        }
    }
}
