//! Plain system calls on a few threads, for machines that forbid io_uring. The same results and the same wake-up.

mod call;
mod pool;

use super::check::file_of;
use super::cold::{self, Locks};
use super::file_table::FileTable;
use super::{Completion, DirEntry, EventFd, FileId, Io, IoResult, Op, OpenMode, PageCache, SharedFile, Token};
use call::{Call, On};
use pool::{Finished, Job, Pool};
use std::cell::Cell;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::sync::Arc;

/// Enough to keep a device busy under a commit, its sync and a few reads.
const THREADS: usize = 4;

/// Lives on: the shard's thread, with `THREADS` threads of its own that end with it.
pub struct FallbackIo {
    pool: Pool,
    event_fd: Arc<EventFd>,
    has_watcher: Cell<bool>,
    files: FileTable<RawFd>,
    page_cache: PageCache,
    staged: Vec<Job>,
    /// Completed and not yet given to the caller.
    done: Vec<Completion>,
    finished: Vec<Finished>,
    in_flight: usize,
    locks: Locks,
    system_calls: u64,
}

impl FallbackIo {
    pub fn new() -> IoResult<Self> {
        let event_fd = Arc::new(EventFd::new()?);
        Ok(Self {
            pool: Pool::new(THREADS, Arc::clone(&event_fd))?,
            event_fd,
            has_watcher: Cell::new(false),
            files: FileTable::new(),
            page_cache: PageCache::Keep,
            staged: Vec::new(),
            done: Vec::new(),
            finished: Vec::new(),
            in_flight: 0,
            locks: Locks::default(),
            system_calls: 1 + THREADS as u64,
        })
    }

    /// What becomes of its large buffered writes; `Keep` unless told otherwise.
    #[must_use]
    pub fn with_page_cache(mut self, page_cache: PageCache) -> Self {
        self.page_cache = page_cache;
        self
    }

    fn start(&mut self, token: Token, op: Op) -> IoResult<()> {
        let file = file_of(&self.files, &op)?;
        if let Op::Close { file } = op {
            if self.files.begin_close(file, token) {
                self.start_close(token, file);
            }
            return Ok(());
        }
        let opens = match op {
            Op::Open { mode, .. } => Some(mode),
            _ => None,
        };
        let call = Call::new(op, file.map(|file| self.on(file)))?;
        if let Some(file) = file {
            self.files.begin(file);
        }
        self.staged.push(Job { token, file, opens, call });
        Ok(())
    }

    fn on(&self, file: FileId) -> On {
        let (is_direct, is_directory) = (self.files.is_direct(file), self.files.is_directory(file));
        On { descriptor: self.files.target(file), is_direct, is_directory, page_cache: self.page_cache }
    }

    /// Every other operation on the file has ended.
    fn start_close(&mut self, token: Token, file: FileId) {
        let descriptor = self.files.remove(file);
        self.staged.push(Job { token, file: None, opens: None, call: Call::Close { descriptor } });
    }

    /// Takes what the threads have finished.
    fn reap(&mut self) {
        let mut finished = std::mem::take(&mut self.finished);
        self.pool.take_finished(&mut finished);
        let mut has_closes = false;
        for one in finished.drain(..) {
            self.system_calls += one.system_calls;
            let result = match (one.opens, one.result) {
                (Some(mode), Ok(descriptor)) => Ok(u64::from(self.opened(descriptor as RawFd, mode).0)),
                (_, result) => result,
            };
            self.done.push(Completion { token: one.token, result });
            if let Some((file, token)) = one.file.and_then(|file| self.files.end(file).map(|token| (file, token))) {
                self.start_close(token, file);
                has_closes = true;
            }
        }
        self.finished = finished;
        if has_closes {
            self.pool.send(&mut self.staged);
        }
    }

    fn opened(&mut self, descriptor: RawFd, mode: OpenMode) -> FileId {
        self.files.insert(descriptor, mode == OpenMode::Direct, mode == OpenMode::Directory)
    }

    fn give(&mut self, completions: &mut Vec<Completion>) {
        self.in_flight -= self.done.len();
        completions.append(&mut self.done);
    }
}

impl Io for FallbackIo {
    fn submit(&mut self, token: Token, op: Op) {
        self.in_flight += 1;
        if let Err(error) = self.start(token, op) {
            self.done.push(Completion { token, result: Err(error) });
        }
    }

    fn flush(&mut self) {
        self.pool.send(&mut self.staged);
        if !self.done.is_empty() && self.has_watcher.get() {
            self.event_fd.signal();
        }
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        self.pool.send(&mut self.staged);
        self.give(completions);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        if self.has_watcher.get() {
            // Before looking, so that what finishes behind the look signals again.
            self.system_calls += 1;
            self.event_fd.drain();
        }
        self.reap();
        self.give(completions);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        if self.in_flight == 0 {
            return;
        }
        self.flush();
        if self.done.is_empty() {
            self.pool.wait();
        }
        self.poll(completions);
    }

    fn share(&mut self, path: &Path) -> Option<SharedFile> {
        SharedFile::open(path).ok()
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        if !self.has_watcher.replace(true) {
            self.pool.watch(!self.done.is_empty());
        }
        Some(self.event_fd.as_raw_fd())
    }

    fn name(&self) -> &'static str {
        "fallback"
    }

    fn system_calls(&self) -> u64 {
        self.system_calls
    }

    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>> {
        self.system_calls += 1;
        cold::list(directory)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        self.system_calls += 1;
        cold::file_size(path)
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        self.system_calls += 2;
        self.locks.take(path)
    }
}

impl Drop for FallbackIo {
    /// The threads read and write memory of others until the last completion, so this waits for it, even in a panic.
    fn drop(&mut self) {
        let mut completions = Vec::new();
        while self.in_flight > 0 {
            self.wait(&mut completions);
        }
        for descriptor in self.files.targets() {
            // SAFETY: ours, and nothing uses it any more.
            unsafe { libc::close(descriptor) };
        }
    }
}
