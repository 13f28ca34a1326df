//! Appends of every origin, batches of every size, and a ring that is full.

use super::bed::{batch_of, builder_of, id, Answer, Bed};
use crate::codec::batch::{BatchError, BatchHeader};
use crate::codec::crc32c::crc32c;
use crate::log::config::LogConfig;
use crate::log::partition::AppendOrigin;
use crate::simulation::rig::small_log;
use crate::store::AppendError;

fn from_leader(content: u64, base: i64, leader_epoch: i32) -> Vec<u8> {
    builder_of(content, 100).base_offset(base).leader_epoch(leader_epoch).finish()
}

#[test]
fn log_append_time_is_stamped_under_a_right_crc() {
    let mut bed = Bed::with_partition(1, LogConfig { is_log_append_time: true, ..small_log() });
    let mut acks = Vec::new();
    for content in 0..3 {
        bed.pass_ms(10);
        acks.push(bed.append(id(1), &batch_of(content, 500)));
    }
    let check = |bed: &mut Bed, from: &str| {
        for ((header, bytes), ack) in bed.batches(id(1)).into_iter().zip(&acks) {
            assert!(header.attributes.is_log_append_time(), "{from}");
            assert!(ack.timestamp > 1_700_000_000_000);
            assert_eq!((header.max_timestamp, header.crc), (ack.timestamp, ack.crc), "{from}");
            assert_eq!(crc32c(&bytes[21..]), header.crc, "{from}");
        }
    };
    check(&mut bed, "ring memory");
    assert!(acks[0].timestamp < acks[2].timestamp);
    bed.reopen_after_power_loss(3);
    assert_eq!(bed.contents(id(1)), vec![0, 1, 2]);
    check(&mut bed, "a segment that replay wrote");
}

#[test]
fn a_follower_takes_offsets_and_epochs_as_they_come_gaps_included() {
    let mut bed = Bed::with_partition(1, small_log());
    for (content, base, leader_epoch) in [(1, 5, 3), (2, 6, 3), (3, 20, 8)] {
        let Answer::Appended(ack) = bed.append_as_follower(id(1), &from_leader(content, base, leader_epoch)) else {
            panic!("an ack")
        };
        assert_eq!((ack.base, ack.leader_epoch), (base as u64, leader_epoch));
    }
    let read = |bed: &mut Bed| -> Vec<(i64, i32)> {
        bed.batches(id(1)).iter().map(|(header, _)| (header.base_offset, header.leader_epoch)).collect()
    };
    let expected = vec![(5, 3), (6, 3), (20, 8)];
    assert_eq!(read(&mut bed), expected);
    bed.reopen_after_power_loss(2);
    assert_eq!(read(&mut bed), expected);
    bed.reopen_after_close();
    assert_eq!(read(&mut bed), expected);
    assert_eq!(bed.partition(id(1)).epochs.epoch_of(19), Some(3));
}

#[test]
fn a_follower_refuses_offsets_below_its_end_and_epochs_that_go_back() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_as_follower(id(1), &from_leader(1, 5, 3));
    let refusal = |answer| match answer {
        Answer::Refused(error) => error,
        other => panic!("answered with {other:?}"),
    };
    let below = bed.append_as_follower(id(1), &from_leader(2, 5, 3));
    assert_eq!(refusal(below), AppendError::OffsetBelowEnd { end: 6, got: 5 });
    let back = bed.append_as_follower(id(1), &from_leader(2, 6, 2));
    assert_eq!(refusal(back), AppendError::LeaderEpochWentBack { latest: 3, got: 2 });
    assert_eq!(bed.contents(id(1)), vec![1], "nothing was written");
}

#[test]
fn a_start_raises_the_leader_epoch_though_nothing_of_the_last_one_was_kept() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(1, 100));
    let mut seen = vec![bed.partition(id(1)).leader_epoch];
    for seed in 0..3 {
        // Listed, perhaps read by somebody, and gone with the power.
        bed.offer(id(1), &batch_of(90 + seed, 100));
        bed.turn();
        bed.reopen_after_power_loss(seed);
        seen.push(bed.partition(id(1)).leader_epoch);
    }
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    let ack = bed.append(id(1), &batch_of(2, 100));
    assert_eq!(Some(&ack.leader_epoch), seen.last());
}

#[test]
fn after_a_truncation_the_old_epoch_leads_no_more() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 100);
    assert_eq!(bed.control(id(1), crate::store::Control::Truncate { to: 2 }), Answer::Done);
    let used = bed.partition(id(1)).leader_epoch;
    assert_eq!(bed.refusal(id(1), &batch_of(9, 100)), AppendError::LeaderEpochUsed { needed: used + 1, got: used });
    bed.raise_leader_epoch(id(1));
    assert_eq!(bed.append(id(1), &batch_of(10, 100)).leader_epoch, used + 1);
    assert_eq!(bed.contents(id(1)), vec![0, 1, 10]);
}

#[test]
fn a_batch_larger_than_a_quarter_ring_has_memory_of_its_own() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(1, 100));
    let tickets =
        [bed.offer(id(1), &batch_of(2, 100)), bed.offer(id(1), &batch_of(3, 100 << 10)), bed.offer(id(1), &batch_of(4, 100))];
    for ticket in tickets {
        assert!(matches!(bed.answer(ticket), Answer::Appended(_)));
    }
    assert_eq!(bed.contents(id(1)), vec![1, 2, 3, 4], "it did not overtake what lay in the ring");
    bed.reopen_after_power_loss(7);
    bed.assert_acknowledged_is_there();
    bed.append(id(1), &batch_of(5, 100 << 10));
    bed.reopen_after_close();
    bed.assert_acknowledged_is_there();
    assert_eq!(bed.contents(id(1)), vec![1, 2, 3, 4, 5]);
}

#[test]
fn a_batch_above_the_limit_is_refused_in_either_memory() {
    let mut bed = Bed::with_partition(1, LogConfig { batch_size_max: 50 << 10, ..small_log() });
    assert!(matches!(bed.refusal(id(1), &batch_of(1, 60 << 10)), AppendError::Batch(_)));
    bed.create(id(2), LogConfig { batch_size_max: 1000, ..small_log() });
    assert!(matches!(bed.refusal(id(2), &batch_of(1, 2000)), AppendError::Batch(_)));
    let mut damaged = batch_of(1, 100);
    damaged[80] ^= 1;
    assert!(matches!(bed.refusal(id(2), &damaged), AppendError::Batch(_)));
    assert_eq!(bed.append(id(2), &batch_of(2, 100)).base, 0, "nothing of them was written");
}

#[test]
fn a_full_ring_holds_the_producer_back_and_goes_on() {
    let mut bed = Bed::with_partition(1, small_log());
    let mut count = 0;
    while bed.try_offer(id(1), &batch_of(count, 5000), AppendOrigin::Leader).is_some() {
        count += 1;
        assert!(count < 100, "the ring is bounded");
    }
    // What was refused was never sent.
    let total = count + 60;
    for content in count..total {
        let bytes = batch_of(content, 5000);
        assert!(bed.run_until(|bed| bed.try_offer(id(1), &bytes, AppendOrigin::Leader).is_some()), "no room ever again");
    }
    bed.settle();
    assert_eq!(bed.acks.len() as u64, total);
    assert_eq!(bed.contents(id(1)), (0..total).collect::<Vec<u64>>());
}

#[test]
fn the_bytes_of_a_producer_are_stored_as_they_came() {
    let mut bed = Bed::with_partition(1, small_log());
    let sent: Vec<Vec<u8>> = (0..5).map(|content| batch_of(content, 700)).collect();
    for bytes in &sent {
        bed.append(id(1), bytes);
    }
    bed.reopen_after_power_loss(1);
    for ((header, stored), sent) in bed.batches(id(1)).into_iter().zip(&sent) {
        assert_eq!(stored[21..], sent[21..]);
        assert_eq!(header.crc, BatchHeader::parse(sent).expect("a batch").crc);
    }
}

#[test]
fn a_follower_takes_no_batch_without_a_leader_epoch() {
    let mut bed = Bed::with_partition(1, small_log());
    let refused = AppendError::LeaderEpochWentBack { latest: 0, got: -1 };
    assert_eq!(bed.append_as_follower(id(1), &from_leader(1, 0, -1)), Answer::Refused(refused));
    assert!(matches!(bed.append_as_follower(id(1), &from_leader(1, 0, 0)), Answer::Appended(_)));
    bed.reopen_after_power_loss(1);
    bed.assert_acknowledged_is_there();
}

#[test]
fn no_batch_is_larger_than_recovery_counts_on_whoever_sends_it() {
    let mut bed = Bed::with_partition(1, LogConfig { batch_size_max: 1 << 20, ..small_log() });
    let large = batch_of(1, 260 << 10);
    let refused = AppendError::Batch(BatchError::TooLarge { size: large.len() as u32, max: 256 << 10 });
    assert_eq!(bed.refusal(id(1), &large), refused, "the topic allows it, this start does not");
    assert_eq!(bed.append_as_follower(id(1), &large), Answer::Refused(refused));
    bed.append(id(1), &batch_of(2, 1000));
}

#[test]
fn between_turns_an_acknowledgement_is_news_and_a_written_segment_is_not() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.offer(id(1), &batch_of(1, 500));
    bed.turn();
    let (mut pumps, mut turns) = (0, 0);
    while bed.acks.is_empty() {
        bed.disk.advance(10_000);
        pumps += 1;
        if bed.pump() {
            bed.turn();
            turns += 1;
        }
        assert!(pumps < 100_000, "the commit ends");
    }
    assert!(turns <= 2 && turns < pumps, "{turns} turns in {pumps} pumps");
    bed.store().flush_all();
    bed.turn();
    while bed.store().io().in_flight() > 0 {
        bed.disk.advance(10_000);
        assert!(!bed.pump(), "nobody has to be told");
    }
    assert!(bed.store().counters.segment_bytes > 0);
    assert_eq!(bed.contents(id(1)), vec![1]);
}
