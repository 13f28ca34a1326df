use super::commands::Pace;
use crate::figure::Figure;
use crate::latencies::Latencies;
use std::time::{Duration, Instant};

/// What a lap of deliveries, or of requests, came to.
pub struct Delivery {
    pub published: u64,
    pub expected: u64,
    pub delivered: u64,
    pub latencies: Latencies,
    /// How far publishing fell behind its schedule at worst: the client was the limit.
    pub behind: Duration,
    pub wall: Duration,
}

impl Delivery {
    pub fn print(mut self) {
        Figure::new("clients", "lap")
            .number("published", self.published as f64)
            .number("expected", self.expected as f64)
            .number("delivered", self.delivered as f64)
            .number("p50_ms", self.latencies.percentile(50.0))
            .number("p99_ms", self.latencies.percentile(99.0))
            .number("max_ms", self.latencies.percentile(100.0))
            .number("behind_ms", self.behind.as_secs_f64() * 1000.0)
            .number("wall_s", self.wall.as_secs_f64())
            .print();
    }

    #[must_use]
    pub fn begin(pace: Pace, subscribers: u64) -> Self {
        let count = u64::from(pace.count());
        Self {
            published: 0,
            expected: count * subscribers,
            delivered: 0,
            latencies: Latencies::default(),
            behind: Duration::ZERO,
            wall: Duration::ZERO,
        }
    }
}

/// Times as they stand in records: nanoseconds since the program began, on the one clock of publisher and subscribers.
#[derive(Clone)]
pub struct Stamps(Instant);

impl Stamps {
    #[must_use]
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    #[must_use]
    pub fn of(&self, moment: Instant) -> u64 {
        moment.saturating_duration_since(self.0).as_nanos() as u64
    }
}

/// Where the times lie in what came: in records, or in batches, of `size` bytes.
#[derive(Clone, Copy)]
pub struct RecordLayout {
    pub size: usize,
    pub stamp_at: usize,
    /// One behind the other, each with its own size; those of another size are not of this load.
    pub are_batches: bool,
}

impl RecordLayout {
    pub fn stamps(self, bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
        let mut rest = bytes;
        std::iter::from_fn(move || {
            let size = if self.are_batches { 12 + length_of(rest)? } else { self.size };
            let (record, behind) = rest.split_at_checked(size)?;
            rest = behind;
            Some(record)
        })
        .filter(move |record| record.len() == self.size)
        .filter_map(move |record| {
            record.get(self.stamp_at..self.stamp_at + 8)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
        })
    }
}

fn length_of(batch: &[u8]) -> Option<usize> {
    batch.get(8..12)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_its_time() {
        let mut bytes = vec![0; 30];
        (bytes[2], bytes[17]) = (5, 6);
        assert_eq!(RecordLayout { size: 15, stamp_at: 2, are_batches: false }.stamps(&bytes).collect::<Vec<_>>(), [5, 6]);
    }
}
