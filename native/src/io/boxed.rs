use super::{Completion, DirEntry, Io, IoResult, Op, Token};
use std::os::fd::RawFd;
use std::path::Path;

/// So that what wraps an Io (a trace) can wrap one that was chosen at run time.
impl<T: Io + ?Sized> Io for Box<T> {
    fn submit(&mut self, token: Token, op: Op) {
        (**self).submit(token, op);
    }

    fn flush(&mut self) {
        (**self).flush();
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        (**self).flush_and_take(completions);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        (**self).poll(completions);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        (**self).wait(completions);
    }

    fn register(&mut self, memory: &crate::io::AlignedBuffer) -> bool {
        (**self).register(memory)
    }

    fn in_flight(&self) -> usize {
        (**self).in_flight()
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        (**self).wakeup_fd()
    }

    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn system_calls(&self) -> u64 {
        (**self).system_calls()
    }

    fn staged_size(&self) -> u64 {
        (**self).staged_size()
    }

    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>> {
        (**self).list(directory)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        (**self).file_size(path)
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        (**self).lock(path)
    }
}
