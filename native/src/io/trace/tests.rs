use super::*;
use crate::io::sim::{SimDisk, SimIo};
use crate::io::{AlignedBuffer, Blocking, FileId, IoError, OpenMode, SyncMethod};
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file name that is removed in the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("millrace-trace-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.0).expect("the trace exists")
    }

    fn records(&self) -> Vec<TraceRecord> {
        let reader = TraceReader::open(&self.0).expect("a trace");
        reader.map(|record| record.expect("whole")).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn traced(trace: &Trace) -> TraceIo<SimIo> {
    let disk = SimDisk::seeded(1);
    disk.put_dir(Path::new("/d"));
    TraceIo::new(SimIo::new(&disk), trace)
}

fn submit(io: u32, operation: u64, op: TracedOp) -> TraceRecord {
    TraceRecord::Submit { io, operation, op }
}

fn complete(io: u32, operation: u64, result: IoResult<u64>) -> TraceRecord {
    TraceRecord::Complete { io, operation, result }
}

#[test]
fn everything_is_written_down_in_order() {
    let place = Place::new();
    let trace = Trace::create(&place.0).expect("creates");
    let mut io = traced(&trace);
    let mut buffer = AlignedBuffer::new(4096);
    buffer.bytes_mut()[..6].copy_from_slice(b"abcdef");
    let mut blocking = Blocking::new(&mut io);
    let file = blocking.open(Path::new("/d/f"), OpenMode::Write).expect("opens");
    blocking.write(file, 7, &[buffer.piece(0, 4), buffer.piece(4, 2)], Some(SyncMethod::Linked)).expect("writes");
    trace.note(42, b"ack");
    assert_eq!(blocking.call(Op::Unlink { path: "/none".into() }), Err(IoError::NOT_FOUND));
    let write = TracedOp::Write { file, position: 7, bytes: b"abcdef".to_vec(), durable: Some(SyncMethod::Linked) };
    let expected = vec![
        submit(0, 0, TracedOp::Open { path: "/d/f".into(), mode: OpenMode::Write }),
        complete(0, 0, Ok(u64::from(file.0))),
        submit(0, 1, write),
        complete(0, 1, Ok(6)),
        TraceRecord::Note { kind: 42, bytes: b"ack".to_vec() },
        submit(0, 2, TracedOp::Unlink { path: "/none".into() }),
        complete(0, 2, Err(IoError::NOT_FOUND)),
    ];
    assert_eq!(place.records(), expected[..5], "a note pushes out what stands before it");
    trace.flush().expect("whole");
    assert_eq!(place.records(), expected);
}

#[test]
fn every_operation_reads_back_as_it_was_submitted() {
    let place = Place::new();
    let trace = Trace::create(&place.0).expect("creates");
    let mut io = traced(&trace);
    let file = FileId(9);
    let buffer = AlignedBuffer::new(4096);
    let modes = [OpenMode::Read, OpenMode::Write, OpenMode::CreateNew, OpenMode::Direct, OpenMode::Directory];
    let mut expected = Vec::new();
    for mode in modes {
        io.submit(0, Op::Open { path: "/none/x".into(), mode });
        expected.push(TracedOp::Open { path: "/none/x".into(), mode });
    }
    for durable in [None, Some(SyncMethod::Linked), Some(SyncMethod::Dsync)] {
        io.submit(0, Op::Write { file, position: 1 << 40, pieces: vec![buffer.piece(0, 5)], durable });
        expected.push(TracedOp::Write { file, position: 1 << 40, bytes: vec![0; 5], durable });
    }
    let rest = [
        (Op::Close { file }, TracedOp::Close { file }),
        (Op::Read { file, position: 3, target: buffer.piece(0, 8) }, TracedOp::Read { file, position: 3, size: 8 }),
        (Op::Sync { file }, TracedOp::Sync { file }),
        (Op::StartWriteback { file, position: 1, size: 2 }, TracedOp::StartWriteback { file, position: 1, size: 2 }),
        (Op::Allocate { file, position: 1, size: 2 }, TracedOp::Allocate { file, position: 1, size: 2 }),
        (Op::SetSize { file, size: 5 }, TracedOp::SetSize { file, size: 5 }),
        (Op::MakeDir { path: "/d".into() }, TracedOp::MakeDir { path: "/d".into() }),
        (Op::Rename { from: "/1".into(), to: "/2".into() }, TracedOp::Rename { from: "/1".into(), to: "/2".into() }),
        (Op::Unlink { path: "/3".into() }, TracedOp::Unlink { path: "/3".into() }),
        (Op::RemoveDir { path: "/4".into() }, TracedOp::RemoveDir { path: "/4".into() }),
    ];
    for (op, traced) in rest {
        io.submit(0, op);
        expected.push(traced);
    }
    trace.flush().expect("whole");
    let expected: Vec<_> = (0..).zip(expected).map(|(operation, op)| submit(0, operation, op)).collect();
    assert_eq!(place.records(), expected);
}

#[test]
fn two_ios_share_a_trace_and_equal_tokens_come_back_to_their_submitters() {
    let place = Place::new();
    let trace = Trace::create(&place.0).expect("creates");
    let (mut first, mut second) = (traced(&trace), traced(&trace));
    first.submit(5, Op::MakeDir { path: "/a".into() });
    second.submit(5, Op::MakeDir { path: "/d".into() });
    first.submit(5, Op::MakeDir { path: "/b".into() });
    let mut completions = Vec::new();
    while first.in_flight() + second.in_flight() > 0 {
        first.wait(&mut completions);
        second.wait(&mut completions);
    }
    assert!(completions.iter().all(|completion| completion.token == 5));
    trace.flush().expect("whole");
    let records = place.records();
    assert_eq!(records.len(), 6);
    assert!(records.contains(&complete(1, 1, Err(IoError::EXISTS))));
    assert!(records.contains(&complete(0, 2, Ok(0))));
}

/// A trace of three notes.
fn sample() -> Vec<u8> {
    let place = Place::new();
    let trace = Trace::create(&place.0).expect("creates");
    (0..3).for_each(|kind| trace.note(kind, &[7; 100]));
    place.bytes()
}

fn read(bytes: &[u8]) -> (usize, Option<TraceError>) {
    let reader = match TraceReader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (0, Some(error)),
    };
    let mut count = 0;
    for record in reader {
        match record {
            Ok(_) => count += 1,
            Err(error) => return (count, Some(error)),
        }
    }
    (count, None)
}

#[test]
fn a_file_cut_anywhere_gives_its_whole_records_and_says_where_it_ends() {
    let bytes = sample();
    let record = (bytes.len() - 16) / 3;
    for size in 0..=bytes.len() {
        let expected = match size {
            0..16 => (0, Some(TraceError::NotATrace)),
            _ if (size - 16) % record == 0 => ((size - 16) / record, None),
            _ => {
                let count = (size - 16) / record;
                (count, Some(TraceError::Truncated { position: (16 + count * record) as u64 }))
            }
        };
        assert_eq!(read(&bytes[..size]), expected, "size {size}");
    }
}

#[test]
fn headers_of_others_and_of_the_future_are_refused() {
    let mut bytes = sample();
    bytes[8] = 2;
    assert_eq!(read(&bytes), (0, Some(TraceError::Newer { version: 2 })));
    bytes[8] = 0;
    assert_eq!(read(&bytes), (0, Some(TraceError::NotATrace)));
    bytes[0] = b'x';
    assert_eq!(read(&bytes), (0, Some(TraceError::NotATrace)));
}

#[test]
fn a_trace_that_cannot_be_written_says_so() {
    let trace = Trace::create(Path::new("/dev/full")).expect("opens");
    trace.note(1, b"lost");
    assert_eq!(trace.flush(), Err(IoError::NO_SPACE));
    assert_eq!(trace.flush(), Err(IoError::NO_SPACE), "and keeps saying it");
}

proptest! {
    #[test]
    fn a_flipped_bit_is_found(at in 16usize..372, bit in 0u8..8) {
        let mut bytes = sample();
        prop_assert_eq!(bytes.len(), 16 + 3 * 113);
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 1 << bit;
        let (count, error) = read(&bytes);
        prop_assert_eq!(count, (at - 16) / 113);
        let is_found = matches!(error, Some(TraceError::Damaged { .. } | TraceError::Truncated { .. }));
        prop_assert!(is_found, "{:?}", error);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut file = super::format::header().to_vec();
        file.extend(super::format::frame(&bytes));
        file.extend(&bytes);
        let (count, _) = read(&file);
        prop_assert!(count <= 1);
    }
}
