//! A disk in memory that fails like a real one, decided by a seed.
//!
//! What is simulated: the page cache against what is durable, sector by sector (`file_image`); directory entries
//! that need their directory's sync (`namespace`); latency and reordering in simulated time (`engine`); power that goes
//! at any chosen point (`power`); faults by chance or by schedule (`faults`). What is stricter than common file
//! systems: syncing a new file does not make its name durable. `trace_disk` lets such a disk live what a real one was
//! asked to do.

mod content;
mod disk;
mod engine;
mod faults;
mod file_image;
mod file_system;
mod job;
mod namespace;
mod power;
mod random;
mod ranges;
#[cfg(test)]
mod tests;
mod trace_disk;

pub use disk::{DiskSnapshot, SimDisk, SimOptions};
pub use faults::{Fault, FaultPlan, OpKind};
pub use random::Random;
pub use trace_disk::{Contradiction, TraceDisk};

use super::{Completion, DirEntry, Io, IoError, IoResult, Op, Piece, Token};
use job::ClientId;
use std::os::fd::RawFd;
use std::path::Path;
use std::rc::Rc;

type Staged = (Token, Op, Option<Rc<[u8]>>);

/// One Io over a `SimDisk`; a disk may have several. `poll` returns what is due and lets no time pass: a harness
/// advances the disk. `wait` advances it to this Io's next completion.
pub struct SimIo {
    disk: SimDisk,
    client: ClientId,
    /// Submitted and not flushed, each write with its bytes as they are at submit.
    staged: Vec<Staged>,
    in_flight: usize,
    system_calls: u64,
}

impl SimIo {
    #[must_use]
    pub fn new(disk: &SimDisk) -> Self {
        let client = disk.engine().add_client();
        Self { disk: disk.clone(), client, staged: Vec::new(), in_flight: 0, system_calls: 0 }
    }

    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    fn alive(&self) -> IoResult<()> {
        if self.disk.engine().serves(self.client) {
            Ok(())
        } else {
            Err(IoError::POWER_LOST)
        }
    }
}

fn gather(pieces: &[Piece]) -> Rc<[u8]> {
    let mut bytes = Vec::with_capacity(pieces.iter().map(|piece| piece.size()).sum());
    pieces.iter().for_each(|piece| bytes.extend_from_slice(piece.bytes()));
    bytes.into()
}

impl Io for SimIo {
    fn submit(&mut self, token: Token, op: Op) {
        let bytes = match &op {
            Op::Write { pieces, .. } => Some(gather(pieces)),
            _ => None,
        };
        self.in_flight += 1;
        self.staged.push((token, op, bytes));
    }

    fn flush(&mut self) {
        if self.staged.is_empty() {
            return;
        }
        self.system_calls += 1;
        let mut engine = self.disk.engine();
        for (token, op, bytes) in self.staged.drain(..) {
            engine.submit(self.client, token, op, bytes);
        }
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        self.flush();
        self.poll(completions);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        self.in_flight -= self.disk.engine().take_done(self.client, completions);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        self.flush();
        if self.in_flight == 0 {
            return;
        }
        self.system_calls += 1;
        let mut engine = self.disk.engine();
        while !engine.has_done(self.client) {
            assert!(engine.step(), "an operation is in flight that nothing will complete");
        }
        self.in_flight -= engine.take_done(self.client, completions);
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        None
    }

    fn name(&self) -> &'static str {
        "sim"
    }

    fn system_calls(&self) -> u64 {
        self.system_calls
    }

    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>> {
        self.alive()?;
        self.disk.engine().fs.list(directory)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        self.alive()?;
        let engine = self.disk.engine();
        match engine.fs.find(path) {
            Ok(inode) if engine.fs.is_directory(inode) => Err(IoError(libc::EISDIR)),
            Ok(inode) => Ok(Some(engine.fs.file(inode).size())),
            Err(IoError::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        self.alive()?;
        self.disk.engine().lock(self.client, path)
    }
}

impl Drop for SimIo {
    fn drop(&mut self) {
        // A panic may have come from inside the engine, or be under way with memory half gone: leave all as it is.
        if std::thread::panicking() {
            return;
        }
        let mut completions = Vec::new();
        while self.in_flight > 0 {
            self.wait(&mut completions);
        }
        self.disk.engine().remove_client(self.client);
    }
}
