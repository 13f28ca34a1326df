//! A writer that gets small batches at given times: whatever is there goes out as one block, synced, a few in flight.
#![allow(unsafe_code)]

use super::ring::Ring;
use crate::arrivals::Arrivals;
use crate::lap::AckLatencies;
use crate::system::{open_direct, raw, write_gathered};
use millrace_native::io::{AlignedBuffer, BLOCK_SIZE};
use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

const BLOCKS: u64 = 4096;

pub struct OpenLoopWriter {
    ring: Ring,
    journal: File,
    block: AlignedBuffer,
    position: u64,
    depth: usize,
    pub latencies: AckLatencies,
}

impl OpenLoopWriter {
    #[must_use]
    pub fn new(directory: &Path, depth: usize) -> Self {
        let journal = open_direct(&directory.join("journal"));
        let zeros = AlignedBuffer::new(BLOCKS as usize * BLOCK_SIZE);
        let piece = zeros.piece(0, zeros.size());
        write_gathered(&journal, &[libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() }], 0);
        journal.sync_all().expect("the journal is pre-written");
        let block = AlignedBuffer::new(BLOCK_SIZE);
        Self { ring: Ring::new(), journal, block, position: 0, depth, latencies: AckLatencies::default() }
    }

    /// Serves all arrivals. Two blocks each: as a commit of the store has a header block and the batch.
    pub fn run(&mut self, mut arrivals: Arrivals, batch: &[u8]) {
        self.block.bytes_mut()[..batch.len()].copy_from_slice(batch);
        let piece = self.block.piece(0, BLOCK_SIZE);
        let block = libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() };
        let pieces = [block, block];
        let mut waiting: Vec<Instant> = Vec::new();
        let mut in_flight: VecDeque<(u64, Vec<Instant>, bool)> = VecDeque::new();
        let mut token = 0;
        loop {
            while let Some(due) = arrivals.take_due() {
                waiting.push(due);
            }
            if !waiting.is_empty() && in_flight.len() < self.depth {
                self.ring.write_synced(raw(&self.journal), &pieces, self.position, token);
                in_flight.push_back((token, std::mem::take(&mut waiting), false));
                self.position = (self.position + 2 * BLOCK_SIZE as u64) % (BLOCKS * BLOCK_SIZE as u64);
                token += 1;
            }
            let next = arrivals.until_next();
            if next.is_none() && waiting.is_empty() && in_flight.is_empty() {
                return;
            }
            for done in self.ring.enter_for(next.unwrap_or(Duration::from_millis(100))) {
                in_flight.iter_mut().find(|commit| commit.0 == done).expect("in flight").2 = true;
            }
            while in_flight.front().is_some_and(|commit| commit.2) {
                let (_, due, _) = in_flight.pop_front().expect("just seen");
                due.into_iter().for_each(|due| self.latencies.note(due.elapsed(), false));
            }
        }
    }
}
