//! Time, order and faults. Every operation waits in one queue for its moment in simulated time; its whole effect
//! happens at that moment, and its completion is there from then on. All Ios of a disk share the queue.

use super::disk::SimOptions;
use super::faults::{Fault, FaultPlan, OpKind};
use super::file_image::Effect;
use super::file_system::{FileSystem, WriteFate};
use super::job::{Client, ClientId, Handle, Job, Outcome, Payload, Work};
use super::namespace::InodeId;
use super::random::Random;
use crate::io::check::is_well_formed;
use crate::io::{Completion, IoError, IoResult, Op, OpenMode, Piece, SyncMethod, Token};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

pub(super) struct Engine {
    pub fs: FileSystem,
    pub options: SimOptions,
    pub faults: FaultPlan,
    pub(super) random: Random,
    now_ns: u64,
    /// By due time, then by order of submission.
    pub(super) queue: BTreeMap<(u64, u64), Job>,
    sequence: u64,
    pub(super) clients: BTreeMap<ClientId, Client>,
    next_client: ClientId,
    pub(super) locks: BTreeMap<InodeId, ClientId>,
    pub(super) boundaries: u64,
    pub(super) crash_at: Option<u64>,
    pub(super) has_power: bool,
    /// What was under way when the power went: each may have reached the device, in whole or in part.
    pub(super) stranded: Vec<Job>,
}

impl Engine {
    pub fn new(options: SimOptions) -> Self {
        Self {
            fs: FileSystem::new(options.capacity),
            random: Random::new(options.seed),
            options,
            faults: FaultPlan::new(),
            now_ns: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            clients: BTreeMap::new(),
            next_client: 0,
            locks: BTreeMap::new(),
            boundaries: 0,
            crash_at: None,
            has_power: true,
            stranded: Vec::new(),
        }
    }

    // Clients.

    pub fn add_client(&mut self) -> ClientId {
        self.next_client += 1;
        let client = Client { handles: BTreeMap::new(), next_file: 0, done: Vec::new(), is_alive: true };
        self.clients.insert(self.next_client, client);
        self.next_client
    }

    /// Closes what the client left open. Its operations must have ended, by `step` or with its life.
    pub fn remove_client(&mut self, id: ClientId) {
        let client = self.clients.remove(&id).expect("a client is removed once");
        if client.is_alive {
            client.handles.values().for_each(|handle| self.fs.drop_user(handle.inode));
            self.locks.retain(|_, owner| *owner != id);
        }
    }

    /// False when the power is off or the client belongs to an earlier life.
    pub fn serves(&self, client: ClientId) -> bool {
        self.has_power && self.clients[&client].is_alive
    }

    pub fn take_done(&mut self, client: ClientId, completions: &mut Vec<Completion>) -> usize {
        let done = &mut self.clients.get_mut(&client).expect("a live handle").done;
        let count = done.len();
        completions.append(done);
        count
    }

    pub fn has_done(&self, client: ClientId) -> bool {
        !self.clients[&client].done.is_empty()
    }

    pub fn lock(&mut self, client: ClientId, path: &Path) -> IoResult<()> {
        let inode = match self.fs.find(path) {
            Err(IoError::NOT_FOUND) => self.fs.create(path)?,
            found => found?,
        };
        match self.locks.get(&inode) {
            Some(owner) if *owner != client => Err(IoError::WOULD_BLOCK),
            _ => {
                self.locks.insert(inode, client);
                Ok(())
            }
        }
    }

    // Time.

    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    pub fn advance(&mut self, ns: u64) {
        let until = self.now_ns + ns;
        while self.queue.first_key_value().is_some_and(|((due, _), _)| *due <= until) {
            self.step();
        }
        self.now_ns = until;
    }

    /// Runs whatever is due next. False if nothing waits.
    pub fn step(&mut self) -> bool {
        let Some(((due, _), job)) = self.queue.pop_first() else {
            return false;
        };
        self.now_ns = self.now_ns.max(due);
        self.run(job);
        true
    }

    fn enqueue(&mut self, job: Job) {
        let (low, high) = self.options.latency_ns;
        let mut latency = self.random.between(low, high);
        if self.random.below(16) == 0 {
            latency *= 10;
        }
        self.sequence += 1;
        self.queue.insert((self.now_ns + latency, self.sequence), job);
    }

    // From submit to completion.

    pub fn submit(&mut self, client: ClientId, token: Token, op: Op, bytes: Option<Rc<[u8]>>) {
        let kind = OpKind::of(&op);
        if !self.serves(client) {
            self.complete(client, token, Err(IoError::POWER_LOST));
            return;
        }
        let job = match self.resolve(client, token, op, bytes) {
            Ok(job) => job,
            Err(error) => Job { client, token, kind, path: "".into(), inode: None, work: Work::Fail(error) },
        };
        if let Some(inode) = job.inode {
            self.fs.add_user(inode);
        }
        if self.goes_inline(&job) {
            self.run(job);
        } else {
            self.enqueue(job);
        }
    }

    /// A buffered write may have happened before its flush returns.
    fn goes_inline(&mut self, job: &Job) -> bool {
        matches!(job.work, Work::Write { durable: None, .. }) && self.random.below(2) == 0
    }

    pub(super) fn complete(&mut self, client: ClientId, token: Token, result: IoResult<u64>) {
        let client = self.clients.get_mut(&client).expect("a client outlives its operations");
        client.done.push(Completion { token, result });
    }

    fn resolve(&mut self, client: ClientId, token: Token, op: Op, bytes: Option<Rc<[u8]>>) -> IoResult<Job> {
        let kind = OpKind::of(&op);
        let since = self.fs.effect();
        let handle = self.handle_of(client, &op)?;
        let named = match &op {
            Op::Open { path, .. } | Op::MakeDir { path } | Op::Unlink { path } | Op::RemoveDir { path } => Some(path.clone()),
            Op::Rename { to, .. } => Some(to.clone()),
            _ => None,
        };
        let path: Rc<str> = match (&handle, named) {
            (Some(handle), _) => Rc::clone(&handle.path),
            (None, named) => named.unwrap_or_default().to_string_lossy().into(),
        };
        let work = match op {
            Op::Open { path, mode } => Work::Open { path, mode },
            Op::Close { file } => {
                // The number is gone from here on; the file itself when this and all else in flight is done.
                self.clients.get_mut(&client).expect("a live client").handles.remove(&file.0);
                Work::Close
            }
            Op::Read { position, target, .. } => Work::Read { position, target },
            Op::Write { position, pieces, durable, .. } => {
                let bytes = bytes.expect("a write brings its bytes");
                Work::Write { position, payload: Payload { bytes, memory: pieces }, durable }
            }
            Op::Sync { .. } => Work::Sync { since },
            Op::StartWriteback { .. } => Work::StartWriteback,
            Op::Allocate { position, size, .. } => Work::Allocate { position, size },
            Op::SetSize { size, .. } => Work::SetSize { size },
            Op::MakeDir { path } => Work::MakeDir { path },
            Op::Rename { from, to } => Work::Rename { from, to },
            Op::Unlink { path } => Work::Unlink { path },
            Op::RemoveDir { path } => Work::RemoveDir { path },
        };
        Ok(Job { client, token, kind, path, inode: handle.map(|handle| handle.inode), work })
    }

    /// The handle that an operation names, if it may do this with it.
    fn handle_of(&self, client: ClientId, op: &Op) -> IoResult<Option<Handle>> {
        let Some(file) = op.file() else { return Ok(None) };
        let handle = self.clients[&client].handles.get(&file.0).cloned().ok_or(IoError::BAD_FILE)?;
        if !is_well_formed(handle.mode == OpenMode::Direct, op) {
            return Err(IoError::INVALID);
        }
        match op {
            Op::Read { .. } if handle.mode == OpenMode::Directory => Err(IoError(libc::EISDIR)),
            Op::Write { .. } | Op::Allocate { .. } if !handle.is_writable() => Err(IoError::BAD_FILE),
            Op::SetSize { .. } if !handle.is_writable() => Err(IoError::INVALID),
            _ => Ok(Some(handle)),
        }
    }

    fn run(&mut self, job: Job) {
        let is_boundary = self.is_boundary(&job);
        if is_boundary && self.reaches_crash() {
            self.strand(Some(job));
            return;
        }
        let outcome = self.effect(&job);
        if is_boundary && self.reaches_crash() {
            // It is done, and nobody will ever hear of it.
            self.complete(job.client, job.token, Err(IoError::POWER_LOST));
            self.lose_power();
            return;
        }
        match outcome {
            Outcome::Continue(work) => self.enqueue(Job { work, kind: OpKind::Sync, ..job }),
            Outcome::Done(result) => {
                if let Some(inode) = job.inode {
                    self.fs.drop_user(inode);
                }
                self.complete(job.client, job.token, result);
            }
        }
    }

    fn effect(&mut self, job: &Job) -> Outcome {
        let fault = match job.work {
            Work::Fail(error) => return Outcome::Done(Err(error)),
            _ => self.faults.draw(job.kind, &job.path, &mut self.random),
        };
        if let Some(Fault::Error(error)) = fault {
            return Outcome::Done(Err(error));
        }
        match &job.work {
            Work::Read { position, target } => Outcome::Done(self.read(job.file(), *position, *target, fault)),
            Work::Write { position, payload, durable } => self.write(job, *position, payload, *durable, fault),
            Work::SyncWrite { position, payload, method, since } => {
                self.sync_write(job, *position, payload, *method, *since, fault)
            }
            Work::Sync { since } => Outcome::Done(self.sync(job.file(), *since, fault).map(|()| 0)),
            Work::Open { path, mode } => Outcome::Done(self.open(job.client, path, *mode)),
            // The handle's use of the file; that of this job ends with its completion.
            Work::Close => {
                self.fs.drop_user(job.file());
                Outcome::Done(Ok(0))
            }
            other => Outcome::Done(self.change(other, job.inode).map(|()| 0)),
        }
    }

    /// Changes that have no fault but an error.
    pub(super) fn change(&mut self, work: &Work, inode: Option<InodeId>) -> IoResult<()> {
        let file = || inode.expect("work on a file names it");
        match work {
            Work::Allocate { position, size } => self.fs.allocate(file(), *position, *size),
            Work::SetSize { size } => {
                self.fs.set_size(file(), *size);
                Ok(())
            }
            Work::MakeDir { path } => self.fs.make_dir(path),
            Work::Rename { from, to } => self.fs.rename(from, to),
            Work::Unlink { path } => self.fs.unlink(path),
            Work::RemoveDir { path } => self.fs.remove_dir(path),
            _ => Ok(()),
        }
    }

    fn open(&mut self, client: ClientId, path: &Path, mode: OpenMode) -> IoResult<u64> {
        let creates = matches!(mode, OpenMode::Write | OpenMode::CreateNew | OpenMode::Direct);
        let inode = match self.fs.find(path) {
            Ok(_) if mode == OpenMode::CreateNew => return Err(IoError::EXISTS),
            Err(IoError::NOT_FOUND) if creates => self.fs.create(path)?,
            found => found?,
        };
        match self.fs.is_directory(inode) {
            true if creates => return Err(IoError(libc::EISDIR)),
            false if mode == OpenMode::Directory => return Err(IoError(libc::ENOTDIR)),
            _ => {}
        }
        self.fs.add_user(inode);
        let client = self.clients.get_mut(&client).expect("a client outlives its operations");
        let file = client.next_file;
        client.next_file += 1;
        let mode = if self.fs.is_directory(inode) { OpenMode::Directory } else { mode };
        client.handles.insert(file, Handle { inode, mode, path: path.to_string_lossy().into() });
        Ok(u64::from(file))
    }

    fn read(&mut self, inode: InodeId, position: u64, target: Piece, fault: Option<Fault>) -> IoResult<u64> {
        let mut size = target.size();
        if fault == Some(Fault::Short) && size > 1 {
            size = self.random.between(1, size as u64 - 1) as usize;
        }
        let mut bytes = vec![0; size];
        let count = self.fs.file(inode).cached().read(position, &mut bytes);
        if fault == Some(Fault::BitFlip) && count > 0 {
            flip_any_bit(&mut bytes[..count], &mut self.random);
        }
        target.write(0, &bytes[..count]);
        Ok(count as u64)
    }

    fn write(
        &mut self,
        job: &Job,
        position: u64,
        payload: &Payload,
        durable: Option<SyncMethod>,
        fault: Option<Fault>,
    ) -> Outcome {
        self.check_memory(job, payload);
        let mut bytes = Rc::clone(&payload.bytes);
        let mut fate = WriteFate::Whole;
        match fault {
            Some(Fault::Short) if bytes.len() > 1 => {
                bytes = bytes[..self.random.between(1, bytes.len() as u64 - 1) as usize].into();
            }
            Some(Fault::BitFlip) if !bytes.is_empty() => {
                let mut flipped = bytes.to_vec();
                flip_any_bit(&mut flipped, &mut self.random);
                bytes = flipped.into();
            }
            Some(Fault::Torn) => fate = WriteFate::Torn,
            Some(Fault::Lost) => fate = WriteFate::Lost,
            _ => {}
        }
        let is_whole = bytes.len() == payload.bytes.len();
        match (self.fs.write(job.file(), position, &bytes, fate, &mut self.random), durable) {
            (Err(error), _) => Outcome::Done(Err(error)),
            (Ok(_), _) if fate == WriteFate::Torn => Outcome::Done(Err(IoError::MEDIA)),
            // A short write cancels its sync.
            (Ok(since), Some(method)) if is_whole => {
                Outcome::Continue(Work::SyncWrite { position, payload: payload.clone(), method, since })
            }
            (Ok(_), _) => Outcome::Done(Ok(bytes.len() as u64)),
        }
    }

    fn sync_write(
        &mut self,
        job: &Job,
        position: u64,
        payload: &Payload,
        method: SyncMethod,
        since: Effect,
        fault: Option<Fault>,
    ) -> Outcome {
        self.check_memory(job, payload);
        let size = payload.bytes.len() as u64;
        let synced = match (method, fault) {
            (SyncMethod::Dsync, None) => {
                self.fs.file_mut(job.file()).sync_range(since, position, size);
                Ok(())
            }
            _ => self.sync(job.file(), since, fault),
        };
        Outcome::Done(synced.map(|()| size))
    }

    /// Covers what took effect before the sync began, for certain; of what came meanwhile, as much as luck has it.
    fn sync(&mut self, inode: InodeId, since: Effect, fault: Option<Fault>) -> IoResult<()> {
        match fault {
            Some(Fault::SyncLies) => return Ok(()),
            Some(Fault::SyncDropsDirty) => {
                if !self.fs.is_directory(inode) {
                    self.fs.file_mut(inode).fail_sync(&mut self.random);
                }
                return Err(IoError::MEDIA);
            }
            _ => {}
        }
        let until = self.random.between(since, self.fs.effect());
        self.fs.sync(inode, until);
        Ok(())
    }

    fn check_memory(&self, job: &Job, payload: &Payload) {
        if !self.options.check_memory {
            return;
        }
        let mut at = 0;
        for piece in &payload.memory {
            let submitted = &payload.bytes[at..at + piece.size()];
            if piece.bytes() != submitted {
                let same = piece.bytes().iter().zip(submitted).take_while(|(now, then)| now == then).count();
                panic!(
                    "the memory of a write changed between submit and completion: {} token {}, byte {} of the write",
                    job.path,
                    job.token,
                    at + same
                );
            }
            at += piece.size();
        }
    }
}

fn flip_any_bit(bytes: &mut [u8], random: &mut Random) {
    let at = random.below(bytes.len() as u64) as usize;
    bytes[at] ^= 1 << random.below(8);
}
