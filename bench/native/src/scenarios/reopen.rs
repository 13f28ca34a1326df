//! From the start of a node to its first durable ack: on an empty disk, and after kill -9 under load. The bare loop
//! looks at every file, reads what recovery replayed from the journal and writes it to a file per partition, synced.

use crate::bed::Bed;
use crate::cpu;
use crate::figure::{median, Figure};
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::{Plan, Spinning};
use crate::system::{self, write_gathered};
use crate::victim::{append_one, Task};
use millrace_native::io::AlignedBuffer;
use millrace_native::journal::entry::Durability;
use millrace_native::log::segment::DataPaths;
use millrace_native::store::{Catalog, RecoveryReport};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 3;
const GB: u64 = 1_000_000_000;

pub fn run(plan: &Plan) {
    if plan.wants_case("fresh") {
        fresh(plan);
    }
    let size = if plan.is_quick { GB / 2 } else { 2 * GB };
    let data = Task { partitions: 8, batch_size: 64 << 10, segment_size: 1 << 30, journal_size: 512 << 20, size };
    crashed(plan, "2 GB", data, 200 << 20);
    let segments =
        Task { partitions: 10, batch_size: 8 << 10, segment_size: 8 << 10, journal_size: 512 << 20, size: 10_000 * (8 << 10) };
    crashed(plan, "10000 segments", segments, 1 << 20);
}

/// A journal as full as it gets before a checkpoint, and nothing else.
pub fn run_recovery(plan: &Plan) {
    let size = if plan.is_quick { 100 << 20 } else { 400 << 20 };
    let task = Task { partitions: 8, batch_size: 64 << 10, segment_size: 1 << 30, journal_size: 1 << 30, size };
    let runs: Vec<Reopened> = (0..ROUNDS)
        .map(|_| {
            let bed = Bed::new(&plan.directory, "store");
            task.run_and_kill(bed.path());
            reopen(bed.path(), task)
        })
        .collect();
    print("recovery", "a full journal", None, &runs);
}

fn fresh(plan: &Plan) {
    let seconds = (0..ROUNDS).map(|_| {
        let bed = Bed::new(&plan.directory, "store");
        let begin = Instant::now();
        let mut node = Node::open(bed.path(), store_config(512 << 20), 64 << 20, &Catalog::default());
        let handles = node.create(&partition_ids(1), log_config(Durability::Fsync));
        append_one(&mut node, handles[0]);
        begin.elapsed().as_secs_f64()
    });
    let figure = Figure::new("reopen", "fresh").text("ack", "stable media").number("load", cpu::load());
    figure.number("first_ack_s", median(seconds)).print();
}

struct Reopened {
    open_s: f64,
    first_ack_s: f64,
    report: RecoveryReport,
    bare_s: f64,
    data_size: u64,
    files: u64,
}

fn crashed(plan: &Plan, name: &str, task: Task, further: u64) {
    if !plan.wants_case(name) {
        return;
    }
    for spinning in plan.spinner_modes() {
        let bed = Bed::new(&plan.directory, "store");
        let _spinners = spinning.start();
        let runs: Vec<Reopened> = (0..ROUNDS)
            .map(|round| {
                let size = if round == 0 { task.size } else { further };
                Task { size, ..task }.run_and_kill(bed.path());
                reopen(bed.path(), task)
            })
            .collect();
        print("reopen", name, Some(spinning), &runs);
    }
}

/// The page cache survives a kill; a machine that died starts without it.
fn forget(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            forget(&path);
        } else if let Ok(file) = File::open(&path) {
            system::forget_pages(&file);
        }
    }
}

fn reopen(data: &Path, task: Task) -> Reopened {
    // Dirty pages cannot be dropped. One call: ten thousand files synced one by one would take minutes.
    system::settle(data);
    forget(&DataPaths::new(data).topics());
    let begin = Instant::now();
    let mut node = task.open(data);
    let open_s = begin.elapsed().as_secs_f64();
    let handle = node.store.handles().next().expect("partitions");
    append_one(&mut node, handle);
    let first_ack_s = begin.elapsed().as_secs_f64();
    let report = node.report.clone();
    let segments = node.store.handles().filter_map(|handle| Some(&node.store.partition(handle)?.segments)).flatten();
    let (files, data_size) = segments.fold((0, 0), |(files, size), segment| (files + 1, size + segment.size));
    let bare_s = look_at_files(&DataPaths::new(data).topics()) + copy_journal(data, report.bytes, task.partitions);
    Reopened { open_s, first_ack_s, report, bare_s, data_size, files }
}

/// Every file of every partition, by its name: a recovery has to know what is there.
fn look_at_files(topics: &Path) -> f64 {
    let begin = Instant::now();
    for partition in fs::read_dir(topics).expect("the partitions").flatten() {
        let files = fs::read_dir(partition.path()).expect("a partition").flatten();
        files.for_each(|file| drop(std::hint::black_box(file.metadata())));
    }
    begin.elapsed().as_secs_f64()
}

/// Only the system calls: the journal's bytes read, the same number written to a file per partition and synced.
fn copy_journal(data: &Path, size: u64, partitions: u32) -> f64 {
    const CHUNK: usize = 8 << 20;
    let journal = system::open_direct(&DataPaths::new(data).journals().join("00000.journal"));
    let journal_size = journal.metadata().expect("the journal").len();
    let files: Vec<File> =
        (0..partitions).map(|index| File::create(data.join(format!("copy-{index}"))).expect("a copy")).collect();
    let mut buffer = AlignedBuffer::new(CHUNK);
    let begin = Instant::now();
    let mut done = 0;
    while done < size {
        let position = done % (journal_size - CHUNK as u64).max(1) / 4096 * 4096;
        let count = journal.read_at(buffer.bytes_mut(), position).expect("the journal is readable");
        let piece = buffer.piece(0, count.min((size - done) as usize));
        let file = &files[(done / CHUNK as u64) as usize % files.len()];
        write_gathered(
            file,
            &[libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() }],
            done / u64::from(partitions),
        );
        done += piece.size() as u64;
    }
    files.iter().for_each(|file| file.sync_data().expect("synced"));
    let seconds = begin.elapsed().as_secs_f64();
    (0..partitions).for_each(|index| drop(fs::remove_file(data.join(format!("copy-{index}")))));
    seconds
}

fn print(scenario: &str, case: &str, spinning: Option<Spinning>, runs: &[Reopened]) {
    let mid = |value: fn(&Reopened) -> f64| median(runs.iter().map(value));
    let figure = Figure::new(scenario, case);
    let figure = spinning.map_or(figure.clone(), |spinning| figure.text("spinners", spinning.name()));
    figure
        .text("ack", "stable media")
        .number("load", cpu::load())
        .number("runs", runs.len() as f64)
        .number("open_s", mid(|run| run.open_s))
        .number("first_ack_s", mid(|run| run.first_ack_s))
        .number("first_ack_max_s", runs.iter().map(|run| run.first_ack_s).fold(0.0, f64::max))
        .number("bare_s", mid(|run| run.bare_s))
        .number("wall_ratio", mid(|run| run.open_s / run.bare_s))
        .number("replayed_mb", mid(|run| run.report.bytes as f64 / 1e6))
        .number("replayed_mb_per_s", mid(|run| run.report.bytes as f64 / 1e6 / run.open_s))
        .number("replayed_commits", mid(|run| run.report.commits as f64))
        .number("data_mb", mid(|run| run.data_size as f64 / 1e6))
        .number("segments", mid(|run| run.files as f64))
        .print();
}
