//! The sparse index of one segment, by offset and by time at once: where to begin walking the batch headers. Pure:
//! who reads and writes its file is the segment's affair.
//!
//! An entry stands for a batch that begins at least `interval` bytes behind the last entry's; the batch at position 0
//! needs none. It holds the batch's base offset (relative to the segment), its position, and the largest timestamp of
//! all batches *before* it: timestamps may go back from batch to batch, but this running maximum never does, so both
//! searches are binary. Everything before an entry whose maximum is below a time is older than that time.
//!
//! The file is a row of chunks, each proving itself, so that a loader keeps the longest valid run and knows from which
//! position on the log must be walked again. Loading and walking give the same index, entry by entry, as never
//! stopping. The index is only ever a shortcut: losing all of it loses nothing but time.
//!
//! ```text
//!  chunk of 4096 bytes
//!   0   4  magic
//!   4   4  CRC32C of bytes 8..4096
//!   8   2  version
//!  10   2  entries in this chunk: 253 in all but the last one
//!  12   4  chunk number
//!  16   8  base offset of the segment
//!  24   4  covered to: this chunk and those before it index the log up to this position; the next chunk's first
//!          entry stands for the batch there
//!  28   4  zero
//!  32   8  the largest timestamp up to there
//!  40   …  entries of 16 bytes: relative offset u32, position u32, largest timestamp before it i64; then zero
//! ```

mod chunk;

use crate::codec::batch::{BatchHeader, NO_TIMESTAMP};
pub use chunk::{ChunkError, CHUNK_SIZE, ENTRIES_PER_CHUNK};

/// One entry per so many bytes of log (`index.interval.bytes`).
pub const INTERVAL_DEFAULT: u32 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    relative_offset: u32,
    position: u32,
    max_timestamp_before: i64,
}

/// Where a search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Walk the headers from here. The batch there begins at this offset (at position 0: at or above it); if it does
    /// not, index and log have diverged and the index must be rebuilt.
    Position { position: u32, base_offset: i64 },
    /// Nothing in the segment can match.
    Absent,
    /// The entries that know were evicted: read the file and `restore` it.
    Evicted,
}

/// What `load` made of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub index: OffsetIndex,
    /// Why the rest of the file was not used; None when all of it was.
    pub stopped: Option<ChunkError>,
}

/// Lives on: the shard thread. Owned by: one segment. Empty or evicted, it owns at most a page of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetIndex {
    base_offset: i64,
    interval: u32,
    /// Entries before the first one in memory: only the file has them. Always whole chunks.
    evicted_count: u32,
    entries: Vec<Entry>,
    /// Chunks that the caller has made durable and that no later entry changes.
    saved_chunks: u32,
    last_entry_position: u32,
    covered_to: u32,
    max_timestamp: i64,
}

impl OffsetIndex {
    #[must_use]
    pub const fn new(base_offset: i64, interval: u32) -> Self {
        Self {
            base_offset,
            interval,
            evicted_count: 0,
            entries: Vec::new(),
            saved_chunks: 0,
            last_entry_position: 0,
            covered_to: 0,
            max_timestamp: NO_TIMESTAMP,
        }
    }

    /// The log is indexed up to this position: the next batch noted begins here.
    #[must_use]
    pub fn covered_to(&self) -> u32 {
        self.covered_to
    }

    /// Over all batches noted; `NO_TIMESTAMP` if none had one.
    #[must_use]
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    #[must_use]
    pub fn entries_count(&self) -> u32 {
        self.evicted_count + self.entries.len() as u32
    }

    /// The bytes of the index file, as the segment is rolled by them too.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        u64::from(self.chunks_count()) * CHUNK_SIZE as u64
    }

    #[must_use]
    pub fn is_evicted(&self) -> bool {
        self.evicted_count > 0
    }

    /// Whether a batch of these offsets and this size can lie in the segment at all: 32 bits of relative offset and
    /// of position. If not, the segment must be rolled first.
    #[must_use]
    pub fn fits(&self, header: &BatchHeader) -> bool {
        let relative_offset = header.last_offset() - self.base_offset;
        (0..=i64::from(u32::MAX)).contains(&relative_offset) && self.covered_to.checked_add(header.size).is_some()
    }

    /// Notes the next batch, which begins at `covered_to` and fits.
    pub fn note(&mut self, header: &BatchHeader, position: u32) {
        assert_eq!(position, self.covered_to, "batches are noted one behind the other");
        assert!(self.fits(header), "offset {} in a segment from {}", header.last_offset(), self.base_offset);
        if position - self.last_entry_position >= self.interval {
            let relative_offset = (header.base_offset - self.base_offset) as u32;
            self.entries.push(Entry { relative_offset, position, max_timestamp_before: self.max_timestamp });
            self.last_entry_position = position;
        }
        self.covered_to = position + header.size;
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
    }

    /// Where to begin walking to find the batch that holds `offset`, or the first one behind it.
    #[must_use]
    pub fn find_offset(&self, offset: i64) -> Start {
        let Ok(relative_offset) = u32::try_from(offset - self.base_offset) else {
            return if offset < self.base_offset { self.segment_start() } else { Start::Absent };
        };
        self.start_at(self.entries.partition_point(|entry| entry.relative_offset <= relative_offset))
    }

    /// Where to begin walking to find the first batch whose max timestamp is `timestamp` or later.
    #[must_use]
    pub fn find_timestamp(&self, timestamp: i64) -> Start {
        if self.max_timestamp < timestamp {
            return Start::Absent;
        }
        self.start_at(self.entries.partition_point(|entry| entry.max_timestamp_before < timestamp))
    }

    /// The start of a search that so many entries in memory lie before.
    fn start_at(&self, entries_before: usize) -> Start {
        match entries_before.checked_sub(1) {
            Some(index) => {
                let Entry { relative_offset, position, .. } = self.entries[index];
                Start::Position { position, base_offset: self.base_offset + i64::from(relative_offset) }
            }
            None if self.is_evicted() => Start::Evicted,
            None => self.segment_start(),
        }
    }

    fn segment_start(&self) -> Start {
        Start::Position { position: 0, base_offset: self.base_offset }
    }

    /// The log now ends at this position, at a batch's start. Goes back to the last entry before it, as the running
    /// maximum is known only there: note the batches from `covered_to` again. If the entries that know were evicted,
    /// the index begins anew at 0; `restore` first where that matters. The file still tells the old story: remove it,
    /// or write the unsaved chunks and cut it to `file_size`, before the log grows over the cut.
    pub fn truncate_to(&mut self, position: u32) {
        if position >= self.covered_to {
            return;
        }
        let kept = self.entries.partition_point(|entry| entry.position < position);
        self.entries.truncate(kept);
        if kept == 0 && self.is_evicted() {
            self.evicted_count = 0;
        }
        let last =
            self.entries.last().copied().unwrap_or(Entry { relative_offset: 0, position: 0, max_timestamp_before: NO_TIMESTAMP });
        self.last_entry_position = last.position;
        self.covered_to = last.position;
        self.max_timestamp = last.max_timestamp_before;
        self.saved_chunks = self.saved_chunks.min(self.last_chunk());
    }

    fn last_chunk(&self) -> u32 {
        self.entries_count().saturating_sub(1) / ENTRIES_PER_CHUNK as u32
    }

    fn chunks_count(&self) -> u32 {
        self.last_chunk() + 1
    }

    /// The first chunk that the file lacks or holds in an older form. The last one always counts: it says how far the
    /// index reaches.
    #[must_use]
    pub fn first_unsaved_chunk(&self) -> u32 {
        self.saved_chunks
    }

    /// The chunks from `first_unsaved_chunk` on, to be written at that many times `CHUNK_SIZE` in the file.
    #[must_use]
    pub fn encode_unsaved(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in self.saved_chunks..self.chunks_count() {
            let chunk = chunk::encode(self, number);
            bytes.extend_from_slice(&chunk);
        }
        bytes
    }

    /// What `encode_unsaved` gave is durable, and nothing was noted since.
    pub fn mark_saved(&mut self) {
        self.saved_chunks = self.last_chunk();
    }

    /// Gives back the memory of entries that the file has: all but those of the last chunk.
    pub fn evict(&mut self) {
        let evicted_count = self.saved_chunks * ENTRIES_PER_CHUNK as u32;
        let dropped = evicted_count.saturating_sub(self.evicted_count);
        self.entries.drain(..dropped as usize);
        self.entries.shrink_to_fit();
        self.evicted_count += dropped;
    }

    /// Brings evicted entries back from the file's bytes.
    ///
    /// # Errors
    /// The file no longer holds all of them; nothing changed. Rebuild the index by walking the log.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), ChunkError> {
        if !self.is_evicted() {
            return Ok(());
        }
        let chunks = (self.evicted_count as usize / ENTRIES_PER_CHUNK) * CHUNK_SIZE;
        let evicted = bytes.get(..chunks).ok_or(ChunkError::Missing)?;
        let Loaded { mut index, stopped } = Self::load(evicted, self.base_offset, self.interval, self.covered_to);
        if let Some(error) = stopped {
            return Err(error);
        }
        let first = self.entries.first().expect("eviction leaves the last chunk's entries");
        if index.entries_count() != self.evicted_count || !chunk::is_next(&index, first) {
            return Err(ChunkError::Order);
        }
        index.entries.append(&mut self.entries);
        self.entries = index.entries;
        self.evicted_count = 0;
        Ok(())
    }

    /// The index that the longest valid run of chunks gives, of a segment whose log is trusted up to a position: note
    /// the batches from `covered_to` on to complete it. What reaches beyond the trusted end is not used.
    #[must_use]
    pub fn load(bytes: &[u8], base_offset: i64, interval: u32, trusted_to: u32) -> Loaded {
        let mut index = Self::new(base_offset, interval);
        let mut stopped = None;
        for (number, bytes) in bytes.chunks(CHUNK_SIZE).enumerate() {
            if let Err(error) = chunk::take(&mut index, number as u32, bytes) {
                stopped = Some(error);
                break;
            }
        }
        if index.covered_to > trusted_to {
            stopped = stopped.or(Some(ChunkError::BeyondLog));
            index.truncate_to(trusted_to);
        }
        index.saved_chunks = index.last_chunk();
        Loaded { index, stopped }
    }
}

#[cfg(test)]
mod tests;
