use crate::store::Now;
use std::time::Instant;

/// The clocks of JavaScript, as it told them last, gone on since: for what is done between its calls.
#[derive(Clone, Copy)]
pub struct Clocks {
    told: Instant,
    monotonic_ms: f64,
    wall_ms: f64,
}

impl Clocks {
    #[must_use]
    pub fn told(monotonic_ms: f64, wall_ms: f64) -> Self {
        Self { told: Instant::now(), monotonic_ms, wall_ms }
    }

    #[must_use]
    pub fn now(&self) -> Now {
        let passed_ms = self.told.elapsed().as_secs_f64() * 1e3;
        Now { monotonic_ms: (self.monotonic_ms + passed_ms) as u64, wall_ms: (self.wall_ms + passed_ms) as i64 }
    }
}
