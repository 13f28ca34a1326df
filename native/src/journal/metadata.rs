//! The metadata journal: a small append-only log of opaque records. The cluster's consensus log lives on it; without a
//! broker the topic catalogue does. It is recovered before anything else (DURABILITY.md rule 12).
//!
//! ```text
//!   base frame (durable before the file got its name) │ frame │ frame │ witness │ frame │ …   each in whole blocks
//! ```
//! Blocks behind the end are reserved ahead, without counting in the file's size: on a full disk metadata can still be changed, and
//! so topics deleted (DURABILITY.md rule 8).
//!
//! An append is one write and one fdatasync. Each frame names the highest one known durable, and a witness, a frame
//! without records, names the last: so recovery tells an append that was torn, and never acknowledged, from
//! bit rot in one that was. The first is cut, the second refuses to start: damaged metadata must never look like
//! little or no metadata.

mod frame;
mod records;
#[cfg(test)]
mod tests;

pub use records::{decode_records, encode_records};

use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, IoError, IoResult, Op, OpenMode, SyncMethod, BLOCK_SIZE};
use frame::Found;
use std::path::{Path, PathBuf};

/// One entry; the meaning of kind and bytes is the owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub kind: u16,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataError {
    Io(IoError),
    Corrupt(String),
    NewerFormat(u16),
}

impl From<IoError> for MetadataError {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

/// Reserved behind the end; topped up when half of it is used.
const AHEAD_SIZE: u64 = 1 << 20;

/// What a file's bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    pub records: Vec<Record>,
    /// Where the log ends; what lies behind was never acknowledged.
    pub end: u64,
    pub torn_size: u64,
    pub last_sequence: u64,
    /// Damage to the last frame would be noticed: it is the base or a witness.
    pub is_witnessed: bool,
}

/// The file in its directory.
#[must_use]
pub fn journal_path(directory: &Path) -> PathBuf {
    directory.join("journal")
}

fn replacement_path(directory: &Path) -> PathBuf {
    directory.join("journal.new")
}

/// Reads the frames of a whole file. Pure.
///
/// # Errors
/// A frame that was acknowledged is damaged, or the file is of a newer format.
pub fn recover(bytes: &[u8]) -> Result<Recovered, MetadataError> {
    let mut recovered = Recovered { records: Vec::new(), end: 0, torn_size: 0, last_sequence: 0, is_witnessed: true };
    while (recovered.end as usize) < bytes.len() {
        let (header, records) = match frame::header_at(bytes, recovered.end) {
            Found::Newer(format) => return Err(MetadataError::NewerFormat(format)),
            Found::Nothing => break,
            Found::Header(header) => match frame::records_of(bytes, &header) {
                Some(records) => (header, records),
                None => break,
            },
        };
        let is_base = recovered.end == 0;
        if !is_base && header.sequence != recovered.last_sequence + 1 {
            break;
        }
        recovered.is_witnessed = is_base || records.is_empty();
        recovered.records.extend(records);
        recovered.end += header.size();
        recovered.last_sequence = header.sequence;
    }
    if recovered.end == 0 {
        return Err(MetadataError::Corrupt("the first frame of the metadata journal is damaged".into()));
    }
    recovered.torn_size = bytes.len() as u64 - recovered.end;
    match witness_behind(bytes, &recovered) {
        Some(witness) => Err(MetadataError::Corrupt(format!(
            "append {} of the metadata journal, at {}, is damaged, but append {witness} says that it was durable",
            recovered.last_sequence + 1,
            recovered.end
        ))),
        None => Ok(recovered),
    }
}

/// A frame behind the end which knows that the missing one was durable.
fn witness_behind(bytes: &[u8], recovered: &Recovered) -> Option<u64> {
    let positions = (recovered.end..bytes.len() as u64).step_by(BLOCK_SIZE);
    positions
        .filter_map(|position| match frame::header_at(bytes, position) {
            Found::Header(header) => Some(header),
            Found::Newer(_) | Found::Nothing => None,
        })
        .find(|header| header.durable > recovered.last_sequence)
        .map(|header| header.sequence)
}

/// Reads without changing anything; None if there is no file.
///
/// # Errors
/// As `recover`, or the file can't be read.
pub async fn read(files: &Files, directory: &Path) -> Result<Option<Recovered>, MetadataError> {
    match files.read_file(&journal_path(directory)).await? {
        Some(bytes) => recover(&bytes).map(Some),
        None => Ok(None),
    }
}

/// Lives on: the thread of its owner. One operation at a time: the next append goes out after the last one, witness
/// included, has completed. A failed one is final, as the file's state is unknown then: open it anew.
#[derive(Debug)]
pub struct MetadataJournal {
    directory: PathBuf,
    file: Option<FileId>,
    end: u64,
    /// Up to here the device has promised room.
    reserved_end: u64,
    last_sequence: u64,
    is_witnessed: bool,
    failed: Option<IoError>,
}

impl MetadataJournal {
    /// Recovers the journal: cuts a torn last append and hands out the records. What it hands out is durable.
    /// `is_fresh`: the data directory has never held anything, so a missing file is a new one; else it is a lost one.
    ///
    /// # Errors
    /// Missing or damaged, of a newer format, or an error of the device.
    pub async fn open(files: &Files, directory: &Path, is_fresh: bool) -> Result<(Self, Vec<Record>), MetadataError> {
        let mut journal = Self {
            directory: directory.to_owned(),
            file: None,
            end: 0,
            reserved_end: 0,
            last_sequence: 0,
            is_witnessed: true,
            failed: None,
        };
        let Some(bytes) = files.read_file(&journal_path(directory)).await? else {
            if !is_fresh {
                return Err(MetadataError::Corrupt(format!("the metadata journal is missing in {}", directory.display())));
            }
            journal.create(files).await?;
            return Ok((journal, Vec::new()));
        };
        let recovered = recover(&bytes)?;
        journal.end = recovered.end;
        journal.last_sequence = recovered.last_sequence;
        journal.is_witnessed = recovered.is_witnessed;
        journal.settle(files, recovered.torn_size).await?;
        Ok((journal, recovered.records))
    }

    async fn create(&mut self, files: &Files) -> IoResult<()> {
        files.make_directory(&self.directory).await?;
        files.sync_directory(self.directory.parent().expect("the metadata lies in the data directory")).await?;
        self.rewrite(files, &[]).await
    }

    /// After a kill the page cache may hold frames, and the directory a name, that a power cut would take away:
    /// nothing is handed out before it is durable.
    async fn settle(&mut self, files: &Files, torn_size: u64) -> IoResult<()> {
        files.remove_file(&replacement_path(&self.directory)).await?;
        let file = self.file(files).await?;
        if torn_size > 0 {
            files.call(Op::SetSize { file, size: self.end }).await?;
        }
        files.sync(file).await?;
        files.sync_directory(&self.directory).await?;
        self.reserve_ahead(files).await?;
        self.witness(files).await
    }

    /// A device without room, or without this operation, has promised nothing; that shows when a write fails.
    async fn reserve_ahead(&mut self, files: &Files) -> IoResult<()> {
        if self.reserved_end >= self.end + AHEAD_SIZE / 2 {
            return Ok(());
        }
        let file = self.file(files).await?;
        if files.call(Op::Allocate { file, position: self.end, size: AHEAD_SIZE }).await.is_ok() {
            self.reserved_end = self.end + AHEAD_SIZE;
        }
        Ok(())
    }

    async fn file(&mut self, files: &Files) -> IoResult<FileId> {
        if self.file.is_none() {
            self.file = Some(files.open(&journal_path(&self.directory), OpenMode::Write).await?);
        }
        Ok(self.file.expect("just opened"))
    }

    /// Appends records together: after a crash all of them are there or none. Durable when it returns.
    ///
    /// # Errors
    /// Nothing is acknowledged, now or later.
    pub async fn append(&mut self, files: &Files, records: &[Record]) -> IoResult<()> {
        assert!(!records.is_empty(), "an append without records is a witness");
        self.write_frame(files, records).await
    }

    /// Records that the last append is durable. Nobody's answer waits for this; it is due when appends pause, and
    /// before the journal is left.
    ///
    /// # Errors
    /// What was acknowledged stays so; nothing more can be appended.
    pub async fn witness(&mut self, files: &Files) -> IoResult<()> {
        if self.is_witnessed {
            return Ok(());
        }
        self.write_frame(files, &[]).await
    }

    async fn write_frame(&mut self, files: &Files, records: &[Record]) -> IoResult<()> {
        self.check()?;
        let bytes = frame::encode(self.last_sequence + 1, self.last_sequence, self.end, records);
        // Before the write: what is reserved now is there when the disk is full.
        let reserved = self.reserve_ahead(files).await;
        self.keep(reserved)?;
        let written = self.write_at_end(files, &bytes).await;
        self.keep(written)?;
        self.last_sequence += 1;
        self.end += bytes.len() as u64;
        self.is_witnessed = records.is_empty();
        Ok(())
    }

    async fn write_at_end(&mut self, files: &Files, bytes: &[u8]) -> IoResult<()> {
        let file = self.file(files).await?;
        let mut buffer = AlignedBuffer::new(bytes.len());
        buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        files.write(file, self.end, &[buffer.piece(0, bytes.len())], Some(SyncMethod::Linked)).await
    }

    /// Replaces everything by these records: a snapshot. A crash at any point leaves the old journal or the new one.
    ///
    /// # Errors
    /// Which of the two is in place is unknown then; but where the disk has no room, the old one goes on.
    pub async fn rewrite(&mut self, files: &Files, records: &[Record]) -> IoResult<()> {
        self.check()?;
        let bytes = frame::encode(self.last_sequence + 1, self.last_sequence, 0, records);
        if let Err(error) = self.write_replacement(files, &bytes).await {
            return if error.is_no_space() { Err(error) } else { self.keep(Err(error)) };
        }
        let replaced = self.replace(files).await;
        self.keep(replaced)?;
        self.last_sequence += 1;
        self.end = bytes.len() as u64;
        self.reserved_end = 0;
        self.is_witnessed = true;
        let reserved = self.reserve_ahead(files).await;
        let closed = self.close(files).await;
        self.keep(reserved.and(closed))
    }

    /// Nothing refers to it yet.
    async fn write_replacement(&self, files: &Files, bytes: &[u8]) -> IoResult<()> {
        let from = replacement_path(&self.directory);
        // A longer one that a crash left behind would show through.
        files.remove_file(&from).await?;
        let written = files.write_file(&from, bytes).await;
        if written.is_err_and(|error| error.is_no_space()) {
            files.remove_file(&from).await?;
        }
        written
    }

    async fn replace(&mut self, files: &Files) -> IoResult<()> {
        let (from, to) = (replacement_path(&self.directory), journal_path(&self.directory));
        self.close(files).await?;
        files.call(Op::Rename { from, to }).await?;
        files.sync_directory(&self.directory).await
    }

    /// Of the file, up to the last append.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.end
    }

    /// Closes the file; the next append opens it again.
    pub async fn close(&mut self, files: &Files) -> IoResult<()> {
        match self.file.take() {
            Some(file) => files.close(file).await,
            None => Ok(()),
        }
    }

    /// Of the device; nothing works from then on.
    #[must_use]
    pub fn failure(&self) -> Option<IoError> {
        self.failed
    }

    fn check(&self) -> IoResult<()> {
        self.failed.map_or(Ok(()), Err)
    }

    fn keep(&mut self, result: IoResult<()>) -> IoResult<()> {
        self.failed = result.err();
        result
    }
}
