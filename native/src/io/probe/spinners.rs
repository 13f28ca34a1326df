use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Keeps every core from sleeping while it lives: one thread per core, at a priority (SCHED_IDLE) that any other work
/// displaces. A device's interrupt then never waits for a core to wake, nor for the next scheduler tick.
pub struct Spinners {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Spinners {
    #[must_use]
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..count).filter_map(|core| spawn_spinner(core, Arc::clone(&stop)).ok()).collect();
        Self { stop, threads }
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.threads.len()
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in mem::take(&mut self.threads) {
            let _ = thread.join();
        }
    }
}

fn spawn_spinner(core: usize, stop: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name(format!("spinner-{core}")).spawn(move || {
        // At normal priority it would take time from what it is meant to help.
        if !yield_to_all_others() {
            return;
        }
        stay_on(core);
        while !stop.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    })
}

fn yield_to_all_others() -> bool {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: concerns this thread (0) alone; the parameter lives during the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) == 0 }
}

// A refusal (the core is outside of our cpuset) only means that the scheduler places this thread itself.
fn stay_on(core: usize) {
    // SAFETY: cpu_set_t is plain bits; CPU_SET checks its bounds; the call concerns this thread alone.
    unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_per_core_and_all_end_with_it() {
        let spinners = Spinners::start();
        assert_eq!(spinners.count(), thread::available_parallelism().unwrap().get());
        let stop = Arc::clone(&spinners.stop);
        drop(spinners);
        // Every thread held a clone of the flag; only ours is left.
        assert_eq!(Arc::strong_count(&stop), 1);
    }
}
