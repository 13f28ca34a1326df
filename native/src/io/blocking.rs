use super::{AlignedBuffer, Completion, FileId, Io, IoError, IoResult, Op, OpenMode, Piece, SyncMethod, PIECES_MAX};
use std::path::{Path, PathBuf};

/// Straight-line use of an `Io` while nothing else is in flight: start-up, recovery, `log verify`. Tokens are its own.
pub struct Blocking<'io> {
    io: &'io mut dyn Io,
    completions: Vec<Completion>,
}

impl<'io> Blocking<'io> {
    pub fn new(io: &'io mut dyn Io) -> Self {
        assert_eq!(io.in_flight(), 0, "blocking use of an Io that has work in flight");
        Self { io, completions: Vec::new() }
    }

    pub fn io(&mut self) -> &mut dyn Io {
        self.io
    }

    pub fn call(&mut self, op: Op) -> IoResult<u64> {
        self.all(vec![op]).pop().expect("one op, one result")
    }

    /// Submits all of them at once, waits for all, and returns the results in the order of the operations.
    pub fn all(&mut self, ops: Vec<Op>) -> Vec<IoResult<u64>> {
        let count = ops.len();
        let mut results: Vec<IoResult<u64>> = vec![Err(IoError::INVALID); count];
        for (index, op) in ops.into_iter().enumerate() {
            self.io.submit(index as u64, op);
        }
        let mut left = count;
        while left > 0 {
            self.io.wait(&mut self.completions);
            for completion in self.completions.drain(..) {
                results[completion.token as usize] = completion.result;
                left -= 1;
            }
        }
        results
    }

    pub fn open(&mut self, path: &Path, mode: OpenMode) -> IoResult<FileId> {
        let path: PathBuf = path.to_owned();
        self.call(Op::Open { path, mode }).map(|id| FileId(id as u32))
    }

    pub fn close(&mut self, file: FileId) -> IoResult<()> {
        self.call(Op::Close { file }).map(drop)
    }

    /// Reads until the target is full or the file ends; returns the bytes read.
    pub fn read(&mut self, file: FileId, position: u64, target: Piece) -> IoResult<usize> {
        let mut done = 0;
        while done < target.size() {
            let rest = target.cut(done, target.size() - done);
            let count = self.call(Op::Read { file, position: position + done as u64, target: rest })? as usize;
            if count == 0 {
                break;
            }
            done += count;
        }
        Ok(done)
    }

    /// Writes all of the bytes, or fails.
    pub fn write(&mut self, file: FileId, position: u64, pieces: &[Piece], durable: Option<SyncMethod>) -> IoResult<()> {
        let mut position = position;
        for group in pieces.chunks(PIECES_MAX) {
            let size: usize = group.iter().map(|piece| piece.size()).sum();
            let count = self.call(Op::Write { file, position, pieces: group.to_vec(), durable })? as usize;
            if count != size {
                return Err(IoError::SHORT_WRITE);
            }
            position += size as u64;
        }
        Ok(())
    }

    pub fn sync(&mut self, file: FileId) -> IoResult<()> {
        self.call(Op::Sync { file }).map(drop)
    }

    pub fn sync_directory(&mut self, path: &Path) -> IoResult<()> {
        let directory = self.open(path, OpenMode::Directory)?;
        let synced = self.sync(directory);
        self.close(directory)?;
        synced
    }

    /// A whole small file; None if there is none.
    pub fn read_file(&mut self, path: &Path) -> IoResult<Option<Vec<u8>>> {
        let file = match self.open(path, OpenMode::Read) {
            Ok(file) => file,
            Err(IoError::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = self.io.file_size(path)?.unwrap_or(0) as usize;
        let buffer = AlignedBuffer::new(size);
        let count = self.read(file, 0, buffer.piece(0, size));
        self.close(file)?;
        Ok(Some(buffer.bytes()[..count?].to_vec()))
    }
}
