use super::{AlignedBuffer, Completion, DirEntry, Io, IoError, IoResult, Op, Token};
use std::os::fd::RawFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;

/// How far long work on one thread is, for another one, which may end it.
#[derive(Clone, Default)]
pub struct Watch(Arc<Watched>);

#[derive(Default)]
struct Watched {
    read_size: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Watch {
    /// Bytes that were read.
    #[must_use]
    pub fn read_size(&self) -> u64 {
        self.0.read_size.load(Ordering::Relaxed)
    }

    /// The next operation fails, and all that follow.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Relaxed)
    }
}

/// An Io for work that is watched: nothing in it waits longer than for what is in flight.
pub struct WatchedIo<I> {
    inner: I,
    watch: Watch,
    refused: Vec<Completion>,
}

impl<I: Io> WatchedIo<I> {
    pub fn new(inner: I, watch: Watch) -> Self {
        Self { inner, watch, refused: Vec::new() }
    }

    fn check(&self) -> IoResult<()> {
        if self.watch.is_cancelled() {
            Err(IoError::CANCELLED)
        } else {
            Ok(())
        }
    }

    fn settle(&mut self, completions: &mut Vec<Completion>) {
        completions.append(&mut self.refused);
    }
}

impl<I: Io> Io for WatchedIo<I> {
    fn submit(&mut self, token: Token, op: Op) {
        let is_closing = matches!(op, Op::Close { .. });
        if self.watch.is_cancelled() && !is_closing {
            self.refused.push(Completion { token, result: Err(IoError::CANCELLED) });
            return;
        }
        if let Op::Read { target, .. } = &op {
            self.watch.0.read_size.fetch_add(target.size() as u64, Ordering::Relaxed);
        }
        self.inner.submit(token, op);
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        self.settle(completions);
        self.inner.flush_and_take(completions);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        self.settle(completions);
        self.inner.poll(completions);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        if self.refused.is_empty() {
            self.inner.wait(completions);
        } else {
            self.settle(completions);
        }
    }

    fn register(&mut self, memory: &AlignedBuffer) -> bool {
        self.inner.register(memory)
    }

    fn in_flight(&self) -> usize {
        self.inner.in_flight() + self.refused.len()
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
        self.check()?;
        self.inner.list(directory)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        self.check()?;
        self.inner.file_size(path)
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        self.check()?;
        self.inner.lock(path)
    }
}
