//! The trace file. All numbers little-endian.
//!
//! ```text
//! file     "mill-iot"  version u32 = 1  zero u32  record …
//! record   body size u32  CRC32C of the body u32  body
//! body     kind u8, then by kind:
//!   1 submit    io u32  operation u64  op
//!   2 complete  io u32  operation u64  result i64: as Op says, or the negated errno
//!   3 note      kind u32  bytes to the end of the body
//! op       tag u8, then by tag:
//!   1 open             mode u8 (0 read, 1 write, 2 create new, 3 direct, 4 directory)  path
//!   2 close            file u32
//!   3 read             file u32  position u64  size u64
//!   4 write            file u32  position u64  durable u8 (0 no, 1 linked, 2 dsync)  bytes to the end of the body
//!   5 sync             file u32
//!   6 start writeback  file u32  position u64  size u64
//!   7 allocate         file u32  position u64  size u64
//!   8 set size         file u32  size u64
//!   9 make directory   path
//!  10 rename           path path
//!  11 unlink           path
//!  12 remove directory path
//! path     size u16  bytes
//! ```
//!
//! `io` tells the Ios of one trace apart; a file number belongs to its io, from the completion of the open that
//! answered it to the submission of its close. `operation` numbers are unique in the trace and tie a completion to
//! its submission.
//!
//! Order: a submission stands before the operation reaches the kernel, a completion after the kernel reported it and
//! before the owner of the io sees it; a note stands where its writer was. So of a write whose submission stands
//! before a note and whose completion does not, anything may be on disk at the note; and a sync whose completion
//! stands before a note covers every write whose completion stands before that sync's submission.

use crate::codec::crc32c::crc32c;
use crate::io::{FileId, IoError, IoResult, Op, OpenMode, SyncMethod};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub(super) const MAGIC: [u8; 8] = *b"mill-iot";
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER_SIZE: usize = 16;
pub(super) const FRAME_SIZE: usize = 8;

/// An operation as the trace keeps it: with the bytes of a write, without anybody's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TracedOp {
    Open { path: PathBuf, mode: OpenMode },
    Close { file: FileId },
    Read { file: FileId, position: u64, size: u64 },
    Write { file: FileId, position: u64, bytes: Vec<u8>, durable: Option<SyncMethod> },
    Sync { file: FileId },
    StartWriteback { file: FileId, position: u64, size: u64 },
    Allocate { file: FileId, position: u64, size: u64 },
    SetSize { file: FileId, size: u64 },
    MakeDir { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
    Unlink { path: PathBuf },
    RemoveDir { path: PathBuf },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceRecord {
    Submit { io: u32, operation: u64, op: TracedOp },
    Complete { io: u32, operation: u64, result: IoResult<u64> },
    Note { kind: u32, bytes: Vec<u8> },
}

const OPEN_MODES: [OpenMode; 5] = [OpenMode::Read, OpenMode::Write, OpenMode::CreateNew, OpenMode::Direct, OpenMode::Directory];
const DURABLE: [Option<SyncMethod>; 3] = [None, Some(SyncMethod::Linked), Some(SyncMethod::Dsync)];

fn index_of<T: PartialEq>(table: &[T], value: &T) -> u8 {
    table.iter().position(|entry| entry == value).expect("the table lists every value") as u8
}

// Writing: bodies are appended to a buffer that is used again and again.

pub(super) fn header() -> [u8; HEADER_SIZE] {
    let mut header = [0; HEADER_SIZE];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header
}

pub(super) fn frame(body: &[u8]) -> [u8; FRAME_SIZE] {
    let mut frame = [0; FRAME_SIZE];
    frame[..4].copy_from_slice(&(body.len() as u32).to_le_bytes());
    frame[4..].copy_from_slice(&crc32c(body).to_le_bytes());
    frame
}

pub(super) fn put_submit(body: &mut Vec<u8>, io: u32, operation: u64, op: &Op) {
    body.push(1);
    body.extend(io.to_le_bytes());
    body.extend(operation.to_le_bytes());
    put_op(body, op);
}

pub(super) fn put_complete(body: &mut Vec<u8>, io: u32, operation: u64, result: IoResult<u64>) {
    body.push(2);
    body.extend(io.to_le_bytes());
    body.extend(operation.to_le_bytes());
    let number = result.map_or_else(|error| -i64::from(error.0), |value| value as i64);
    body.extend(number.to_le_bytes());
}

pub(super) fn put_note(body: &mut Vec<u8>, kind: u32, bytes: &[u8]) {
    body.push(3);
    body.extend(kind.to_le_bytes());
    body.extend(bytes);
}

fn put_op(body: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Open { path, mode } => {
            body.extend([1, index_of(&OPEN_MODES, mode)]);
            put_path(body, path);
        }
        Op::Close { file } => put_numbers(body, 2, *file, &[]),
        Op::Read { file, position, target } => put_numbers(body, 3, *file, &[*position, target.size() as u64]),
        Op::Write { file, position, pieces, durable } => {
            put_numbers(body, 4, *file, &[*position]);
            body.push(index_of(&DURABLE, durable));
            pieces.iter().for_each(|piece| body.extend_from_slice(piece.bytes()));
        }
        Op::Sync { file } => put_numbers(body, 5, *file, &[]),
        Op::StartWriteback { file, position, size } => put_numbers(body, 6, *file, &[*position, *size]),
        Op::Allocate { file, position, size } => put_numbers(body, 7, *file, &[*position, *size]),
        Op::SetSize { file, size } => put_numbers(body, 8, *file, &[*size]),
        Op::MakeDir { path } => put_paths(body, 9, &[path]),
        Op::Rename { from, to } => put_paths(body, 10, &[from, to]),
        Op::Unlink { path } => put_paths(body, 11, &[path]),
        Op::RemoveDir { path } => put_paths(body, 12, &[path]),
    }
}

fn put_numbers(body: &mut Vec<u8>, tag: u8, file: FileId, numbers: &[u64]) {
    body.push(tag);
    body.extend(file.0.to_le_bytes());
    numbers.iter().for_each(|number| body.extend(number.to_le_bytes()));
}

fn put_paths(body: &mut Vec<u8>, tag: u8, paths: &[&Path]) {
    body.push(tag);
    paths.iter().for_each(|path| put_path(body, path));
}

/// The kernel takes no longer path than 4096 bytes; what it would refuse anyway is cut.
fn put_path(body: &mut Vec<u8>, path: &Path) {
    let bytes = path.as_os_str().as_bytes();
    let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
    body.extend((bytes.len() as u16).to_le_bytes());
    body.extend_from_slice(bytes);
}

// Reading: None is a body that does not follow the format, though its checksum is right.

pub(super) fn parse(body: &[u8]) -> Option<TraceRecord> {
    let mut body = Body(body);
    let record = match body.u8()? {
        1 => TraceRecord::Submit { io: body.u32()?, operation: body.u64()?, op: parse_op(&mut body)? },
        2 => {
            let (io, operation) = (body.u32()?, body.u64()?);
            let number = body.u64()? as i64;
            let error = || i32::try_from(number.unsigned_abs()).map(IoError).ok();
            let result = if number < 0 { Err(error()?) } else { Ok(number as u64) };
            TraceRecord::Complete { io, operation, result }
        }
        3 => TraceRecord::Note { kind: body.u32()?, bytes: body.rest() },
        _ => return None,
    };
    body.0.is_empty().then_some(record)
}

fn parse_op(body: &mut Body) -> Option<TracedOp> {
    Some(match body.u8()? {
        1 => {
            let mode = *OPEN_MODES.get(usize::from(body.u8()?))?;
            TracedOp::Open { mode, path: body.path()? }
        }
        2 => TracedOp::Close { file: body.file()? },
        3 => TracedOp::Read { file: body.file()?, position: body.u64()?, size: body.u64()? },
        4 => {
            let (file, position) = (body.file()?, body.u64()?);
            let durable = *DURABLE.get(usize::from(body.u8()?))?;
            TracedOp::Write { file, position, durable, bytes: body.rest() }
        }
        5 => TracedOp::Sync { file: body.file()? },
        6 => TracedOp::StartWriteback { file: body.file()?, position: body.u64()?, size: body.u64()? },
        7 => TracedOp::Allocate { file: body.file()?, position: body.u64()?, size: body.u64()? },
        8 => TracedOp::SetSize { file: body.file()?, size: body.u64()? },
        9 => TracedOp::MakeDir { path: body.path()? },
        10 => TracedOp::Rename { from: body.path()?, to: body.path()? },
        11 => TracedOp::Unlink { path: body.path()? },
        12 => TracedOp::RemoveDir { path: body.path()? },
        _ => return None,
    })
}

/// What is left of a body.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn take<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn file(&mut self) -> Option<FileId> {
        self.u32().map(FileId)
    }

    fn path(&mut self) -> Option<PathBuf> {
        let size = usize::from(self.take().map(u16::from_le_bytes)?);
        let (path, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(PathBuf::from(OsStr::from_bytes(path)))
    }

    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).to_vec()
    }
}
