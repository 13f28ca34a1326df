use crate::io::{AlignedBuffer, Piece};
use std::collections::VecDeque;

/// Bytes of one connection that its socket did not take, in their order. Idle connections have none, and no memory.
#[derive(Default)]
pub struct Kept {
    buffers: VecDeque<Buffer>,
    size: usize,
}

struct Buffer {
    memory: AlignedBuffer,
    sent: usize,
    filled: usize,
}

impl Kept {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Bytes that wait.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Memory that keeping so many more bytes would take.
    #[must_use]
    pub fn memory_for(&self, size: usize) -> usize {
        let spare = self.buffers.back().map_or(0, |last| last.memory.size() - last.filled);
        size.saturating_sub(spare).next_multiple_of(crate::io::BLOCK_SIZE)
    }

    #[must_use]
    pub fn memory(&self) -> usize {
        self.buffers.iter().map(|buffer| buffer.memory.size()).sum()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len();
        let mut rest = bytes;
        if let Some(last) = self.buffers.back_mut() {
            let count = rest.len().min(last.memory.size() - last.filled);
            last.memory.bytes_mut()[last.filled..last.filled + count].copy_from_slice(&rest[..count]);
            last.filled += count;
            rest = &rest[count..];
        }
        if !rest.is_empty() {
            let mut memory = AlignedBuffer::new(rest.len());
            memory.bytes_mut()[..rest.len()].copy_from_slice(rest);
            self.buffers.push_back(Buffer { memory, sent: 0, filled: rest.len() });
        }
    }

    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.buffers.iter().map(|buffer| buffer.memory.piece(buffer.sent, buffer.filled - buffer.sent))
    }

    /// The socket took so many.
    pub fn consume(&mut self, count: usize) {
        self.size -= count;
        let mut left = count;
        while let Some(first) = self.buffers.front_mut() {
            let taken = left.min(first.filled - first.sent);
            first.sent += taken;
            left -= taken;
            if first.sent < first.filled {
                break;
            }
            self.buffers.pop_front();
        }
        assert_eq!(left, 0, "a socket takes what it was given");
    }
}
