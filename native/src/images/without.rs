//! An Io that leaves out one kind of sync. The proof must notice each.

use crate::io::{Completion, DirEntry, FileId, Io, IoResult, Op, OpenMode, SyncMethod, Token};
use std::collections::HashSet;
use std::os::fd::RawFd;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Commits are written and acknowledged, and never synced.
    JournalSync,
    /// Checkpoints free the journal of what may be in the page cache only.
    SegmentSync,
    /// New files are synced, their names are not.
    DirectorySync,
}

impl Without {
    pub const ALL: [Self; 3] = [Self::JournalSync, Self::SegmentSync, Self::DirectorySync];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JournalSync => "journal-sync",
            Self::SegmentSync => "segment-sync",
            Self::DirectorySync => "directory-sync",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    fn concerns(self, path: &Path, mode: OpenMode) -> bool {
        let is_a = |wanted| path.extension().is_some_and(|extension| extension == wanted);
        match self {
            Self::JournalSync => is_a("journal"),
            Self::SegmentSync => is_a("log"),
            Self::DirectorySync => mode == OpenMode::Directory,
        }
    }
}

/// Its files are those of the Io below.
pub struct WithoutIo<I> {
    inner: I,
    without: Option<Without>,
    /// Files being opened whose syncs are left out, by the token of their opening.
    opening: HashSet<Token>,
    files: HashSet<FileId>,
    /// Syncs that were left out: done at once.
    done: Vec<Completion>,
}

impl<I: Io> WithoutIo<I> {
    pub fn new(inner: I, without: Option<Without>) -> Self {
        Self { inner, without, opening: HashSet::new(), files: HashSet::new(), done: Vec::new() }
    }

    /// A journal's first block says whose it is: without it recovery would refuse to start, which is no loss.
    fn kept_sync(&self, position: u64) -> Option<SyncMethod> {
        (self.without == Some(Without::JournalSync) && position == 0).then_some(SyncMethod::Linked)
    }

    fn note_opened(&mut self, completions: &[Completion]) {
        for completion in completions {
            if self.opening.remove(&completion.token) {
                self.files.extend(completion.result.ok().map(|file| FileId(file as u32)));
            }
        }
    }

    fn give(&mut self, completions: &mut Vec<Completion>, from: usize) {
        self.note_opened(&completions[from..]);
        completions.append(&mut self.done);
    }
}

impl<I: Io> Io for WithoutIo<I> {
    fn submit(&mut self, token: Token, op: Op) {
        let op = match op {
            Op::Open { path, mode } => {
                if self.without.is_some_and(|without| without.concerns(&path, mode)) {
                    self.opening.insert(token);
                }
                Op::Open { path, mode }
            }
            Op::Sync { file } if self.files.contains(&file) => {
                return self.done.push(Completion { token, result: Ok(0) });
            }
            Op::Write { file, position, pieces, .. } if self.files.contains(&file) => {
                let durable = self.kept_sync(position);
                Op::Write { file, position, pieces, durable }
            }
            Op::Close { file } => {
                self.files.remove(&file);
                Op::Close { file }
            }
            other => other,
        };
        self.inner.submit(token, op);
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        let from = completions.len();
        self.inner.flush_and_take(completions);
        self.give(completions, from);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        let from = completions.len();
        self.inner.poll(completions);
        self.give(completions, from);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        if !self.done.is_empty() {
            self.inner.flush();
            return self.poll(completions);
        }
        let from = completions.len();
        self.inner.wait(completions);
        self.give(completions, from);
    }

    fn register(&mut self, memory: &crate::io::AlignedBuffer) -> bool {
        self.inner.register(memory)
    }

    fn in_flight(&self) -> usize {
        self.inner.in_flight() + self.done.len()
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
