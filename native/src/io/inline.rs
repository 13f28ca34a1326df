//! Which buffered writes the submitting thread does itself, without a worker of the kernel.
//!
//! ext4 takes a buffered write from io_uring only through a worker: 60 us from submission to completion, two switches of
//! context and one more wake-up of ours, for a copy of a few microseconds. Done inline it is the copy. But it may block
//! whoever does it: while the filesystem's journal commits, when too much is dirty, when a virtual machine's host has to
//! give pages. So only what is small goes inline, only while no file is being synced, and after a write that took
//! longer than its copy all go to workers for a while (docs/decisions/0016-small-buffered-writes-inline.md).

use std::time::Duration;

/// Copying more is worth another core.
const SIZE_MAX: u64 = 128 << 10;
/// Between two flushes: what a turn of the shard may spend on copies.
const TURN_SIZE_MAX: u64 = 256 << 10;
/// A copy into warm pages stays below it, whatever else it costs is above.
const QUICK: Duration = Duration::from_micros(40);
const QUICK_PER_KIB: Duration = Duration::from_micros(1);
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(64);
/// Quick ones in a row after which a slow one counts as the first again: on a busy machine a write is slow now and then only
/// because its thread lost the core.
const CALM_COUNT: u32 = 4;

/// Decides; knows time only from what it is told, as the time since any fixed moment.
pub(super) struct InlineWrites {
    turn_size: u64,
    syncs: u32,
    quick_count: u32,
    pause: Duration,
    paused_until: Duration,
}

impl InlineWrites {
    pub fn new() -> Self {
        Self { turn_size: 0, syncs: 0, quick_count: 0, pause: PAUSE_MIN, paused_until: Duration::ZERO }
    }

    /// Whether a write goes inline; if so it is part of this turn.
    pub fn admits(&mut self, size: u64, now: Duration) -> bool {
        let is_admitted =
            size <= SIZE_MAX && self.turn_size + size <= TURN_SIZE_MAX && self.syncs == 0 && now >= self.paused_until;
        if is_admitted {
            self.turn_size += size;
        }
        is_admitted
    }

    /// A write was done, and took so long.
    pub fn took(&mut self, size: u64, elapsed: Duration, now: Duration) {
        if elapsed <= QUICK + QUICK_PER_KIB * (size >> 10) as u32 {
            self.quick_count += 1;
            if self.quick_count == CALM_COUNT {
                self.pause = PAUSE_MIN;
            }
            return;
        }
        self.quick_count = 0;
        self.paused_until = now + self.pause;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    pub fn turn_ended(&mut self) {
        self.turn_size = 0;
    }

    pub fn sync_began(&mut self) {
        self.syncs += 1;
    }

    pub fn sync_ended(&mut self) {
        self.syncs -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(count: u64) -> Duration {
        Duration::from_micros(count)
    }

    #[test]
    fn a_turn_has_room_for_so_many_bytes() {
        let mut writes = InlineWrites::new();
        assert!(!writes.admits(SIZE_MAX + 1, us(0)), "too large by itself");
        assert!(writes.admits(SIZE_MAX, us(0)) && writes.admits(SIZE_MAX, us(0)));
        assert!(!writes.admits(1, us(0)), "the turn is full");
        writes.turn_ended();
        assert!(writes.admits(1, us(0)));
    }

    #[test]
    fn none_while_a_file_is_synced() {
        let mut writes = InlineWrites::new();
        writes.sync_began();
        writes.sync_began();
        writes.sync_ended();
        assert!(!writes.admits(1, us(0)));
        writes.sync_ended();
        assert!(writes.admits(1, us(0)));
    }

    #[test]
    fn a_slow_write_pauses_them_and_each_further_one_for_twice_as_long() {
        let mut writes = InlineWrites::new();
        writes.took(1024, us(41), us(1000));
        assert!(writes.admits(1, us(1000)), "a KiB may take a microsecond more");
        writes.took(1024, us(42), us(1000));
        assert!(!writes.admits(1, us(1999)) && writes.admits(1, us(2000)));
        writes.took(1024, us(42), us(2000));
        assert!(!writes.admits(1, us(3999)) && writes.admits(1, us(4000)));
        (0..20).for_each(|_| writes.took(1024, us(9000), us(5000)));
        assert!(!writes.admits(1, us(68_999)) && writes.admits(1, us(69_000)), "64 ms at most");
    }

    #[test]
    fn calm_makes_pauses_short_again() {
        let mut writes = InlineWrites::new();
        (0..20).for_each(|_| writes.took(0, us(9000), us(0)));
        (0..CALM_COUNT).for_each(|_| writes.took(0, us(1), us(300_000)));
        writes.took(0, us(9000), us(300_000));
        assert!(!writes.admits(1, us(300_999)) && writes.admits(1, us(301_000)));
    }
}
