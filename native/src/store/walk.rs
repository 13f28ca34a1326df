//! Walks the batch headers of a segment file, in chunks, without reading more of the batches than it must.

use super::ReadError;
use crate::codec::batch::{BatchHeader, HEADER_SIZE};
use crate::codec::crc32c::crc32c;
use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, OpenMode};
use std::path::Path;

/// Read at a time; a batch that is longer is skipped over by its size.
const CHUNK_SIZE: usize = 256 << 10;
/// Two intervals of the index: memory of this size costs little, and the read behind it brings the same bytes again.
const NEAR_SIZE: usize = 8 << 10;

/// The part of a segment that holds whole batches.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentFile {
    pub base: u64,
    pub size: u64,
    /// The offset behind its last batch, or above: where the next segment begins, or the log ends.
    pub next: u64,
}

/// A position from which batches are walked, and the lowest offset that may stand there.
#[derive(Clone, Copy, Debug)]
pub(super) struct WalkStart {
    pub position: u64,
    pub offset: u64,
    /// An index says that a batch begins here with exactly this offset. If not, index and log have diverged.
    pub is_exact: bool,
}

impl WalkStart {
    pub fn of(segment: SegmentFile) -> Self {
        Self { position: 0, offset: segment.base, is_exact: false }
    }
}

/// Calls `visit` for each header in order until it returns false. Fails where bytes are no header in its place.
pub(super) async fn headers(
    files: &Files,
    path: &Path,
    segment: SegmentFile,
    visit: impl FnMut(&BatchHeader, u64) -> bool,
) -> Result<(), ReadError> {
    if segment.size == 0 {
        return Ok(());
    }
    let file = files.open(path, OpenMode::Read).await?;
    let walked = headers_of(files, file, segment, WalkStart::of(segment), visit).await;
    files.close(file).await?;
    walked
}

pub(super) async fn headers_of(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    start: WalkStart,
    visit: impl FnMut(&BatchHeader, u64) -> bool,
) -> Result<(), ReadError> {
    walk(files, file, segment, start, CHUNK_SIZE, visit).await
}

/// As `headers_of`, for who looks for something near the start.
pub(super) async fn headers_near(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    start: WalkStart,
    visit: impl FnMut(&BatchHeader, u64) -> bool,
) -> Result<(), ReadError> {
    walk(files, file, segment, start, NEAR_SIZE, visit).await
}

async fn walk(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    start: WalkStart,
    chunk_size: usize,
    mut visit: impl FnMut(&BatchHeader, u64) -> bool,
) -> Result<(), ReadError> {
    let mut chunk = Chunk::sized(file, segment.size, chunk_size);
    let mut position = start.position;
    let mut offset = start.offset;
    while position < segment.size {
        let corrupt = ReadError::Corrupt { offset, segment: segment.base, position };
        let bytes = chunk.bytes(files, position, HEADER_SIZE).await?;
        let header = bytes.and_then(|bytes| header_in_place(bytes, offset)).ok_or_else(|| corrupt.clone())?;
        let has_diverged = position == start.position && start.is_exact && header.base_offset as u64 != offset;
        let is_contiguous = header.base_offset as u64 == offset;
        let is_believed = is_contiguous || is_gap_believed(&mut chunk, files, segment, &header, position).await?;
        let is_inside = position + u64::from(header.size) <= segment.size && header.next_offset() as u64 <= segment.next;
        if has_diverged || !is_believed || !is_inside {
            return Err(corrupt);
        }
        if !visit(&header, position) {
            return Ok(());
        }
        position += u64::from(header.size);
        offset = header.next_offset() as u64;
    }
    Ok(())
}

/// No CRC covers a base offset, so a gap before a batch is believed only if it leaves room for what follows.
async fn is_gap_believed(
    chunk: &mut Chunk,
    files: &Files,
    segment: SegmentFile,
    header: &BatchHeader,
    position: u64,
) -> Result<bool, ReadError> {
    let behind = position + u64::from(header.size);
    if behind >= segment.size {
        return Ok(true);
    }
    let bytes = chunk.bytes(files, behind, HEADER_SIZE).await?;
    let following = bytes.and_then(|bytes| BatchHeader::parse(bytes).ok());
    Ok(following.is_none_or(|following| following.base_offset >= header.next_offset()))
}

/// The header at the start of the bytes, if its offsets ascend (rule 16: they are not covered by the batch's CRC).
fn header_in_place(bytes: &[u8], offset: u64) -> Option<BatchHeader> {
    let header = BatchHeader::parse(bytes).ok()?;
    (header.base_offset as u64 >= offset && header.last_offset_delta >= 0).then_some(header)
}

/// A moving window over a file.
pub(super) struct Chunk {
    file: FileId,
    size: u64,
    buffer: AlignedBuffer,
    from: u64,
    count: usize,
}

impl Chunk {
    pub fn new(file: FileId, size: u64) -> Self {
        Self::sized(file, size, CHUNK_SIZE)
    }

    fn sized(file: FileId, size: u64, chunk_size: usize) -> Self {
        Self { file, size, buffer: AlignedBuffer::new(chunk_size.min(size.max(1) as usize)), from: 0, count: 0 }
    }

    /// The bytes at a position, at least `size` of them; None where the file ends before.
    pub async fn bytes(&mut self, files: &Files, position: u64, size: usize) -> Result<Option<&[u8]>, ReadError> {
        let is_inside = position >= self.from && position + size as u64 <= self.from + self.count as u64;
        if !is_inside {
            if self.buffer.size() < size {
                self.buffer = AlignedBuffer::new(size);
            }
            let wanted = self.buffer.size().min(self.size.saturating_sub(position) as usize);
            self.from = position;
            self.count = 0;
            self.count = files.read(self.file, position, self.buffer.piece(0, wanted)).await?;
        }
        let at = (position - self.from) as usize;
        Ok(self.buffer.bytes()[..self.count].get(at..).filter(|bytes| bytes.len() >= size))
    }
}

/// The CRC of a whole batch as stored.
pub(super) fn is_batch_whole(bytes: &[u8], header: &BatchHeader) -> bool {
    bytes.len() == header.size as usize && crc32c(&bytes[21..]) == header.crc
}
