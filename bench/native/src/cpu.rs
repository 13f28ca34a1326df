//! CPU time of a measurement: the process with its io workers, and the kernel threads that work for it (writeback,
//! journal of the filesystem). Spinners are taken out: they measure nothing.

use crate::system;
use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

/// A moment, to be compared with a later one.
pub struct Mark {
    at: Instant,
    user: Duration,
    system: Duration,
    spinners: Duration,
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
        let spinners = spinners();
        let (user, system) = system::process_times();
        Self { at: Instant::now(), user, system, spinners, kernel_threads, written: written_size() }
    }

    #[must_use]
    pub fn spent(&self) -> Spent {
        let wall = self.at.elapsed();
        let end = Self::now();
        let spinning = end.spinners.saturating_sub(self.spinners);
        let growth =
            |(id, time): (&u32, &Duration)| time.saturating_sub(self.kernel_threads.get(id).copied().unwrap_or_default());
        Spent {
            wall: wall.as_secs_f64(),
            user: (end.user - self.user).saturating_sub(spinning).as_secs_f64(),
            system: (end.system - self.system).as_secs_f64(),
            kernel_threads: end.kernel_threads.iter().map(growth).sum::<Duration>().as_secs_f64(),
            written: end.written - self.written,
        }
    }
}

fn spinners() -> Duration {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let paths = tasks.flatten().map(|task| task.path());
    let is_spinner =
        |path: &std::path::PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with("spinner-"));
    paths.filter(is_spinner).filter_map(|path| run_time(&path.join("schedstat"))).sum()
}

/// The threads below kthreadd, by process id.
fn kernel_threads() -> HashMap<u32, Duration> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| is_kernel_thread(*id))
        .filter_map(|id| Some((id, run_time(format!("/proc/{id}/schedstat").as_ref())?)))
        .collect()
}

fn is_kernel_thread(id: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { return false };
    // The name may hold spaces and brackets; state and parent follow its last one.
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some("2")
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
