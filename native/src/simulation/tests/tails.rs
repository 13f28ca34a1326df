//! What live readers get: batches in ring memory below the stable end, and no word of what is not there (rules 13, 17).

use super::bed::{batch_of, contents_of, id, Bed};
use crate::simulation::rig::small_log;
use crate::store::{Control, Tail};

fn tail(bed: &mut Bed, from: u64, size_max: usize) -> Tail {
    let handle = bed.handle(id(1));
    bed.store().tail(handle, from, size_max).expect("served")
}

fn contents(tail: &Tail) -> Vec<u64> {
    tail.slices.iter().flat_map(|slice| contents_of(slice.piece.bytes())).collect()
}

#[test]
fn a_tail_holds_what_became_stable_and_nothing_else() {
    let mut bed = Bed::with_partition(1, small_log());
    assert!(tail(&mut bed, 0, 1 << 20).slices.is_empty());
    bed.append_each(id(1), 0..3, 200);
    bed.offer(id(1), &batch_of(3, 200));
    let now = bed.rig.now();
    bed.store().turn(now);
    assert_eq!(bed.partition(id(1)).end, 4, "it is listed");
    let seen = tail(&mut bed, 1, 1 << 20);
    assert_eq!((seen.log_start, seen.stable_end, contents(&seen)), (0, 3, vec![1, 2]));
    assert_eq!(contents(&tail(&mut bed, 1, 1)), vec![1], "at least one");
    assert!(tail(&mut bed, 3, 1 << 20).slices.is_empty(), "nothing new");
    bed.settle();
    assert_eq!(contents(&tail(&mut bed, 3, 1 << 20)), vec![3]);
    assert!(tail(&mut bed, 9, 1 << 20).slices.is_empty(), "beyond the end");
}

#[test]
fn a_tail_says_where_the_log_begins_and_serves_nothing_below() {
    let mut bed = Bed::with_partition(2, small_log());
    bed.append_each(id(1), 0..4, 200);
    bed.control(id(1), Control::LogStart { to: 2 });
    let seen = tail(&mut bed, 1, 1 << 20);
    assert_eq!((seen.log_start, seen.stable_end, seen.slices.len()), (2, 4, 0));
    bed.truncate(id(1), 3);
    assert_eq!(contents(&tail(&mut bed, 2, 1 << 20)), vec![2]);
    let handle = bed.handle(id(1));
    let ticket = bed.ask_delete(id(1));
    assert!(bed.store().tail(handle, 2, 1).is_none());
    bed.answer(ticket);
}

#[test]
fn a_reader_that_holds_a_slice_knows_when_it_is_stale() {
    let mut bed = Bed::with_partition(3, small_log());
    bed.append(id(1), &batch_of(0, 200));
    let slice = tail(&mut bed, 0, 1).slices[0];
    assert!(bed.store().ring(slice.ring).floor() <= slice.ring_position, "a lease would be given");
    let mut content = 1;
    while bed.store().ring(slice.ring).floor() <= slice.ring_position {
        assert_eq!(contents(&tail(&mut bed, 0, 1)), vec![0], "served as long as it is there");
        assert_eq!(contents_of(slice.piece.bytes()), vec![0], "and the same bytes");
        bed.append(id(1), &batch_of(content, 4000));
        content += 1;
    }
    // The floor has passed it: a lease at its position is refused, and nobody is given it any more.
    let now = tail(&mut bed, 0, 1 << 20);
    assert!(now.slices.is_empty() && now.stable_end > 0, "read by offset");
    let from = bed.partition(id(1)).end - 1;
    assert_eq!(contents(&tail(&mut bed, from, 1)), vec![content - 1]);
}

#[test]
fn tails_and_reads_go_on_when_the_shard_is_fenced() {
    use crate::io::sim::{Fault, FaultPlan, OpKind};
    let mut bed = Bed::with_partition(4, small_log());
    bed.append_each(id(1), 0..3, 200);
    bed.disk.set_faults(FaultPlan::new().always(OpKind::Write, ".journal", Fault::Error(crate::io::IoError::MEDIA)));
    bed.offer(id(1), &batch_of(3, 200));
    assert!(bed.run_until(|bed| bed.fenced.is_some()));
    let seen = tail(&mut bed, 0, 1 << 20);
    assert_eq!((seen.stable_end, contents(&seen)), (3, vec![0, 1, 2]));
}
