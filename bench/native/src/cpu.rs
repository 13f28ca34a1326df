//! CPU time of a measurement: the process with its io workers, and the kernel threads that work for it (writeback,
//! the filesystem's journal, reclaim).

use crate::system;
use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// A moment, to be compared with a later one.
pub struct Mark {
    at: Instant,
    user: Duration,
    system: Duration,
    kernel_threads: HashMap<u32, Duration>,
    written: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    pub wall: f64,
    pub user: f64,
    pub system: f64,
    /// Of the whole machine: other work's writeback is in it too.
    pub kernel_threads: f64,
    /// Bytes that the process sent towards the device, by the kernel's count.
    pub written: u64,
}

impl Spent {
    #[must_use]
    pub fn process(&self) -> f64 {
        self.user + self.system
    }

    #[must_use]
    pub fn cpu(&self) -> f64 {
        self.process() + self.kernel_threads
    }
}

impl Mark {
    #[must_use]
    pub fn now() -> Self {
        let kernel_threads = kernel_threads();
        let (user, system) = system::process_times();
        Self { at: Instant::now(), user, system, kernel_threads, written: written_size() }
    }

    #[must_use]
    pub fn spent(&self) -> Spent {
        let wall = self.at.elapsed();
        let end = Self::now();
        let growth =
            |(id, time): (&u32, &Duration)| time.saturating_sub(self.kernel_threads.get(id).copied().unwrap_or_default());
        Spent {
            wall: wall.as_secs_f64(),
            user: (end.user - self.user).as_secs_f64(),
            system: (end.system - self.system).as_secs_f64(),
            kernel_threads: end.kernel_threads.iter().map(growth).sum::<Duration>().as_secs_f64(),
            written: end.written - self.written,
        }
    }
}

/// What works for storage among the kernel's threads, by process id. Others (DAMON, RCU) would only add noise.
const NAMES: [&str; 4] = ["(kworker/", "(jbd2/", "(kswapd", "(ksoftirqd/"];

fn kernel_threads() -> HashMap<u32, Duration> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| works_for_storage(*id))
        .filter_map(|id| Some((id, run_time(format!("/proc/{id}/schedstat").as_ref())?)))
        .collect()
}

fn works_for_storage(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    NAMES.iter().any(|name| stat.split_once(' ').is_some_and(|(_, rest)| rest.starts_with(name)))
}

fn run_time(schedstat: &std::path::Path) -> Option<Duration> {
    let text = fs::read_to_string(schedstat).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn written_size() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// The machine's load average over the last minute: what else ran.
#[must_use]
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|value| value.parse().ok()).unwrap_or(0.0)
}
