//! What one partition remembers of its idempotent producers: for each producer id the epoch and the last batches, so
//! that a batch sent twice is answered with its first offset and a missing one is noticed. Pure: no clock, no files.
//!
//! - **Five batches** of a producer's present epoch can be recognised, because clients keep at most five in flight.
//! - **Unknown producers** may begin at any sequence: what we knew of them may have been expired or evicted. A known
//!   producer that raises its epoch begins at 0. Sequences wrap from 2^31-1 to 0. Deleting records below the log's
//!   start forgets no producer: a quiet one on a topic of short retention would lose its protection.
//! - **Out of order** is also what lies before the batches that can be recognised. It was very likely stored, but this is
//!   not provable here: a producer that was unknown may have begun behind a batch that was refused, and calling that one a
//!   duplicate would lose it in silence.
//! - **Durability** (DURABILITY.md rule 14): a batch is noted here when it is listed, before it is durable. `check`
//!   gives a duplicate's last offset, and the caller holds the answer until the durable end has passed it. A snapshot
//!   holds only what lies below the end that the caller states. For that, batches that are not settled yet never push
//!   settled ones out: a snapshot plus a replay of what follows equals the state that never stopped.
//! - **Bounded**: at most `count_max` producers; one more evicts the one that wrote longest ago.

use crate::codec::batch::{BatchHeader, OFFSET_MAX};
use crate::codec::sealed::{open, seal, Fields, FormatError};
use std::collections::BTreeMap;

/// How many batches of a producer can be recognised as duplicates.
pub const BATCHES_REMEMBERED: usize = 5;
/// A partition's default limit of producers: about 4 MiB.
pub const PRODUCERS_MAX: usize = 16_384;

const MAGIC: [u8; 4] = *b"MRPS";
const VERSION: u16 = 1;
/// "No sequence": what control batches carry.
const NO_SEQUENCE: i32 = -1;

/// The sequence that lies `delta` behind another one.
#[must_use]
pub fn sequence_after(sequence: i32, delta: i32) -> i32 {
    ((i64::from(sequence) + i64::from(delta)) & i64::from(i32::MAX)) as i32
}

/// What becomes of a batch of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    /// Written before, at these offsets. Answer with them once the last one reached the guarantee that was asked for.
    Duplicate {
        base_offset: i64,
        last_offset: i64,
        timestamp: i64,
    },
    /// A batch is missing in between, or this one is too old to be recognised.
    OutOfOrderSequence {
        expected: i32,
        got: i32,
    },
    /// A newer instance of the same producer has written: this one is fenced.
    StaleEpoch {
        current: i16,
        got: i16,
    },
}

/// Whether truncation left exactly the state of the shorter log.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncated {
    Exact,
    /// Batches cut here had pushed older ones out. Load a snapshot at or below the cut, or begin empty, and replay.
    NeedsReplay,
}

/// One batch, or the control batch that raised the epoch (`NO_SEQUENCE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remembered {
    producer_epoch: i16,
    base_sequence: i32,
    last_offset_delta: i32,
    base_offset: i64,
    timestamp: i64,
}

impl Remembered {
    fn of(header: &BatchHeader) -> Self {
        Self {
            producer_epoch: header.producer_epoch,
            base_sequence: if header.attributes.is_control() { NO_SEQUENCE } else { header.base_sequence },
            last_offset_delta: header.last_offset_delta,
            base_offset: header.base_offset,
            timestamp: header.max_timestamp,
        }
    }

    fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            NO_SEQUENCE
        } else {
            sequence_after(self.base_sequence, self.last_offset_delta)
        }
    }

    fn next_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            0
        } else {
            sequence_after(self.last_sequence(), 1)
        }
    }
}

/// A producer as it last wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownProducer {
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// Negative: nothing under this epoch.
    pub last_sequence: i32,
    pub timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Producer {
    /// Oldest first, never empty. More than five only while they are not settled.
    batches: Vec<Remembered>,
    /// The caller's clock when it last wrote, in milliseconds.
    seen_at: i64,
    /// Whether older batches than the first one here were pushed out.
    has_forgotten: bool,
}

impl Producer {
    fn last(&self) -> &Remembered {
        self.batches.last().expect("a producer is known by at least one batch")
    }

    /// Only a batch of the present epoch can be a duplicate: an older epoch is fenced, whatever it sends.
    fn original_of(&self, producer_epoch: i16, base_sequence: i32, last_offset_delta: i32) -> Option<&Remembered> {
        let asked = (self.last().producer_epoch, base_sequence, last_offset_delta);
        let is_original = |batch: &&Remembered| (batch.producer_epoch, batch.base_sequence, batch.last_offset_delta) == asked;
        let recent = self.batches.iter().rev().take(BATCHES_REMEMBERED);
        recent.filter(|_| producer_epoch == asked.0).find(is_original)
    }

    fn check(&self, producer_epoch: i16, base_sequence: i32, last_offset_delta: i32) -> Verdict {
        if let Some(original) = self.original_of(producer_epoch, base_sequence, last_offset_delta) {
            let (base_offset, last_offset) = (original.base_offset, original.last_offset());
            return Verdict::Duplicate { base_offset, last_offset, timestamp: original.timestamp };
        }
        let last = self.last();
        if producer_epoch < last.producer_epoch {
            return Verdict::StaleEpoch { current: last.producer_epoch, got: producer_epoch };
        }
        let expected = if producer_epoch == last.producer_epoch { last.next_sequence() } else { 0 };
        if base_sequence == expected {
            Verdict::Accept
        } else {
            Verdict::OutOfOrderSequence { expected, got: base_sequence }
        }
    }

    fn push(&mut self, batch: Remembered, settled_to: i64) {
        if self.batches.len() == self.batches.capacity() {
            // Most producers of a partition write one batch only, or very many: one slot, then five and the next one.
            self.batches.reserve_exact(if self.batches.len() < BATCHES_REMEMBERED { BATCHES_REMEMBERED } else { 8 });
        }
        self.batches.push(batch);
        self.settle(settled_to);
    }

    /// Keeps the last five settled batches and all that are not settled.
    fn settle(&mut self, settled_to: i64) {
        let settled = self.batches.partition_point(|batch| batch.last_offset() < settled_to);
        let forgotten = settled.saturating_sub(BATCHES_REMEMBERED);
        self.batches.drain(..forgotten);
        self.has_forgotten |= forgotten > 0;
    }
}

/// Lives on: the shard thread. Owned by: one partition's log. Empty, it owns no memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerState {
    producers: BTreeMap<i64, Producer>,
    /// Producer id by the last offset of its last batch: who wrote longest ago comes first.
    by_last_offset: BTreeMap<i64, i64>,
    count_max: usize,
    /// The state covers the log up to here.
    end_offset: i64,
    /// Batches below it may have been forgotten, so no snapshot can be taken at a smaller offset.
    settled_to: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self::new(0, PRODUCERS_MAX)
    }
}

impl ProducerState {
    /// Of a log without batches. The state of any other log is read from a snapshot, or replayed from its start.
    #[must_use]
    pub fn new(log_start: i64, count_max: usize) -> Self {
        assert!(count_max > 0, "a partition remembers at least one producer");
        Self {
            producers: BTreeMap::new(),
            by_last_offset: BTreeMap::new(),
            count_max,
            end_offset: log_start,
            settled_to: log_start,
        }
    }

    /// Whoever wrote last comes first.
    pub fn latest(&self) -> impl Iterator<Item = KnownProducer> + '_ {
        self.by_last_offset.values().rev().map(|&producer_id| {
            let last = self.producers[&producer_id].last();
            KnownProducer {
                producer_id,
                producer_epoch: last.producer_epoch,
                last_sequence: last.last_sequence(),
                timestamp: last.timestamp,
            }
        })
    }

    #[must_use]
    pub fn producers_count(&self) -> usize {
        self.producers.len()
    }

    /// The state covers the log up to here: replay goes on from this offset.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Judges a batch of a producer before it is given an offset. Changes nothing. A batch without producer id is not
    /// asked about, nor is what a leader or a coordinator wrote.
    #[must_use]
    pub fn check(&self, header: &BatchHeader) -> Verdict {
        match self.producers.get(&header.producer_id) {
            Some(producer) => producer.check(header.producer_epoch, header.base_sequence, header.last_offset_delta),
            None => Verdict::Accept,
        }
    }

    /// Notes a batch once its offset is given, of whatever origin. Below `settled_to` nothing can be undone any more
    /// (the durable end): only there are batches beyond the fifth forgotten. A batch that the state covers already is
    /// skipped, so that a replay may begin anywhere at or below `end_offset`.
    pub fn append(&mut self, header: &BatchHeader, settled_to: i64, now: i64) {
        if header.base_offset < self.end_offset {
            return;
        }
        self.end_offset = header.next_offset();
        self.settled_to = self.settled_to.max(settled_to.min(self.end_offset));
        if header.has_producer() {
            self.note(header, now);
        }
    }

    /// `append` for a batch read back from the log: all of it is settled.
    pub fn replay(&mut self, header: &BatchHeader, now: i64) {
        self.append(header, header.next_offset(), now);
    }

    fn note(&mut self, header: &BatchHeader, now: i64) {
        let settled_to = self.settled_to;
        let batch = Remembered::of(header);
        if let Some(producer) = self.producers.get_mut(&header.producer_id) {
            producer.seen_at = producer.seen_at.max(now);
            let raises_epoch = batch.producer_epoch > producer.last().producer_epoch;
            // The marker that ends a transaction under the present epoch leaves the sequence where it is.
            if batch.base_sequence == NO_SEQUENCE && !raises_epoch {
                return;
            }
            self.by_last_offset.remove(&producer.last().last_offset());
            producer.push(batch, settled_to);
        } else {
            self.evict_to(self.count_max - 1);
            let producer = Producer { batches: vec![batch], seen_at: now, has_forgotten: false };
            self.producers.insert(header.producer_id, producer);
        }
        self.by_last_offset.insert(batch.last_offset(), header.producer_id);
    }

    fn evict_to(&mut self, count: usize) {
        while self.producers.len() > count {
            let (_, producer_id) = self.by_last_offset.pop_first().expect("every producer has a last offset");
            self.producers.remove(&producer_id);
        }
    }

    /// Forgets producers that have been silent for `expiration_ms` by the caller's clock (`producer.id.expiration.ms`).
    /// Costs a look at every producer: call it now and then.
    pub fn expire(&mut self, now: i64, expiration_ms: i64) {
        let Self { producers, by_last_offset, .. } = self;
        producers.retain(|_, producer| {
            let is_kept = now.saturating_sub(producer.seen_at) < expiration_ms;
            if !is_kept {
                by_last_offset.remove(&producer.last().last_offset());
            }
            is_kept
        });
    }

    /// The log now ends at this offset.
    pub fn truncate_to(&mut self, offset: i64) -> Truncated {
        let mut truncated = Truncated::Exact;
        let cut: Vec<(i64, i64)> = self.by_last_offset.range(offset..).map(|(&last, &id)| (last, id)).collect();
        for (last_offset, producer_id) in cut {
            self.by_last_offset.remove(&last_offset);
            let producer = self.producers.get_mut(&producer_id).expect("both maps hold the same producers");
            let kept = producer.batches.partition_point(|batch| batch.last_offset() < offset);
            producer.batches.truncate(kept);
            if producer.has_forgotten {
                truncated = Truncated::NeedsReplay;
            }
            match producer.batches.last() {
                Some(last) => drop(self.by_last_offset.insert(last.last_offset(), producer_id)),
                None => drop(self.producers.remove(&producer_id)),
            }
        }
        self.end_offset = self.end_offset.min(offset);
        self.settled_to = self.settled_to.min(offset);
        truncated
    }

    /// The state of the log below `offset`, to be loaded by `decode`. The offset is the durable end: at or above what
    /// `append` was last told, at or below the log's end. From then on it counts as settled.
    #[must_use]
    pub fn snapshot(&mut self, offset: i64) -> Vec<u8> {
        assert!(offset >= self.settled_to, "snapshot at {offset}, but batches below {} may be forgotten", self.settled_to);
        assert!(offset <= self.end_offset, "snapshot at {offset} behind the end {}", self.end_offset);
        self.settled_to = offset;
        let mut body = offset.to_le_bytes().to_vec();
        for (&producer_id, producer) in &mut self.producers {
            producer.settle(offset);
            producer.batches.shrink_to(BATCHES_REMEMBERED + 1);
            let settled = producer.batches.partition_point(|batch| batch.last_offset() < offset);
            if settled > 0 {
                encode_producer(&mut body, producer_id, producer, settled);
            }
        }
        seal(MAGIC, VERSION, &body)
    }

    /// A snapshot's state. More producers than `count_max` (a limit that was lowered) evict the oldest.
    ///
    /// # Errors
    /// Anything but what `snapshot` wrote.
    pub fn decode(bytes: &[u8], count_max: usize) -> Result<Self, FormatError> {
        let (_, mut fields) = open(bytes, MAGIC, VERSION)?;
        let mut state = Self::new(fields.i64()?, count_max);
        if !(0..=OFFSET_MAX + 1).contains(&state.end_offset) {
            return Err(FormatError::Invalid("end offset of producer state"));
        }
        let mut claimed: Vec<(i64, i64)> = Vec::new();
        while fields.remaining() > 0 {
            let (producer_id, producer) = decode_producer(&mut fields, state.end_offset)?;
            let ascends = state.producers.last_key_value().is_none_or(|(&last, _)| last < producer_id);
            if producer_id < 0 || !ascends {
                return Err(FormatError::Invalid("order of producer ids"));
            }
            claimed.extend(producer.batches.iter().map(|batch| (batch.base_offset, batch.last_offset())));
            state.by_last_offset.insert(producer.last().last_offset(), producer_id);
            state.producers.insert(producer_id, producer);
        }
        claimed.sort_unstable();
        if claimed.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
            return Err(FormatError::Invalid("offset that two batches claim"));
        }
        state.evict_to(count_max);
        Ok(state)
    }
}

fn encode_producer(body: &mut Vec<u8>, producer_id: i64, producer: &Producer, batches_count: usize) {
    body.extend_from_slice(&producer_id.to_le_bytes());
    body.extend_from_slice(&producer.seen_at.to_le_bytes());
    body.push(u8::from(producer.has_forgotten));
    body.push(batches_count as u8);
    for batch in &producer.batches[..batches_count] {
        body.extend_from_slice(&batch.producer_epoch.to_le_bytes());
        body.extend_from_slice(&batch.base_sequence.to_le_bytes());
        body.extend_from_slice(&batch.last_offset_delta.to_le_bytes());
        body.extend_from_slice(&batch.base_offset.to_le_bytes());
        body.extend_from_slice(&batch.timestamp.to_le_bytes());
    }
}

fn decode_producer(fields: &mut Fields<'_>, end_offset: i64) -> Result<(i64, Producer), FormatError> {
    let (producer_id, seen_at) = (fields.i64()?, fields.i64()?);
    let has_forgotten = match fields.u8()? {
        flag @ (0 | 1) => flag == 1,
        _ => return Err(FormatError::Invalid("flag of a producer")),
    };
    let count = usize::from(fields.u8()?);
    if !(1..=BATCHES_REMEMBERED).contains(&count) {
        return Err(FormatError::Invalid("count of a producer's batches"));
    }
    let mut batches: Vec<Remembered> = Vec::with_capacity(count);
    for _ in 0..count {
        let batch = decode_batch(fields)?;
        let follows = batches.last().is_none_or(|last| last.last_offset() < batch.base_offset);
        if !follows || batch.base_offset > end_offset - 1 - i64::from(batch.last_offset_delta) {
            return Err(FormatError::Invalid("offsets of a producer's batches"));
        }
        batches.push(batch);
    }
    Ok((producer_id, Producer { batches, seen_at, has_forgotten }))
}

fn decode_batch(fields: &mut Fields<'_>) -> Result<Remembered, FormatError> {
    let batch = Remembered {
        producer_epoch: fields.i16()?,
        base_sequence: fields.i32()?,
        last_offset_delta: fields.i32()?,
        base_offset: fields.i64()?,
        timestamp: fields.i64()?,
    };
    let is_possible =
        batch.producer_epoch >= 0 && batch.base_sequence >= NO_SEQUENCE && batch.last_offset_delta >= 0 && batch.base_offset >= 0;
    if is_possible {
        Ok(batch)
    } else {
        Err(FormatError::Invalid("batch of a producer"))
    }
}

#[cfg(test)]
mod tests;
