//! What an Io did, written down while it does it, for a checker that rebuilds every disk image a crash could have
//! left (DURABILITY.md rule 25). `format` says what the file holds and what its order proves.

mod format;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use format::{TraceRecord, TracedOp};
pub use reader::{TraceError, TraceReader};
pub use writer::Trace;

use super::{Completion, DirEntry, Io, IoResult, Op, Token};
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::path::Path;

/// An Io whose operations are recorded. Calls of the cold path that change nothing are not; `lock` creates its file
/// if it is missing, and is not either.
pub struct TraceIo<I> {
    inner: I,
    trace: Trace,
    number: u32,
    /// The submitter's token by the number of the operation, which is the token that `inner` sees.
    tokens: HashMap<u64, Token>,
}

impl<I: Io> TraceIo<I> {
    /// `inner` has nothing in flight.
    pub fn new(inner: I, trace: &Trace) -> Self {
        assert_eq!(inner.in_flight(), 0, "a trace begins with an Io at rest");
        Self { inner, trace: trace.clone(), number: trace.add_io(), tokens: HashMap::new() }
    }

    /// Records what came back and gives it the submitter's token.
    fn record(&mut self, completions: &mut [Completion]) {
        for completion in completions {
            self.trace.complete(self.number, completion.token, completion.result);
            completion.token = self.tokens.remove(&completion.token).expect("a completion has its submission");
        }
    }
}

impl<I: Io> Io for TraceIo<I> {
    fn submit(&mut self, token: Token, op: Op) {
        let operation = self.trace.submit(self.number, &op);
        self.tokens.insert(operation, token);
        self.inner.submit(operation, op);
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        let before = completions.len();
        self.inner.flush_and_take(completions);
        self.record(&mut completions[before..]);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        let before = completions.len();
        self.inner.poll(completions);
        self.record(&mut completions[before..]);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        let before = completions.len();
        self.inner.wait(completions);
        self.record(&mut completions[before..]);
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
        self.inner.list(directory)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        self.inner.file_size(path)
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        self.inner.lock(path)
    }
}
