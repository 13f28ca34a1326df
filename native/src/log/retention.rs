//! Which part of a log has outlived its retention: whole segments from the front, never the active one. Pure.

use super::config::LogConfig;
use super::segment::Segment;

/// The new log start, if segments have expired: the base of the first one that stays.
///
/// `wall_ms` is the wall clock at start plus monotonic time since (see `Now`), so a jump of the clock while running
/// deletes nothing early. Segments whose records carry no timestamp count from when the next one began in this life.
#[must_use]
pub fn expired_start(segments: &[Segment], config: &LogConfig, wall_ms: i64, monotonic_ms: u64) -> Option<u64> {
    let mut left: u64 = segments.iter().map(|segment| segment.size).sum();
    let mut start = None;
    for pair in segments.windows(2) {
        let is_old = config.retention_ms.is_some_and(|age| is_older(&pair[0], &pair[1], age, wall_ms, monotonic_ms));
        let is_surplus = config.retention_size.is_some_and(|size| left - pair[0].size >= size);
        if !is_old && !is_surplus {
            break;
        }
        left -= pair[0].size;
        start = Some(pair[1].base);
    }
    start
}

fn is_older(segment: &Segment, next: &Segment, age_ms: u64, wall_ms: i64, monotonic_ms: u64) -> bool {
    if segment.max_timestamp >= 0 {
        return wall_ms.saturating_sub(segment.max_timestamp) > i64::try_from(age_ms).unwrap_or(i64::MAX);
    }
    monotonic_ms.saturating_sub(next.began_ms) > age_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments() -> Vec<Segment> {
        [(0, 100, 1000), (10, 100, 3000), (20, 100, 2000), (30, 100, 9000)]
            .map(|(base, size, max_timestamp)| Segment { base, size, max_timestamp, began_ms: 50 })
            .to_vec()
    }

    fn config(retention_ms: Option<u64>, retention_size: Option<u64>) -> LogConfig {
        LogConfig { retention_ms, retention_size, ..LogConfig::default() }
    }

    #[test]
    fn by_time_segments_go_from_the_front_until_one_is_young() {
        assert_eq!(expired_start(&segments(), &config(Some(500), None), 1500, 0), None, "not older than its age");
        assert_eq!(expired_start(&segments(), &config(Some(500), None), 1501, 0), Some(10));
        assert_eq!(expired_start(&segments(), &config(Some(500), None), 3000, 0), Some(10), "the next one is young");
        assert_eq!(expired_start(&segments(), &config(Some(500), None), 100_000, 0), Some(30), "the active one stays");
    }

    #[test]
    fn by_size_as_much_goes_as_keeps_the_bound() {
        assert_eq!(expired_start(&segments(), &config(None, Some(400)), 0, 0), None);
        assert_eq!(expired_start(&segments(), &config(None, Some(301)), 0, 0), None);
        assert_eq!(expired_start(&segments(), &config(None, Some(300)), 0, 0), Some(10));
        assert_eq!(expired_start(&segments(), &config(None, Some(0)), 0, 0), Some(30), "the active one stays");
    }

    #[test]
    fn without_timestamps_the_monotonic_clock_decides() {
        let mut segments = segments();
        segments[0].max_timestamp = -1;
        assert_eq!(expired_start(&segments, &config(Some(500), None), i64::MAX, 550), None);
        assert_eq!(expired_start(&segments, &config(Some(500), None), 0, 551), Some(10));
    }
}
