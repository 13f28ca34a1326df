use super::frame::FRAME_SIZE_LIMIT;

/// What a net allows. Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub struct NetSettings {
    /// Of a frame without its prefix.
    pub frame_size_max: u32,
    /// Receive memory is given in multiples of this: what a connection takes for its first bytes.
    pub chunk_size: usize,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    /// Frames of a connection handed out and not answered.
    pub in_flight_max: u32,
    /// What one connection receives in one turn.
    pub turn_size_max: usize,
    /// Without a byte either way, and with nothing to answer.
    pub idle_ms: u64,
    /// What a frame may take to arrive while others wait for such memory as it lies in, of the pool or a room.
    pub slow_frame_ms: u64,
    /// How long a connection that we ended may still be read, so that its peer sees the end and not a reset.
    pub linger_ms: u64,
    /// Bytes that sockets did not take, of one connection and of all.
    pub kept_max: usize,
    pub kept_total_max: usize,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self {
            frame_size_max: 100 << 20,
            chunk_size: 16 << 10,
            connections_max: 10_000,
            connections_per_address_max: usize::MAX,
            in_flight_max: 64,
            turn_size_max: 256 << 10,
            idle_ms: 600_000,
            slow_frame_ms: 30_000,
            linger_ms: 2_000,
            kept_max: 1 << 20,
            kept_total_max: 16 << 20,
        }
    }
}

impl NetSettings {
    /// Says what is wrong with them.
    pub fn check(&self) -> Result<(), String> {
        if self.frame_size_max > FRAME_SIZE_LIMIT {
            return Err(format!("frames of {} bytes: at most {FRAME_SIZE_LIMIT}", self.frame_size_max));
        }
        let counts = [self.connections_max, self.connections_per_address_max, self.in_flight_max as usize, self.turn_size_max];
        if counts.contains(&0) || self.idle_ms == 0 {
            return Err("a limit of zero lets nothing through".to_owned());
        }
        if self.connections_max > super::connections::COUNT_MAX {
            return Err(format!("{} connections: at most {}", self.connections_max, super::connections::COUNT_MAX));
        }
        Ok(())
    }

    /// So much more memory for bytes that sockets did not take: of one connection, of all.
    #[must_use]
    pub fn lets_keep(&self, own: usize, all: usize, more: usize) -> bool {
        own + more <= self.kept_max && all + more <= self.kept_total_max
    }
}

/// Since the net was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetCounters {
    pub turns: u64,
    pub accepted: u64,
    pub refused: u64,
    pub closed: u64,
    pub frames: u64,
    pub received_size: u64,
    pub sent_size: u64,
    /// Of these, sent from files.
    pub file_size: u64,
    /// Sent on without JavaScript, from trails.
    pub trailed_size: u64,
    pub receives: u64,
    pub sends: u64,
    /// Bytes of partial frames that moved to a larger place.
    pub moved_size: u64,
    /// Bytes that sockets did not take and that were copied.
    pub kept_size: u64,
    /// Times that a connection waited for receive memory.
    pub waits: u64,
}
