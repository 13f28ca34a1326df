//! A write call per batch, or per few of them, into one file per partition, one after the other: what an unsynced log could
//! cost at least.
#![allow(unsafe_code)]

use crate::cpu::Mark;
use crate::lap::Lap;
use crate::system::write_gathered;
use millrace_native::io::AlignedBuffer;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

pub struct PageCacheWriter {
    files: Vec<File>,
    sizes: Vec<u64>,
    /// The batches pass through memory as large as the store's ring.
    memory: AlignedBuffer,
    at: usize,
    next: usize,
    batches_per_write: usize,
}

impl PageCacheWriter {
    /// # Panics
    /// If a file can't be made.
    #[must_use]
    pub fn new(directory: &Path, partitions: usize, memory: usize, batches_per_write: usize) -> Self {
        let files =
            (0..partitions).map(|index| File::create(directory.join(index.to_string())).expect("a file of the bare loop"));
        Self {
            files: files.collect(),
            sizes: vec![0; partitions],
            memory: AlignedBuffer::new(memory),
            at: 0,
            next: 0,
            batches_per_write,
        }
    }

    pub fn lap(&mut self, batch: &[u8], size: u64, time_max: Duration) -> Lap {
        let mark = Mark::now();
        let begin = Instant::now();
        let mut acknowledged = 0;
        while acknowledged < size && begin.elapsed() < time_max {
            acknowledged += self.write(batch);
        }
        Lap { acknowledged, spent: mark.spent(), checkpoints: 0 }
    }

    fn write(&mut self, batch: &[u8]) -> u64 {
        let size = self.batches_per_write * batch.len();
        if self.at + size > self.memory.size() {
            self.at = 0;
        }
        self.memory.bytes_mut()[self.at..self.at + size].chunks_mut(batch.len()).for_each(|slot| slot.copy_from_slice(batch));
        let piece = self.memory.piece(self.at, size);
        let vector = libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() };
        write_gathered(&self.files[self.next], &[vector], self.sizes[self.next]);
        self.sizes[self.next] += size as u64;
        self.next = (self.next + 1) % self.files.len();
        self.at += size;
        size as u64
    }
}
