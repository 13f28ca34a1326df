use super::piece::Piece;
use super::BLOCK_SIZE;
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};

/// Zeroed memory that begins at a block boundary: commit headers, edge blocks, one-off batches, read buffers.
pub struct AlignedBuffer {
    pointer: *mut u8,
    size: usize,
}

// SAFETY: plain owned memory.
unsafe impl Send for AlignedBuffer {}

impl AlignedBuffer {
    /// Rounds the size up to whole blocks.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let size = size.max(1).next_multiple_of(BLOCK_SIZE);
        let layout = Self::layout(size);
        // SAFETY: the layout has a size above zero.
        let pointer = unsafe { alloc_zeroed(layout) };
        if pointer.is_null() {
            handle_alloc_error(layout);
        }
        Self { pointer, size }
    }

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, BLOCK_SIZE).expect("a block is a power of two")
    }

    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: owned, initialised, and borrowed for as long as the slice.
        unsafe { std::slice::from_raw_parts(self.pointer, self.size) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.pointer, self.size) }
    }

    /// A piece of this buffer for an operation. The buffer must outlive the operation's completion.
    #[must_use]
    pub fn piece(&self, from: usize, size: usize) -> Piece {
        assert!(from + size <= self.size, "piece {from}+{size} of a buffer of {}", self.size);
        // SAFETY: in bounds; the owner keeps the buffer until the operation completed.
        unsafe { Piece::from_raw(self.pointer.add(from), size as u32) }
    }
}

impl std::fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlignedBuffer({} bytes)", self.size)
    }
}

impl Drop for AlignedBuffer {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout.
        unsafe { dealloc(self.pointer, Self::layout(self.size)) }
    }
}
