//! Large writes that leave the page cache when they are on the disk. Kernels before 6.14 have none, and nothing to test.

use super::bed::{call, contents, open, patterned, Bed};
use super::over_real;
use crate::io::{Io, Op, OpenMode, PageCache, SharedFile};
use std::time::{Duration, Instant};

over_real!(what_passed_is_read_as_it_was_written, large_writes_leave_and_small_ones_stay);

fn passing(bed: &Bed) -> Option<Box<dyn Io>> {
    PageCache::can_pass(&bed.root).then(|| bed.io_with(PageCache::Pass))
}

/// Each write begins within the last page of the one before, which has left memory by then.
fn what_passed_is_read_as_it_was_written(bed: &Bed) {
    let Some(mut io) = passing(bed) else { return };
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    let sizes = [131_072, 200_001, 5, 700_000, 131_073, 337_851];
    let whole = sizes.iter().sum();
    let buffer = patterned(whole, 7);
    let mut from = 0;
    for size in sizes {
        let pieces = vec![buffer.piece(from, size / 3), buffer.piece(from + size / 3, size - size / 3)];
        assert_eq!(call(&mut *io, Op::Write { file, position: from as u64, pieces, durable: None }), Ok(size as u64));
        assert_eq!(call(&mut *io, Op::Sync { file }), Ok(0));
        from += size;
    }
    assert!(contents(&mut *io, &bed.path("f")).expect("exists") == buffer.bytes()[..whole]);
}

fn large_writes_leave_and_small_ones_stay(bed: &Bed) {
    let Some(mut io) = passing(bed) else { return };
    for (name, size, stays) in [("large", 1 << 20, false), ("striped and odd", (1 << 20) + 77, false), ("small", 64 << 10, true)]
    {
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
