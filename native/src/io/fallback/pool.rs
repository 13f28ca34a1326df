use super::call::Call;
use crate::io::{EventFd, FileId, IoResult, OpenMode, Token};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};

pub(super) struct Job {
    pub token: Token,
    pub file: Option<FileId>,
    pub opens: Option<OpenMode>,
    pub call: Call,
}

// SAFETY: a job names memory that the submitter promised to leave alone until the completion; the thread that runs
// it is the only one that uses that memory meanwhile.
unsafe impl Send for Job {}

pub(super) struct Finished {
    pub token: Token,
    pub file: Option<FileId>,
    pub opens: Option<OpenMode>,
    pub result: IoResult<u64>,
    pub system_calls: u64,
}

#[derive(Default)]
struct Queues {
    /// Bounded by what the owner has in flight.
    jobs: VecDeque<Job>,
    finished: Vec<Finished>,
    is_stopping: bool,
    has_watcher: bool,
    is_owner_waiting: bool,
}

struct Shared {
    queues: Mutex<Queues>,
    job_came: Condvar,
    job_ended: Condvar,
    event_fd: Arc<EventFd>,
}

/// Threads that run jobs in the order they came, each as long as it takes. Completions in any order.
pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    pub fn new(threads: usize, event_fd: Arc<EventFd>) -> IoResult<Self> {
        let shared =
            Shared { queues: Mutex::new(Queues::default()), job_came: Condvar::new(), job_ended: Condvar::new(), event_fd };
        // Grows by one, so that a failing spawn stops those that run.
        let mut pool = Self { shared: Arc::new(shared), threads: Vec::new() };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            pool.threads.push(Builder::new().name(format!("io-fallback-{number}")).spawn(move || shared.work())?);
        }
        Ok(pool)
    }

    pub fn send(&self, jobs: &mut Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let count = jobs.len();
        self.shared.lock().jobs.extend(jobs.drain(..));
        for _ in 0..count.min(self.threads.len()) {
            self.shared.job_came.notify_one();
        }
    }

    /// Blocks until something has finished.
    pub fn wait(&self) {
        let mut queues = self.shared.lock();
        queues.is_owner_waiting = true;
        while queues.finished.is_empty() {
            queues = self.shared.job_ended.wait(queues).expect("no thread panics with the queues");
        }
        queues.is_owner_waiting = false;
    }

    pub fn take_finished(&self, finished: &mut Vec<Finished>) {
        finished.append(&mut self.shared.lock().finished);
    }

    /// From now on somebody polls the eventfd. `is_ready` if completions wait that the threads know nothing of.
    pub fn watch(&self, is_ready: bool) {
        let mut queues = self.shared.lock();
        queues.has_watcher = true;
        if is_ready || !queues.finished.is_empty() {
            self.shared.event_fd.signal();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.job_came.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked left its job unfinished; there is no owner left to tell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().expect("no thread panics with the queues")
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            let mut system_calls = 0;
            let result = job.call.run(&mut system_calls);
            let Job { token, file, opens, .. } = job;
            self.finish(Finished { token, file, opens, result, system_calls });
        }
    }

    /// None when the pool ends.
    fn next(&self) -> Option<Job> {
        let mut queues = self.lock();
        loop {
            if let Some(job) = queues.jobs.pop_front() {
                return Some(job);
            }
            if queues.is_stopping {
                return None;
            }
            queues = self.job_came.wait(queues).expect("no thread panics with the queues");
        }
    }

    /// One signal for all that finish before the owner looks; none while the owner waits here.
    fn finish(&self, one: Finished) {
        let mut queues = self.lock();
        queues.finished.push(one);
        if queues.is_owner_waiting {
            self.job_ended.notify_one();
        } else if queues.has_watcher && queues.finished.len() == 1 {
            self.event_fd.signal();
        }
    }
}
