use std::time::{Duration, Instant};

/// Requests at given times, whether earlier ones were answered or not.
pub struct Arrivals {
    next: Instant,
    left: u32,
    mean: Duration,
    /// None: evenly spaced.
    random: Option<u64>,
}

impl Arrivals {
    /// Gaps are even between nothing and twice the mean; the same seed gives the same gaps.
    #[must_use]
    pub fn new(count: u32, mean: Duration, seed: u64) -> Self {
        Self { next: Instant::now() + mean, left: count, mean, random: Some(seed | 1) }
    }

    /// All gaps are the same.
    #[must_use]
    pub fn even(count: u32, gap: Duration) -> Self {
        Self { next: Instant::now() + gap, left: count, mean: gap, random: None }
    }

    /// The time at which a request was due, if one is.
    pub fn take_due(&mut self) -> Option<Instant> {
        let due = self.next;
        if self.left == 0 || due > Instant::now() {
            return None;
        }
        self.left -= 1;
        self.next = due + self.gap();
        Some(due)
    }

    /// None when all have come.
    #[must_use]
    pub fn until_next(&self) -> Option<Duration> {
        (self.left > 0).then(|| self.next.saturating_duration_since(Instant::now()))
    }

    fn gap(&mut self) -> Duration {
        let Some(random) = &mut self.random else { return self.mean };
        // xorshift64: any even spread will do.
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        self.mean * 2 * (*random % 1024) as u32 / 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_gaps_around_the_mean() {
        let gaps = |seed| {
            let mut arrivals = Arrivals::new(1, Duration::from_millis(1), seed);
            (0..4000).map(|_| arrivals.gap()).collect::<Vec<_>>()
        };
        assert_eq!(gaps(7), gaps(7));
        let mean = gaps(7).iter().sum::<Duration>() / 4000;
        assert!((900..1100).contains(&mean.as_micros()), "{mean:?}");
    }
}
