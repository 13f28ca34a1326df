//! Idempotent producers: a batch sent twice is written once, and answered as what it was (DURABILITY.md rule 14).

use super::bed::{batch_of, builder_of, id, replicated, sequenced, Answer, Bed};
use crate::log::partition::Ack;
use crate::simulation::rig::small_log;
use crate::store::AppendError;

fn bases(acks: &[Ack]) -> Vec<u64> {
    acks.iter().map(|ack| ack.base).collect()
}

/// Six batches of one producer, at offsets 1 to 6.
fn with_six_batches(seed: u64) -> Bed {
    let mut bed = Bed::with_partition(seed, small_log());
    bed.append(id(1), &batch_of(100, 50));
    for sequence in 0..6 {
        bed.append(id(1), &sequenced(sequence as u64, sequence));
    }
    bed
}

#[test]
fn a_duplicate_is_answered_with_the_first_offsets_once_they_are_durable() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(9, 100));
    bed.settle();
    let first = bed.offer(id(1), &sequenced(1, 0));
    let again = bed.offer(id(1), &sequenced(1, 0));
    (0..5).for_each(|_| bed.turn());
    assert_eq!((bed.answered(first), bed.answered(again)), (None, None), "the original is not durable yet");
    let (Answer::Appended(first), Answer::Appended(again)) = (bed.answer(first), bed.answer(again)) else {
        panic!("both are acks")
    };
    assert_eq!((first.base, first.next, first.crc), (again.base, again.next, again.crc));
    assert_eq!((first.is_duplicate, again.is_duplicate), (false, true));
    assert_eq!(first.leader_epoch, again.leader_epoch);
    assert_eq!(bed.contents(id(1)), vec![9, 1], "it is written once");
}

#[test]
fn a_duplicate_of_a_replicated_partition_waits_for_the_page_cache() {
    let mut bed = Bed::with_partition(1, replicated());
    bed.append(id(1), &batch_of(9, 100));
    bed.settle();
    let first = bed.offer(id(1), &sequenced(1, 0));
    let again = bed.offer(id(1), &sequenced(1, 0));
    (0..5).for_each(|_| bed.turn());
    assert_eq!((bed.answered(first), bed.answered(again)), (None, None));
    assert!(
        matches!((bed.answer(first), bed.answer(again)), (Answer::Appended(first), Answer::Appended(again)) if first.base == again.base)
    );
}

#[test]
fn the_last_five_batches_are_recognised_and_an_older_one_is_out_of_order() {
    let mut bed = with_six_batches(1);
    let again: Vec<Ack> = (1..6).map(|sequence| bed.append(id(1), &sequenced(sequence as u64, sequence))).collect();
    assert_eq!(bases(&again), vec![2, 3, 4, 5, 6]);
    assert_eq!(bed.refusal(id(1), &sequenced(0, 0)), AppendError::OutOfOrderSequence { expected: 6, got: 0 });
    assert_eq!(bed.contents(id(1)), vec![100, 0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_gap_in_the_sequence_is_refused_and_changes_nothing() {
    let mut bed = with_six_batches(1);
    assert_eq!(bed.refusal(id(1), &sequenced(7, 7)), AppendError::OutOfOrderSequence { expected: 6, got: 7 });
    assert_eq!(bed.append(id(1), &sequenced(6, 6)).base, 7);
    let stale = builder_of(8, 50).producer(7, 1, 0).finish();
    bed.append(id(1), &stale);
    assert_eq!(bed.refusal(id(1), &sequenced(7, 7)), AppendError::StaleProducerEpoch { current: 1, got: 0 });
}

#[test]
fn producers_are_known_across_every_kind_of_restart() {
    type Restart = fn(&mut Bed);
    let restarts: [(&str, Restart); 5] = [
        ("kill", Bed::reopen_after_kill),
        ("power loss", |bed| bed.reopen_after_power_loss(3)),
        ("clean stop", Bed::reopen_after_close),
        ("power loss behind a checkpoint", |bed| {
            bed.checkpoint();
            bed.reopen_after_power_loss(4);
        }),
        ("two in a row", |bed| {
            bed.reopen_after_kill();
            bed.reopen_after_power_loss(5);
        }),
    ];
    for (name, restart) in restarts {
        let mut bed = with_six_batches(1);
        restart(&mut bed);
        let again: Vec<Ack> = (1..6).map(|sequence| bed.append(id(1), &sequenced(sequence as u64, sequence))).collect();
        assert_eq!(bases(&again), vec![2, 3, 4, 5, 6], "after {name}");
        assert_eq!(bed.refusal(id(1), &sequenced(9, 9)), AppendError::OutOfOrderSequence { expected: 6, got: 9 }, "after {name}");
        assert_eq!(bed.append(id(1), &sequenced(6, 6)).base, 7, "after {name}");
        assert_eq!(bed.contents(id(1)), vec![100, 0, 1, 2, 3, 4, 5, 6], "after {name}");
    }
}

#[test]
fn a_duplicates_ack_names_the_leader_epoch_that_wrote_it() {
    let mut bed = with_six_batches(1);
    let before = bed.partition(id(1)).leader_epoch;
    bed.reopen_after_power_loss(2);
    assert!(bed.partition(id(1)).leader_epoch > before);
    assert_eq!(bed.append(id(1), &sequenced(5, 5)).leader_epoch, before);
}

#[test]
fn truncation_forgets_what_it_cut_and_nothing_else() {
    for has_checkpoint in [false, true] {
        let mut bed = with_six_batches(1);
        if has_checkpoint {
            bed.checkpoint();
        }
        bed.truncate(id(1), 5);
        assert_eq!(bed.append(id(1), &sequenced(3, 3)).base, 4, "below the cut");
        assert_eq!(bed.refusal(id(1), &sequenced(5, 5)), AppendError::OutOfOrderSequence { expected: 4, got: 5 });
        assert_eq!(bed.append(id(1), &sequenced(44, 4)).base, 5, "its place is free again");
        bed.reopen_after_power_loss(6);
        assert_eq!(bed.append(id(1), &sequenced(44, 4)).base, 5);
        assert_eq!(bed.contents(id(1)), vec![100, 0, 1, 2, 3, 44]);
    }
}
