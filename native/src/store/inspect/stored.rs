//! Reads the batches of a partition as its files hold them, and checks every one.

use super::{Finding, InspectedBatch};
use crate::codec::batch::{BatchHeader, HEADER_SIZE};
use crate::io::task::Files;
use crate::io::{FileId, OpenMode};
use crate::log::ids::PartitionId;
use crate::log::partition::Partition;
use crate::log::segment::{DataPaths, Segment};
use crate::store::walk::{is_batch_whole, Chunk};
use crate::store::ReadError;

/// Of a partition, what the walk needs.
pub(super) struct StoredLog {
    pub id: PartitionId,
    pub log_start: u64,
    pub segments: Vec<Segment>,
}

#[derive(Default)]
pub(super) struct Batches {
    pub batches: Vec<InspectedBatch>,
    pub findings: Vec<Finding>,
}

impl StoredLog {
    /// The segments in which there is something to read, or only the one given.
    pub fn of(partition: &Partition, only: Option<u64>) -> Self {
        let wanted = |segment: &&Segment| segment.size > 0 && only.is_none_or(|base| base == segment.base);
        let segments = partition.segments.iter().filter(wanted).copied().collect();
        Self { id: partition.id, log_start: partition.log_start, segments }
    }

    pub async fn read(&self, files: &Files, paths: &DataPaths) -> Result<Batches, ReadError> {
        let mut found = Batches::default();
        for segment in &self.segments {
            let file = files.open(&paths.log(&self.id, segment.base), OpenMode::Read).await?;
            let read = self.read_segment(files, file, segment, &mut found).await;
            files.close(file).await?;
            read?;
        }
        Ok(found)
    }

    async fn read_segment(&self, files: &Files, file: FileId, segment: &Segment, found: &mut Batches) -> Result<(), ReadError> {
        let mut chunk = Chunk::new(file, segment.size);
        let mut position = 0;
        let mut offset = segment.base;
        while position < segment.size {
            let damaged = Finding::CorruptBatch { partition: self.id, segment: segment.base, position, offset };
            let parsed = chunk.bytes(files, position, HEADER_SIZE).await?.and_then(|bytes| header_in_place(bytes, offset));
            let Some(header) = parsed.filter(|header| position + u64::from(header.size) <= segment.size) else {
                // Where the next one begins is unknown.
                found.findings.push(damaged);
                return Ok(());
            };
            let size = header.size as usize;
            let is_whole = chunk.bytes(files, position, size).await?.is_some_and(|bytes| is_batch_whole(&bytes[..size], &header));
            // Below the log start nobody reads.
            if header.next_offset() as u64 > self.log_start {
                match is_whole {
                    true => found.batches.push(self.describe(&header, segment.base, position)),
                    false => found.findings.push(damaged),
                }
            }
            position += u64::from(header.size);
            offset = header.next_offset() as u64;
        }
        Ok(())
    }

    fn describe(&self, header: &BatchHeader, segment: u64, position: u64) -> InspectedBatch {
        InspectedBatch {
            partition: self.id,
            base: header.base_offset as u64,
            last: header.next_offset() as u64 - 1,
            leader_epoch: header.leader_epoch,
            crc: header.crc,
            segment,
            position,
            size: header.size,
        }
    }
}

fn header_in_place(bytes: &[u8], offset: u64) -> Option<BatchHeader> {
    let header = BatchHeader::parse(bytes).ok()?;
    (header.base_offset as u64 >= offset && header.last_offset_delta >= 0).then_some(header)
}
