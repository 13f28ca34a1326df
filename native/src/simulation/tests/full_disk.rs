//! A disk without room: a typed refusal before anything is listed, and service that goes on (DURABILITY.md rule 8).
//! Row 23 of the anomalies (a full disk and a restart) is the last test.

use super::bed::{batch_of, builder_of, id, sequenced, Answer, Bed};
use crate::io::sim::{Fault, FaultPlan, OpKind, SimDisk, SimIo};
use crate::io::task::block_on;
use crate::io::{IoError, Op, OpenMode};
use crate::journal::entry::Durability;
use crate::log::config::LogConfig;
use crate::log::partition::AppendOrigin;
use crate::simulation::rig::small_log;
use crate::store::{AppendError, Control, StoreError};
use std::path::Path;

const FULL: Fault = Fault::Error(IoError::NO_SPACE);

/// Leaves not one block free.
fn fill(disk: &SimDisk) {
    disk.set_capacity(Some(64 << 20));
    let mut io = SimIo::new(disk);
    block_on(&mut io, |files| async move {
        let file = files.open(Path::new("/ballast"), OpenMode::Write).await.expect("a block is free");
        let mut position = 0;
        let mut size = 16 << 20;
        while size >= 4096 {
            match files.call(Op::Allocate { file, position, size }).await {
                Ok(_) => position += size,
                Err(IoError::NO_SPACE) => size /= 2,
                Err(error) => panic!("{error}"),
            }
        }
        files.close(file).await.expect("closed");
    });
}

#[test]
fn an_append_without_room_is_refused_before_anything_is_listed() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.settle();
    bed.disk.set_capacity(Some(0));
    // The second one would fit where the first does not: it must not overtake it.
    let first = bed.offer(id(1), &sequenced(1, 0));
    let second = bed.offer(id(1), &sequenced(2, 1));
    let other = bed.offer(id(1), &batch_of(3, 10));
    for ticket in [first, second, other] {
        assert_eq!(bed.answer(ticket), Answer::Refused(AppendError::NoSpace));
    }
    assert_eq!((bed.partition(id(1)).end, bed.fenced), (0, None));
    bed.disk.set_capacity(None);
    assert_eq!(bed.append(id(1), &sequenced(1, 0)).base, 0, "no sequence was taken");
    assert_eq!(bed.append(id(1), &sequenced(2, 1)).base, 1);
    bed.reopen_after_power_loss(1);
    assert_eq!(bed.contents(id(1)), vec![1, 2]);
}

#[test]
fn a_batch_behind_one_that_found_no_room_does_not_overtake_it() {
    let mut bed = Bed::with_partition(1, LogConfig { segment_size_max: 1 << 20, ..small_log() });
    bed.append_each(id(1), 0..1, 1000);
    bed.settle();
    let room = bed.partition(id(1)).reserved - bed.partition(id(1)).end;
    bed.disk.set_capacity(Some(0));
    // The first needs more than what is reserved, the second does not.
    let large = builder_of(1, room as usize).producer(7, 0, 0).finish();
    let tickets = [bed.offer(id(1), &large), bed.offer(id(1), &sequenced(2, 1))];
    for ticket in tickets {
        assert_eq!(bed.answer(ticket), Answer::Refused(AppendError::NoSpace));
    }
    bed.disk.set_capacity(None);
    assert_eq!(bed.append(id(1), &large).base, 1);
    assert_eq!(bed.append(id(1), &sequenced(2, 1)).base, 2);
}

#[test]
fn a_roll_without_room_is_refused_and_done_later() {
    // A seed with which the journal does not fill up meanwhile: it would hold appends back until there is room.
    let mut bed = Bed::with_partition(5, small_log());
    let mut content = 0;
    let mut refusals = 0;
    for round in 0..6 {
        bed.disk.set_capacity((round % 2 == 1).then_some(0));
        for _ in 0..10 {
            let ticket = bed.offer(id(1), &batch_of(content, 3000));
            match bed.answer(ticket) {
                Answer::Appended(ack) => {
                    assert_eq!(ack.base, content);
                    content += 1;
                }
                Answer::Refused(AppendError::NoSpace) => refusals += 1,
                other => panic!("answered with {other:?}"),
            }
        }
        assert_eq!(bed.contents(id(1)), (0..content).collect::<Vec<u64>>(), "reads go on");
    }
    assert!(refusals > 0 && content > 20);
    bed.disk.set_capacity(None);
    bed.reopen_after_power_loss(2);
    bed.assert_acknowledged_is_there();
}

/// Appends with rolls until so many batches are in, with patience where there is no room; how often there was none.
fn append_patiently(bed: &mut Bed, count: u64) -> usize {
    let mut refusals = 0;
    let mut content = bed.partition(id(1)).end;
    while content < count {
        let ticket = bed.try_offer(id(1), &batch_of(content, 4000), AppendOrigin::Leader).expect("room in the ring");
        match bed.answer(ticket) {
            Answer::Appended(_) => content += 1,
            Answer::Refused(AppendError::NoSpace) => refusals += 1,
            other => panic!("answered with {other:?}, fenced: {:?}", bed.store().fenced()),
        }
        assert!(refusals < 100, "it never goes on");
    }
    refusals
}

#[test]
fn no_room_at_any_one_allocation_is_survived() {
    for n in 1..12 {
        let mut bed = Bed::with_partition(n, small_log());
        bed.disk.set_faults(FaultPlan::new().nth(OpKind::Allocate, "/topics/", n, FULL).nth(
            OpKind::Allocate,
            ".journal",
            1,
            FULL,
        ));
        append_patiently(&mut bed, 24);
        bed.settle();
        assert_eq!(bed.fenced, None, "allocation {n}");
        assert_eq!(bed.contents(id(1)), (0..24).collect::<Vec<u64>>(), "allocation {n}");
        bed.reopen_after_power_loss(n);
        bed.assert_acknowledged_is_there();
    }
}

#[test]
fn a_disk_that_is_full_for_a_while_at_any_moment_is_survived() {
    for moment in 0..24 {
        let mut bed = Bed::with_partition(moment, small_log());
        append_patiently(&mut bed, moment);
        fill(&bed.disk);
        for content in moment..moment + 8 {
            let ticket = bed.offer(id(1), &batch_of(content, 4000));
            if bed.answer(ticket) == Answer::Refused(AppendError::NoSpace) {
                break;
            }
        }
        bed.store().request_checkpoint();
        bed.pass_ms(50);
        bed.disk.set_capacity(None);
        append_patiently(&mut bed, moment + 12);
        assert_eq!(bed.fenced, None, "moment {moment}");
        assert_eq!(bed.contents(id(1)), (0..moment + 12).collect::<Vec<u64>>(), "moment {moment}");
        bed.reopen_after_power_loss(moment);
        bed.assert_acknowledged_is_there();
    }
}

#[test]
fn a_partition_that_found_no_room_can_be_created_later() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(1, 100));
    bed.disk.set_capacity(Some(0));
    let ticket = bed.ask_create(id(2), small_log());
    let waiting = bed.offer(id(2), &batch_of(2, 100));
    assert_eq!(bed.answer(ticket), Answer::Failed(StoreError::Io(IoError::NO_SPACE)));
    assert_eq!(bed.answer(waiting), Answer::Refused(AppendError::UnknownPartition));
    bed.disk.set_capacity(None);
    bed.create(id(2), small_log());
    bed.append(id(2), &batch_of(3, 100));
    bed.reopen_after_power_loss(1);
    bed.assert_acknowledged_is_there();
}

#[test]
fn a_checkpoint_on_a_full_disk_lives_on_the_reserve() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..3, 1000);
    bed.settle();
    fill(&bed.disk);
    // The first record of a life needs a new file; those behind it overwrite.
    (0..3).for_each(|_| bed.checkpoint());
    assert_eq!(bed.fenced, None);
    assert_eq!(bed.disk.file(&bed.paths().reserve()), None, "the reserve was given back");
    bed.reopen_after_power_loss(1);
    bed.assert_acknowledged_is_there();
}

#[test]
fn a_checkpoint_without_any_room_waits_for_some() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..3, 1000);
    bed.settle();
    fill(&bed.disk);
    // The reserve is gone too, whoever took it.
    let reserve = bed.paths().reserve();
    block_on(&mut SimIo::new(&bed.disk), |files| async move { files.remove_file(&reserve).await }).expect("removed");
    fill(&bed.disk);
    let count = bed.store().counters.checkpoints;
    bed.store().request_checkpoint();
    bed.pass_ms(5000);
    assert_eq!((bed.fenced, bed.store().counters.checkpoints), (None, count));
    let change = bed.control(id(1), Control::Durability(Durability::Replicated));
    assert_eq!(change, Answer::Failed(StoreError::Io(IoError::NO_SPACE)), "it waits for a record");
    bed.disk.set_capacity(None);
    assert!(bed.run_until(|bed| bed.store().counters.checkpoints > count), "it is made when there is room");
    bed.append_each(id(1), 3..6, 1000);
    bed.reopen_after_power_loss(1);
    bed.assert_acknowledged_is_there();
}

#[test]
fn a_deletion_on_a_full_disk_goes_through_and_makes_room() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.create(id(2), small_log());
    for content in 0..10 {
        bed.append(id(1), &batch_of(content, 4000));
    }
    bed.append(id(2), &batch_of(50, 100));
    bed.settle();
    fill(&bed.disk);
    let ticket = bed.ask_delete(id(1));
    assert_eq!(bed.answer(ticket), Answer::Done);
    bed.checkpoint();
    for content in 51..60 {
        bed.append(id(2), &batch_of(content, 4000));
    }
    assert_eq!(bed.fenced, None);
}

#[test]
fn row_23_a_full_disk_and_a_restart_lose_nothing() {
    for seed in 0..8 {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.append_each(id(1), 0..12, 3000);
        if seed % 2 == 1 {
            bed.checkpoint();
        }
        fill(&bed.disk);
        if seed % 4 < 2 {
            bed.die();
        } else {
            bed.lose_power(seed);
        }
        bed.open();
        bed.assert_acknowledged_is_there();
        bed.disk.set_capacity(None);
        bed.append(id(1), &batch_of(12, 3000));
        bed.reopen_after_power_loss(seed);
        bed.assert_acknowledged_is_there();
    }
}
