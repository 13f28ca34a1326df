//! The sparse indexes of segments: noted while appending, written when a segment is rolled, loaded or rebuilt when a
//! read needs one that is missing, short or wrong.

use super::walk::{self, SegmentFile, WalkStart};
use super::{Finished, ReadError, Store};
use crate::codec::batch::BatchHeader;
use crate::io::task::Files;
use crate::io::{FileId, IoResult, OpenMode};
use crate::log::offset_index::{OffsetIndex, Start, CHUNK_SIZE, INTERVAL_DEFAULT};
use crate::log::open_files::FileKey;
use std::path::{Path, PathBuf};

/// Indexes of sealed segments kept in memory.
const SEALED_MAX: usize = 64;

impl Store {
    pub(super) fn index_path(&mut self, key: FileKey) -> PathBuf {
        let id = self.live(key.partition).id;
        self.paths.index(&id, key.base)
    }

    /// Notes a batch that was listed, if the index reaches up to it; else a read completes the index later.
    pub(super) fn note_in_index(&mut self, key: FileKey, header: &BatchHeader, position: u64, interval: u32) {
        if position == 0 {
            self.indexes.insert(key, OffsetIndex::new(key.base as i64, interval));
        }
        let Some(index) = self.indexes.get_mut(&key) else { return };
        if u64::from(index.covered_to()) == position && index.fits(header) {
            index.note(header, position as u32);
        }
    }

    /// The index goes to its file, without a sync, as it proves itself when loaded: when its segment is sealed, or
    /// when it is idle and long, to give its memory back.
    pub(super) fn save_index(&mut self, key: FileKey) {
        let Some(index) = self.indexes.get_mut(&key) else { return };
        let bytes = index.encode_unsaved();
        let position = u64::from(index.first_unsaved_chunk()) * CHUNK_SIZE as u64;
        index.mark_saved();
        index.evict();
        let path = self.index_path(key);
        let files = self.files.clone();
        self.trim_indexes();
        self.index_writes += 1;
        self.tasks.spawn(self.io.as_mut(), async move {
            Finished::IndexWritten { result: write_index(&files, &path, position, bytes).await }
        });
    }

    /// A partition that was quiet since its checkpoint gives back what a long index takes.
    pub(super) fn rest_index(&mut self, partition: u32) {
        const ENTRIES_AT_REST: u32 = 256;
        let Some(base) = self.partition(partition).and_then(|state| state.active()).map(|segment| segment.base) else { return };
        let key = FileKey { partition, base };
        if self.indexes.get(&key).is_some_and(|index| index.entries_count() > ENTRIES_AT_REST && !index.is_evicted()) {
            self.save_index(key);
        }
    }

    fn trim_indexes(&mut self) {
        if self.indexes.len() <= SEALED_MAX + self.by_id.len() {
            return;
        }
        let partitions = &self.partitions;
        self.indexes.retain(|key, _| {
            let active = partitions.get(key.partition as usize).and_then(Option::as_ref).and_then(|state| state.active());
            active.is_some_and(|segment| segment.base == key.base)
        });
    }

    /// For a read: where to begin, if the index in memory reaches as far as the file does.
    pub(super) fn known_start(&self, key: FileKey, segment: SegmentFile, offset: u64) -> Option<WalkStart> {
        let index =
            self.indexes.get(&key).filter(|index| u64::from(index.covered_to()) >= segment.size && !index.is_evicted())?;
        Some(walk_start(index, segment, offset))
    }

    /// After a read: kept if it reaches further than what is known now.
    pub(super) fn put_index(&mut self, key: FileKey, index: Option<OffsetIndex>) {
        let Some(index) = index else { return };
        let is_segment_there =
            self.partition(key.partition).is_some_and(|state| state.segments.iter().any(|segment| segment.base == key.base));
        let is_news = self.indexes.get(&key).is_none_or(|known| known.covered_to() < index.covered_to());
        if is_segment_there && is_news {
            self.indexes.insert(key, index);
            self.trim_indexes();
        }
    }

    pub(super) fn drop_index(&mut self, partition: u32, base: u64) {
        self.indexes.remove(&FileKey { partition, base });
    }

    pub(super) fn drop_indexes_of(&mut self, partition: u32) {
        self.indexes.retain(|key, _| key.partition != partition);
    }
}

pub(super) fn walk_start(index: &OffsetIndex, segment: SegmentFile, offset: u64) -> WalkStart {
    match index.find_offset(offset as i64) {
        Start::Position { position, base_offset } => {
            WalkStart { position: u64::from(position), offset: base_offset as u64, is_exact: position > 0 }
        }
        Start::Absent | Start::Evicted => WalkStart::of(segment),
    }
}

async fn write_index(files: &Files, path: &Path, position: u64, bytes: Vec<u8>) -> IoResult<()> {
    let mut buffer = crate::io::AlignedBuffer::new(bytes.len());
    buffer.bytes_mut()[..bytes.len()].copy_from_slice(&bytes);
    let file = files.open(path, OpenMode::Write).await?;
    let written = files.write(file, position, &[buffer.piece(0, bytes.len())], None).await;
    files.close(file).await?;
    written
}

/// An index that covers the whole segment: the one given or the file's, completed by walking what it lacks. One that
/// contradicts the log is thrown away and made anew.
/// Made anew from the log, whatever the index file says.
pub(super) async fn rebuild(files: &Files, file: FileId, segment: SegmentFile) -> Result<OffsetIndex, ReadError> {
    extend_to_damage(files, file, segment, OffsetIndex::new(segment.base as i64, INTERVAL_DEFAULT)).await
}

pub(super) async fn complete(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    known: Option<OffsetIndex>,
    path: &Path,
) -> Result<OffsetIndex, ReadError> {
    let base = segment.base as i64;
    let known = match known {
        Some(index) if !index.is_evicted() => index,
        _ => {
            let bytes = files.read_file(path).await?.unwrap_or_default();
            OffsetIndex::load(&bytes, base, INTERVAL_DEFAULT, segment.size as u32).index
        }
    };
    match extend(files, file, segment, known).await {
        Err(ReadError::Corrupt { .. }) => rebuild(files, file, segment).await,
        other => other,
    }
}

async fn extend(files: &Files, file: FileId, segment: SegmentFile, mut index: OffsetIndex) -> Result<OffsetIndex, ReadError> {
    let position = u64::from(index.covered_to());
    let start = WalkStart { position, offset: segment.base, is_exact: false };
    if position < segment.size {
        walk::headers_of(files, file, segment, start, |header, position| note(&mut index, header, position)).await?;
    }
    Ok(index)
}

/// As `extend`, but a damaged batch ends the index instead of failing: what lies before it is served.
async fn extend_to_damage(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    mut index: OffsetIndex,
) -> Result<OffsetIndex, ReadError> {
    let start = WalkStart::of(segment);
    match walk::headers_of(files, file, segment, start, |header, position| note(&mut index, header, position)).await {
        Ok(()) | Err(ReadError::Corrupt { .. }) => Ok(index),
        Err(error) => Err(error),
    }
}

fn note(index: &mut OffsetIndex, header: &BatchHeader, position: u64) -> bool {
    let fits = index.fits(header);
    if fits {
        index.note(header, position as u32);
    }
    fits
}
