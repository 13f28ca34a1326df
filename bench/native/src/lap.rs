//! Ours and the bare loop take turns, a lap each: whatever else the machine does falls on both, and the ratio of two
//! neighbouring laps is what counts.

use crate::cpu::Spent;
use crate::figure::{median, Figure};
use crate::latencies::Latencies;
use std::time::Duration;

/// A stretch of work, from rest to rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lap {
    pub acknowledged: u64,
    pub spent: Spent,
    pub checkpoints: u64,
}

impl Lap {
    #[must_use]
    pub fn mb_per_s(&self) -> f64 {
        self.acknowledged as f64 / 1e6 / self.spent.wall
    }

    /// Seconds of something per gigabyte acknowledged.
    #[must_use]
    pub fn per_gb(&self, seconds: f64) -> f64 {
        seconds / (self.acknowledged as f64 / 1e9)
    }
}

/// A lap of each side, so often; in each round another one comes first. The first round, in which memory is touched for the first time,
/// counts for nothing. By side.
pub fn take_turns<T>(sides: usize, count: usize, mut lap: impl FnMut(usize) -> T) -> Vec<Vec<T>> {
    let mut laps: Vec<Vec<T>> = (0..sides).map(|_| Vec::new()).collect();
    for round in 0..=count {
        for turn in 0..sides {
            let side = (round + turn) % sides;
            let lap = lap(side);
            if round > 0 {
                laps[side].push(lap);
            }
        }
    }
    laps
}

/// Ours, bare.
pub type Pair = (Lap, Lap);

#[derive(Clone, Debug, Default)]
pub struct AckLatencies {
    pub all: Latencies,
    /// Of acks that came while a checkpoint ran.
    pub in_checkpoint: Latencies,
}

impl AckLatencies {
    pub fn note(&mut self, latency: Duration, is_checkpointing: bool) {
        self.all.note(latency);
        if is_checkpointing {
            self.in_checkpoint.note(latency);
        }
    }

    #[must_use]
    pub fn write_to(&mut self, side: &str, figure: Figure) -> Figure {
        figure
            .number(&format!("{side}_p50_ms"), self.all.percentile(50.0))
            .number(&format!("{side}_p99_ms"), self.all.percentile(99.0))
            .number(&format!("{side}_max_ms"), self.all.percentile(100.0))
            .number(&format!("{side}_checkpoint_p99_ms"), self.in_checkpoint.percentile(99.0))
    }
}

/// The medians of both sides and of the ratios.
#[must_use]
pub fn write_pairs(pairs: &[Pair], figure: Figure) -> Figure {
    let ratio = |value: fn(&Lap) -> f64| median(pairs.iter().map(|(ours, bare)| value(ours) / value(bare)));
    let mut figure = figure
        .number("laps", pairs.len() as f64)
        .number("wall_ratio", ratio(|lap| lap.per_gb(lap.spent.wall)))
        .number("cpu_ratio", ratio(|lap| lap.per_gb(lap.spent.cpu())))
        .number("process_cpu_ratio", ratio(|lap| lap.per_gb(lap.spent.process())));
    for (side, pick) in [("ours", (|pair| pair.0) as fn(&Pair) -> Lap), ("bare", |pair| pair.1)] {
        let mid = |value: fn(&Lap) -> f64| median(pairs.iter().map(|pair| value(&pick(pair))));
        figure = figure
            .number(&format!("{side}_mb_per_s"), mid(Lap::mb_per_s))
            .number(&format!("{side}_cpu_per_gb"), mid(|lap| lap.per_gb(lap.spent.cpu())))
            .number(&format!("{side}_user_per_gb"), mid(|lap| lap.per_gb(lap.spent.user)))
            .number(&format!("{side}_system_per_gb"), mid(|lap| lap.per_gb(lap.spent.system)))
            .number(&format!("{side}_kernel_per_gb"), mid(|lap| lap.per_gb(lap.spent.kernel_threads)))
            .number(&format!("{side}_written_per_byte"), mid(|lap| lap.spent.written as f64 / lap.acknowledged as f64))
            .number(&format!("{side}_checkpoints"), pairs.iter().map(|pair| pick(pair).checkpoints as f64).sum());
    }
    figure
}
