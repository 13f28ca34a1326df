//! What a node decides about a partition and tells the store: the epoch under which it leads, and what its topic asks for
//! (DURABILITY.md rule 15).

use super::bed::{batch_of, id, Bed};
use crate::codec::batch::BatchError;
use crate::log::config::LogConfig;
use crate::log::leader_epochs::EpochEnd;
use crate::simulation::rig::small_log;
use crate::store::{AppendError, Control, StoreError};

fn lead(bed: &mut Bed, leader_epoch: i32) -> Result<(), StoreError> {
    let handle = bed.handle(id(1));
    bed.store().lead(handle, leader_epoch)
}

fn end_of(bed: &mut Bed, leader_epoch: i32) -> Option<(i32, i64)> {
    bed.partition(id(1)).epoch_end(leader_epoch).map(|EpochEnd { leader_epoch, end_offset }| (leader_epoch, end_offset))
}

#[test]
fn a_partition_is_led_under_ever_higher_epochs() {
    let mut bed = Bed::with_partition(1, small_log());
    let first = bed.append(id(1), &batch_of(0, 100)).leader_epoch;
    assert_eq!(lead(&mut bed, first), Err(StoreError::LeaderEpochUsed { used: first, given: first }));
    assert_eq!(lead(&mut bed, first + 4), Ok(()));
    assert_eq!(lead(&mut bed, first + 4), Err(StoreError::LeaderEpochUsed { used: first + 4, given: first + 4 }), "no batch yet");
    assert_eq!(bed.append(id(1), &batch_of(1, 100)).leader_epoch, first + 4);
    let unknown = bed.handle(id(1)) + 1;
    assert_eq!(bed.store().lead(unknown, 99), Err(StoreError::UnknownPartition));
}

#[test]
fn a_recovered_partition_is_led_under_whatever_its_history_has_not_seen() {
    let mut bed = Bed::with_partition(2, small_log());
    assert_eq!(lead(&mut bed, 7), Ok(()));
    bed.append(id(1), &batch_of(0, 100));
    for _ in 0..9 {
        bed.reopen_after_kill();
    }
    assert!(bed.partition(id(1)).leader_epoch > 8, "the start count stands in until somebody decides");
    assert_eq!(lead(&mut bed, 7), Err(StoreError::LeaderEpochUsed { used: 7, given: 7 }));
    assert_eq!(lead(&mut bed, 8), Ok(()), "lower than the start count, which nobody used");
    assert_eq!(bed.append(id(1), &batch_of(1, 100)).leader_epoch, 8);
    bed.reopen_after_kill();
    assert_eq!(lead(&mut bed, 8), Err(StoreError::LeaderEpochUsed { used: 8, given: 8 }));
}

#[test]
fn an_epoch_whose_batches_were_cut_is_used_all_the_same() {
    let mut bed = Bed::with_partition(3, small_log());
    assert_eq!(lead(&mut bed, 5), Ok(()));
    bed.append_each(id(1), 0..3, 100);
    bed.control(id(1), Control::Truncate { to: 0 });
    assert_eq!(lead(&mut bed, 5), Err(StoreError::LeaderEpochUsed { used: 5, given: 5 }));
    assert!(matches!(bed.refusal(id(1), &batch_of(3, 100)), AppendError::LeaderEpochUsed { needed: 6, got: 5 }));
    assert_eq!(lead(&mut bed, 6), Ok(()));
    assert_eq!(bed.append(id(1), &batch_of(4, 100)).base, 0);
}

#[test]
fn the_end_of_an_epoch_is_where_the_next_one_began() {
    let mut bed = Bed::with_partition(4, small_log());
    assert_eq!(end_of(&mut bed, 1), Some((1, 0)), "it leads and has written nothing");
    assert_eq!(end_of(&mut bed, 0), Some((0, 0)), "one that never was ends where the log begins");
    for (leader_epoch, contents) in [(3, 0..2), (5, 2..6), (9, 6..6)] {
        assert_eq!(lead(&mut bed, leader_epoch), Ok(()));
        bed.append_each(id(1), contents, 100);
    }
    let ends: Vec<_> = (2..11).map(|leader_epoch| end_of(&mut bed, leader_epoch)).collect();
    let (third, fifth, last) = (Some((3, 2)), Some((5, 6)), Some((9, 6)));
    assert_eq!(ends, [Some((2, 0)), third, third, fifth, fifth, fifth, fifth, last, None]);
    // What is listed and not durable may be gone after a crash: nobody is told of it.
    bed.offer(id(1), &batch_of(6, 100));
    let now = bed.rig.now();
    bed.store().turn(now);
    assert_eq!((bed.partition(id(1)).end, end_of(&mut bed, 9)), (7, last));
    assert_eq!(end_of(&mut bed, 5), fifth);
    bed.settle();
    for _ in 0..20 {
        bed.reopen_after_kill();
    }
    let ends: Vec<_> = [8, 9, 10, 21].map(|leader_epoch| end_of(&mut bed, leader_epoch)).to_vec();
    assert_eq!(ends, [fifth, Some((9, 7)), None, None], "the start count that stands in is nobody's epoch");
    assert_eq!(lead(&mut bed, 12), Ok(()));
    let ends: Vec<_> = [9, 11, 12, 13].map(|leader_epoch| end_of(&mut bed, leader_epoch)).to_vec();
    assert_eq!(ends, [Some((9, 7)), Some((9, 7)), Some((12, 7)), None]);
}

#[test]
fn settings_hold_from_the_next_batch_on_and_leave_durability_alone() {
    let mut bed = Bed::with_partition(5, small_log());
    let handle = bed.handle(id(1));
    bed.append_each(id(1), 0..8, 1000);
    assert_eq!(bed.partition(id(1)).segments.len(), 1);
    assert!(bed.partition(id(1)).size() > 8 * 1000);
    let asked = LogConfig {
        batch_size_max: 1200,
        segment_size_max: 2000,
        is_log_append_time: true,
        retention_size: Some(4000),
        durability: super::bed::replicated().durability,
        ..small_log()
    };
    assert_eq!(bed.store().configure(handle, asked), Ok(()));
    let durability = bed.partition(id(1)).durability;
    assert_eq!(durability, small_log().durability);
    assert_eq!(bed.partition(id(1)).config.durability, durability);
    assert!(matches!(bed.refusal(id(1), &batch_of(8, 1500)), AppendError::Batch(BatchError::TooLarge { max: 1200, .. })));
    let ack = bed.append(id(1), &batch_of(8, 1000));
    assert!(ack.timestamp >= 1_700_000_000_000, "the append's time: {}", ack.timestamp);
    bed.append_each(id(1), 9..16, 1000);
    assert!(bed.partition(id(1)).segments.len() >= 8, "a batch to each");
    assert_eq!(bed.store().apply_retention(), 1, "what was asked for later holds for what was there");
    assert_eq!(bed.store().configure(handle + 1, asked), Err(StoreError::UnknownPartition));
}
