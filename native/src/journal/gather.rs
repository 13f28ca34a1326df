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
    start: Piece,
    size: usize,
}

impl Run {
    fn address(&self) -> usize {
        self.start.address()
    }

    fn end(&self) -> usize {
        self.address() + self.size
    }

    fn block_count(&self) -> usize {
        self.end().div_ceil(BLOCK_SIZE) - self.address() / BLOCK_SIZE
    }

    /// True if `next`, further up in memory, belongs to the same run.
    fn reaches(&self, next: usize) -> bool {
        next >= self.end() && next - self.end() <= NEIGHBOUR_GAP
    }
}

/// Collects the payloads of one commit. They come in the order of their entries, which need not be that of memory:
/// batches that waited are listed partition by partition, but lie in the ring as they arrived.
#[derive(Default)]
pub struct Gather {
    /// In order of their addresses.
    runs: Vec<Run>,
    /// The run of the last payload: the next one usually continues it.
    last: usize,
    /// In the order of their entries.
    payloads: Vec<Piece>,
    payload_size: usize,
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
        self.payloads.push(payload);
        self.payload_size += payload.size();
        let at = self.place_of(payload.address());
        let run = Run { start: payload, size: payload.size() };
        if at > 0 && self.runs[at - 1].reaches(run.address()) {
            self.last = at - 1;
            self.join(run);
        } else {
            self.runs.insert(at, run);
            self.last = at;
            self.block_count += run.block_count();
        }
        if self.runs.get(self.last + 1).is_some_and(|above| self.runs[self.last].reaches(above.address())) {
            let above = self.runs.remove(self.last + 1);
            self.block_count -= above.block_count();
            self.join(above);
        }
    }

    /// How many runs begin below the address.
    fn place_of(&self, address: usize) -> usize {
        let is_behind = |at: usize| self.runs.get(at).is_none_or(|run| run.address() > address);
        match self.runs.get(self.last) {
            Some(last) if last.address() < address && is_behind(self.last + 1) => self.last + 1,
            _ => self.runs.partition_point(|run| run.address() < address),
        }
    }

    /// What lies right above the last payload's run becomes a part of it.
    fn join(&mut self, above: Run) {
        let run = &mut self.runs[self.last];
        self.block_count -= run.block_count();
        run.size = above.end() - run.address();
        self.block_count += run.block_count();
    }

    /// An upper bound of the pieces the plan will have, the header's excluded.
    #[must_use]
    pub fn piece_bound(&self) -> usize {
        self.runs.len() * 3
    }

    /// Of the payloads alone, in bytes.
    #[must_use]
    pub fn payload_size(&self) -> usize {
        self.payload_size
    }

    /// Bytes behind the header blocks, with edges.
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
            run_positions.push(position + run.address() % BLOCK_SIZE);
            let before = pieces.len();
            edge = place_run(run, buffer, edge, &mut pieces);
            position += pieces[before..].iter().map(|piece| piece.size()).sum::<usize>();
        }
        Plan { pieces, payload_positions: self.payload_positions(&run_positions) }
    }

    /// Instead of a plan: every payload copied to `out`, the commit's whole memory, from `at` on and one behind the other.
    pub fn pack(&self, at: usize, out: &mut [u8]) -> Vec<u32> {
        let mut end = at;
        let place = |payload: &Piece| {
            let position = end;
            end += payload.size();
            out[position..end].copy_from_slice(payload.bytes());
            position as u32
        };
        let positions = self.payloads.iter().map(place).collect();
        out[end..].fill(0);
        positions
    }

    fn payload_positions(&self, run_positions: &[usize]) -> Vec<u32> {
        let mut at = 0;
        let position_of = |payload: &Piece| {
            let address = payload.address();
            let is_inside = self.runs[at].address() <= address && address < self.runs[at].end();
            if !is_inside {
                at = self.runs.partition_point(|run| run.address() <= address) - 1;
            }
            (run_positions[at] + address - self.runs[at].address()) as u32
        };
        self.payloads.iter().map(position_of).collect()
    }
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
    let in_block = run.address() % BLOCK_SIZE;
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
        pieces.push(copy_edge(memory.cut(0, split.front), run.address() % BLOCK_SIZE, buffer, edge));
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

    /// Payloads of these sizes side by side as in a ring, some with a stretch of foreign bytes in front.
    fn lay_out(sizes: &[(usize, bool)], memory: &mut AlignedBuffer) -> Vec<Piece> {
        let mut at = 32;
        let mut payloads = Vec::new();
        for (index, (size, jump)) in sizes.iter().enumerate() {
            at += if *jump { 5000 } else { 0 };
            memory.bytes_mut()[at..at + size].fill(index as u8 + 1);
            payloads.push(memory.piece(at, *size));
            at = (at + size).next_multiple_of(32) + 32;
        }
        payloads
    }

    #[test]
    fn neighbours_are_one_run_in_whatever_order_they_come() {
        let mut memory = AlignedBuffer::new(64 << 10);
        let payloads = lay_out(&[(300, false); 64], &mut memory);
        let mut gather = Gather::default();
        for first in 0..8 {
            payloads.iter().skip(first).step_by(8).for_each(|payload| gather.add(*payload));
        }
        // 64 slots of 352 bytes, one after the other.
        assert_eq!(gather.size(), (64usize * 352).div_ceil(BLOCK_SIZE) * BLOCK_SIZE);
        assert_eq!(gather.piece_bound(), 3);
    }

    proptest! {
        #[test]
        fn every_payload_is_found_where_the_plan_says_and_nothing_foreign_is_written_in_place(
            sizes in prop::collection::vec((1usize..20_000, prop::bool::ANY), 1..40),
            order in prop::collection::vec(0usize..1000, 40),
        ) {
            let mut memory = AlignedBuffer::new(64 * 20_100 + 40 * 9000);
            memory.bytes_mut().fill(0xee);
            let laid_out = lay_out(&sizes, &mut memory);
            let mut listed: Vec<usize> = (0..laid_out.len()).collect();
            listed.sort_by_key(|index| order[*index]);
            let payloads: Vec<Piece> = listed.into_iter().map(|index| laid_out[index]).collect();
            let mut gather = Gather::default();
            payloads.iter().for_each(|payload| gather.add(*payload));
            let mut in_order = Gather::default();
            laid_out.iter().for_each(|payload| in_order.add(*payload));
            prop_assert_eq!(gather.size(), in_order.size());
            let mut packed = vec![0x11; 100 + gather.payload_size() + 7];
            let packed_positions = gather.pack(100, &mut packed);
            prop_assert!(packed[..100].iter().all(|byte| *byte == 0x11) && packed.ends_with(&[0; 7]));
            let mut buffer = AlignedBuffer::new(gather.edge_block_count() * BLOCK_SIZE);
            let plan = gather.plan(BLOCK_SIZE, &mut buffer, 0);
            let bytes = assemble(&plan.pieces);
            prop_assert_eq!(bytes.len(), gather.size());
            prop_assert!(plan.pieces.len() <= gather.piece_bound());
            for (payload, position) in payloads.iter().zip(&packed_positions) {
                let from = *position as usize;
                prop_assert_eq!(&packed[from..from + payload.size()], payload.bytes());
            }
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
