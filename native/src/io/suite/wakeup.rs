//! The descriptor that an event loop polls instead of calling `wait`.

use super::bed::{filled, open, Bed};
use super::over_real;
use crate::io::{Completion, Io, Op, OpenMode, SyncMethod, BLOCK_SIZE};

over_real!(
    the_descriptor_is_readable_while_completions_wait,
    a_loop_that_only_sleeps_on_the_descriptor_gets_everything,
    results_without_the_kernel_wake_too,
    asking_for_the_descriptor_late_loses_nothing,
    waiting_leaves_no_signal_behind,
);

/// Long enough that running into it is a lost wake-up, on the slowest machine.
const PATIENCE_MS: i32 = 20_000;

fn is_readable(io: &dyn Io, patience_ms: i32) -> bool {
    let fd = io.wakeup_fd().expect("a real Io has a descriptor");
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd.
    (unsafe { libc::poll(&mut poll, 1, patience_ms) }) == 1
}

/// A poll takes the signal with what it announced. The kernel may signal once more, late, when it puts away the
/// request: a wake-up that finds nothing, and is over with the next poll.
fn is_quiet(io: &mut dyn Io) -> bool {
    const LATE_SIGNALS_MAX: usize = 20;
    let mut completions = Vec::new();
    for _ in 0..LATE_SIGNALS_MAX {
        if !is_readable(io, 0) {
            return true;
        }
        io.poll(&mut completions);
        assert!(completions.is_empty(), "nothing was in flight");
    }
    false
}

/// Sleeps on the descriptor until everything in flight is back.
fn sleep_until_done(io: &mut dyn Io, completions: &mut Vec<Completion>) {
    while io.in_flight() > 0 {
        assert!(is_readable(io, PATIENCE_MS), "a wake-up was lost with {} in flight", io.in_flight());
        io.poll(completions);
    }
}

fn the_descriptor_is_readable_while_completions_wait(bed: &Bed) {
    let mut io = bed.io();
    assert!(!is_readable(&*io, 0));
    let mut completions = Vec::new();
    for round in 0..50 {
        io.submit(round, Op::MakeDir { path: bed.path(&round.to_string()) });
        assert!(is_quiet(&mut *io), "nothing was flushed");
        io.flush();
        assert!(is_readable(&*io, PATIENCE_MS));
        assert!(is_readable(&*io, 0), "until it is polled it stays so");
        sleep_until_done(&mut *io, &mut completions);
        assert!(is_quiet(&mut *io), "nothing waits any more");
    }
    assert_eq!(completions.len(), 50);
}

fn a_loop_that_only_sleeps_on_the_descriptor_gets_everything(bed: &Bed) {
    let mut io = bed.io();
    let buffered = open(&mut *io, &bed.path("buffered"), OpenMode::Write);
    let direct = open(&mut *io, &bed.path("direct"), OpenMode::Direct);
    assert!(is_quiet(&mut *io));
    let buffer = filled(8 * BLOCK_SIZE, 1);
    let mut completions = Vec::new();
    let mut submitted = 0;
    for round in 0..300u64 {
        for index in 0..round % 5 + 1 {
            let position = index * BLOCK_SIZE as u64;
            let piece = buffer.piece(position as usize, BLOCK_SIZE);
            let op = match (round + index) % 4 {
                0 => Op::Write { file: buffered, position, pieces: vec![piece], durable: None },
                1 => Op::Write { file: direct, position, pieces: vec![piece], durable: Some(SyncMethod::Linked) },
                2 => Op::Write { file: direct, position, pieces: vec![piece], durable: Some(SyncMethod::Dsync) },
                _ => Op::Sync { file: buffered },
            };
            io.submit(submitted, op);
            submitted += 1;
        }
        io.flush();
        if round % 3 == 0 {
            io.poll(&mut completions);
        }
        if round % 10 != 9 {
            sleep_until_done(&mut *io, &mut completions);
        }
    }
    sleep_until_done(&mut *io, &mut completions);
    assert_eq!(completions.len() as u64, submitted);
    assert!(completions.iter().all(|completion| completion.result.is_ok()));
    assert!(is_quiet(&mut *io));
}

fn results_without_the_kernel_wake_too(bed: &Bed) {
    let mut io = bed.io();
    assert!(!is_readable(&*io, 0));
    io.submit(1, Op::Sync { file: crate::io::FileId(5) });
    io.flush();
    assert!(is_readable(&*io, 0));
    let mut completions = Vec::new();
    io.poll(&mut completions);
    assert_eq!(completions.len(), 1);
    assert!(!is_readable(&*io, 0));
}

fn asking_for_the_descriptor_late_loses_nothing(bed: &Bed) {
    for round in 0..20 {
        let mut io = bed.io();
        io.submit(1, Op::MakeDir { path: bed.path(&round.to_string()) });
        io.flush();
        if round % 2 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        assert!(is_readable(&*io, PATIENCE_MS));
        sleep_until_done(&mut *io, &mut Vec::new());
    }
}

fn waiting_leaves_no_signal_behind(bed: &Bed) {
    let mut io = bed.io();
    assert!(!is_readable(&*io, 0));
    let mut completions = Vec::new();
    for round in 0..50 {
        io.submit(round, Op::MakeDir { path: bed.path(&round.to_string()) });
        if round % 2 == 0 {
            io.flush();
            assert!(is_readable(&*io, PATIENCE_MS));
        }
        io.wait(&mut completions);
        assert!(is_quiet(&mut *io));
    }
    assert_eq!(completions.len(), 50);
}
