//! Memory that was pinned once: what is written from it is what stands in it, wherever it may not be pinned too.

use super::bed::{call, contents, open, patterned, Bed};
use super::over_all;
use super::run_again::{self, is_child, MEMLOCK_ALLOWED};
use crate::io::{AlignedBuffer, Io, Op, OpenMode, Piece, SyncMethod, UringIo, BLOCK_SIZE};

over_all!(
    what_is_written_is_what_stands_in_it_then,
    pieces_inside_and_beside_it_land_alike,
    only_one_is_registered_and_the_other_is_written_too
);

const HOW: [(OpenMode, Option<SyncMethod>); 4] = [
    (OpenMode::Write, None),
    (OpenMode::Write, Some(SyncMethod::Linked)),
    (OpenMode::Direct, Some(SyncMethod::Linked)),
    (OpenMode::Direct, Some(SyncMethod::Dsync)),
];

fn write(io: &mut dyn Io, bed: &Bed, how: (OpenMode, Option<SyncMethod>), pieces: Vec<Piece>) -> Vec<u8> {
    let path = bed.path(&format!("{how:?}"));
    let file = open(io, &path, how.0);
    let size: usize = pieces.iter().map(|piece| piece.size()).sum();
    assert_eq!(call(io, Op::Write { file, position: 0, pieces, durable: how.1 }), Ok(size as u64), "{how:?}");
    call(io, Op::Close { file }).expect("closed");
    contents(io, &path).expect("exists")[..size].to_vec()
}

fn what_is_written_is_what_stands_in_it_then(bed: &Bed) {
    let mut buffer = patterned(4 * BLOCK_SIZE, 1);
    let mut io = bed.io();
    io.register(&buffer);
    for (round, how) in HOW.into_iter().enumerate() {
        buffer.bytes_mut()[BLOCK_SIZE..][..10].fill(round as u8);
        let written = write(&mut *io, bed, how, vec![buffer.piece(BLOCK_SIZE, 2 * BLOCK_SIZE)]);
        assert!(written == buffer.bytes()[BLOCK_SIZE..3 * BLOCK_SIZE], "{how:?}");
    }
}

fn pieces_inside_and_beside_it_land_alike(bed: &Bed) {
    let (inside, beside) = (patterned(2 * BLOCK_SIZE, 2), patterned(2 * BLOCK_SIZE, 3));
    let mut io = bed.io();
    io.register(&inside);
    for how in HOW {
        let pieces = vec![inside.piece(BLOCK_SIZE, BLOCK_SIZE), beside.piece(0, BLOCK_SIZE), inside.piece(0, BLOCK_SIZE)];
        let expected: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes().to_vec()).collect();
        assert!(write(&mut *io, bed, how, pieces) == expected, "{how:?}");
        assert!(write(&mut *io, bed, how, vec![beside.piece(0, BLOCK_SIZE)]) == beside.bytes()[..BLOCK_SIZE], "{how:?}");
    }
}

fn only_one_is_registered_and_the_other_is_written_too(bed: &Bed) {
    let (first, second) = (patterned(BLOCK_SIZE, 4), patterned(BLOCK_SIZE, 5));
    let mut io = bed.io();
    io.register(&first);
    assert!(!io.register(&second));
    for how in HOW {
        for buffer in [&first, &second] {
            assert!(write(&mut *io, bed, how, vec![buffer.piece(0, BLOCK_SIZE)]) == buffer.bytes(), "{how:?}");
        }
    }
}

#[test]
fn what_may_not_be_locked_is_written_all_the_same() {
    if is_child() {
        let buffer = AlignedBuffer::new(2 * MEMLOCK_ALLOWED as usize);
        let mut io = UringIo::new().expect("this machine allows io_uring");
        assert!(!io.register(&buffer), "more than this process may lock");
        let bed = Bed::uring();
        for how in HOW {
            assert!(write(&mut io, &bed, how, vec![buffer.piece(0, BLOCK_SIZE)]) == [0; BLOCK_SIZE]);
        }
        return;
    }
    let this = "io::suite::registered::what_may_not_be_locked_is_written_all_the_same";
    assert_eq!(run_again::without_locked_memory(&[this, "--exact"]), 1);
}

#[test]
fn a_small_registration_fits_everywhere() {
    let buffer = AlignedBuffer::new(BLOCK_SIZE);
    let mut io = UringIo::new().expect("this machine allows io_uring");
    assert!(io.register(&buffer));
}
