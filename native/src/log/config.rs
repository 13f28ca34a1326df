use crate::journal::entry::Durability;

/// What the log of one partition is asked to do: the topic's configuration as the data plane reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `max.message.bytes`.
    pub batch_size_max: u32,
    /// `segment.bytes`.
    pub segment_size_max: u64,
    /// `segment.ms`.
    pub segment_age_max_ms: u64,
    /// `index.interval.bytes`.
    pub index_interval: u32,
    /// `message.timestamp.type=LogAppendTime`.
    pub is_log_append_time: bool,
    /// `flush.messages` seen as a guarantee.
    pub durability: Durability,
    /// `retention.ms` and `retention.bytes`; None keeps everything.
    pub retention_ms: Option<u64>,
    pub retention_size: Option<u64>,
    /// `producer.id.expiration.ms`.
    pub producer_expiration_ms: i64,
}

impl Default for LogConfig {
    fn default() -> Self {
        const DAY_MS: u64 = 24 * 60 * 60 * 1000;
        Self {
            batch_size_max: 1 << 20,
            segment_size_max: 1 << 30,
            segment_age_max_ms: 7 * DAY_MS,
            index_interval: 4096,
            is_log_append_time: false,
            durability: Durability::Fsync,
            retention_ms: Some(7 * DAY_MS),
            retention_size: None,
            producer_expiration_ms: DAY_MS as i64,
        }
    }
}
