use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Knows what is being done and since when, so that a hang is a failure that says where. A handle: clones watch the same.
#[derive(Clone)]
pub struct Watchdog {
    doing: Arc<Mutex<(Instant, String)>>,
}

impl Default for Watchdog {
    fn default() -> Self {
        Self { doing: Arc::new(Mutex::new((Instant::now(), "nothing yet".to_owned()))) }
    }
}

impl Watchdog {
    /// The next thing begins; the one before it has ended.
    pub fn begin(&self, what: String) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), what);
    }

    /// What is being done, if for longer than this.
    #[must_use]
    pub fn stuck(&self, longer_than: Duration) -> Option<String> {
        let doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        (doing.0.elapsed() > longer_than).then(|| doing.1.clone())
    }
}
