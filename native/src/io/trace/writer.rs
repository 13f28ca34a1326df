use super::format::{frame, header, put_complete, put_note, put_submit};
use crate::io::{IoResult, Op};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

const BUFFER_SIZE: usize = 1 << 20;

/// A trace being written. A handle: clones write to the same file, from any thread, in one order.
///
/// The file is buffered; a note pushes everything before it into the page cache, so that what was announced to the
/// outside after a note is behind that note in the file even when the process is killed.
#[derive(Clone)]
pub struct Trace {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    file: BufWriter<File>,
    /// The record being made.
    body: Vec<u8>,
    io_next: u32,
    operation_next: u64,
    /// The first failure. A trace with a hole proves nothing, so nothing is written after it.
    failure: Option<std::io::Error>,
}

impl Trace {
    /// Makes the file; one that exists is replaced.
    pub fn create(path: &Path) -> IoResult<Self> {
        let mut file = BufWriter::with_capacity(BUFFER_SIZE, File::create(path)?);
        file.write_all(&header())?;
        let shared = Shared { file, body: Vec::new(), io_next: 0, operation_next: 0, failure: None };
        Ok(Self { shared: Arc::new(Mutex::new(shared)) })
    }

    /// Marks a moment: an ack given, a phase begun. The trace gives kind and bytes no meaning.
    pub fn note(&self, kind: u32, bytes: &[u8]) {
        let mut shared = self.lock();
        shared.record(|body| put_note(body, kind, bytes));
        shared.flush();
    }

    /// Into the page cache. An error if anything of the trace could not be written.
    pub fn flush(&self) -> IoResult<()> {
        let mut shared = self.lock();
        shared.flush();
        match shared.failure.take() {
            Some(error) => {
                let number = error.raw_os_error();
                shared.failure = Some(error);
                Err(std::io::Error::from_raw_os_error(number.unwrap_or(libc::EIO)).into())
            }
            None => Ok(()),
        }
    }

    /// A number that tells this Io from the others of the trace.
    pub(super) fn add_io(&self) -> u32 {
        let mut shared = self.lock();
        shared.io_next += 1;
        shared.io_next - 1
    }

    /// Answers the number of the operation.
    pub(super) fn submit(&self, io: u32, op: &Op) -> u64 {
        let mut shared = self.lock();
        let operation = shared.operation_next;
        shared.operation_next += 1;
        shared.record(|body| put_submit(body, io, operation, op));
        operation
    }

    pub(super) fn complete(&self, io: u32, operation: u64, result: IoResult<u64>) {
        self.lock().record(|body| put_complete(body, io, operation, result));
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no thread panics with the trace")
    }
}

impl Shared {
    fn record(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.body.clear();
        put(&mut self.body);
        self.attempt(|file, body| file.write_all(&frame(body)).and_then(|()| file.write_all(body)));
    }

    fn flush(&mut self) {
        self.attempt(|file, _| file.flush());
    }

    fn attempt(&mut self, write: impl FnOnce(&mut BufWriter<File>, &[u8]) -> std::io::Result<()>) {
        if self.failure.is_none() {
            self.failure = write(&mut self.file, &self.body).err();
        }
    }
}
