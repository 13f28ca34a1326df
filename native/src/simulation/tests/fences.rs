//! What is under way when a shard fences: everyone who waits is answered, once, and reads go on (DURABILITY.md rule 9).

use super::bed::{batch_of, contents_of, id, replicated, Answer, Bed};
use crate::io::sim::{Fault, FaultPlan, OpKind};
use crate::io::IoError;
use crate::journal::entry::Durability;
use crate::log::config::LogConfig;
use crate::log::partition::AppendOrigin;
use crate::simulation::rig::small_log;
use crate::store::{AppendError, Control, FencedBy, ReadError, StoreError};

const EIO: Fault = Fault::Error(IoError::MEDIA);

const WAYS_TO_FAIL: [(OpKind, &str); 5] = [
    (OpKind::Write, ".journal"),
    (OpKind::Sync, ".journal"),
    (OpKind::Write, ".log"),
    (OpKind::Sync, ".log"),
    (OpKind::Write, "/checkpoint"),
];

/// Two partitions; the disk begins to fail so many steps after the first one was asked to change.
fn fence_during(control: Control, config: LogConfig, (kind, path): (OpKind, &str), steps: usize) -> (Bed, u64) {
    let mut bed = Bed::with_partition(steps as u64, config);
    bed.create(id(2), small_log());
    bed.append_each(id(1), 0..4, 1000);
    bed.offer(id(2), &batch_of(50, 9000));
    let ticket = if control == Control::Delete { bed.ask_delete(id(1)) } else { bed.ask_control(id(1), control) };
    (0..steps).for_each(|_| bed.turn_and_step());
    bed.disk.set_faults(FaultPlan::new().always(kind, path, EIO));
    bed.offer(id(2), &batch_of(51, 9000));
    bed.store().request_checkpoint();
    assert!(bed.run_until(|bed| bed.fenced.is_some()), "{control:?}, {steps} steps, {path}: the failure goes unnoticed");
    (bed, ticket)
}

#[test]
fn every_control_operation_is_answered_once_when_the_shard_fences() {
    let controls = [
        Control::Truncate { to: 2 },
        Control::LogStart { to: 2 },
        Control::Durability(Durability::Replicated),
        Control::Durability(Durability::Fsync),
        Control::Reset { to: 9 },
        Control::Delete,
    ];
    let mut failed = 0;
    for way in WAYS_TO_FAIL {
        for control in controls {
            for steps in 0..14 {
                for config in [small_log(), replicated()] {
                    let (mut bed, ticket) = fence_during(control, config, way, steps);
                    match bed.answer(ticket) {
                        Answer::Done => {}
                        Answer::Failed(StoreError::Fenced | StoreError::Io(IoError::MEDIA)) => failed += 1,
                        other => panic!("{control:?}, {steps} steps, {way:?}: {other:?}"),
                    }
                    // A second answer would be noticed.
                    bed.pass_ms(100);
                }
            }
        }
    }
    assert!(failed > 300, "only {failed} were under way when it failed");
}

#[test]
fn an_append_is_unconfirmed_only_if_it_was_listed_when_the_shard_fenced() {
    let (mut unconfirmed, mut found) = (0, 0);
    for way in WAYS_TO_FAIL {
        for config in [small_log(), replicated()] {
            for steps in 0..8 {
                let mut bed = Bed::with_partition(steps as u64, config);
                bed.create(id(2), small_log());
                bed.append_each(id(1), 0..4, 1000);
                let tickets: Vec<u64> = (10..20).map(|content| bed.offer(id(1), &batch_of(content, 3000))).collect();
                let again = bed.offer(id(1), &batch_of(19, 3000));
                (0..steps).for_each(|_| bed.turn_and_step());
                bed.disk.set_faults(FaultPlan::new().always(way.0, way.1, EIO));
                bed.offer(id(2), &batch_of(51, 9000));
                bed.store().request_checkpoint();
                assert!(bed.run_until(|bed| bed.fenced.is_some()), "{way:?}, {steps} steps");
                // Asked for on a log that failed.
                let late = bed.offer(id(1), &batch_of(30, 100));
                bed.pass_ms(100);
                let answers: Vec<Answer> = tickets.iter().map(|ticket| bed.answer(*ticket)).collect();
                assert_eq!(bed.answer(late), Answer::Refused(AppendError::Fenced));
                bed.answer(again);
                bed.reopen_after_power_loss(steps as u64);
                let contents = bed.contents(id(1));
                for (content, answer) in (10..19).zip(answers) {
                    let is_there = contents.contains(&content);
                    match answer {
                        // Of what is replicated the page cache took it, and the power cut.
                        Answer::Appended(ack) if ack.durability == Durability::Replicated => {}
                        Answer::Appended(_) => assert!(is_there, "{way:?}, {steps} steps: {content} is lost"),
                        Answer::Refused(AppendError::Fenced) => assert!(!is_there, "{way:?}, {steps} steps: {content} is there"),
                        Answer::Refused(AppendError::Unconfirmed) => {
                            unconfirmed += 1;
                            found += u32::from(is_there);
                        }
                        other => panic!("{way:?}, {steps} steps: {other:?}"),
                    }
                }
            }
        }
    }
    assert!(unconfirmed > 50 && found > 0, "{unconfirmed} of which {found} are there");
}

#[test]
fn what_was_acknowledged_is_read_and_found_again_however_a_control_operation_was_cut_short() {
    for way in WAYS_TO_FAIL {
        for steps in 0..10 {
            let (mut bed, ticket) = fence_during(Control::Truncate { to: 2 }, small_log(), way, steps);
            let is_cut = bed.answer(ticket) == Answer::Done;
            let end = bed.partition(id(1)).stable_end();
            let served: Vec<u64> = (0..end).flat_map(|at| contents_of(&bed.read(id(1), at).expect("reads go on"))).collect();
            assert!(served.contains(&0) && served.contains(&1), "{way:?}, {steps} steps: {served:?}");
            assert!(!is_cut || !served.contains(&2), "a cut that was answered is undone");
            bed.reopen_after_power_loss(steps as u64);
            let contents = bed.contents(id(1));
            assert!(contents == [0, 1] || (!is_cut && contents == [0, 1, 2, 3]), "{way:?}, {steps} steps: {contents:?}");
        }
    }
}

#[test]
fn acks_of_what_was_durable_come_before_the_fence_is_told() {
    for seed in 0..20 {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.disk.set_faults(FaultPlan::new().nth(OpKind::Sync, ".journal", 3, EIO));
        let mut is_fenced = false;
        for content in 0..100 {
            bed.try_offer(id(1), &batch_of(content, 5000), AppendOrigin::Leader);
            let now = bed.rig.now();
            bed.store().turn(now);
            bed.store().wait(now);
            for event in bed.store().take_events() {
                let is_ack = matches!(event, crate::store::Event::Appended { .. });
                assert!(!(is_ack && is_fenced), "seed {seed}: an ack behind the fence");
                is_fenced |= matches!(event, crate::store::Event::Fenced { .. });
            }
        }
        assert!(is_fenced, "seed {seed}");
    }
}

#[test]
fn a_journal_that_fails_in_the_middle_of_a_checkpoint_leaves_all_that_was_acknowledged_durable() {
    let mut during = 0;
    for seed in 0..40 {
        let mut bed = Bed::with_partition(seed, small_log());
        for number in 2..7 {
            bed.create(id(number), small_log());
        }
        for number in 1..6 {
            bed.append(id(number), &batch_of(u64::from(number), 1000));
        }
        bed.store().request_checkpoint();
        (0..seed % 10).for_each(|_| bed.turn_and_step());
        // One that the checkpoint has on its list, and one that it has not.
        bed.append(id(1), &batch_of(11, 1000));
        bed.append(id(6), &batch_of(16, 1000));
        during += u32::from(bed.store().is_checkpointing());
        bed.disk.set_faults(FaultPlan::new().always(OpKind::Write, ".journal", EIO));
        bed.offer(id(1), &batch_of(99, 1000));
        assert!(bed.run_until(|bed| bed.fenced == Some(FencedBy::Journal)));
        bed.pass_ms(300);
        for (number, expected) in [(1, vec![1, 11]), (2, vec![2]), (3, vec![3]), (4, vec![4]), (5, vec![5]), (6, vec![16])] {
            let segment = bed.disk.durable_file(&bed.paths().log(&id(number), 0)).unwrap_or_default();
            let contents = contents_of(&segment);
            // A batch whose write was under way may follow.
            assert_eq!(contents[..contents.len().min(expected.len())], expected, "partition {number}, seed {seed}");
        }
    }
    assert!(during > 10, "only {during} checkpoints were under way");
}

#[test]
fn a_segment_that_refused_a_write_is_not_written_again_and_its_readers_are_told() {
    let mut bed = Bed::with_partition(1, LogConfig { segment_size_max: 1 << 20, ..small_log() });
    bed.append(id(1), &batch_of(0, 1000));
    bed.settle();
    bed.disk.set_faults(FaultPlan::new().nth(OpKind::Write, ".log", 1, EIO));
    // Too large for the ring: it is read from its segment, or not at all.
    bed.offer(id(1), &batch_of(1, 100 << 10));
    assert!(bed.run_until(|bed| bed.fenced.is_some() && bed.partition(id(1)).stable_end() == 2));
    let ticket = bed.ask_read(id(1), 1, 2, 1 << 20);
    assert_eq!(bed.answer(ticket), Answer::Read(Err(ReadError::Io(IoError::MEDIA))));
    let writes = bed.store().counters.segment_writes;
    assert_eq!(bed.read(id(1), 1), Err(ReadError::Io(IoError::MEDIA)));
    assert_eq!(contents_of(&bed.read(id(1), 0).expect("reads go on")), vec![0]);
    bed.pass_ms(100);
    assert_eq!(bed.store().counters.segment_writes, writes);
    bed.reopen_after_power_loss(1);
    assert_eq!(bed.contents(id(1)), vec![0, 1], "the journal has it");
}

// 1. A log start lets segments be unlinked, by name, one after the other. 2. The log is reset to where it began. 3. An
// append makes the first name again. A late unlink would take that file: synced under a name that is gone.
#[test]
fn a_reset_waits_for_segments_that_are_being_unlinked() {
    for seed in 0..40 {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.append_each(id(1), 0..20, 9000);
        bed.checkpoint();
        let end = bed.partition(id(1)).end;
        bed.control(id(1), Control::LogStart { to: end });
        assert!(bed.partition(id(1)).segments.len() == 1, "old segments are on their way out");
        assert_eq!(bed.control(id(1), Control::Reset { to: 0 }), Answer::Done);
        bed.raise_leader_epoch(id(1));
        bed.append(id(1), &batch_of(77, 1000));
        bed.settle();
        assert!(bed.disk.file(&bed.paths().log(&id(1), 0)).is_some(), "seed {seed}: its segment was unlinked");
        bed.checkpoint();
        bed.reopen_after_power_loss(seed);
        assert_eq!(bed.contents(id(1)), vec![77], "seed {seed}");
    }
}
