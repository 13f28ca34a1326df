use super::*;
use crate::io::suite::{run_again, Bed, BLOCKS_ALLOWED};
use crate::io::{AlignedBuffer, Blocking, BLOCK_SIZE};

const BLOCK: u64 = BLOCK_SIZE as u64;

/// What the kernel answered to the write and to its sync.
fn halves_of(io: &mut UringIo, file: FileId, position: u64, count: usize) -> (i32, i32) {
    let buffer = AlignedBuffer::new(count * BLOCK_SIZE);
    let pieces = (0..count).map(|index| buffer.piece(index * BLOCK_SIZE, BLOCK_SIZE)).collect();
    io.seen.clear();
    let _ = Blocking::new(io).call(Op::Write { file, position, pieces, durable: Some(SyncMethod::Linked) });
    let half = |flag| io.seen.iter().find(|entry| entry.number & SYNC_HALF == flag).expect("both halves complete").result;
    assert_eq!(io.seen.len(), 2);
    (half(0), half(SYNC_HALF))
}

/// Files may not grow beyond a few blocks here: see `restricted`.
#[test]
fn a_short_or_failed_write_cancels_its_sync_in_the_kernel() {
    let this = "io::uring::tests::a_short_or_failed_write_cancels_its_sync_in_the_kernel";
    if run_again::with_small_files(this) {
        return;
    }
    for mut io in [UringIo::new().expect("io_uring"), UringIo::on_an_old_kernel()] {
        for mode in [OpenMode::Write, OpenMode::Direct] {
            let bed = Bed::uring();
            let file = Blocking::new(&mut io).open(&bed.path("f"), mode).expect("opens");
            assert_eq!(halves_of(&mut io, file, 0, 1), (BLOCK_SIZE as i32, 0), "{mode:?}");
            let limit = BLOCKS_ALLOWED * BLOCK;
            assert_eq!(halves_of(&mut io, file, limit - BLOCK, 2), (BLOCK_SIZE as i32, -libc::ECANCELED), "{mode:?}");
            assert_eq!(halves_of(&mut io, file, limit, 1), (-libc::EFBIG, -libc::ECANCELED), "{mode:?}");
        }
    }
}

/// Few descriptors are allowed here: the ring's table is as small, and what does not fit is an ordinary descriptor.
#[test]
fn files_beyond_the_table_are_ordinary_descriptors() {
    let this = "io::uring::tests::files_beyond_the_table_are_ordinary_descriptors";
    if run_again::with_few_descriptors(this) {
        return;
    }
    let bed = Bed::uring();
    let mut io = UringIo::new().expect("io_uring");
    let slots = io.free_slots.len();
    assert_eq!(slots, run_again::DESCRIPTORS_ALLOWED as usize);
    let buffer = AlignedBuffer::new(BLOCK_SIZE);
    for round in 0..3 {
        let files: Vec<FileId> = (0..slots + 8)
            .map(|index| Blocking::new(&mut io).open(&bed.path(&format!("{round}-{index}")), OpenMode::CreateNew).expect("opens"))
            .collect();
        assert_eq!(io.free_slots.len(), 0);
        for file in &files {
            let op = Op::SetSize { file: *file, size: 10 };
            assert_eq!(Blocking::new(&mut io).call(op), Ok(0));
            let read = Op::Read { file: *file, position: 0, target: buffer.piece(0, 100) };
            assert_eq!(Blocking::new(&mut io).call(read), Ok(10));
        }
        let closes = files.into_iter().map(|file| Op::Close { file }).collect();
        assert!(Blocking::new(&mut io).all(closes).iter().all(Result::is_ok));
        assert_eq!(io.free_slots.len(), slots, "every slot is free again");
    }
}

#[test]
fn a_pair_that_the_kernel_split_is_synced_again() {
    let bed = Bed::uring();
    let mut io = UringIo::new().expect("io_uring");
    let file = Blocking::new(&mut io).open(&bed.path("f"), OpenMode::Write).expect("opens");
    let buffer = AlignedBuffer::new(BLOCK_SIZE);
    io.seen.clear();
    let pieces = vec![buffer.piece(0, BLOCK_SIZE)];
    io.submit(7, Op::Write { file, position: 0, pieces, durable: Some(SyncMethod::Linked) });
    // What `submit` tells us when the kernel takes the first half alone.
    mark_split(&mut io.operations, SYNC_HALF);
    io.submit(8, Op::Close { file });
    let mut completions = Vec::new();
    while io.in_flight() > 0 {
        io.wait(&mut completions);
    }
    let results: Vec<_> = completions.iter().map(|completion| (completion.token, completion.result)).collect();
    assert_eq!(results, [(7, Ok(BLOCK)), (8, Ok(0))]);
    let syncs = io.seen.iter().filter(|entry| entry.number & SYNC_HALF != 0).count();
    assert_eq!(syncs, 2);
}

/// The kernel's note may come behind the work that it announces, when that was done on the way.
#[test]
fn a_note_of_work_that_is_done_already_holds_nobody_up() {
    let bed = Bed::uring();
    let mut io = UringIo::new().expect("io_uring");
    io.ring.has_empty_note = true;
    for is_watched in [false, true] {
        if is_watched {
            io.wakeup_fd();
        }
        let mut completions = Vec::new();
        io.poll(&mut completions);
        assert!(completions.is_empty());
        let mut blocking = Blocking::new(&mut io);
        let file = blocking.open(&bed.path("f"), OpenMode::Write).expect("opens");
        blocking.sync(file).expect("syncs");
        blocking.close(file).expect("closes");
    }
}

#[test]
fn a_small_buffered_write_is_done_when_its_flush_returns() {
    let bed = Bed::uring();
    let mut io = UringIo::new().expect("io_uring");
    let mut blocking = Blocking::new(&mut io);
    let file = blocking.open(&bed.path("f"), OpenMode::Write).expect("opens");
    let other = blocking.open(&bed.path("g"), OpenMode::Write).expect("opens");
    let buffer = AlignedBuffer::new(BLOCK_SIZE);
    let write = |position| Op::Write { file, position, pieces: vec![buffer.piece(0, 100), buffer.piece(100, 1)], durable: None };
    let mut completions = Vec::new();
    io.submit(1, write(0));
    io.flush_and_take(&mut completions);
    assert_eq!(completions.iter().map(|done| (done.token, done.result)).collect::<Vec<_>>(), [(1, Ok(101))]);
    assert_eq!(io.in_flight(), 0);
    io.submit(2, Op::Sync { file: other });
    io.submit(3, write(101));
    io.flush_and_take(&mut completions);
    assert!(completions.iter().all(|done| done.token != 3), "none while a file is synced");
    while io.in_flight() > 0 {
        io.wait(&mut completions);
    }
    io.submit(4, Op::Close { file });
    io.submit(5, Op::Write { file: other, position: 0, pieces: vec![buffer.piece(0, 8)], durable: None });
    io.submit(6, Op::Close { file: other });
    while io.in_flight() > 0 {
        io.wait(&mut completions);
    }
    assert!(completions.iter().all(|done| done.result.is_ok()), "a Close waits for a write that goes inline");
}

#[test]
fn whole_blocks_never_enter_the_page_cache_and_their_descriptor_closes_with_the_file() {
    let bed = Bed::uring();
    if !PageCache::Direct.is_possible_in(&bed.root) {
        return;
    }
    for io in [UringIo::new().expect("io_uring"), UringIo::on_an_old_kernel()] {
        let mut io = io.with_page_cache(PageCache::Direct);
        let path = bed.path("f");
        let buffer = AlignedBuffer::new(1 << 20);
        let file = Blocking::new(&mut io).open(&path, OpenMode::Write).expect("opens");
        for (position, size) in [(0, 128 << 10), (128 << 10, 1 << 20)] {
            let pieces = vec![buffer.piece(0, size)];
            let written = Blocking::new(&mut io).call(Op::Write { file, position, pieces, durable: None });
            assert_eq!(written, Ok(size as u64));
        }
        let shared = SharedFile::open(&path).expect("opens");
        assert!((0..288).all(|page| !shared.is_resident(page * BLOCK, BLOCK_SIZE)));
        assert_eq!(io.around.open_count(), 1);
        assert_eq!(io.staged_size(), (128 << 10) + (1 << 20));
        Blocking::new(&mut io).call(Op::Close { file }).expect("closes");
        assert_eq!(io.around.open_count(), 0);
    }
}
