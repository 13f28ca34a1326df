//! Machines that allow less: no io_uring, no memory to lock, files that may not grow.

use super::bed::{call, contents, filled, open, Bed};
use super::run_again::{self, is_child, BLOCKS_ALLOWED, MEMLOCK_ALLOWED};
use crate::io::{open_io, Blocking, FallbackIo, Io, IoChoice, Op, OpenMode, PageCache, SyncMethod, UringIo, BLOCK_SIZE};

/// Also tells that the restriction works at all.
#[test]
fn uring_runs_without_memory_to_lock() {
    if is_child() {
        let size = 2 * MEMLOCK_ALLOWED as usize;
        let buffer = filled(size, 1);
        // SAFETY: memory of ours.
        let locked = unsafe { libc::mlock(buffer.bytes().as_ptr().cast(), size) };
        assert_ne!(locked, 0, "this process may lock memory: the test shows nothing");
        assert!(UringIo::new().is_ok());
        return;
    }
    let this = "io::suite::restricted::uring_runs_without_memory_to_lock";
    assert_eq!(run_again::without_locked_memory(&[this, "--exact"]), 1);
}

#[test]
fn the_whole_suite_of_uring_runs_without_memory_to_lock() {
    let filter = [
        "io::suite::files::uring",
        "io::suite::names::uring",
        "io::suite::flight::uring",
        "io::suite::wakeup::uring",
        "io::suite::registered::uring",
    ];
    assert!(run_again::without_locked_memory(&filter) > 30);
}

/// Writes across the limit, so that the kernel writes a part, and beyond it, so that it writes nothing.
fn write_across_the_limit(bed: &Bed) {
    let mut io = bed.io();
    let block = BLOCK_SIZE as u64;
    for (mode, durable) in [
        (OpenMode::Write, None),
        (OpenMode::Write, Some(SyncMethod::Linked)),
        (OpenMode::Direct, Some(SyncMethod::Linked)),
        (OpenMode::Direct, Some(SyncMethod::Dsync)),
    ] {
        let path = bed.path(&format!("{mode:?}-{durable:?}"));
        let file = open(&mut *io, &path, mode);
        let buffer = filled(4 * BLOCK_SIZE, 7);
        let mut write = |position, count: usize| {
            let pieces = (0..count).map(|index| buffer.piece(index * BLOCK_SIZE, BLOCK_SIZE)).collect();
            call(&mut *io, Op::Write { file, position, pieces, durable })
        };
        assert_eq!(write(2 * block, 4), Ok(2 * block), "{mode:?} {durable:?}");
        assert!(write(4 * block, 1).is_err_and(|error| error.is_no_space()), "{mode:?} {durable:?}");
        // The file is as usable as before: nothing of the cancelled sync lingers.
        assert_eq!(write(0, 2), Ok(2 * block));
        assert_eq!(Blocking::new(&mut *io).sync(file), Ok(()));
        Blocking::new(&mut *io).close(file).expect("closes");
        assert!(contents(&mut *io, &path).expect("exists") == buffer.bytes());
    }
}

#[test]
fn a_short_write_answers_its_count() {
    if run_again::with_small_files("io::suite::restricted::a_short_write_answers_its_count") {
        return;
    }
    for bed in [Bed::uring(), Bed::old_uring(), Bed::fallback()] {
        write_across_the_limit(&bed);
    }
}

/// Some of it lands, some does not: the whole may answer either way, but never that all is well.
fn write_much_across_the_limit(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    let size = 1 << 20;
    let buffer = filled(size, 7);
    let mut write = |position, size| {
        let pieces = vec![buffer.piece(0, size / 2), buffer.piece(size / 2, size / 2)];
        call(&mut *io, Op::Write { file, position, pieces, durable: None })
    };
    match write(BLOCK_SIZE as u64, size) {
        Ok(count) => assert_eq!(count, (BLOCKS_ALLOWED - 1) * BLOCK_SIZE as u64),
        Err(error) => assert!(error.is_no_space(), "{error:?}"),
    }
    assert!(write(BLOCKS_ALLOWED * BLOCK_SIZE as u64, size).is_err_and(|error| error.is_no_space()));
    assert_eq!(write(0, 2 * BLOCK_SIZE), Ok(2 * BLOCK_SIZE as u64));
    Blocking::new(&mut *io).close(file).expect("nothing is left under way");
}

#[test]
fn a_large_write_is_whole_or_not() {
    if run_again::with_small_files("io::suite::restricted::a_large_write_is_whole_or_not") {
        return;
    }
    for bed in [Bed::uring(), Bed::old_uring(), Bed::fallback()] {
        write_much_across_the_limit(&bed);
    }
}

#[test]
fn the_fallback_syncs_a_whole_linked_write_and_not_a_short_one() {
    if run_again::with_small_files("io::suite::restricted::the_fallback_syncs_a_whole_linked_write_and_not_a_short_one") {
        return;
    }
    let bed = Bed::fallback();
    let mut io = FallbackIo::new().expect("threads start");
    let file = open(&mut io, &bed.path("f"), OpenMode::Write);
    let buffer = filled(2 * BLOCK_SIZE, 7);
    let mut calls_of = |position, size, durable| {
        let before = io.system_calls();
        let pieces = vec![buffer.piece(0, size)];
        let _ = call(&mut io, Op::Write { file, position, pieces, durable });
        io.system_calls() - before
    };
    let last = (BLOCKS_ALLOWED - 1) * BLOCK_SIZE as u64;
    assert_eq!(calls_of(0, BLOCK_SIZE, None), 1);
    assert_eq!(calls_of(0, BLOCK_SIZE, Some(SyncMethod::Dsync)), 1);
    assert_eq!(calls_of(0, BLOCK_SIZE, Some(SyncMethod::Linked)), 2, "the write and its sync");
    assert_eq!(calls_of(last, 2 * BLOCK_SIZE, Some(SyncMethod::Linked)), 1, "a short write");
    assert_eq!(calls_of(last + BLOCK_SIZE as u64, BLOCK_SIZE, Some(SyncMethod::Linked)), 1, "a failed write");
}

/// Forbids io_uring to this thread and those it starts, as a container's seccomp profile does.
fn forbid_uring() {
    let instruction = |code, k, jt, jf| libc::sock_filter { code, k, jt, jf };
    let (load, equal, answer) = (0x20, 0x15, 0x06);
    let program = [
        instruction(load, 0, 0, 0),
        instruction(equal, libc::SYS_io_uring_setup as u32, 0, 1),
        instruction(answer, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0),
        instruction(answer, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program outlives the call that reads it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter), 0);
    }
}

#[test]
fn where_uring_is_forbidden_the_fallback_is_chosen_and_says_why() {
    let check = || {
        forbid_uring();
        let mut opened = open_io(IoChoice::Auto, PageCache::Keep).expect("the fallback needs nothing special");
        assert_eq!(opened.io.name(), "fallback");
        let why = opened.why_not_uring.expect("there is something to announce");
        assert!(why.contains("seccomp"), "{why}");
        assert!(open_io(IoChoice::Uring, PageCache::Keep).is_err());
        let bed = Bed::fallback();
        open(&mut *opened.io, &bed.path("f"), OpenMode::Write);
        assert_eq!(opened.io.file_size(&bed.path("f")), Ok(Some(0)));
    };
    std::thread::spawn(check).join().expect("the checks hold");
}

#[test]
fn the_choice_is_kept_where_it_can_be() {
    for (choice, name) in [(IoChoice::Auto, "uring"), (IoChoice::Uring, "uring"), (IoChoice::Fallback, "fallback")] {
        let opened = open_io(choice, PageCache::Keep).expect("this machine allows io_uring");
        assert_eq!(opened.io.name(), name);
        assert_eq!(opened.why_not_uring, None);
    }
}
