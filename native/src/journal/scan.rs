//! Reads a journal back: the longest run of whole commits from the position that the checkpoint names, and the proof
//! that nothing acknowledged lay behind its end (DURABILITY.md rules 4 and 6).

use super::entry::{Entry, EntryKind};
use super::header::{decode_block, entries_end, header_block_count, CommitHeader, HeaderBlock, Incarnation};
use super::space::JOURNAL_START;
use crate::codec::batch::BatchHeader;
use crate::codec::crc32c::crc32c;
use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, IoError, IoResult, Op, ReadBuffers, BLOCK_SIZE};
use std::rc::Rc;

/// Read at a time.
const WINDOW_SIZE: u64 = 8 << 20;
/// Kept for further windows: replay holds two or three until it has written what is in them.
const WINDOWS_SIZE_MAX: usize = 32 << 20;
/// Reads of one window under way together.
const READ_SIZE: u64 = 1 << 20;

#[derive(Clone, Copy, Debug)]
pub struct ScanStart {
    pub file: FileId,
    pub file_size: u64,
    pub incarnation: Incarnation,
    pub position: u64,
    pub number: u64,
    /// How far behind the end of the run a later commit can lie: the most that is ever in flight.
    pub search_size: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub enum ScanError {
    Io(IoError),
    /// Commit `number` at `position` is damaged, yet the later commit `witness` says that it was durable.
    Corrupt {
        number: u64,
        position: u64,
        witness: u64,
    },
}

impl From<IoError> for ScanError {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

/// A whole commit: every header block, entry and batch passed its checks.
pub struct ScannedCommit {
    pub header: CommitHeader,
    pub entries: Vec<Entry>,
    window: Rc<AlignedBuffer>,
    at: usize,
}

impl ScannedCommit {
    /// Where a batch lies in `window`.
    #[must_use]
    pub fn payload_range(&self, entry: &Entry) -> std::ops::Range<usize> {
        let from = self.at + entry.payload_position as usize;
        from..from + entry.size as usize
    }

    #[must_use]
    pub fn payload(&self, entry: &Entry) -> &[u8] {
        &self.window.bytes()[self.payload_range(entry)]
    }

    #[must_use]
    pub fn window(&self) -> Rc<AlignedBuffer> {
        self.window.clone()
    }
}

pub struct Scanner {
    files: Files,
    start: ScanStart,
    position: u64,
    number: u64,
    window: Rc<AlignedBuffer>,
    window_from: u64,
    window_size: u64,
    /// A window is used again when nobody holds a batch in it.
    windows: ReadBuffers,
}

impl Scanner {
    #[must_use]
    pub fn new(files: Files, start: ScanStart) -> Self {
        let window = Rc::new(AlignedBuffer::new(1));
        Self {
            files,
            start,
            position: start.position,
            number: start.number,
            window,
            window_from: 0,
            window_size: 0,
            windows: ReadBuffers::new(WINDOWS_SIZE_MAX),
        }
    }

    /// The next commit of the run; None at its end.
    pub async fn next(&mut self) -> IoResult<Option<ScannedCommit>> {
        for position in [self.position, JOURNAL_START] {
            if let Some(commit) = self.commit_at(position).await? {
                self.position = position + commit.header.size;
                self.number += 1;
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }

    /// Position and number where the journal would continue.
    #[must_use]
    pub fn end(&self) -> (u64, u64) {
        (self.position, self.number)
    }

    /// After `next` returned None: fails if a later commit of this incarnation witnesses that the missing one was
    /// durable. Looks behind the end of the run and, as commits wrap, at the start.
    pub async fn check_end(&mut self) -> Result<(), ScanError> {
        let search = self.start.search_size;
        let behind = (self.start.file_size.saturating_sub(self.position)).min(search);
        self.search(self.position, behind).await?;
        // What is left of the distance, and at least one commit that wrapped early because the end was near.
        self.search(JOURNAL_START, search.min(self.start.file_size.saturating_sub(JOURNAL_START))).await
    }

    async fn search(&mut self, from: u64, size: u64) -> Result<(), ScanError> {
        let mut position = from;
        while position + BLOCK_SIZE as u64 <= from + size {
            let Some(at) = self.load(position, BLOCK_SIZE as u64).await? else { break };
            let block = &self.window.bytes()[at..at + BLOCK_SIZE];
            if let Some(found) = decode_block(block, position, &self.start.incarnation) {
                let witness = found.header.number;
                if witness > self.number && found.header.durable >= self.number {
                    return Err(ScanError::Corrupt { number: self.number, position: self.position, witness });
                }
                // The place of the missing commit holds a later one: its space had been freed.
                if witness > self.number && self.number == self.start.number && position == self.start.position {
                    return Err(ScanError::Corrupt { number: self.number, position, witness });
                }
            }
            position += BLOCK_SIZE as u64;
        }
        Ok(())
    }

    async fn commit_at(&mut self, position: u64) -> IoResult<Option<ScannedCommit>> {
        let Some(first) = self.header_block(position, 0).await? else { return Ok(None) };
        let header = first.header;
        let is_expected = header.number == self.number
            && first.block_index == 0
            && header.size.is_multiple_of(BLOCK_SIZE as u64)
            && position.checked_add(header.size).is_some_and(|end| end <= self.start.file_size)
            && usize::from(first.block_count) == header_block_count(header.entry_count as usize)
            && header.size >= u64::from(first.block_count) * BLOCK_SIZE as u64;
        if !is_expected {
            return Ok(None);
        }
        let Some(at) = self.load(position, header.size).await? else { return Ok(None) };
        let Some(entries) = self.entries(&first, at) else { return Ok(None) };
        let commit = ScannedCommit { header, entries, window: self.window.clone(), at };
        let is_whole = commit.entries.iter().all(|entry| is_payload_whole(&commit, entry));
        Ok(is_whole.then_some(commit))
    }

    async fn header_block(&mut self, position: u64, index: u64) -> IoResult<Option<HeaderBlock>> {
        let position = position + index * BLOCK_SIZE as u64;
        let Some(at) = self.load(position, BLOCK_SIZE as u64).await? else { return Ok(None) };
        Ok(decode_block(&self.window.bytes()[at..at + BLOCK_SIZE], position, &self.start.incarnation))
    }

    /// All header blocks of the commit that begins at `at` in the window; None unless they agree.
    fn entries(&self, first: &HeaderBlock, at: usize) -> Option<Vec<Entry>> {
        let mut entries = Vec::with_capacity(first.header.entry_count as usize);
        for index in 0..usize::from(first.block_count) {
            let from = at + index * BLOCK_SIZE;
            let position = first.header.position + (index * BLOCK_SIZE) as u64;
            let block = decode_block(&self.window.bytes()[from..from + BLOCK_SIZE], position, &self.start.incarnation)?;
            if block.header != first.header || usize::from(block.block_index) != index {
                return None;
            }
            entries.extend(block.entries);
        }
        (entries.len() == first.header.entry_count as usize).then_some(entries)
    }

    /// Makes the range available in the window; its index there, or None beyond the end of the file.
    async fn load(&mut self, position: u64, size: u64) -> IoResult<Option<usize>> {
        if position + size > self.start.file_size {
            return Ok(None);
        }
        let is_inside = position >= self.window_from && position + size <= self.window_from + self.window_size;
        if !is_inside {
            let wanted = size.max(WINDOW_SIZE).min(self.start.file_size - position);
            let buffer = self.windows.take(wanted as usize);
            let reads: Vec<Op> =
                (0..wanted.div_ceil(READ_SIZE)).map(|index| read_op(self.start.file, position, index, wanted, &buffer)).collect();
            let sizes: Vec<u64> =
                (0..wanted.div_ceil(READ_SIZE)).map(|index| READ_SIZE.min(wanted - index * READ_SIZE)).collect();
            let counts = self.files.all_ok(reads).await?;
            for (index, (count, size)) in counts.iter().zip(&sizes).enumerate() {
                if count < size {
                    // Rare (a signal, a simulated short read): read the rest of this part in place.
                    let from = index * READ_SIZE as usize + *count as usize;
                    let rest = buffer.piece(from, (*size - *count) as usize);
                    self.files.read(self.start.file, position + from as u64, rest).await?;
                }
            }
            self.window = buffer;
            self.window_from = position;
            self.window_size = wanted;
        }
        Ok(Some((position - self.window_from) as usize))
    }
}

fn read_op(file: FileId, position: u64, index: u64, wanted: u64, buffer: &AlignedBuffer) -> Op {
    let from = index * READ_SIZE;
    let size = READ_SIZE.min(wanted - from);
    Op::Read { file, position: position + from, target: buffer.piece(from as usize, size as usize) }
}

/// The stored bytes and the entry agree in all that the entry says (rule 1).
fn is_payload_whole(commit: &ScannedCommit, entry: &Entry) -> bool {
    if entry.kind != EntryKind::Batch {
        return true;
    }
    let from = u64::from(entry.payload_position);
    if from < entries_end(commit.entries.len()) as u64 || from + u64::from(entry.size) > commit.header.size {
        return false;
    }
    let bytes = commit.payload(entry);
    let Ok(batch) = BatchHeader::parse(bytes) else { return false };
    batch.base_offset as u64 == entry.offset
        && batch.size == entry.size
        && batch.leader_epoch == entry.leader_epoch
        && batch.next_offset() as u64 == entry.value
        && batch.crc == entry.batch_crc
        && crc32c(&bytes[21..]) == entry.batch_crc
}
