//! Plans the one gathered write of a commit: which memory goes where behind the header blocks.
//!
//! Batches that lie next to each other in a ring form a run. The whole blocks inside a run are written straight from
//! ring memory; its first and last block, if they also hold foreign bytes, are copied into the commit's own buffer,
//! so that the device never reads memory that a thread may still fill or stamp (DURABILITY.md rule 1).
//!
//! ```text
//!   ring memory   ....|..xxxxxxx|xxxxxxxxx|xxxx.....|       | = block boundary, x = batches of this commit
//!   written as         [ copy  ][ in place ][ copy  ]       offsets inside a block stay as they are
//! ```

use crate::io::{AlignedBuffer, Piece, BLOCK_SIZE};

/// Batches further apart than this in memory start a new run: between neighbours lies only a slot header and padding.
const NEIGHBOUR_GAP: usize = 64;

/// A stretch of memory that holds neighbouring batches of one commit.
#[derive(Clone, Copy, Debug)]
struct Run {
    address: usize,
    size: usize,
    start: Piece,
}

/// Collects the payloads of one commit.
#[derive(Default)]
pub struct Gather {
    runs: Vec<Run>,
    /// Per payload: the run it lies in and where in it. Turned into commit positions by `plan`.
    payloads: Vec<(u32, u32)>,
    block_count: usize,
}

/// What to write behind the header blocks.
pub struct Plan {
    /// In order; each is a whole number of blocks.
    pub pieces: Vec<Piece>,
    /// Of each payload, counted from the commit's first byte.
    pub payload_positions: Vec<u32>,
}

impl Gather {
    pub fn add(&mut self, payload: Piece) {
        let address = payload.address();
        match self.runs.last_mut() {
            Some(run) if continues(run, address) => {
                self.block_count -= blocks_of(run.address, run.size);
                let at = address - run.address;
                run.size = at + payload.size();
                self.block_count += blocks_of(run.address, run.size);
                self.payloads.push((self.runs.len() as u32 - 1, at as u32));
            }
            _ => {
                self.runs.push(Run { address, size: payload.size(), start: payload });
                self.block_count += blocks_of(address, payload.size());
                self.payloads.push((self.runs.len() as u32 - 1, 0));
            }
        }
    }

    /// An upper bound of the pieces the plan will have, the header's excluded.
    #[must_use]
    pub fn piece_bound(&self) -> usize {
        self.runs.len() * 3
    }

    /// Bytes behind the header blocks.
    #[must_use]
    pub fn size(&self) -> usize {
        self.block_count * BLOCK_SIZE
    }

    /// Blocks of the commit's own buffer that the edges need.
    #[must_use]
    pub fn edge_block_count(&self) -> usize {
        self.runs.iter().map(|run| split(run).copied_blocks()).sum()
    }

    #[must_use]
    pub fn payload_count(&self) -> usize {
        self.payloads.len()
    }

    /// Copies the edge blocks into `buffer` from `edges_at` on and lists the pieces.
    pub fn plan(&self, header_size: usize, buffer: &mut AlignedBuffer, edges_at: usize) -> Plan {
        let mut pieces = Vec::with_capacity(self.piece_bound());
        let mut run_positions = Vec::with_capacity(self.runs.len());
        let mut position = header_size;
        let mut edge = edges_at;
        for run in &self.runs {
            run_positions.push(position + run.address % BLOCK_SIZE);
            let before = pieces.len();
            edge = place_run(run, buffer, edge, &mut pieces);
            position += pieces[before..].iter().map(|piece| piece.size()).sum::<usize>();
        }
        let payload_positions = self.payloads.iter().map(|(run, at)| run_positions[*run as usize] as u32 + at).collect();
        Plan { pieces, payload_positions }
    }
}

fn continues(run: &Run, address: usize) -> bool {
    let end = run.address + run.size;
    address >= end && address - end <= NEIGHBOUR_GAP
}

fn blocks_of(address: usize, size: usize) -> usize {
    (address + size).div_ceil(BLOCK_SIZE) - address / BLOCK_SIZE
}

/// How a run falls onto blocks: bytes copied at the front, bytes in place, bytes copied at the back.
struct Split {
    front: usize,
    middle: usize,
    back: usize,
}

impl Split {
    fn copied_blocks(&self) -> usize {
        usize::from(self.front > 0) + usize::from(self.back > 0)
    }
}

fn split(run: &Run) -> Split {
    let in_block = run.address % BLOCK_SIZE;
    let front = if in_block == 0 { 0 } else { (BLOCK_SIZE - in_block).min(run.size) };
    let middle = (run.size - front) / BLOCK_SIZE * BLOCK_SIZE;
    Split { front, middle, back: run.size - front - middle }
}

/// Places one run; returns where the next edge block goes.
fn place_run(run: &Run, buffer: &mut AlignedBuffer, edge: usize, pieces: &mut Vec<Piece>) -> usize {
    let split = split(run);
    let memory = run.start.extended(run.size);
    let mut edge = edge;
    if split.front > 0 {
        pieces.push(copy_edge(memory.cut(0, split.front), run.address % BLOCK_SIZE, buffer, edge));
        edge += BLOCK_SIZE;
    }
    if split.middle > 0 {
        pieces.push(memory.cut(split.front, split.middle));
    }
    if split.back > 0 {
        pieces.push(copy_edge(memory.cut(split.front + split.middle, split.back), 0, buffer, edge));
        edge += BLOCK_SIZE;
    }
    edge
}

fn copy_edge(bytes: Piece, in_block: usize, buffer: &mut AlignedBuffer, edge: usize) -> Piece {
    let block = &mut buffer.bytes_mut()[edge..edge + BLOCK_SIZE];
    block.fill(0);
    block[in_block..in_block + bytes.size()].copy_from_slice(bytes.bytes());
    buffer.piece(edge, BLOCK_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assemble(pieces: &[Piece]) -> Vec<u8> {
        pieces.iter().flat_map(|piece| piece.bytes().to_vec()).collect()
    }

    proptest! {
        #[test]
        fn every_payload_is_found_where_the_plan_says_and_nothing_foreign_is_written_in_place(
            sizes in prop::collection::vec((1usize..20_000, prop::bool::ANY), 1..40)
        ) {
            let mut memory = AlignedBuffer::new(64 * 20_100 + 40 * 9000);
            memory.bytes_mut().fill(0xee);
            let mut at = 32;
            let mut gather = Gather::default();
            let mut payloads = Vec::new();
            for (index, (size, jump)) in sizes.iter().enumerate() {
                if *jump { at += 5000; }
                memory.bytes_mut()[at..at + size].fill(index as u8 + 1);
                let piece = memory.piece(at, *size);
                gather.add(piece);
                payloads.push(piece);
                at = (at + size).next_multiple_of(32) + 32;
            }
            let mut buffer = AlignedBuffer::new(gather.edge_block_count() * BLOCK_SIZE);
            let plan = gather.plan(BLOCK_SIZE, &mut buffer, 0);
            let bytes = assemble(&plan.pieces);
            prop_assert_eq!(bytes.len(), gather.size());
            prop_assert!(plan.pieces.len() <= gather.piece_bound());
            for (payload, position) in payloads.iter().zip(&plan.payload_positions) {
                let from = *position as usize - BLOCK_SIZE;
                prop_assert_eq!(&bytes[from..from + payload.size()], payload.bytes());
            }
            // A foreign byte (0xee) may only lie between neighbours, never in a stretch longer than that gap.
            let longest = bytes.split(|byte| *byte != 0xee).map(<[u8]>::len).max().unwrap_or(0);
            prop_assert!(longest <= NEIGHBOUR_GAP, "{} foreign bytes", longest);
            for piece in &plan.pieces {
                prop_assert_eq!(piece.address() % BLOCK_SIZE, 0);
                prop_assert_eq!(piece.size() % BLOCK_SIZE, 0);
            }
        }
    }
}
