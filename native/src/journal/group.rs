use super::commit_memory::SLOT_SIZE;
use super::entry::{Entry, EntryKind};
use super::gather::Gather;
use super::header::{entries_end, header_block_count};
use crate::io::{Piece, BLOCK_SIZE, PIECES_MAX};

/// Entries that will be one commit, with what their owner wants back when it is durable.
pub(super) struct Group<T> {
    pub entries: Vec<Entry>,
    pub tags: Vec<T>,
    pub gather: Gather,
    /// Nothing may be added: the next entry begins another group.
    pub is_closed: bool,
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), tags: Vec::new(), gather: Gather::default(), is_closed: false }
    }
}

impl<T> Group<T> {
    pub fn add(&mut self, entry: Entry, payload: Option<Piece>, tag: T) {
        debug_assert_eq!(payload.is_some(), entry.kind == EntryKind::Batch);
        if let Some(payload) = payload {
            self.gather.add(payload);
        }
        self.entries.push(entry);
        self.tags.push(tag);
    }

    /// True if one more payload of that size keeps the commit within its limits (rule 1: at most 1024 pieces).
    pub fn has_room(&self, payload_size: usize, size_max: usize) -> bool {
        let pieces = 1 + self.gather.piece_bound() + 3;
        let header_size = header_block_count(self.entries.len() + 1) * BLOCK_SIZE;
        let size = header_size + self.gather.size() + payload_size + 2 * BLOCK_SIZE;
        !self.is_closed && pieces <= PIECES_MAX && (self.entries.is_empty() || size <= size_max)
    }

    pub fn header_size(&self) -> usize {
        header_block_count(self.entries.len()) * BLOCK_SIZE
    }

    /// What is small is packed: its batches come right behind the last entry, in that block.
    pub fn is_packed(&self) -> bool {
        self.packed_size() <= SLOT_SIZE
    }

    fn packed_size(&self) -> usize {
        (entries_end(self.entries.len()) + self.gather.payload_size()).next_multiple_of(BLOCK_SIZE)
    }

    /// Of the whole commit, in bytes.
    pub fn size(&self) -> usize {
        if self.is_packed() {
            self.packed_size()
        } else {
            self.header_size() + self.gather.size()
        }
    }
}
