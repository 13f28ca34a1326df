//! Reads: from ring memory where the batch is still there, else from the segment file, behind one outcome that the
//! ways of sending to sockets extend. Nothing at or above the limit, or above what is stable, is ever given out.

use super::files::Waiter;
use super::lent::Lending;
use super::walk::{self, SegmentFile, WalkStart};
use super::{Event, Finished, Found, LentSlice, ReadBytes, ReadError, Store};
use crate::codec::batch::BatchHeader;
use crate::codec::records::Records;
use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, Piece, ReadBuffers};
use crate::log::leader_epochs::LeaderEpochs;
use crate::log::offset_index::OffsetIndex;
use crate::log::open_files::FileKey;
use crate::log::partition::{HotBatch, Partition};
use crate::log::verified::{BatchStart, SPACING};
use std::path::{Path, PathBuf};

/// A whole batch in ring memory. Readers on other threads take it under a lease at `ring_position` (rule 17).
#[derive(Clone, Copy, Debug)]
pub struct HotSlice {
    pub ring: u32,
    pub ring_position: u64,
    pub piece: Piece,
    pub base: u64,
    pub next: u64,
}

#[derive(Debug)]
pub enum ReadOutcome {
    Hot(Vec<HotSlice>),
    /// In a file, checked before.
    Lent(LentSlice),
    /// The bytes come as an event with the ticket.
    Pending,
    /// Nothing between the offset and the limit yet.
    Empty,
    Failed(ReadError),
}

/// A read from a segment file.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileRead {
    pub partition: u32,
    pub ticket: u64,
    pub offset: u64,
    pub limit: u64,
    pub size_max: usize,
}

/// What a task looks for, and the history by which it judges what it finds.
struct Wanted {
    read: FileRead,
    epochs: LeaderEpochs,
    buffers: ReadBuffers,
}

/// A request that waits until what it needs is in its segment.
pub(super) enum Parked {
    Read(FileRead),
    /// Of what was stable when it was asked for: under steady appends the file never has all that is stable.
    Find {
        ticket: u64,
        timestamp: i64,
        until: u64,
    },
}

/// The end of a partition as a live reader sees it.
#[derive(Debug)]
pub struct Tail {
    pub log_start: u64,
    pub stable_end: u64,
    /// Below the stable end; none where ring memory has not got the first of them any more.
    pub slices: Vec<HotSlice>,
}

impl Store {
    /// What became stable since a live reader was told last, if it is still in memory. Never goes to a file and asks for no
    /// answer. None: the partition is not served here.
    #[must_use]
    pub fn tail(&self, partition: u32, from: u64, size_max: usize) -> Option<Tail> {
        let state = self.partition(partition).filter(|state| !state.is_leaving && !state.is_damaged())?;
        let (log_start, stable_end) = (state.log_start, state.stable_end());
        let is_new = from >= log_start && from < stable_end;
        let floor = |ring: u32| self.rings[ring as usize].reader.floor();
        let slices = if is_new { hot_slices(state, from, stable_end, size_max, floor) } else { Vec::new() };
        Some(Tail { log_start, stable_end, slices })
    }

    /// Whole batches from the one that holds `offset` on, below `limit`, at most `size_max` bytes. In ring memory, where they cost
    /// none, at least one; from a file a first batch that is larger is answered with its size alone, as memory is the caller's to give.
    pub fn read(&mut self, partition: u32, ticket: u64, offset: u64, limit: u64, size_max: usize) -> ReadOutcome {
        self.read_by(FileRead { partition, ticket, offset, limit, size_max }, |_, _| None)
    }

    /// As `read`, for somebody who can send from files: what was checked before may come as a place in one.
    pub fn read_in_place(&mut self, partition: u32, ticket: u64, offset: u64, limit: u64, size_max: usize) -> ReadOutcome {
        self.read_by(FileRead { partition, ticket, offset, limit, size_max }, Self::lend)
    }

    fn read_by(&mut self, read: FileRead, lend: fn(&mut Self, &FileRead) -> Option<Lending>) -> ReadOutcome {
        let FileRead { partition, offset, limit, size_max, .. } = read;
        let served = self.partition(partition).filter(|state| !state.is_leaving);
        let Some(state) = served else { return ReadOutcome::Failed(ReadError::UnknownPartition) };
        if state.is_damaged() {
            return ReadOutcome::Failed(ReadError::Damaged);
        }
        if offset < state.log_start || offset > state.end {
            return ReadOutcome::Failed(ReadError::OutOfRange { log_start: state.log_start, end: state.end });
        }
        let limit = limit.min(state.stable_end());
        if offset >= limit {
            return ReadOutcome::Empty;
        }
        let hot = hot_slices(state, offset, limit, size_max, |ring| self.rings[ring as usize].reader.floor());
        if !hot.is_empty() {
            return ReadOutcome::Hot(hot);
        }
        let read = FileRead { limit, ..read };
        match lend(self, &read) {
            Some(Lending::Lent(slice)) => return ReadOutcome::Lent(slice),
            Some(Lending::Holes(key, holes)) => self.mend(read, key, holes),
            None => self.read_file(read),
        }
        ReadOutcome::Pending
    }

    pub(super) fn read_file(&mut self, read: FileRead) {
        let state = self.live(read.partition);
        if read.offset >= state.written.offset {
            if let Some(error) = state.write_error {
                return self.read_failed(&read, error.into());
            }
            self.parked_reads.entry(read.partition).or_default().push(Parked::Read(read));
            return self.make_due(read.partition);
        }
        let Some(index) = state.segment_of(read.offset) else { return self.read_empty(read.partition, read.ticket, read.offset) };
        let key = FileKey { partition: read.partition, base: state.segments[index].base };
        if let Some((file, Waiter::Read(read))) = self.lease_or_open(key, Waiter::Read(read)) {
            self.start_read(read, key, file);
        }
    }

    fn read_empty(&mut self, partition: u32, ticket: u64, offset: u64) {
        self.events.push(Event::Read { partition, ticket, result: Ok(ReadBytes::none(offset, 0)) });
    }

    /// The bytes of a segment that its file has.
    fn written_part(&self, key: FileKey) -> Option<SegmentFile> {
        let state = self.partition(key.partition)?;
        let index = state.segments.iter().position(|segment| segment.base == key.base)?;
        let segment = &state.segments[index];
        let next = state.segments.get(index + 1).map_or(state.written.offset, |next| next.base.min(state.written.offset));
        let size = match state.written.segment.cmp(&key.base) {
            std::cmp::Ordering::Greater => segment.size,
            std::cmp::Ordering::Equal => state.written.position,
            std::cmp::Ordering::Less => 0,
        };
        Some(SegmentFile { base: key.base, size, next })
    }

    pub(super) fn start_read(&mut self, read: FileRead, key: FileKey, file: FileId) {
        let Some(segment) = self.written_part(key) else {
            self.open_files.release(key);
            return self.read_failed(&read, ReadError::UnknownPartition);
        };
        let known = self.known_start(key, segment, read.offset);
        // So that the next read begins where one can be lent.
        let limit = self.verified.end_near(key, read.offset, read.limit, read.size_max).unwrap_or(read.limit);
        let read = FileRead { limit, ..read };
        let index = if known.is_some() { None } else { self.indexes.remove(&key) };
        let path = self.index_path(key);
        let files = self.files.clone();
        let epochs = self.live(key.partition).epochs.clone();
        let buffers = self.read_buffers.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            let wanted = Wanted { read, epochs, buffers };
            let (result, index) = read_segment(&files, file, segment, known, index, &path, &wanted).await;
            Finished::Read { key, read, index, result }
        });
    }

    pub(super) fn read_done(
        &mut self,
        key: FileKey,
        read: FileRead,
        index: Option<OffsetIndex>,
        result: Result<ReadBytes, ReadError>,
    ) {
        self.open_files.release(key);
        self.put_index(key, index);
        if let Ok(bytes) = &result {
            self.note_verified(key, bytes);
        }
        let Some(state) = self.partition(read.partition) else { return self.read_failed(&read, ReadError::UnknownPartition) };
        // Nothing at or behind the offset in this segment: a gap that compaction left. The next one may have it.
        let is_empty = result.as_ref().is_ok_and(|bytes| bytes.size == 0 && bytes.room_wanted == 0);
        let next = state.segments.iter().find(|segment| segment.base > key.base && segment.base < read.limit);
        match (is_empty, next) {
            (true, Some(segment)) => self.read_file(FileRead { offset: segment.base.max(read.offset), ..read }),
            _ => self.events.push(Event::Read { partition: read.partition, ticket: read.ticket, result }),
        }
    }

    /// Each batch was checked; a mark now and then is enough.
    fn note_verified(&mut self, key: FileKey, read: &ReadBytes) {
        let mut steps = VerifiedSteps::default();
        let mut at = 0;
        while let Ok(header) = BatchHeader::parse(&read.bytes()[at..]) {
            let begin = BatchStart { offset: header.base_offset as u64, position: read.at + at as u64 };
            at += header.size as usize;
            let end = BatchStart { offset: header.next_offset() as u64, position: read.at + at as u64 };
            steps.pass(begin, end, at == read.size, |from, to| self.verified.note(key, from, to));
        }
    }

    pub(super) fn read_failed(&mut self, read: &FileRead, error: ReadError) {
        self.events.push(Event::Read { partition: read.partition, ticket: read.ticket, result: Err(error) });
    }

    pub(super) fn retry_parked_reads(&mut self, partition: u32) {
        for parked in self.parked_reads.remove(&partition).unwrap_or_default() {
            match parked {
                Parked::Read(read) => self.read_file(read),
                Parked::Find { ticket, timestamp, until } => self.find_until(partition, ticket, timestamp, Some(until)),
            }
        }
    }

    pub(super) fn fail_parked_reads(&mut self, partition: u32, error: &ReadError) {
        for parked in self.parked_reads.remove(&partition).unwrap_or_default() {
            match parked {
                Parked::Read(read) => self.read_failed(&read, error.clone()),
                Parked::Find { ticket, .. } => {
                    self.events.push(Event::Found { partition, ticket, result: Err(error.clone()) });
                }
            }
        }
    }

    /// The first record whose timestamp is at or above the given one; answers with `Found`.
    pub fn find(&mut self, partition: u32, ticket: u64, timestamp: i64) {
        self.find_until(partition, ticket, timestamp, None);
    }

    fn find_until(&mut self, partition: u32, ticket: u64, timestamp: i64, until: Option<u64>) {
        let Some(state) = self.partition(partition).filter(|state| !state.is_leaving) else {
            return self.events.push(Event::Found { partition, ticket, result: Err(ReadError::UnknownPartition) });
        };
        if state.is_damaged() {
            return self.events.push(Event::Found { partition, ticket, result: Err(ReadError::Damaged) });
        }
        let until = until.unwrap_or(state.stable.offset);
        if state.written.offset < until {
            if let Some(error) = state.write_error {
                return self.events.push(Event::Found { partition, ticket, result: Err(error.into()) });
            }
            self.parked_reads.entry(partition).or_default().push(Parked::Find { ticket, timestamp, until });
            return self.make_due(partition);
        }
        let (id, limit, log_start) = (state.id, state.stable_end().min(state.written.offset), state.log_start);
        let candidates: Vec<SegmentFile> = state
            .segments
            .iter()
            .filter(|segment| segment.max_timestamp >= timestamp && segment.base < limit)
            .filter_map(|segment| self.written_part(FileKey { partition, base: segment.base }))
            .collect();
        // Leases keep the files from being cut or unlinked under the search; those not open are opened by the task.
        let keys: Vec<FileKey> = candidates.iter().map(|segment| FileKey { partition, base: segment.base }).collect();
        let leased: Vec<FileKey> = keys.into_iter().filter(|key| self.open_files.lease(*key).is_some()).collect();
        let paths: Vec<(SegmentFile, PathBuf)> =
            candidates.into_iter().map(|segment| (segment, self.paths.log(&id, segment.base))).collect();
        let files = self.files.clone();
        self.searches += 1;
        self.tasks.spawn(self.io.as_mut(), async move {
            let result = find_timestamp(&files, &paths, timestamp, log_start, limit).await;
            Finished::Found { partition, ticket, keys: leased, result }
        });
    }

    pub(super) fn search_done(
        &mut self,
        partition: u32,
        ticket: u64,
        keys: &[FileKey],
        result: Result<Option<Found>, ReadError>,
    ) {
        self.searches -= 1;
        for key in keys {
            self.open_files.release(*key);
        }
        self.events.push(Event::Found { partition, ticket, result });
    }
}

/// Gathers batches that follow each other into steps that are worth a mark.
#[derive(Default)]
pub(super) struct VerifiedSteps {
    from: Option<BatchStart>,
}

impl VerifiedSteps {
    pub fn pass(&mut self, begin: BatchStart, end: BatchStart, is_last: bool, note: impl FnOnce(BatchStart, BatchStart)) {
        let from = *self.from.get_or_insert(begin);
        if is_last || end.position - from.position >= SPACING {
            note(from, end);
            self.from = None;
        }
    }
}

/// The run of batches in ring memory from the one that holds `offset`.
fn hot_slices(state: &Partition, offset: u64, limit: u64, size_max: usize, floor: impl Fn(u32) -> u64) -> Vec<HotSlice> {
    let at = state.hot.partition_point(|hot| hot.next <= offset);
    let Some(first) = state.hot.get(at).filter(|hot| hot.base <= offset) else { return Vec::new() };
    let mut slices: Vec<HotSlice> = Vec::new();
    let mut size = 0;
    let mut expected = first.base;
    for hot in state.hot.range(at..) {
        let is_next = hot.base == expected && hot.next <= limit && hot.ring_position >= floor(hot.ring);
        let fits = slices.is_empty() || size + hot.piece.size() <= size_max;
        if !is_next || !fits {
            break;
        }
        size += hot.piece.size();
        expected = hot.next;
        slices.push(slice_of(hot));
    }
    slices
}

fn slice_of(hot: &HotBatch) -> HotSlice {
    HotSlice { ring: hot.ring, ring_position: hot.ring_position, piece: hot.piece, base: hot.base, next: hot.next }
}

/// Reads from where the index points; one that does not reach far enough is completed first and handed back.
async fn read_segment(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    known: Option<WalkStart>,
    index: Option<OffsetIndex>,
    index_path: &Path,
    wanted: &Wanted,
) -> (Result<ReadBytes, ReadError>, Option<OffsetIndex>) {
    let completed = match known {
        Some(start) => Ok((start, None)),
        None => super::index::complete(files, file, segment, index, index_path).await.map(|index| {
            let start = super::index::walk_start(&index, segment, wanted.read.offset);
            (start, Some(index))
        }),
    };
    let (start, index) = match completed {
        Ok(completed) => completed,
        Err(error) => return (Err(error), None),
    };
    match read_batches(files, file, segment, start, wanted).await {
        // Damage, or an index that points beside the batches: the log itself decides.
        Err(ReadError::Corrupt { .. }) if start.position > 0 => match super::index::rebuild(files, file, segment).await {
            Ok(index) => {
                let start = super::index::walk_start(&index, segment, wanted.read.offset);
                (read_batches(files, file, segment, start, wanted).await, Some(index))
            }
            Err(error) => (Err(error), None),
        },
        result => (result, index),
    }
}

/// Whole, checked batches. A damaged one ends the reply; at its front, it is the reply.
async fn read_batches(
    files: &Files,
    file: FileId,
    segment: SegmentFile,
    start: WalkStart,
    Wanted { read, epochs, buffers }: &Wanted,
) -> Result<ReadBytes, ReadError> {
    let mut first = None;
    walk::headers_near(files, file, segment, start, |header, position| {
        let is_before = (header.next_offset() as u64) <= read.offset;
        if !is_before {
            first = Some((*header, position));
        }
        is_before
    })
    .await?;
    let Some((header, position)) = first.filter(|(header, _)| header.next_offset() as u64 <= read.limit) else {
        return Ok(ReadBytes::none(read.offset, 0));
    };
    if header.size as usize > read.size_max {
        return Ok(ReadBytes::none(read.offset, header.size as usize));
    }
    let wanted = (read.size_max as u64).min(segment.size - position) as usize;
    let buffer = buffers.take(wanted);
    let count = files.read(file, position, buffer.piece(0, wanted)).await?;
    let (size, next) = whole_prefix(&buffer.bytes()[..count], header.base_offset as u64, read.limit, epochs);
    if size == 0 {
        return Err(ReadError::Corrupt { offset: header.base_offset as u64, segment: segment.base, position });
    }
    Ok(ReadBytes { buffer, size, next, room_wanted: 0, at: position })
}

/// The size of the run of good, contiguous batches below the limit, and the offset behind it. The CRC covers neither
/// offset nor leader epoch (rule 16): the one stands behind its predecessor, the other in the history.
pub(super) fn whole_prefix(bytes: &[u8], first: u64, limit: u64, epochs: &LeaderEpochs) -> (usize, u64) {
    let mut at = 0;
    let mut next = first;
    while let Ok(header) = BatchHeader::parse(&bytes[at..]) {
        let Some(batch) = bytes.get(at..at + header.size as usize) else { break };
        let is_in_place = header.base_offset as u64 == next && header.next_offset() as u64 <= limit;
        let is_of_its_epoch = epochs.epoch_of(header.base_offset).is_none_or(|epoch| epoch == header.leader_epoch);
        if !is_in_place || !is_of_its_epoch || !walk::is_batch_whole(batch, &header) {
            break;
        }
        at += header.size as usize;
        next = header.next_offset() as u64;
    }
    (at, next)
}

async fn find_timestamp(
    files: &Files,
    segments: &[(SegmentFile, PathBuf)],
    timestamp: i64,
    log_start: u64,
    limit: u64,
) -> Result<Option<Found>, ReadError> {
    for (segment, path) in segments {
        if let Some(found) = find_in_segment(files, *segment, path, timestamp, log_start, limit).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

async fn find_in_segment(
    files: &Files,
    segment: SegmentFile,
    path: &Path,
    timestamp: i64,
    log_start: u64,
    limit: u64,
) -> Result<Option<Found>, ReadError> {
    let mut candidates: Vec<(BatchHeader, u64)> = Vec::new();
    walk::headers(files, path, segment, |header, position| {
        let is_candidate = header.max_timestamp >= timestamp
            && header.next_offset() as u64 > log_start
            && header.next_offset() as u64 <= limit
            && !header.attributes.is_control();
        if is_candidate {
            candidates.push((*header, position));
        }
        candidates.is_empty()
    })
    .await?;
    let Some((header, position)) = candidates.pop() else { return Ok(None) };
    let file = files.open(path, crate::io::OpenMode::Read).await?;
    let buffer = AlignedBuffer::new(header.size as usize);
    let read = files.read(file, position, buffer.piece(0, header.size as usize)).await;
    files.close(file).await?;
    let bytes = &buffer.bytes()[..read?];
    if !walk::is_batch_whole(bytes, &header) {
        return Err(ReadError::Corrupt { offset: header.base_offset as u64, segment: segment.base, position });
    }
    Ok(Some(first_record_at(bytes, &header, timestamp, log_start)))
}

/// The first record of the batch that is young enough; the batch's start if its records can't be decoded.
fn first_record_at(bytes: &[u8], header: &BatchHeader, timestamp: i64, log_start: u64) -> Found {
    let fallback = Found {
        offset: (header.base_offset as u64).max(log_start),
        timestamp: header.max_timestamp,
        leader_epoch: header.leader_epoch,
    };
    if header.attributes.is_log_append_time() {
        return fallback;
    }
    let found = first_record_in(bytes, timestamp, log_start);
    found.map_or(fallback, |(offset, timestamp)| Found { offset: offset as u64, timestamp, leader_epoch: header.leader_epoch })
}

/// Bytes that the records of one batch may have decompressed before the search gives up on them.
const RECORDS_SIZE_MAX: usize = 64 << 20;

fn first_record_in(batch: &[u8], timestamp: i64, log_start: u64) -> Option<(i64, i64)> {
    let records = Records::open(batch, RECORDS_SIZE_MAX).ok()?;
    let is_young = |offset: i64, at: i64| at >= timestamp && offset as u64 >= log_start;
    let decoded = records.iter().filter_map(Result::ok).map(|record| (record.offset, record.timestamp));
    decoded.into_iter().find(|(offset, at)| is_young(*offset, *at))
}
