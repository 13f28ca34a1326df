//! Reads of what was appended: from ring memory, from segments in the page cache, from segments on the device; beside
//! a copy of the same memory, or a read call for the same bytes.

use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu::{self, Mark};
use crate::figure::Figure;
use crate::lap::{write_pairs, Lap, Pair};
use crate::load::Load;
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::Plan;
use crate::system;
use millrace_native::journal::entry::Durability;
use millrace_native::log::segment::DataPaths;
use millrace_native::store::{Catalog, Event, ReadOutcome};
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::time::Duration;

const BATCH_SIZE: usize = 64 << 10;
const READ_SIZE: usize = 1 << 20;
const LAPS: usize = 9;

pub fn run_hot(plan: &Plan) {
    let size = 16 << 20;
    let (_bed, mut ours, _) = written(plan, size, 64 << 20);
    let mut target = vec![0; READ_SIZE];
    let source = vec![0x5a_u8; size as usize];
    let pairs: Vec<Pair> = (0..laps(plan))
        .map(|_| (hot_lap(&mut ours.node, ours.handles[0], &mut target, 32), memory_lap(&source, &mut target, 32)))
        .collect();
    print("read-hot", "ring memory", &pairs);
}

pub fn run_warm(plan: &Plan) {
    from_segments(plan, "read-warm", "page cache", |_| {});
}

pub fn run_cold(plan: &Plan) {
    from_segments(plan, "read-cold", "device", |file| {
        file.sync_data().expect("dirty pages cannot be dropped");
        system::forget_pages(file);
    });
}

fn laps(plan: &Plan) -> usize {
    if plan.is_quick {
        3
    } else {
        LAPS
    }
}

fn print(scenario: &str, from: &str, pairs: &[Pair]) {
    let figure = Figure::new(scenario, "64 KiB batches, 1 MiB reads").text("from", from).number("load", cpu::load());
    write_pairs(pairs, figure).print();
}

/// A partition with so many bytes in its segment, and the segment's file.
fn written(plan: &Plan, size: u64, ring: usize) -> (Bed, Load<'static>, File) {
    let batch: &'static [u8] = Vec::leak(batch_of(BATCH_SIZE));
    let bed = Bed::new(&plan.directory, "store");
    let mut node = Node::open(bed.path(), store_config(64 << 20), ring, &Catalog::default());
    let ids = partition_ids(1);
    let handles = node.create(&ids, log_config(Durability::Replicated));
    let mut load = Load::new(node, handles, batch, 1 << 20);
    load.lap(size, Duration::from_secs(60));
    let file = File::open(DataPaths::new(bed.path()).log(&ids[0], 0)).expect("the segment");
    (bed, load, file)
}

fn hot_lap(node: &mut Node, handle: u32, target: &mut [u8], rounds: usize) -> Lap {
    let end = node.store.partition(handle).expect("a live partition").stable_end();
    let mark = Mark::now();
    let mut size = 0;
    for _ in 0..rounds {
        let mut offset = 0;
        while offset < end {
            let ReadOutcome::Hot(slices) = node.store.read(handle, 0, offset, end, READ_SIZE) else {
                panic!("not in ring memory")
            };
            for slice in slices {
                target[..slice.piece.size()].copy_from_slice(slice.piece.bytes());
                size += slice.piece.size() as u64;
                offset = slice.next;
            }
            black_box(&mut *target);
        }
    }
    Lap { acknowledged: size, spent: mark.spent(), checkpoints: 0 }
}

fn memory_lap(source: &[u8], target: &mut [u8], rounds: usize) -> Lap {
    let mark = Mark::now();
    for _ in 0..rounds {
        for batch in source.chunks(BATCH_SIZE) {
            target[..batch.len()].copy_from_slice(batch);
            black_box(&mut *target);
        }
    }
    Lap { acknowledged: (source.len() * rounds) as u64, spent: mark.spent(), checkpoints: 0 }
}

fn from_segments(plan: &Plan, scenario: &str, from: &str, prepare: impl Fn(&File)) {
    let size = 256 << 20;
    let (_bed, mut ours, file) = written(plan, size, 4 << 20);
    let pairs: Vec<Pair> = (0..laps(plan))
        .map(|_| {
            prepare(&file);
            let first = segment_lap(&mut ours.node, ours.handles[0]);
            prepare(&file);
            (first, file_lap(&file, first.acknowledged))
        })
        .collect();
    print(scenario, from, &pairs);
}

/// Up to the part that is still in the ring.
fn segment_lap(node: &mut Node, handle: u32) -> Lap {
    let end = node.store.partition(handle).expect("a live partition").stable_end();
    let mark = Mark::now();
    let mut offset = 0;
    let mut size = 0;
    while let ReadOutcome::Pending = node.store.read(handle, 0, offset, end, READ_SIZE) {
        let bytes = await_read(node);
        (size, offset) = (size + bytes.0, bytes.1);
    }
    Lap { acknowledged: size, spent: mark.spent(), checkpoints: 0 }
}

/// How many bytes, and the offset behind them.
fn await_read(node: &mut Node) -> (u64, u64) {
    loop {
        match node.step().pop() {
            Some(Event::Read { result: Ok(bytes), .. }) => return (black_box(bytes.bytes()).len() as u64, bytes.next),
            Some(other) => panic!("read: {other:?}"),
            None => {}
        }
    }
}

fn file_lap(file: &File, size: u64) -> Lap {
    let mut target = vec![0; READ_SIZE];
    let mark = Mark::now();
    let mut position = 0;
    while position < size {
        let count = file.read_at(&mut target, position).expect("the segment is readable");
        assert!(count > 0, "the segment ends before {size}");
        black_box(&mut target);
        position += count as u64;
    }
    Lap { acknowledged: position, spent: mark.spent(), checkpoints: 0 }
}
