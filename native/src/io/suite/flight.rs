//! Many operations at once, and the life of an Io.

use super::bed::{contents, filled, finish, open, patterned, Bed};
use super::over_all;
use crate::io::{AlignedBuffer, Io, IoError, Op, OpenMode, Piece, SyncMethod, BLOCK_SIZE};
use std::collections::BTreeSet;

over_all!(
    more_in_flight_than_any_queue_holds,
    nothing_happens_before_a_flush,
    every_token_comes_back_once_whatever_the_result,
    waiting_for_nothing_returns,
    a_close_waits_for_what_is_in_flight,
    a_dropped_io_finishes_its_work,
    tokens_mean_nothing_to_io,
);

fn write_op(file: crate::io::FileId, position: u64, piece: Piece, durable: Option<SyncMethod>) -> Op {
    Op::Write { file, position, pieces: vec![piece], durable }
}

fn more_in_flight_than_any_queue_holds(bed: &Bed) {
    const COUNT: usize = 3000;
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Write);
    let buffer = patterned(COUNT * 64, 5);
    for index in 0..COUNT {
        // Pairs and single entries mixed, so that a pair meets the end of the queue.
        let durable = (index % 7 == 0).then_some(SyncMethod::Linked);
        io.submit(index as u64, write_op(file, index as u64 * 64, buffer.piece(index * 64, 64), durable));
    }
    assert_eq!(io.in_flight(), COUNT);
    let completions = finish(&mut *io);
    let tokens: BTreeSet<u64> = completions.iter().map(|completion| completion.token).collect();
    assert_eq!((completions.len(), tokens.len()), (COUNT, COUNT));
    assert!(completions.iter().all(|completion| completion.result == Ok(64)));
    assert!(contents(&mut *io, &bed.path("f")).expect("exists") == buffer.bytes()[..COUNT * 64]);
}

fn nothing_happens_before_a_flush(bed: &Bed) {
    let mut io = bed.io();
    io.submit(1, Op::MakeDir { path: bed.path("d") });
    let mut completions = Vec::new();
    for _ in 0..10 {
        io.poll(&mut completions);
        std::thread::yield_now();
    }
    assert!(completions.is_empty());
    assert_eq!(io.list(&bed.root), Ok(vec![]));
    assert_eq!(finish(&mut *io).len(), 1);
    assert_eq!(io.list(&bed.path("d")), Ok(vec![]));
}

fn every_token_comes_back_once_whatever_the_result(bed: &Bed) {
    let mut io = bed.io();
    let file = open(&mut *io, &bed.path("f"), OpenMode::Direct);
    let buffer = filled(BLOCK_SIZE, 1);
    io.submit(10, write_op(file, 0, buffer.piece(0, BLOCK_SIZE), Some(SyncMethod::Linked)));
    io.submit(11, write_op(file, 1, buffer.piece(0, BLOCK_SIZE), Some(SyncMethod::Linked)));
    io.submit(12, Op::Open { path: bed.path("none"), mode: OpenMode::Read });
    io.submit(13, Op::Sync { file: crate::io::FileId(99) });
    io.submit(14, Op::Sync { file });
    assert_eq!(io.in_flight(), 5);
    let mut results: Vec<_> = finish(&mut *io).into_iter().map(|completion| (completion.token, completion.result)).collect();
    results.sort_by_key(|(token, _)| *token);
    let expected = [
        (10, Ok(BLOCK_SIZE as u64)),
        (11, Err(IoError::INVALID)),
        (12, Err(IoError::NOT_FOUND)),
        (13, Err(IoError::BAD_FILE)),
        (14, Ok(0)),
    ];
    assert_eq!(results, expected);
    assert_eq!(io.in_flight(), 0);
}

fn waiting_for_nothing_returns(bed: &Bed) {
    let mut io = bed.io();
    let mut completions = Vec::new();
    io.wait(&mut completions);
    io.poll(&mut completions);
    io.flush();
    assert!(completions.is_empty());
}

fn a_close_waits_for_what_is_in_flight(bed: &Bed) {
    let mut io = bed.io();
    let buffer = patterned(20 * BLOCK_SIZE, 6);
    for round in 0..5 {
        let path = bed.path(&format!("f{round}"));
        let file = open(&mut *io, &path, OpenMode::Direct);
        for index in 0..20 {
            let piece = buffer.piece(index * BLOCK_SIZE, BLOCK_SIZE);
            io.submit(index as u64, write_op(file, (index * BLOCK_SIZE) as u64, piece, Some(SyncMethod::Linked)));
        }
        io.submit(100, Op::Close { file });
        io.submit(101, Op::Sync { file });
        let completions = finish(&mut *io);
        for completion in &completions {
            let expected = match completion.token {
                100 => Ok(0),
                101 => Err(IoError::BAD_FILE),
                _ => Ok(BLOCK_SIZE as u64),
            };
            assert_eq!(completion.result, expected, "token {}", completion.token);
        }
        assert_eq!(completions.len(), 22);
        assert!(contents(&mut *io, &path).expect("exists") == buffer.bytes());
    }
}

fn a_dropped_io_finishes_its_work(bed: &Bed) {
    let buffer = patterned(50 * BLOCK_SIZE, 7);
    let target = AlignedBuffer::new(BLOCK_SIZE);
    {
        let mut io = bed.io();
        let file = open(&mut *io, &bed.path("f"), OpenMode::Direct);
        for index in 0..50 {
            let piece = buffer.piece(index * BLOCK_SIZE, BLOCK_SIZE);
            io.submit(1, write_op(file, (index * BLOCK_SIZE) as u64, piece, Some(SyncMethod::Linked)));
            io.submit(2, Op::Read { file, position: 0, target: target.piece(0, BLOCK_SIZE) });
        }
        io.flush();
    }
    let mut io = bed.io();
    assert!(contents(&mut *io, &bed.path("f")).expect("exists") == buffer.bytes());
}

fn tokens_mean_nothing_to_io(bed: &Bed) {
    let mut io = bed.io();
    let tokens = [0, 1, u64::MAX, 1 << 32, (1 << 32) + 1, 7, 7];
    for (index, token) in tokens.into_iter().enumerate() {
        io.submit(token, Op::MakeDir { path: bed.path(&index.to_string()) });
    }
    let mut found: Vec<u64> = finish(&mut *io).into_iter().map(|completion| completion.token).collect();
    let mut expected = tokens.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
