//! An operation on its way through the engine.

use super::faults::OpKind;
use super::file_image::Effect;
use super::namespace::InodeId;
use crate::io::{Completion, IoError, IoResult, OpenMode, Piece, SyncMethod, Token};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

pub(super) type ClientId = u64;

#[derive(Clone)]
pub(super) struct Handle {
    pub inode: InodeId,
    pub mode: OpenMode,
    pub path: Rc<str>,
}

impl Handle {
    pub fn is_writable(&self) -> bool {
        matches!(self.mode, OpenMode::Write | OpenMode::CreateNew | OpenMode::Direct)
    }
}

/// What the engine keeps of one SimIo.
pub(super) struct Client {
    pub handles: BTreeMap<u32, Handle>,
    /// Never reused, so that a stale FileId is caught.
    pub next_file: u32,
    pub done: Vec<Completion>,
    /// False after a restart or a kill: the process that owned it is no more.
    pub is_alive: bool,
}

/// The bytes of a write as they were at submit, and where they came from.
#[derive(Clone)]
pub(super) struct Payload {
    pub bytes: Rc<[u8]>,
    pub memory: Vec<Piece>,
}

#[derive(Clone)]
pub(super) enum Work {
    Fail(IoError),
    Open {
        path: PathBuf,
        mode: OpenMode,
    },
    Close,
    Read {
        position: u64,
        target: Piece,
    },
    Write {
        position: u64,
        payload: Payload,
        durable: Option<SyncMethod>,
    },
    /// The second half of a durable write.
    SyncWrite {
        position: u64,
        payload: Payload,
        method: SyncMethod,
        since: Effect,
    },
    Sync {
        since: Effect,
    },
    StartWriteback,
    Allocate {
        position: u64,
        size: u64,
    },
    SetSize {
        size: u64,
    },
    MakeDir {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    RemoveDir {
        path: PathBuf,
    },
}

#[derive(Clone)]
pub(super) struct Job {
    pub client: ClientId,
    pub token: Token,
    pub kind: OpKind,
    pub path: Rc<str>,
    /// The file it works on; the job counts as one of its users.
    pub inode: Option<InodeId>,
    pub work: Work,
}

pub(super) enum Outcome {
    Done(IoResult<u64>),
    /// The write went well; now its sync.
    Continue(Work),
}

impl Job {
    pub fn file(&self) -> InodeId {
        self.inode.expect("work on a file names it")
    }
}
