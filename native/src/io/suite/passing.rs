//! Large writes that leave the page cache when they are on the disk, or go around it. Kernels before 6.14 have none, and nothing to test.

use super::bed::{call, contents, finish, open, patterned, Bed};
use super::over_real;
use crate::io::{AlignedBuffer, FileId, Io, Op, OpenMode, PageCache, SharedFile};
use std::time::{Duration, Instant};

over_real!(
    what_passed_is_read_as_it_was_written,
    what_went_around_is_read_as_it_was_written,
    many_go_around_at_once,
    large_writes_leave_and_small_ones_stay,
);

fn with(bed: &Bed, page_cache: PageCache) -> Option<Box<dyn Io>> {
    page_cache.is_possible_in(&bed.root).then(|| bed.io_with(page_cache))
}

/// Each write begins within the last page of the one before, which has left memory by then.
fn what_passed_is_read_as_it_was_written(bed: &Bed) {
    let Some(mut io) = with(bed, PageCache::Pass) else { return };
    read_as_written(bed, &mut *io, &[131_072, 200_001, 5, 700_000, 131_073, 337_851]);
}

/// Whole blocks, and others before, between and behind them.
fn what_went_around_is_read_as_it_was_written(bed: &Bed) {
    let Some(mut io) = with(bed, PageCache::Direct) else { return };
    read_as_written(bed, &mut *io, &[131_072, 1 << 20, 200_000, 704, 4_096, 135_168, 5, 700_000, 339_671, 262_144, 1 << 21, 77]);
}

fn read_as_written(bed: &Bed, io: &mut dyn Io, sizes: &[usize]) {
    let file = open(io, &bed.path("f"), OpenMode::Write);
    let whole = sizes.iter().sum();
    let buffer = patterned(whole, 7);
    let mut from = 0;
    for &size in sizes {
        write(io, file, &buffer, from, size);
        assert_eq!(call(io, Op::Sync { file }), Ok(0));
        from += size;
        assert!(contents(io, &bed.path("f")).expect("exists") == buffer.bytes()[..from], "behind {from} bytes");
    }
}

fn write(io: &mut dyn Io, file: FileId, buffer: &AlignedBuffer, from: usize, size: usize) {
    let pieces = vec![buffer.piece(from, size / 3), buffer.piece(from + size / 3, size - size / 3)];
    assert_eq!(call(io, Op::Write { file, position: from as u64, pieces, durable: None }), Ok(size as u64));
}

/// More than find aligned memory, and each file closes behind its write.
fn many_go_around_at_once(bed: &Bed) {
    let Some(mut io) = with(bed, PageCache::Direct) else { return };
    let (count, size) = (12, 256 << 10);
    let buffer = patterned(count * size, 3);
    for round in 0..3 {
        let files: Vec<FileId> = (0..count).map(|n| open(&mut *io, &bed.path(&format!("f{n}")), OpenMode::Write)).collect();
        let position = (round * size) as u64;
        for (n, &file) in files.iter().enumerate() {
            io.submit(n as u64, Op::Write { file, position, pieces: vec![buffer.piece(n * size, size)], durable: None });
            io.submit((count + n) as u64, Op::Close { file });
        }
        for completion in finish(&mut *io) {
            let expected = if completion.token < count as u64 { size as u64 } else { 0 };
            assert_eq!(completion.result, Ok(expected), "round {round}, token {}", completion.token);
        }
    }
    for n in 0..count {
        let expected = buffer.bytes()[n * size..(n + 1) * size].repeat(3);
        assert!(contents(&mut *io, &bed.path(&format!("f{n}"))).expect("exists") == expected, "file {n}");
    }
}

fn large_writes_leave_and_small_ones_stay(bed: &Bed) {
    let Some(mut io) = with(bed, PageCache::Pass) else { return };
    for (name, size, stays) in [("large", 1 << 20, false), ("large and odd", (1 << 20) + 77, false), ("small", 64 << 10, true)] {
        let file = open(&mut *io, &bed.path(name), OpenMode::Write);
        let buffer = patterned(size, 1);
        let pieces = vec![buffer.piece(0, size)];
        assert_eq!(call(&mut *io, Op::Write { file, position: 0, pieces, durable: None }), Ok(size as u64));
        assert_eq!(call(&mut *io, Op::Sync { file }), Ok(0));
        let shared = SharedFile::open(&bed.path(name)).expect("opens");
        // They leave when the device has told that they are written, which may be a moment behind the sync.
        let end = Instant::now() + Duration::from_secs(10);
        while shared.is_resident(0, 4096) != stays && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(shared.is_resident(0, 4096), stays, "{name}");
    }
}
