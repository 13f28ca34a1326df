//! Bytes: reading, writing, sizes, durability, and what is refused.

use super::bed::{call, contents, filled, finish, open, patterned, write, Bed};
use super::over_all;
use crate::io::{
    AlignedBuffer, Blocking, FileId, Io, IoError, IoResult, Op, OpenMode, Piece, SyncMethod, BLOCK_SIZE, PIECES_MAX,
};

over_all!(
    gathered_writes_land_in_order,
    large_gathered_writes_land_in_order,
    a_write_takes_as_many_pieces_as_the_kernel_and_no_more,
    a_hole_reads_as_zeros,
    a_read_fills_no_more_than_it_answers,
    reads_end_with_the_file,
    durable_writes_answer_their_size,
    an_empty_write_does_nothing,
    allocate_keeps_the_size,
    set_size_cuts_and_extends_with_zeros,
    a_closed_file_is_gone,
    a_file_opened_for_reading_is_not_written,
    direct_files_refuse_what_is_not_aligned,
    direct_reads_stop_at_the_end_of_the_file,
    writeback_is_only_a_hint,
    positions_beyond_a_file_are_refused,
);

fn gathered_writes_land_in_order(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    let buffer = patterned(20_000, 1);
    let cuts = [(0, 1), (1, 4095), (4096, 0), (4096, 7), (4103, 9000), (13_103, 6897)];
    let pieces = cuts.iter().map(|(from, size)| buffer.piece(*from, *size)).collect();
    assert_eq!(call(&mut *io, Op::Write { file, position: 5, pieces, durable: None }), Ok(20_000));
    let found = contents(&mut *io, &bed.path("f")).expect("exists");
    assert_eq!(found[..5], [0; 5]);
    assert!(found[5..] == buffer.bytes()[..20_000]);
}

/// Larger than what an implementation may hand to the kernel at once, from odd places, several under way.
fn large_gathered_writes_land_in_order(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    let buffer = patterned(1_200_000, 3);
    let sizes = [300_000, 1, 65_536, 200_000, 0, 131_072, 503_391];
    let mut from = 0;
    for (token, part) in sizes.chunks(4).enumerate() {
        let position = 12_345 + from as u64;
        let pieces = part
            .iter()
            .map(|size| {
                from += size;
                buffer.piece(from - size, *size)
            })
            .collect();
        io.submit(token as u64, Op::Write { file, position, pieces, durable: None });
    }
    let mut written: Vec<_> = finish(&mut *io).into_iter().map(|done| (done.token, done.result)).collect();
    written.sort_unstable_by_key(|(token, _)| *token);
    assert_eq!(written, [(0, Ok(565_537)), (1, Ok(634_463))]);
    let found = contents(&mut *io, &bed.path("f")).expect("exists");
    assert!(found[12_345..] == buffer.bytes()[..1_200_000]);
}

fn a_write_takes_as_many_pieces_as_the_kernel_and_no_more(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    let buffer = patterned(PIECES_MAX * 3, 2);
    let mut pieces: Vec<Piece> = (0..PIECES_MAX).map(|index| buffer.piece(index * 3, 3)).collect();
    let most = Op::Write { file, position: 0, pieces: pieces.clone(), durable: Some(SyncMethod::Linked) };
    assert_eq!(call(&mut *io, most), Ok(PIECES_MAX as u64 * 3));
    assert!(contents(&mut *io, &bed.path("f")).expect("exists") == buffer.bytes()[..PIECES_MAX * 3]);
    pieces.push(buffer.piece(0, 3));
    assert_eq!(call(&mut *io, Op::Write { file, position: 0, pieces, durable: None }), Err(IoError::INVALID));
}

fn a_hole_reads_as_zeros(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 100_000, &[9; 10]);
    let found = contents(&mut *io, &bed.path("f")).expect("exists");
    assert_eq!(found.len(), 100_010);
    assert!(found[..100_000].iter().all(|byte| *byte == 0));
    assert_eq!(found[100_000..], [9; 10]);
}

fn a_read_fills_no_more_than_it_answers(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[7; 1000]);
    let target = filled(3000, 0xEE);
    assert_eq!(Blocking::new(&mut *io).read(file, 100, target.piece(500, 2000)), Ok(900));
    assert_eq!(target.bytes()[..500], [0xEE; 500]);
    assert_eq!(target.bytes()[500..1400], [7; 900]);
    assert!(target.bytes()[1400..].iter().all(|byte| *byte == 0xEE));
}

fn reads_end_with_the_file(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[7; 1000]);
    let target = AlignedBuffer::new(4096);
    let mut read = |position| call(&mut *io, Op::Read { file, position, target: target.piece(0, 4096) });
    assert_eq!(read(0), Ok(1000));
    assert_eq!(read(999), Ok(1));
    assert_eq!(read(1000), Ok(0));
    assert_eq!(read(5000), Ok(0));
}

fn durable_writes_answer_their_size(bed: &Bed) {
    let mut io = bed.io();
    for mode in [OpenMode::Write, OpenMode::Direct] {
        let path = bed.path(&format!("{mode:?}"));
        let file = open(&mut *io, &path, mode);
        let buffer = patterned(4 * BLOCK_SIZE, 3);
        for (index, method) in [SyncMethod::Linked, SyncMethod::Dsync].into_iter().enumerate() {
            let from = index * 2 * BLOCK_SIZE;
            let pieces = vec![buffer.piece(from, BLOCK_SIZE), buffer.piece(from + BLOCK_SIZE, BLOCK_SIZE)];
            let op = Op::Write { file, position: from as u64, pieces, durable: Some(method) };
            assert_eq!(call(&mut *io, op), Ok(2 * BLOCK_SIZE as u64), "{mode:?} {method:?}");
        }
        assert_eq!(Blocking::new(&mut *io).sync(file), Ok(()));
        assert_eq!(Blocking::new(&mut *io).close(file), Ok(()));
        assert!(contents(&mut *io, &path).expect("exists") == buffer.bytes());
    }
}

fn an_empty_write_does_nothing(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    for durable in [None, Some(SyncMethod::Linked), Some(SyncMethod::Dsync)] {
        for pieces in [vec![], vec![Piece::EMPTY], vec![Piece::EMPTY, Piece::EMPTY]] {
            assert_eq!(call(&mut *io, Op::Write { file, position: 10, pieces, durable }), Ok(0));
        }
    }
    assert_eq!(io.file_size(&bed.path("f")), Ok(Some(0)));
}

fn allocate_keeps_the_size(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[1; 100]);
    assert_eq!(call(&mut *io, Op::Allocate { file, position: 0, size: 1 << 20 }), Ok(0));
    assert_eq!(io.file_size(&bed.path("f")), Ok(Some(100)));
    assert_eq!(contents(&mut *io, &bed.path("f")), Some(vec![1; 100]));
    assert_eq!(call(&mut *io, Op::Allocate { file, position: 0, size: 0 }), Err(IoError::INVALID));
}

fn set_size_cuts_and_extends_with_zeros(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[5; 6000]);
    assert_eq!(call(&mut *io, Op::SetSize { file, size: 700 }), Ok(0));
    assert_eq!(contents(&mut *io, &bed.path("f")), Some(vec![5; 700]));
    assert_eq!(call(&mut *io, Op::SetSize { file, size: 5000 }), Ok(0));
    let found = contents(&mut *io, &bed.path("f")).expect("exists");
    assert!(found[..700] == [5; 700] && found[700..] == [0; 4300], "what was cut does not come back");
}

/// Every operation on a file.
fn attempts(file: FileId, buffer: &AlignedBuffer) -> Vec<Op> {
    let piece = buffer.piece(0, BLOCK_SIZE);
    let write = |durable| Op::Write { file, position: 0, pieces: vec![piece], durable };
    vec![
        Op::Read { file, position: 0, target: piece },
        write(None),
        write(Some(SyncMethod::Linked)),
        write(Some(SyncMethod::Dsync)),
        Op::Sync { file },
        Op::StartWriteback { file, position: 0, size: 10 },
        Op::Allocate { file, position: 0, size: 10 },
        Op::SetSize { file, size: 10 },
        Op::Close { file },
    ]
}

fn a_closed_file_is_gone(bed: &Bed) {
    let mut io = bed.io();
    let buffer = filled(BLOCK_SIZE, 1);
    let closed = open(&mut *io, &bed.path("f"), OpenMode::Write);
    assert_eq!(Blocking::new(&mut *io).close(closed), Ok(()));
    // The next file may take the place of the last, never its name.
    let next = open(&mut *io, &bed.path("g"), OpenMode::Write);
    assert_ne!(closed, next);
    for file in [closed, FileId(77), FileId(u32::MAX)] {
        for op in attempts(file, &buffer) {
            let text = format!("{op:?}");
            assert_eq!(call(&mut *io, op), Err(IoError::BAD_FILE), "{text}");
        }
    }
    assert_eq!(io.file_size(&bed.path("g")), Ok(Some(0)));
}

fn a_file_opened_for_reading_is_not_written(bed: &Bed) {
    let mut io = bed.io();
    open(&mut *io, &bed.path("f"), OpenMode::Write);
    let file = open(&mut *io, &bed.path("f"), OpenMode::Read);
    let buffer = filled(BLOCK_SIZE, 1);
    for op in attempts(file, &buffer) {
        let text = format!("{op:?}");
        let expected: IoResult<u64> = match op {
            Op::Write { .. } | Op::Allocate { .. } => Err(IoError::BAD_FILE),
            Op::SetSize { .. } => Err(IoError::INVALID),
            _ => Ok(0),
        };
        assert_eq!(call(&mut *io, op), expected, "{text}");
    }
    assert_eq!(io.file_size(&bed.path("f")), Ok(Some(0)));
}

fn direct_files_refuse_what_is_not_aligned(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Direct);
    let buffer = filled(4 * BLOCK_SIZE, 1);
    let aligned = buffer.piece(0, BLOCK_SIZE);
    let cases = [
        (100, vec![aligned]),
        (0, vec![buffer.piece(0, 100)]),
        (0, vec![buffer.piece(100, BLOCK_SIZE)]),
        (0, vec![aligned, buffer.piece(BLOCK_SIZE, 512)]),
    ];
    for (position, pieces) in cases {
        if let [target] = pieces[..] {
            assert_eq!(call(&mut *io, Op::Read { file, position, target }), Err(IoError::INVALID));
        }
        assert_eq!(call(&mut *io, Op::Write { file, position, pieces, durable: None }), Err(IoError::INVALID));
    }
    assert_eq!(io.file_size(&bed.path("f")), Ok(Some(0)));
}

fn direct_reads_stop_at_the_end_of_the_file(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[3; BLOCK_SIZE + 100]);
    Blocking::new(&mut *io).close(file).expect("closes");
    let file = open(&mut *io, &bed.path("f"), OpenMode::Direct);
    let target = AlignedBuffer::new(4 * BLOCK_SIZE);
    let op = Op::Read { file, position: 0, target: target.piece(0, 4 * BLOCK_SIZE) };
    assert_eq!(call(&mut *io, op), Ok(BLOCK_SIZE as u64 + 100));
    assert!(target.bytes()[..BLOCK_SIZE + 100].iter().all(|byte| *byte == 3));
}

fn writeback_is_only_a_hint(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[3; 5000]);
    assert_eq!(call(&mut *io, Op::StartWriteback { file, position: 0, size: 4096 }), Ok(0));
    assert_eq!(call(&mut *io, Op::StartWriteback { file, position: 0, size: 1 << 40 }), Ok(0));
    assert_eq!(contents(&mut *io, &bed.path("f")), Some(vec![3; 5000]));
}

fn positions_beyond_a_file_are_refused(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    write(&mut *io, file, 0, &[3; 10]);
    let buffer = filled(BLOCK_SIZE, 1);
    for position in [u64::MAX, 1 << 63] {
        // For io_uring the first of these would be "wherever the file stands".
        let write = Op::Write { file, position, pieces: vec![buffer.piece(0, 1)], durable: None };
        assert_eq!(call(&mut *io, write), Err(IoError::INVALID));
        let read = Op::Read { file, position, target: buffer.piece(0, 1) };
        assert_eq!(call(&mut *io, read), Err(IoError::INVALID));
        assert_eq!(call(&mut *io, Op::SetSize { file, size: position }), Err(IoError::INVALID));
        assert_eq!(call(&mut *io, Op::Allocate { file, position, size: 1 }), Err(IoError::INVALID));
    }
    assert_eq!(contents(&mut *io, &bed.path("f")), Some(vec![3; 10]));
}
