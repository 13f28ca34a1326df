//! A disk that lives what a trace of a real one tells (DURABILITY.md rule 25), to find out what a power cut at any
//! moment of it could have left.
//!
//! The trace says when an operation was submitted and when it was seen to be complete. It takes effect here at the
//! latest moment it can have: its completion. A sync covers what had taken effect when it was submitted. What was
//! submitted and not completed when the power goes may have happened, in whole or in part.

#[cfg(test)]
mod tests;

use super::disk::SimDisk;
use super::engine::Engine;
use super::faults::OpKind;
use super::file_image::Effect;
use super::file_system::WriteFate;
use super::job::{Job, Payload, Work};
use super::namespace::InodeId;
use super::power::Image;
use crate::io::trace::{TraceRecord, TracedOp};
use crate::io::{FileId, IoError, IoResult, OpenMode, SyncMethod};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

/// The trace tells what cannot have happened on this disk, or something after which nobody knows what is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    pub operation: u64,
    pub what: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {} of the trace: {}", self.operation, self.what)
    }
}

type Outcome<T = ()> = Result<T, Contradiction>;

/// Belongs to one thread. A power cut ends only the disk that `lose_power` answers; this one goes on.
pub struct TraceDisk {
    disk: SimDisk,
    /// Open files, by the number of their Io and theirs in it.
    files: HashMap<(u32, FileId), InodeId>,
    pending: BTreeMap<u64, Pending>,
}

/// Submitted and not completed.
struct Pending {
    io: u32,
    job: Job,
    /// What had taken effect at its submission.
    since: Effect,
}

impl TraceDisk {
    /// What the disk holds lay there, durably, before the trace began. From here on it is this trace's own.
    #[must_use]
    pub fn new(disk: SimDisk) -> Self {
        Self { disk, files: HashMap::new(), pending: BTreeMap::new() }
    }

    /// The next record of the trace.
    ///
    /// # Errors
    /// The record cannot follow the ones before it.
    pub fn apply(&mut self, record: &TraceRecord) -> Outcome {
        match record {
            TraceRecord::Submit { io, operation, op } => self.submit(*io, *operation, op),
            TraceRecord::Complete { operation, result, .. } => self.complete(*operation, *result),
            TraceRecord::Note { .. } => Ok(()),
        }
    }

    /// The disk as it comes up again when the power goes now: one legal image, chosen by the seed.
    #[must_use]
    pub fn lose_power(&self, seed: u64) -> SimDisk {
        let disk = SimDisk::seeded(seed);
        disk.engine().restore(&self.image());
        disk.restart(seed);
        disk
    }

    fn image(&self) -> Image {
        let stranded = self.pending.values().map(|pending| pending.job.clone()).collect();
        Image::without_power(self.disk.engine().fs.clone(), stranded)
    }

    fn submit(&mut self, io: u32, operation: u64, op: &TracedOp) -> Outcome {
        let inode = match file_of(op) {
            Some(file) => {
                let inode = self.files.get(&(io, file)).copied();
                Some(inode.ok_or_else(|| contradiction(operation, format!("file {} of io {io} is not open", file.0)))?)
            }
            None => None,
        };
        if let TracedOp::Close { file } = op {
            self.files.remove(&(io, *file));
        }
        let since = self.disk.engine().fs.effect();
        let (kind, work) = work_of(op, since);
        let job = Job { client: 0, token: operation, kind, path: "".into(), inode, work };
        if self.pending.insert(operation, Pending { io, job, since }).is_some() {
            return Err(contradiction(operation, "submitted twice".into()));
        }
        Ok(())
    }

    fn complete(&mut self, operation: u64, result: IoResult<u64>) -> Outcome {
        let Some(Pending { io, job, since }) = self.pending.remove(&operation) else {
            return Err(contradiction(operation, "completed without a submission".into()));
        };
        let value = match result {
            Ok(value) => value,
            Err(error) => return self.fail(&job, error),
        };
        let mut engine = self.disk.engine();
        let done = match &job.work {
            Work::Open { path, mode } => open(&mut engine, path, *mode).map(|inode| {
                self.files.insert((io, FileId(value as u32)), inode);
            }),
            Work::Close => {
                engine.fs.drop_user(job.file());
                Ok(())
            }
            Work::Write { position, payload, durable } => write(&mut engine, &job, *position, payload, *durable, value, since),
            Work::Sync { since } => {
                engine.fs.sync(job.file(), *since);
                Ok(())
            }
            other => engine.change(other, job.inode),
        };
        done.map_err(|error| contradiction(operation, format!("it went well, which is impossible here: {error}")))
    }

    fn fail(&mut self, job: &Job, error: IoError) -> Outcome {
        match job.kind {
            OpKind::Write | OpKind::Sync => {
                Err(contradiction(job.token, format!("a failed {:?} ({error}) leaves nobody knows what", job.kind)))
            }
            _ => Ok(()),
        }
    }
}

fn contradiction(operation: u64, what: String) -> Contradiction {
    Contradiction { operation, what }
}

fn open(engine: &mut Engine, path: &Path, mode: OpenMode) -> IoResult<InodeId> {
    let inode = match engine.fs.find(path) {
        Err(IoError::NOT_FOUND) if creates(mode) => engine.fs.create(path)?,
        found => found?,
    };
    engine.fs.add_user(inode);
    Ok(inode)
}

fn creates(mode: OpenMode) -> bool {
    matches!(mode, OpenMode::Write | OpenMode::CreateNew | OpenMode::Direct)
}

/// A short write is in the page cache as far as it came, and its sync was cancelled.
fn write(
    engine: &mut Engine,
    job: &Job,
    position: u64,
    payload: &Payload,
    durable: Option<SyncMethod>,
    written: u64,
    since: Effect,
) -> IoResult<()> {
    let whole = payload.bytes.len() as u64;
    let bytes = &payload.bytes[..written.min(whole) as usize];
    let Engine { fs, random, .. } = engine;
    let effect = fs.write(job.file(), position, bytes, WriteFate::Whole, random)?;
    let Some(method) = durable.filter(|_| written == whole) else {
        return Ok(());
    };
    let file = fs.file_mut(job.file());
    if method == SyncMethod::Linked {
        file.sync(since);
    }
    file.sync_range(effect, position, whole);
    Ok(())
}

fn file_of(op: &TracedOp) -> Option<FileId> {
    match op {
        TracedOp::Close { file }
        | TracedOp::Read { file, .. }
        | TracedOp::Write { file, .. }
        | TracedOp::Sync { file }
        | TracedOp::StartWriteback { file, .. }
        | TracedOp::Allocate { file, .. }
        | TracedOp::SetSize { file, .. } => Some(*file),
        TracedOp::Open { .. }
        | TracedOp::MakeDir { .. }
        | TracedOp::Rename { .. }
        | TracedOp::Unlink { .. }
        | TracedOp::RemoveDir { .. } => None,
    }
}

fn work_of(op: &TracedOp, since: Effect) -> (OpKind, Work) {
    match op {
        TracedOp::Open { path, mode } => (OpKind::Open, Work::Open { path: path.clone(), mode: *mode }),
        TracedOp::Close { .. } => (OpKind::Close, Work::Close),
        // Neither changes anything, nor promises anything.
        TracedOp::Read { .. } => (OpKind::Read, Work::StartWriteback),
        TracedOp::StartWriteback { .. } => (OpKind::StartWriteback, Work::StartWriteback),
        TracedOp::Write { position, bytes, durable, .. } => {
            let payload = Payload { bytes: bytes.as_slice().into(), memory: Vec::new() };
            (OpKind::Write, Work::Write { position: *position, payload, durable: *durable })
        }
        TracedOp::Sync { .. } => (OpKind::Sync, Work::Sync { since }),
        TracedOp::Allocate { position, size, .. } => (OpKind::Allocate, Work::Allocate { position: *position, size: *size }),
        TracedOp::SetSize { size, .. } => (OpKind::SetSize, Work::SetSize { size: *size }),
        TracedOp::MakeDir { path } => (OpKind::MakeDir, Work::MakeDir { path: path.clone() }),
        TracedOp::Rename { from, to } => (OpKind::Rename, Work::Rename { from: from.clone(), to: to.clone() }),
        TracedOp::Unlink { path } => (OpKind::Unlink, Work::Unlink { path: path.clone() }),
        TracedOp::RemoveDir { path } => (OpKind::RemoveDir, Work::RemoveDir { path: path.clone() }),
    }
}
