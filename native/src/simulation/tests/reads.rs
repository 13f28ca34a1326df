//! What readers get: never beyond the limit or what is stable, by offset, by time, and while old segments go.

use super::bed::{batch_of, contents_of, id, replicated, Answer, Bed};
use crate::codec::build::{BatchBuilder, NewRecord};
use crate::log::config::LogConfig;
use crate::log::segment::base_of_log_name;
use crate::ring::layout::SLOT_HEADER_SIZE;
use crate::ring::OwnedRing;
use crate::simulation::rig::small_log;
use crate::store::{Control, ReadError};

/// Two records, the second one half a second younger.
fn timed(content: u64, timestamp: i64) -> Vec<u8> {
    let value = content.to_le_bytes();
    let record = |timestamp| NewRecord { timestamp, value: Some(&value), ..NewRecord::default() };
    BatchBuilder::new().record(&record(timestamp)).record(&record(timestamp + 500)).finish()
}

fn log_files(bed: &Bed) -> Vec<u64> {
    let directory = bed.paths().partition(&id(1));
    let names = bed.disk.files().into_keys().filter(|path| path.starts_with(&directory));
    names.filter_map(|path| base_of_log_name(path.file_name()?.to_str()?)).collect()
}

/// Twenty batches of two kilobytes: two segments, of which the first is sealed.
fn with_twenty_batches() -> Bed {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..20, 2000);
    bed
}

#[test]
fn nothing_at_or_above_the_limit_is_given_out() {
    let mut bed = with_twenty_batches();
    let check = |bed: &mut Bed, from: &str| {
        for limit in [3, 4, 10] {
            let contents = contents_of(&bed.read_below(id(1), 2, limit).expect("readable"));
            assert_eq!(contents.first(), Some(&2), "{from}");
            assert!(contents.iter().all(|content| *content < limit), "{from}, limit {limit}: {contents:?}");
        }
        assert_eq!(bed.read_below(id(1), 5, 5), Ok(Vec::new()), "{from}");
    };
    check(&mut bed, "ring memory");
    bed.reopen_after_close();
    check(&mut bed, "segments");
}

#[test]
fn a_limit_inside_a_batch_hides_the_batch() {
    let mut bed = Bed::with_partition(1, small_log());
    for content in 0..3 {
        bed.append(id(1), &timed(content, 0));
    }
    for from in ["ring memory", "segments"] {
        assert_eq!(contents_of(&bed.read_below(id(1), 0, 3).expect("readable")), vec![0], "{from}");
        assert_eq!(bed.read_below(id(1), 2, 3), Ok(Vec::new()), "{from}");
        bed.reopen_after_close();
    }
}

#[test]
fn nothing_is_read_before_it_is_stable() {
    for config in [small_log(), replicated()] {
        let mut bed = Bed::with_partition(1, config);
        bed.append(id(1), &batch_of(1, 100));
        bed.settle();
        let ticket = bed.offer(id(1), &batch_of(2, 100));
        (0..5).for_each(|_| bed.turn());
        assert_eq!(bed.partition(id(1)).end, 2, "it is listed");
        assert_eq!(bed.read(id(1), 1), Ok(Vec::new()));
        assert_eq!(contents_of(&bed.read(id(1), 0).expect("readable")), vec![1]);
        bed.answer(ticket);
        assert_eq!(contents_of(&bed.read(id(1), 1).expect("readable")), vec![2]);
    }
}

#[test]
fn a_read_outside_of_the_log_says_where_the_log_is() {
    let mut bed = with_twenty_batches();
    assert_eq!(bed.read(id(1), 21), Err(ReadError::OutOfRange { log_start: 0, end: 20 }));
    assert_eq!(bed.read(id(1), 20), Ok(Vec::new()));
    assert_eq!(bed.control(id(1), Control::LogStart { to: 7 }), Answer::Done);
    assert_eq!(bed.read(id(1), 6), Err(ReadError::OutOfRange { log_start: 7, end: 20 }));
    assert_eq!(contents_of(&bed.read(id(1), 7).expect("readable")).first(), Some(&7));
}

#[test]
fn a_batch_longer_than_the_read_is_given_whole_from_ring_memory() {
    let mut bed = with_twenty_batches();
    let ticket = bed.ask_read(id(1), 4, u64::MAX, 1);
    let Answer::Read(Ok(bytes)) = bed.answer(ticket) else { panic!("a read") };
    assert_eq!(contents_of(&bytes), vec![4]);
}

#[test]
fn a_batch_longer_than_the_read_takes_no_memory_until_whoever_reads_has_it() {
    let mut bed = with_twenty_batches();
    bed.reopen_after_close();
    let ticket = bed.ask_read(id(1), 4, u64::MAX, 1);
    let Answer::RoomWanted(room) = bed.answer(ticket) else { panic!("a batch is larger than a byte") };
    let short = bed.ask_read(id(1), 4, u64::MAX, room - 1);
    assert_eq!(bed.answer(short), Answer::RoomWanted(room));
    let enough = bed.ask_read(id(1), 4, u64::MAX, room);
    let Answer::Read(Ok(bytes)) = bed.answer(enough) else { panic!("a read") };
    assert_eq!((contents_of(&bytes), bytes.len()), (vec![4], room));
}

/// Offsets 2k and 2k + 1 have the times 1000 k and 1000 k + 500.
fn with_times(config: LogConfig) -> Bed {
    let mut bed = Bed::with_partition(1, config);
    for content in 0..20 {
        bed.append(id(1), &timed(content, 1000 * content as i64));
    }
    bed
}

fn assert_times(bed: &mut Bed, after: &str) {
    for (timestamp, offset) in [(0, 0), (1, 1), (500, 1), (501, 2), (7000, 14), (7100, 15), (19_500, 39)] {
        let found = bed.find(id(1), timestamp).unwrap_or_else(|| panic!("nothing at {timestamp} after {after}"));
        assert_eq!(found.offset, offset, "the first record at or behind {timestamp}, after {after}");
    }
    assert_eq!(bed.find(id(1), 19_501), None, "after {after}");
}

#[test]
fn times_are_found_however_the_segments_came_back() {
    let small_segments = LogConfig { segment_size_max: 800, ..small_log() };
    for config in [small_segments, LogConfig { durability: replicated().durability, ..small_segments }] {
        let mut bed = with_times(config);
        assert_times(&mut bed, "the appends");
        bed.reopen_after_kill();
        assert_times(&mut bed, "a replay");
        bed.reopen_after_close();
        assert_times(&mut bed, "a clean stop");
        bed.reopen_after_power_loss(5);
        assert_times(&mut bed, "a power loss");
    }
}

#[test]
fn a_raised_log_start_removes_whole_segments_and_never_the_active_one() {
    let mut bed = with_twenty_batches();
    bed.checkpoint();
    let bases = log_files(&bed);
    assert!(bases.len() >= 2, "{bases:?}");
    let active = *bases.last().expect("two at least");
    assert_eq!(bed.control(id(1), Control::LogStart { to: bases[1] + 1 }), Answer::Done);
    bed.settle();
    assert_eq!(log_files(&bed), bases[1..].to_vec(), "the one that holds the log start stays");
    assert_eq!(bed.control(id(1), Control::LogStart { to: 20 }), Answer::Done);
    bed.settle();
    bed.checkpoint();
    assert_eq!(log_files(&bed), vec![active]);
    assert_eq!(bed.append(id(1), &batch_of(20, 100)).base, 20);
    bed.reopen_after_power_loss(1);
    assert_eq!(bed.contents(id(1)), vec![20]);
    assert_eq!(bed.partition(id(1)).log_start, 20);
}

#[test]
fn segments_below_the_log_start_go_once_a_checkpoint_does_without_them() {
    let mut bed = with_twenty_batches();
    let bases = log_files(&bed);
    assert_eq!(bed.control(id(1), Control::LogStart { to: bases[1] }), Answer::Done);
    bed.checkpoint();
    assert_eq!(log_files(&bed), bases[1..].to_vec());
    bed.reopen_after_power_loss(2);
    assert_eq!(bed.contents(id(1)).first(), Some(&bases[1]));
}

#[test]
fn retention_moves_the_log_start_by_whole_segments_durably_and_keeps_the_active_one() {
    let bound = LogConfig { retention_size: Some(24 << 10), retention_ms: None, ..small_log() };
    let mut bed = Bed::with_partition(1, bound);
    for content in 0..40 {
        bed.append(id(1), &batch_of(content, 2000));
    }
    bed.checkpoint();
    let bases = log_files(&bed);
    assert!(bases.len() >= 4, "{bases:?}");
    assert_eq!(bed.store().apply_retention(), 1);
    bed.settle();
    bed.checkpoint();
    let kept = log_files(&bed);
    assert_eq!(kept, bases[bases.len() - 2..], "what is left is as large as the bound, or a segment larger");
    let start = bed.partition(id(1)).log_start;
    assert_eq!(start, kept[0]);
    bed.reopen_after_power_loss(3);
    assert_eq!((bed.partition(id(1)).log_start, bed.contents(id(1))), (start, (start..40).collect()));
    assert_eq!(bed.store().apply_retention(), 0, "nothing has expired since");
}

#[test]
fn a_segment_that_is_being_read_outlives_the_raised_log_start() {
    for seed in 0..10 {
        let mut bed = with_twenty_batches();
        bed.reopen_after_close();
        bed.disk.advance(seed * 100_000);
        let bases = log_files(&bed);
        // The read has its file and waits for the bytes while the segment falls below the log start.
        let read = bed.ask_read(id(1), 0, u64::MAX, 64 << 10);
        let raise = bed.ask_control(id(1), Control::LogStart { to: bases[1] });
        let Answer::Read(Ok(bytes)) = bed.answer(read) else { panic!("seed {seed}: the read that began was cut off") };
        assert_eq!(contents_of(&bytes).first(), Some(&0), "seed {seed}");
        assert_eq!(bed.answer(raise), Answer::Done);
        bed.checkpoint();
        bed.settle();
        assert_eq!(log_files(&bed), bases[1..].to_vec(), "seed {seed}: it goes when the read has ended");
    }
}

#[test]
fn ring_memory_under_a_lease_is_not_overwritten() {
    let mut bed = Bed::with_partition(1, small_log());
    let handle = bed.handle(id(1));
    let (mut writer, reader, mut leases) = OwnedRing::new(64 << 10, 1).expect("a legal capacity").split_with_leases();
    let ring = bed.store().attach_ring(reader);
    let mut leased: Option<(u64, Vec<u8>)> = None;
    for content in 0..60 {
        let bytes = batch_of(content, 4000);
        let Ok(claim) = writer.claim(bytes.len()) else { break };
        let position = claim.position();
        claim.payload().write(0, &bytes);
        let ticket = bed.announce(id(1), &bytes);
        writer.publish(claim, handle, 0, ticket);
        bed.settle();
        if leased.is_none() {
            leases[0].acquire(position).expect("it is there");
            leased = Some((position, bytes));
        }
    }
    let (position, bytes) = leased.expect("the first one was leased");
    assert!(bed.store().ring(ring).floor() > position, "the owner let go of it");
    let slot = bed.store().ring(ring).piece_at(position + SLOT_HEADER_SIZE as u64, bytes.len());
    assert_eq!(slot.bytes()[21..], bytes[21..], "but it still stands there");
    leases[0].release();
    bed.turn();
    assert!(bed.store().ring(ring).head() > position);
}
