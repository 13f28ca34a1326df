//! A small record kept in two alternating, checksummed files: a torn write of one leaves the other.
//!
//! ```text
//! magic u32 · format u16 · zero u16 · generation u64 · size u32 · payload · CRC of all before u32
//! ```

use super::fields::{FieldReader, FieldWriter};
use crate::codec::crc32c::crc32c;
use crate::io::task::Files;
use crate::io::{IoResult, OpenMode};
use std::path::{Path, PathBuf};

/// Of the whole data directory: an older program meets it here first, before it could take what it does not know for the
/// end of a journal. 2: the batches of a small commit begin in its header block.
const FORMAT: u16 = 2;
const FORMAT_OLDEST: u16 = 1;

/// Where the two copies lie and which comes next.
#[derive(Clone, Debug)]
pub struct Twin {
    magic: u32,
    paths: [PathBuf; 2],
    /// Of the newest copy; 0 if there is none. Odd generations lie in the second file.
    pub generation: u64,
}

/// One copy that passed its checksum.
#[derive(Debug)]
pub struct Copy {
    pub generation: u64,
    pub payload: Vec<u8>,
}

/// What was found on disk.
#[derive(Debug, Default)]
pub struct Copies {
    /// Whole copies, the newest first.
    pub whole: Vec<Copy>,
    /// A file exists and is not empty, but is no whole copy.
    pub damaged: usize,
    /// A copy of a format that this program does not know.
    pub newer_format: Option<u16>,
}

impl Twin {
    #[must_use]
    pub fn new(magic: u32, directory: &Path, name: &str) -> Self {
        let paths = ["a", "b"].map(|copy| directory.join(format!("{name}.{copy}")));
        Self { magic, paths, generation: 0 }
    }

    #[must_use]
    pub fn paths(&self) -> &[PathBuf; 2] {
        &self.paths
    }

    /// Reads both copies and continues from the newest.
    pub async fn read(&mut self, files: &Files) -> IoResult<Copies> {
        let mut copies = Copies::default();
        for path in &self.paths {
            let Some(bytes) = files.read_file(path).await? else { continue };
            // A killed process may have left it, and its entry, in the page cache only, and whoever reads it acts on it.
            files.sync_path(path, OpenMode::Write).await?;
            match self.decode(&bytes) {
                Decoded::Whole(copy) => copies.whole.push(copy),
                Decoded::Newer(format) => copies.newer_format = Some(format),
                Decoded::Damaged if bytes.is_empty() => {}
                Decoded::Damaged => copies.damaged += 1,
            }
        }
        files.sync_directory(self.paths[0].parent().expect("a copy lies in a directory")).await?;
        copies.whole.sort_by_key(|copy| std::cmp::Reverse(copy.generation));
        self.generation = copies.whole.first().map_or(0, |copy| copy.generation);
        Ok(copies)
    }

    /// The bytes and the file of the next generation. It counts once `advance` is called, after the write is durable.
    #[must_use]
    pub fn next(&self, payload: &[u8]) -> (PathBuf, Vec<u8>) {
        let generation = self.generation + 1;
        let mut fields = FieldWriter { bytes: Vec::with_capacity(payload.len() + 24) };
        fields.u32(self.magic);
        fields.u16(FORMAT);
        fields.u16(0);
        fields.u64(generation);
        fields.sized(payload);
        let crc = crc32c(&fields.bytes);
        fields.u32(crc);
        (self.paths[(generation % 2) as usize].clone(), fields.bytes)
    }

    pub fn advance(&mut self) {
        self.generation += 1;
    }

    /// Writes the next copy over the older one and makes it durable, its directory entry included.
    pub async fn write(&mut self, files: &Files, payload: &[u8]) -> IoResult<()> {
        let (path, bytes) = self.next(payload);
        files.write_file(&path, &bytes).await?;
        // Only the first write of each file makes an entry.
        if self.generation < 2 {
            files.sync_directory(path.parent().expect("a copy lies in a directory")).await?;
        }
        self.advance();
        Ok(())
    }

    /// As `write`, where it is unknown whether the file was there: recovery's.
    pub async fn write_with_entry(&mut self, files: &Files, payload: &[u8]) -> IoResult<()> {
        self.write(files, payload).await?;
        files.sync_directory(self.paths[0].parent().expect("a copy lies in a directory")).await
    }

    fn decode(&self, bytes: &[u8]) -> Decoded {
        let mut fields = FieldReader::new(bytes);
        let parsed = (|| {
            let magic = fields.u32()?;
            let format = fields.u16()?;
            fields.u16()?;
            let generation = fields.u64()?;
            let payload = fields.sized()?.to_vec();
            let covered = bytes.len() - fields.left();
            (fields.u32()? == crc32c(&bytes[..covered]) && magic == self.magic).then_some((format, generation, payload))
        })();
        match parsed {
            Some((FORMAT_OLDEST..=FORMAT, generation, payload)) => Decoded::Whole(Copy { generation, payload }),
            Some((format, ..)) => Decoded::Newer(format),
            None => Decoded::Damaged,
        }
    }
}

enum Decoded {
    Whole(Copy),
    Newer(u16),
    Damaged,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::sim::{SimDisk, SimIo};
    use crate::io::task::block_on;

    /// What a program finds whose twin was last written in `format`.
    fn read_of_format(format: u16) -> Copies {
        let disk = SimDisk::seeded(0);
        let (path, mut bytes) = Twin::new(7, Path::new("/d"), "twin").next(b"payload");
        bytes[4..6].copy_from_slice(&format.to_le_bytes());
        let covered = bytes.len() - 4;
        let crc = crc32c(&bytes[..covered]);
        bytes[covered..].copy_from_slice(&crc.to_le_bytes());
        disk.put_file(&path, &bytes);
        block_on(&mut SimIo::new(&disk), |files| async move {
            Twin::new(7, Path::new("/d"), "twin").read(&files).await.expect("a disk without faults")
        })
    }

    #[test]
    fn older_formats_are_read_and_newer_ones_are_told_from_damage() {
        for format in FORMAT_OLDEST..=FORMAT {
            assert_eq!(read_of_format(format).whole[0].payload, b"payload");
        }
        let newer = read_of_format(FORMAT + 1);
        assert_eq!((newer.whole.len(), newer.damaged, newer.newer_format), (0, 0, Some(FORMAT + 1)));
    }
}
