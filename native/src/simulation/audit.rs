//! Reads a partition from its start to its end and judges it against the model.

use super::model::{Content, KnownBatch, PartitionModel};
use super::rig::{drive, Life, Rig};
use crate::codec::batch::{split_batches, BatchHeader};
use crate::codec::records::Records;
use crate::journal::entry::Durability;
use crate::store::{Event, ReadOutcome};
use std::collections::BTreeMap;

/// How the last life ended: what may be missing depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Closed,
    Killed,
    PowerLost,
}

/// A batch as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBatch {
    pub header: BatchHeader,
    pub content: Content,
    pub bytes: Vec<u8>,
}

/// The number that the workload put in the first record.
#[must_use]
pub fn content_of(batch: &[u8]) -> Option<Content> {
    let records = Records::open(batch, 1 << 20).ok()?;
    let first = records.iter().next()?.ok()?;
    first.value?.get(..8)?.try_into().ok().map(Content::from_le_bytes)
}

/// Everything that readers can see of a partition.
///
/// # Errors
/// A read that fails, or bytes that are no batches.
pub fn read_all(rig: &Rig, life: &mut Life, handle: u32) -> Result<Vec<ReadBatch>, String> {
    let state = life.store.partition(handle).ok_or("no such partition")?;
    let (mut offset, end) = (state.log_start, state.stable_end());
    let mut batches = Vec::new();
    while offset < end {
        let bytes = read_at(rig, life, handle, offset)?;
        if bytes.is_empty() {
            return Err(format!("nothing at {offset} of {end}"));
        }
        for bytes in split_batches(&bytes) {
            let bytes = bytes.map_err(|error| format!("at {offset}: {error:?}"))?;
            let header = BatchHeader::parse(bytes).map_err(|error| format!("at {offset}: {error:?}"))?;
            let content = content_of(bytes).ok_or_else(|| format!("at {offset}: a batch of nobody"))?;
            offset = header.next_offset() as u64;
            batches.push(ReadBatch { header, content, bytes: bytes.to_vec() });
        }
    }
    Ok(batches)
}

/// One read from wherever the bytes are.
///
/// # Errors
/// What the store answers.
pub fn read_at(rig: &Rig, life: &mut Life, handle: u32, offset: u64) -> Result<Vec<u8>, String> {
    const TICKET: u64 = u64::MAX;
    // No batch of a workload is larger.
    const SIZE_MAX: usize = 1 << 20;
    match life.store.read(handle, TICKET, offset, u64::MAX, SIZE_MAX) {
        ReadOutcome::Hot(slices) => Ok(slices.iter().flat_map(|slice| slice.piece.bytes().to_vec()).collect()),
        ReadOutcome::Empty => Ok(Vec::new()),
        ReadOutcome::Lent(_) => unreachable!("it was not asked for"),
        ReadOutcome::Failed(error) => Err(format!("read at {offset}: {error:?}")),
        ReadOutcome::Pending => {
            let mut events = Vec::new();
            let is_read = |event: &Event| matches!(event, Event::Read { ticket: TICKET, .. });
            drive(life, || rig.now(), &mut events, |_, events| events.iter().any(is_read));
            let at = events.iter().position(is_read);
            let read = at.map(|at| events.remove(at));
            life.store.put_back_events(events);
            match read {
                Some(Event::Read { result: Ok(bytes), .. }) => Ok(bytes.bytes().to_vec()),
                Some(Event::Read { result: Err(error), .. }) => Err(format!("read at {offset}: {error:?}")),
                _ => Err(format!("read at {offset} was never answered")),
            }
        }
    }
}

/// Judges a partition after a recovery and takes it as the truth from then on.
///
/// # Errors
/// The promise that was broken.
pub fn audit(model: &mut PartitionModel, end: End, rig: &Rig, life: &mut Life, handle: u32) -> Result<(), String> {
    let state = life.store.partition(handle).ok_or("no such partition")?;
    let (log_start, log_end, durability) = (state.log_start, state.stable_end(), state.durability);
    let batches = read_all(rig, life, handle)?;
    check_batches(model, log_start, log_end, &batches)?;
    check_promises(model, end, log_start, log_end, &batches)?;
    let known = batches.iter().map(|batch| KnownBatch {
        base: batch.header.base_offset as u64,
        next: batch.header.next_offset() as u64,
        content: batch.content,
        is_durable: true,
    });
    model.adopt(log_start, log_end, durability, known.collect());
    Ok(())
}

/// Whatever is there was offered, whole and in order, and contradicts nothing seen before.
fn check_batches(model: &mut PartitionModel, log_start: u64, log_end: u64, batches: &[ReadBatch]) -> Result<(), String> {
    let mut expected = batches.first().map_or(log_end, |batch| batch.header.base_offset as u64);
    if expected > log_start {
        return Err(format!("the log starts at {log_start}, its first batch at {expected}"));
    }
    let mut last: Option<Content> = None;
    for batch in batches {
        let (base, content) = (batch.header.base_offset as u64, batch.content);
        if base != expected {
            return Err(format!("batch {content} is at {base}, expected {expected}"));
        }
        expected = batch.header.next_offset() as u64;
        let offered = model.offered.get(&content).ok_or_else(|| format!("batch {content} was never offered"))?;
        if offered.as_slice() != &batch.bytes[21..] {
            return Err(format!("batch {content} at {base} is not what was offered"));
        }
        if model.dropped.contains(&content) {
            return Err(format!("batch {content} at {base} was dropped and came back"));
        }
        if last.is_some_and(|last| last >= content) {
            return Err(format!("batch {content} at {base} is out of order or twice"));
        }
        last = Some(content);
        model.see(batch.header.leader_epoch, base, content)?;
    }
    if expected != log_end && !batches.is_empty() {
        return Err(format!("the log ends at {log_end}, its last batch at {expected}"));
    }
    Ok(())
}

fn check_promises(model: &PartitionModel, end: End, log_start: u64, log_end: u64, batches: &[ReadBatch]) -> Result<(), String> {
    use super::model::Doubt;
    let highest_start = match model.in_doubt {
        Some(Doubt::LogStart { to } | Doubt::Reset { to }) => to.max(model.log_start),
        _ => model.log_start,
    };
    if log_start < model.log_start.min(highest_start) || log_start > highest_start {
        return Err(format!("the log starts at {log_start}, promised {} or {highest_start}", model.log_start));
    }
    let may_be_gone = |batch: &KnownBatch| match model.in_doubt {
        Some(Doubt::Truncate { to }) => batch.next > to,
        Some(Doubt::Reset { .. } | Doubt::Delete) => true,
        _ => false,
    };
    let found: BTreeMap<u64, Content> = batches.iter().map(|batch| (batch.header.base_offset as u64, batch.content)).collect();
    let mut is_cut = false;
    for batch in model.batches.values().filter(|batch| batch.next > log_start) {
        let is_there = found.get(&batch.base) == Some(&batch.content);
        let is_promised = batch.is_durable || end != End::PowerLost;
        if !is_there && is_promised && !may_be_gone(batch) {
            return Err(format!(
                "acknowledged batch {} at {} is lost (log is {log_start}..{log_end})",
                batch.content, batch.base
            ));
        }
        if is_there && is_cut {
            return Err(format!("batch {} at {} is there, an earlier one is not", batch.content, batch.base));
        }
        is_cut |= !is_there;
    }
    Ok(())
}

/// Of a partition that the model calls durable throughout, everything acknowledged must be there.
#[must_use]
pub fn is_all_durable(model: &PartitionModel) -> bool {
    model.durability == Durability::Fsync && model.batches.values().all(|batch| batch.is_durable)
}
