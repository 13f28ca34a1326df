use super::{Piece, BLOCK_SIZE};

/// What a `Direct` file asks of an operation. Devices may be content with less; we ask it everywhere, so that what
/// runs on one machine runs on all.
pub(super) fn is_aligned(position: u64, pieces: &[Piece]) -> bool {
    let fits = |piece: &Piece| piece.address().is_multiple_of(BLOCK_SIZE) && piece.size().is_multiple_of(BLOCK_SIZE);
    position.is_multiple_of(BLOCK_SIZE as u64) && pieces.iter().all(fits)
}
