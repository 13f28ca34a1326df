//! Memory for reads, used again when nobody holds it any more: fresh pages cost as much as the read.
//!
//! Owned by: whoever reads, shared with each read under way. A buffer is back when its holders have dropped it; nobody
//! returns it.

use super::AlignedBuffer;
use std::cell::RefCell;
use std::rc::Rc;

const BUFFER_SIZE_MIN: usize = 64 << 10;
/// A larger one is for a single batch, and neither rounded up nor kept.
const BUFFER_SIZE_MAX: usize = 1 << 20;

#[derive(Clone)]
pub struct ReadBuffers {
    kept: Rc<RefCell<Vec<Rc<AlignedBuffer>>>>,
    kept_size_max: usize,
}

impl ReadBuffers {
    /// Keeps so many bytes; what is needed beyond them is allocated and freed.
    #[must_use]
    pub fn new(kept_size_max: usize) -> Self {
        Self { kept: Rc::default(), kept_size_max }
    }

    /// Of at least this size; its contents are whatever they were.
    #[must_use]
    pub fn take(&self, size: usize) -> Rc<AlignedBuffer> {
        if size > BUFFER_SIZE_MAX {
            return Rc::new(AlignedBuffer::new(size));
        }
        let mut kept = self.kept.borrow_mut();
        let is_free = |buffer: &&Rc<AlignedBuffer>| Rc::strong_count(buffer) == 1 && buffer.size() >= size;
        if let Some(free) = kept.iter().filter(is_free).min_by_key(|buffer| buffer.size()) {
            return free.clone();
        }
        let buffer = Rc::new(AlignedBuffer::new(size.next_power_of_two().max(BUFFER_SIZE_MIN)));
        if kept.iter().map(|kept| kept.size()).sum::<usize>() + buffer.size() <= self.kept_size_max {
            kept.push(buffer.clone());
        }
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_when_its_reader_has_dropped_it_and_not_before() {
        let buffers = ReadBuffers::new(16 << 20);
        let first = buffers.take(100_000);
        let address = first.bytes().as_ptr();
        assert_ne!(buffers.take(100_000).bytes().as_ptr(), address, "somebody reads from it");
        drop(first);
        assert_eq!(buffers.take(131_072).bytes().as_ptr(), address, "as large as a power of two");
        assert!(buffers.take(200_000).size() >= 200_000);
    }

    #[test]
    fn what_is_made_for_one_large_batch_is_no_larger_and_is_not_kept() {
        let buffers = ReadBuffers::new(16 << 20);
        assert_eq!(buffers.take((8 << 20) + 1).size(), (8 << 20) + crate::io::BLOCK_SIZE);
        assert!(buffers.kept.borrow().is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let buffers = ReadBuffers::new(16 << 20);
        let held: Vec<_> = (0..100).map(|_| buffers.take(1 << 20)).collect();
        drop(held);
        assert_eq!(buffers.kept.borrow().iter().map(|buffer| buffer.size()).sum::<usize>(), 16 << 20);
    }
}
