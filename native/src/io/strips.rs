//! A large buffered write goes to the kernel in strips (docs/decisions/0009-large-writes-go-in-strips.md).
//!
//! A filesystem with large folios makes them as large as the write, and the allocator finds small free pages where large
//! ones would first have to be given by the host of a virtual machine. Strips are submitted together, and the kernel takes
//! them one after the other.

use super::calls::iovec;
use super::{IoResult, Piece};
use std::ops::Range;

/// Smaller writes go as they are: an entry per strip costs more than it saves them.
pub(super) const STRIPED_SIZE_MIN: u64 = 512 << 10;
/// Strips end where the file position is a multiple of this.
pub(super) const STRIP_SIZE: u64 = 64 << 10;

/// One write of the kernel's: its place in the file, and its part of the operation's vector.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Strip {
    pub position: u64,
    pub size: u64,
    pub iovecs: Range<usize>,
}

/// Cuts a gathered write; what to write is appended to `iovecs`.
pub(super) fn cut_strips(position: u64, pieces: &[Piece], iovecs: &mut Vec<libc::iovec>) -> Vec<Strip> {
    let mut strips = Vec::new();
    let mut strip = Strip { position, size: 0, iovecs: iovecs.len()..iovecs.len() };
    for piece in pieces {
        let mut at = 0;
        while at < piece.size() {
            let end = (strip.position / STRIP_SIZE + 1) * STRIP_SIZE;
            let room = (end - strip.position - strip.size) as usize;
            let part = room.min(piece.size() - at);
            iovecs.push(iovec(&piece.cut(at, part)));
            at += part;
            strip.size += part as u64;
            strip.iovecs.end = iovecs.len();
            if part == room {
                strips.push(std::mem::replace(&mut strip, Strip { position: end, size: 0, iovecs: iovecs.len()..iovecs.len() }));
            }
        }
    }
    if strip.size > 0 {
        strips.push(strip);
    }
    strips
}

/// Gathers the results of the strips, in whatever order they come, into that of the whole.
pub(super) struct StripedWrite {
    left: usize,
    result: IoResult<u64>,
}

impl StripedWrite {
    pub fn new(strip_count: usize) -> Self {
        Self { left: strip_count, result: Ok(0) }
    }

    /// The result, with the last one: the bytes written, or a failure.
    pub fn note(&mut self, strip: IoResult<u64>) -> Option<IoResult<u64>> {
        self.left -= 1;
        self.result = match (self.result, strip) {
            (Ok(sum), Ok(count)) => Ok(sum + count),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        (self.left == 0).then_some(self.result)
    }
}

/// As `note` for strips that are written one after the other: none behind a failure.
pub(super) fn write_strips(strips: &[Strip], mut write: impl FnMut(&Strip) -> IoResult<u64>) -> IoResult<u64> {
    let mut written = 0;
    for strip in strips {
        let count = write(strip)?;
        written += count;
        if count < strip.size {
            break;
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{AlignedBuffer, IoError};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strips_hold_all_bytes_in_order_and_end_at_multiples(
            position in 0u64..300_000,
            sizes in prop::collection::vec(0usize..150_000, 0..8)
        ) {
            let buffer = AlignedBuffer::new(sizes.iter().sum());
            let mut from = 0;
            let pieces: Vec<Piece> = sizes.iter().map(|size| { from += size; buffer.piece(from - size, *size) }).collect();
            let mut iovecs = vec![iovec(&buffer.piece(0, 0))];
            let strips = cut_strips(position, &pieces, &mut iovecs);
            let mut at = position;
            for (index, strip) in strips.iter().enumerate() {
                prop_assert_eq!(strip.position, at);
                prop_assert!(strip.size > 0);
                let sum: usize = iovecs[strip.iovecs.clone()].iter().map(|vector| vector.iov_len).sum();
                prop_assert_eq!(sum as u64, strip.size);
                at += strip.size;
                prop_assert!(at % STRIP_SIZE == 0 || index == strips.len() - 1);
                prop_assert!((at - 1) / STRIP_SIZE == strip.position / STRIP_SIZE);
            }
            prop_assert_eq!(at - position, from as u64);
            // The buffer is contiguous, so the vectors must be, too.
            for (left, right) in iovecs[1..].iter().zip(iovecs.iter().skip(2)) {
                prop_assert_eq!(left.iov_base as usize + left.iov_len, right.iov_base as usize);
            }
        }
    }

    #[test]
    fn the_whole_is_the_sum_or_a_failure() {
        let outcome = |strips: &[IoResult<u64>]| {
            let mut write = StripedWrite::new(strips.len());
            strips.iter().filter_map(|strip| write.note(*strip)).collect::<Vec<_>>()
        };
        assert_eq!(outcome(&[Ok(10), Ok(10), Ok(3)]), [Ok(23)]);
        assert_eq!(outcome(&[Ok(10), Err(IoError(libc::ENOSPC)), Ok(3)]), [Err(IoError(libc::ENOSPC))]);
        assert_eq!(outcome(&[Err(IoError(libc::ENOSPC)), Ok(10), Ok(3)]), [Err(IoError(libc::ENOSPC))]);
        assert_eq!(outcome(&[Ok(7), Ok(10)]), [Ok(17)], "short anywhere is short");
    }

    #[test]
    fn one_after_the_other_nothing_is_written_behind_a_gap() {
        let strips: Vec<Strip> = (0..3).map(|index| Strip { position: index * 10, size: 10, iovecs: 0..0 }).collect();
        let written = |answers: [IoResult<u64>; 3]| {
            let mut asked = Vec::new();
            let result = write_strips(&strips, |strip| {
                asked.push(strip.position);
                answers[(strip.position / 10) as usize]
            });
            (result, asked)
        };
        assert_eq!(written([Ok(10); 3]), (Ok(30), vec![0, 10, 20]));
        assert_eq!(written([Ok(10), Ok(4), Ok(10)]), (Ok(14), vec![0, 10]));
        assert_eq!(written([Ok(10), Err(IoError(libc::EIO)), Ok(10)]), (Err(IoError(libc::EIO)), vec![0, 10]));
    }
}
