use std::time::Duration;

/// Samples in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    samples: Vec<u32>,
}

impl Latencies {
    pub fn note(&mut self, latency: Duration) {
        self.samples.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// In milliseconds; zero without samples.
    #[must_use]
    pub fn percentile(&mut self, percent: f64) -> f64 {
        if self.samples.is_empty() {
            return 0.0;
        }
        self.samples.sort_unstable();
        let at = (self.samples.len() - 1) as f64 * percent / 100.0;
        f64::from(self.samples[at.round() as usize]) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_whatever_the_order() {
        let mut latencies = Latencies::default();
        for value in (1..=101).rev() {
            latencies.note(Duration::from_millis(value));
        }
        assert_eq!((latencies.percentile(0.0), latencies.percentile(50.0), latencies.percentile(99.0)), (1.0, 51.0, 100.0));
        assert_eq!(Latencies::default().percentile(50.0), 0.0);
    }
}
