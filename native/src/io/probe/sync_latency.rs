use super::directory::ScratchFile;
use crate::io::{AlignedBuffer, Blocking, FileId, Io, IoResult, OpenMode, Piece, SyncMethod, BLOCK_SIZE};
use std::path::Path;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncLatency {
    pub p50: Duration,
    pub p99: Duration,
    pub count: usize,
}

/// Blocks in the file that is written round and round, like a journal.
const BLOCK_COUNT: usize = 64;
pub const COUNT_MAX: usize = 200;

/// Durable writes of one block, one at a time, through the io that the node would use, until the count or the budget is
/// reached (a slow disk gives fewer samples rather than a long wait; at least one).
pub fn measure_sync_latency(io: &mut dyn Io, directory: &Path, method: SyncMethod, budget: Duration) -> IoResult<SyncLatency> {
    let scratch = ScratchFile::create(directory)?;
    let mut io = Blocking::new(io);
    let file = io.open(scratch.path(), OpenMode::Direct)?;
    let samples = write_round(&mut io, file, method, budget);
    io.close(file)?;
    Ok(summary(samples?))
}

fn write_round(io: &mut Blocking<'_>, file: FileId, method: SyncMethod, budget: Duration) -> IoResult<Vec<Duration>> {
    // Written once before: a first write also allocates blocks, which a journal has done ahead of use.
    let whole = AlignedBuffer::new(BLOCK_COUNT * BLOCK_SIZE);
    io.write(file, 0, &[whole.piece(0, whole.size())], None)?;
    io.sync(file)?;
    let block: Piece = whole.piece(0, BLOCK_SIZE);
    let mut samples = Vec::with_capacity(COUNT_MAX);
    let begin = Instant::now();
    while samples.len() < COUNT_MAX && (samples.is_empty() || begin.elapsed() < budget) {
        let position = (samples.len() % BLOCK_COUNT * BLOCK_SIZE) as u64;
        let before = Instant::now();
        io.write(file, position, &[block], Some(method))?;
        samples.push(before.elapsed());
    }
    Ok(samples)
}

fn summary(mut samples: Vec<Duration>) -> SyncLatency {
    samples.sort_unstable();
    let at = |share: usize| samples[(samples.len() - 1) * share / 100];
    SyncLatency { p50: at(50), p99: at(99), count: samples.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_in_order() {
        let samples = (1..=101).rev().map(Duration::from_micros).collect();
        let expected = SyncLatency { p50: Duration::from_micros(51), p99: Duration::from_micros(100), count: 101 };
        assert_eq!(summary(samples), expected);
    }

    #[test]
    fn one_sample_is_its_own_percentiles() {
        let only = Duration::from_micros(7);
        assert_eq!(summary(vec![only]), SyncLatency { p50: only, p99: only, count: 1 });
    }
}
