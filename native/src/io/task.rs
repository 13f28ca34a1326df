//! Straight-line procedures over an `Io` that do not block the thread: create these directories, cut those files,
//! sync all of these and then write that record. A task is a future that owns its inputs, touches nothing but files
//! and ends in a value; whoever spawned it applies the value. So no state is shared across an await.
//!
//! ```text
//!   spawn(future) ─► runs to its first operations ─► they are submitted to the Io
//!   complete(token, result) ─► the task that waited runs on ─► … ─► its output comes out of `finished`
//! ```
//! Order: tasks are independent of each other; inside a task, `call` waits for one operation, `all` for many at once.
//! There is no waker: the token tells the task.

use super::{AlignedBuffer, FileId, Io, IoError, IoResult, Op, OpenMode, Piece, SyncMethod, Token, PIECES_MAX};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type TaskId = u64;

#[derive(Default)]
struct Shared {
    /// Operations that tasks asked for and nobody submitted yet.
    asked: Vec<(u64, Op)>,
    /// Which task waits for which operation.
    waiting: HashMap<u64, TaskId>,
    results: HashMap<u64, IoResult<u64>>,
    operation_next: u64,
    running: TaskId,
}

/// What a task uses to reach files. Cheap to clone; never leaves its thread.
#[derive(Clone)]
pub struct Files {
    shared: Rc<RefCell<Shared>>,
}

/// Runs tasks that end in a `T`. `token_base` keeps its operations apart from those of others on the same `Io`.
pub struct Tasks<T> {
    shared: Rc<RefCell<Shared>>,
    tasks: HashMap<TaskId, Pin<Box<dyn Future<Output = T>>>>,
    task_next: TaskId,
    token_base: Token,
    finished: Vec<T>,
}

impl<T> Tasks<T> {
    #[must_use]
    pub fn new(token_base: Token) -> Self {
        let shared = Rc::new(RefCell::new(Shared::default()));
        Self { shared, tasks: HashMap::new(), task_next: 0, token_base, finished: Vec::new() }
    }

    #[must_use]
    pub fn files(&self) -> Files {
        Files { shared: self.shared.clone() }
    }

    /// Tasks that have not ended.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tasks.len()
    }

    pub fn spawn(&mut self, io: &mut dyn Io, future: impl Future<Output = T> + 'static) {
        let id = self.task_next;
        self.task_next += 1;
        self.tasks.insert(id, Box::pin(future));
        self.run(io, id);
    }

    /// Hands a completed operation to its task. `token` is the one that the Io returned.
    pub fn complete(&mut self, io: &mut dyn Io, token: Token, result: IoResult<u64>) {
        let operation = token - self.token_base;
        let task = {
            let mut shared = self.shared.borrow_mut();
            shared.results.insert(operation, result);
            shared.waiting.remove(&operation)
        };
        if let Some(task) = task {
            self.run(io, task);
        }
    }

    pub fn take_finished(&mut self) -> Vec<T> {
        std::mem::take(&mut self.finished)
    }

    fn run(&mut self, io: &mut dyn Io, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        self.shared.borrow_mut().running = id;
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(output) = task.as_mut().poll(&mut context) {
            self.tasks.remove(&id);
            self.finished.push(output);
        }
        let asked = std::mem::take(&mut self.shared.borrow_mut().asked);
        for (operation, op) in asked {
            io.submit(self.token_base + operation, op);
        }
    }
}

/// Runs one task to its end and blocks meanwhile: start-up, recovery, verification.
pub fn block_on<T: 'static, F: Future<Output = T> + 'static>(io: &mut dyn Io, start: impl FnOnce(Files) -> F) -> T {
    assert_eq!(io.in_flight(), 0, "blocking use of an Io that has work in flight");
    let mut tasks = Tasks::new(0);
    let files = tasks.files();
    tasks.spawn(io, start(files));
    let mut completions = Vec::new();
    loop {
        if let Some(output) = tasks.take_finished().pop() {
            return output;
        }
        assert!(io.in_flight() > 0, "a task waits for nothing");
        io.wait(&mut completions);
        for completion in completions.drain(..) {
            tasks.complete(io, completion.token, completion.result);
        }
    }
}

/// Waits for a group of operations; ready when the last one completed.
struct Group {
    shared: Rc<RefCell<Shared>>,
    ops: Vec<Op>,
    /// Numbers of the operations, in the order they were asked for.
    operations: Vec<u64>,
    results: Vec<Option<IoResult<u64>>>,
    left: usize,
}

impl Future for Group {
    type Output = Vec<IoResult<u64>>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut shared = this.shared.borrow_mut();
        for op in this.ops.drain(..) {
            let operation = shared.operation_next;
            shared.operation_next += 1;
            let task = shared.running;
            shared.waiting.insert(operation, task);
            shared.asked.push((operation, op));
            this.operations.push(operation);
        }
        for (at, operation) in this.operations.iter().enumerate() {
            if this.results[at].is_none() {
                this.results[at] = shared.results.remove(operation);
                this.left -= usize::from(this.results[at].is_some());
            }
        }
        if this.left > 0 {
            return Poll::Pending;
        }
        Poll::Ready(this.results.iter_mut().map(|result| result.take().expect("all completed")).collect())
    }
}

/// Operations of one `all` that are under way together: enough to fill a device, few enough to stay fair.
const GROUP_MAX: usize = 64;

impl Files {
    pub async fn call(&self, op: Op) -> IoResult<u64> {
        self.group(vec![op]).await.pop().expect("one op, one result")
    }

    async fn group(&self, ops: Vec<Op>) -> Vec<IoResult<u64>> {
        let count = ops.len();
        if count == 0 {
            return Vec::new();
        }
        let results = (0..count).map(|_| None).collect();
        Group { shared: self.shared.clone(), ops, operations: Vec::new(), results, left: count }.await
    }

    /// All of the operations, a bounded number at a time; results in their order.
    pub async fn all(&self, ops: Vec<Op>) -> Vec<IoResult<u64>> {
        let mut results = Vec::with_capacity(ops.len());
        let mut ops = ops.into_iter();
        loop {
            let group: Vec<Op> = ops.by_ref().take(GROUP_MAX).collect();
            if group.is_empty() {
                return results;
            }
            results.extend(self.group(group).await);
        }
    }

    /// As `all`, the first error if there is one.
    pub async fn all_ok(&self, ops: Vec<Op>) -> IoResult<Vec<u64>> {
        self.all(ops).await.into_iter().collect()
    }

    pub async fn open(&self, path: &Path, mode: OpenMode) -> IoResult<FileId> {
        let path: PathBuf = path.to_owned();
        self.call(Op::Open { path, mode }).await.map(|id| FileId(id as u32))
    }

    pub async fn close(&self, file: FileId) -> IoResult<()> {
        self.call(Op::Close { file }).await.map(drop)
    }

    pub async fn sync(&self, file: FileId) -> IoResult<()> {
        self.call(Op::Sync { file }).await.map(drop)
    }

    pub async fn sync_path(&self, path: &Path, mode: OpenMode) -> IoResult<()> {
        let file = self.open(path, mode).await?;
        let synced = self.sync(file).await;
        self.close(file).await?;
        synced
    }

    pub async fn sync_directory(&self, path: &Path) -> IoResult<()> {
        self.sync_path(path, OpenMode::Directory).await
    }

    /// Makes the directory; one that exists is fine.
    pub async fn make_directory(&self, path: &Path) -> IoResult<()> {
        match self.call(Op::MakeDir { path: path.to_owned() }).await {
            Ok(_) | Err(IoError::EXISTS) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads until the target is full or the file ends; returns the bytes read.
    pub async fn read(&self, file: FileId, position: u64, target: Piece) -> IoResult<usize> {
        let mut done = 0;
        while done < target.size() {
            let rest = target.cut(done, target.size() - done);
            let count = self.call(Op::Read { file, position: position + done as u64, target: rest }).await? as usize;
            if count == 0 {
                break;
            }
            done += count;
        }
        Ok(done)
    }

    /// Writes all of the pieces one behind the other, or fails.
    pub async fn write(&self, file: FileId, position: u64, pieces: &[Piece], durable: Option<SyncMethod>) -> IoResult<()> {
        let mut position = position;
        for group in pieces.chunks(PIECES_MAX) {
            let size: usize = group.iter().map(|piece| piece.size()).sum();
            let count = self.call(Op::Write { file, position, pieces: group.to_vec(), durable }).await? as usize;
            if count != size {
                return Err(IoError::SHORT_WRITE);
            }
            position += size as u64;
        }
        Ok(())
    }

    /// Writes a whole small file in place and syncs it. Its directory entry is the caller's to sync.
    pub async fn write_file(&self, path: &Path, bytes: &[u8]) -> IoResult<()> {
        let mut buffer = AlignedBuffer::new(bytes.len());
        buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        let file = self.open(path, OpenMode::Write).await?;
        let written = self.write(file, 0, &[buffer.piece(0, bytes.len())], Some(SyncMethod::Linked)).await;
        self.close(file).await?;
        written
    }

    /// A whole small file; None if there is none.
    pub async fn read_file(&self, path: &Path) -> IoResult<Option<Vec<u8>>> {
        const CHUNK: usize = 256 * 1024;
        let file = match self.open(path, OpenMode::Read).await {
            Ok(file) => file,
            Err(IoError::NOT_FOUND) => return Ok(None),
            Err(error) => return Err(error),
        };
        let buffer = AlignedBuffer::new(CHUNK);
        let mut bytes = Vec::new();
        let mut last = 0;
        let outcome = loop {
            match self.read(file, bytes.len() as u64, buffer.piece(0, CHUNK)).await {
                Ok(count) => bytes.extend_from_slice(&buffer.bytes()[..count]),
                Err(error) => break Err(error),
            }
            // `read` stops early only where the file ends.
            if bytes.len() % CHUNK != 0 || bytes.len() == last {
                break Ok(Some(bytes));
            }
            last = bytes.len();
        };
        self.close(file).await?;
        outcome
    }

    /// Removes a file; one that is not there is fine.
    pub async fn remove_file(&self, path: &Path) -> IoResult<()> {
        match self.call(Op::Unlink { path: path.to_owned() }).await {
            Ok(_) | Err(IoError::NOT_FOUND) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
