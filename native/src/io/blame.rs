use super::{Completion, DirEntry, FileId, Io, IoError, IoResult, Op, Token};
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

/// An Io that remembers which file the last failure was about: whoever reports an error of the disk knows what it did, and
/// rarely to which file. For start-up, where a table of names costs nothing.
pub struct BlameIo<'a> {
    inner: &'a mut dyn Io,
    /// Of files that were opened through it.
    names: HashMap<FileId, PathBuf>,
    /// What each operation in flight is about, and whether it opens that.
    asked: HashMap<Token, (PathBuf, bool)>,
    failed: Option<(IoError, PathBuf)>,
}

impl<'a> BlameIo<'a> {
    pub fn new(inner: &'a mut dyn Io) -> Self {
        Self { inner, names: HashMap::new(), asked: HashMap::new(), failed: None }
    }

    /// The file that this error came from, if it was the last that failed.
    #[must_use]
    pub fn culprit(&self, error: IoError) -> Option<&Path> {
        self.failed.as_ref().filter(|(failed, _)| *failed == error).map(|(_, path)| path.as_path())
    }

    fn settle(&mut self, completions: &[Completion]) {
        for Completion { token, result } in completions {
            let Some((path, is_opened)) = self.asked.remove(token) else { continue };
            match result {
                Ok(file) if is_opened => drop(self.names.insert(FileId(*file as u32), path)),
                Ok(_) => {}
                Err(error) => self.failed = Some((*error, path)),
            }
        }
    }

    fn judge<T>(&mut self, path: &Path, result: IoResult<T>) -> IoResult<T> {
        if let Err(error) = &result {
            self.failed = Some((*error, path.to_owned()));
        }
        result
    }

    fn subject(&self, op: &Op) -> Option<(PathBuf, bool)> {
        match op {
            Op::Open { path, .. } => Some((path.clone(), true)),
            Op::MakeDir { path } | Op::Unlink { path } | Op::RemoveDir { path } | Op::Rename { from: path, .. } => {
                Some((path.clone(), false))
            }
            _ => op.file().and_then(|file| self.names.get(&file)).map(|path| (path.clone(), false)),
        }
    }
}

impl Io for BlameIo<'_> {
    fn submit(&mut self, token: Token, op: Op) {
        if let Some(subject) = self.subject(&op) {
            self.asked.insert(token, subject);
        }
        self.inner.submit(token, op);
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        let before = completions.len();
        self.inner.flush_and_take(completions);
        self.settle(&completions[before..]);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        let before = completions.len();
        self.inner.poll(completions);
        self.settle(&completions[before..]);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        let before = completions.len();
        self.inner.wait(completions);
        self.settle(&completions[before..]);
    }

    fn register(&mut self, memory: &super::AlignedBuffer) -> bool {
        self.inner.register(memory)
    }

    fn in_flight(&self) -> usize {
        self.inner.in_flight()
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        self.inner.wakeup_fd()
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn system_calls(&self) -> u64 {
        self.inner.system_calls()
    }

    fn staged_size(&self) -> u64 {
        self.inner.staged_size()
    }

    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>> {
        let result = self.inner.list(directory);
        self.judge(directory, result)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        let result = self.inner.file_size(path);
        self.judge(path, result)
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        let result = self.inner.lock(path);
        self.judge(path, result)
    }
}
