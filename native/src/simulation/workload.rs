//! Random operations against a store, with the model told what was offered and what was answered.

use super::audit::{audit, content_of, read_at, End};
use super::model::{Content, Doubt, PartitionModel};
use super::rig::{small_log, Life, Rig};
use crate::codec::batch::{split_batches, BatchHeader};
use crate::codec::build::BatchBuilder;
use crate::io::sim::Random;
use crate::io::AlignedBuffer;
use crate::journal::entry::Durability;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::partition::{Ack, AppendOrigin};
use crate::ring::ClaimError;
use crate::store::{AppendError, Control, Event, OpenError};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What a run may do besides appending and reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    pub has_controls: bool,
    pub has_deletes: bool,
    /// The disk may be full: refusals for lack of space are right.
    pub may_be_full: bool,
}

impl Default for Mix {
    fn default() -> Self {
        Self { has_controls: true, has_deletes: true, may_be_full: false }
    }
}

/// What a ticket was for.
enum Asked {
    Append { id: PartitionId, content: Content },
    Control { id: PartitionId, doubt: Doubt },
    Create,
}

/// An idempotent producer's memory: what it would send again.
struct Sent {
    content: Content,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Producer {
    sequence_next: i32,
    sent: Vec<Sent>,
}

pub struct Workload {
    pub random: Random,
    pub models: BTreeMap<PartitionId, PartitionModel>,
    pub mix: Mix,
    pub acknowledged: u64,
    producers: HashMap<PartitionId, Producer>,
    sequences: HashMap<Content, (i32, i32)>,
    content_next: Content,
    ticket_next: u64,
    asked: HashMap<u64, Asked>,
    topic_next: u8,
}

type Outcome = Result<(), String>;

impl Workload {
    #[must_use]
    pub fn new(seed: u64, mix: Mix) -> Self {
        Self {
            random: Random::new(seed ^ 0x5eed),
            models: BTreeMap::new(),
            mix,
            acknowledged: 0,
            producers: HashMap::new(),
            sequences: HashMap::new(),
            content_next: 1,
            ticket_next: 1,
            asked: HashMap::new(),
            topic_next: 1,
        }
    }

    /// Adds partitions to the catalogue; the store makes them when `settle` finds them missing.
    pub fn add_partitions(&mut self, rig: &mut Rig, count: u32) {
        for _ in 0..count {
            let id = PartitionId { topic: TopicId([self.topic_next; 16]), index: u32::from(self.topic_next) % 3 };
            self.topic_next += 1;
            let durability = if self.topic_next.is_multiple_of(3) { Durability::Replicated } else { Durability::Fsync };
            rig.add_to_catalog(id, crate::log::config::LogConfig { durability, ..small_log() });
            self.models.insert(id, PartitionModel { durability, ..PartitionModel::default() });
        }
    }

    /// After an open: judges what is there and creates what is not.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn settle(&mut self, end: End, rig: &Rig, life: &mut Life) -> Outcome {
        self.asked.clear();
        let ids: Vec<PartitionId> = self.models.keys().copied().collect();
        for id in ids {
            let model = self.models.get_mut(&id).expect("listed");
            let is_gone = !rig.catalog.live.contains_key(&id);
            match life.store.handle(&id) {
                Some(_) if is_gone => return Err(format!("{id:?} was deleted and came back")),
                Some(handle) => {
                    life.store.set_leader_epoch(handle, first_epoch(life));
                    audit(model, end, rig, life, handle).map_err(|broken| format!("{id:?}: {broken}"))?;
                    self.resume_producer(id);
                }
                None if is_gone => drop(self.models.remove(&id)),
                None if model.batches.is_empty() => {
                    self.resume_producer(id);
                    let ticket = self.ticket(Asked::Create);
                    life.store.create(ticket, &[(id, rig.catalog.live[&id], first_epoch(life))]);
                }
                None => return Err(format!("{id:?} with {} acknowledged batches is missing", model.batches.len())),
            }
        }
        Ok(())
    }

    /// A producer that comes back asks what was written; here it looks.
    fn resume_producer(&mut self, id: PartitionId) {
        let model = &self.models[&id];
        let last = model.batches.values().rev().find_map(|batch| self.sequences.get(&batch.content));
        let producer = self.producers.entry(id).or_default();
        producer.sequence_next = last.map_or(producer.sequence_next, |(sequence, count)| sequence + count);
        producer.sent.retain(|sent| model.batches.values().any(|batch| batch.content == sent.content));
    }

    fn ticket(&mut self, asked: Asked) -> u64 {
        let ticket = self.ticket_next;
        self.ticket_next += 1;
        self.asked.insert(ticket, asked);
        ticket
    }

    /// Runs random steps until their number is reached or the power is gone.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn run(&mut self, rig: &mut Rig, life: &mut Life, steps: u32, mut has_power: impl FnMut() -> bool) -> Outcome {
        for _ in 0..steps {
            if !has_power() {
                return Ok(());
            }
            match self.random.below(100) {
                0..=54 => self.append(life),
                55..=74 => {
                    life.store.turn(rig.now());
                }
                75..=84 => life.store.wait(rig.now()),
                85..=93 => self.read(rig, life, &mut has_power)?,
                94 => life.store.request_checkpoint(),
                95..=97 if self.mix.has_controls => self.control(rig, life),
                _ => self.resend(life),
            }
            self.take_events(life)?;
            self.create_missing(rig, life);
        }
        Ok(())
    }

    /// Lets everything under way come to its end.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn drain(&mut self, rig: &Rig, life: &mut Life) -> Outcome {
        for _ in 0..20_000 {
            life.store.flush_all();
            life.store.turn(rig.now());
            self.take_events(life)?;
            if life.store.io().in_flight() == 0 && self.asked.is_empty() {
                return Ok(());
            }
            life.store.wait(rig.now());
            self.take_events(life)?;
        }
        Err(format!("{} requests were never answered", self.asked.len()))
    }

    fn pick(&mut self, life: &Life) -> Option<(PartitionId, u32)> {
        let at = self.random.below(self.models.len().max(1) as u64) as usize;
        let id = *self.models.keys().nth(at)?;
        Some((id, life.store.handle(&id)?))
    }

    fn append(&mut self, life: &mut Life) {
        let Some((id, handle)) = self.pick(life) else { return };
        for _ in 0..=self.random.below(4) {
            let (content, bytes) = self.new_batch(id);
            self.offer(life, id, handle, content, &bytes);
        }
    }

    fn new_batch(&mut self, id: PartitionId) -> (Content, Vec<u8>) {
        let content = self.content_next;
        self.content_next += 1;
        let size = match self.random.below(40) {
            0 => 40 << 10,
            1..=4 => 6000,
            _ => self.random.between(1, 900),
        };
        let mut value = content.to_le_bytes().to_vec();
        value.resize(8 + size as usize, (content % 251) as u8);
        let count = self.random.between(1, 3);
        let mut builder = BatchBuilder::new();
        // Only partitions that are never cut: what a cut leaves of a producer's sequences has tests of its own.
        if is_idempotent(id) {
            let producer = self.producers.entry(id).or_default();
            builder = builder.producer(i64::from(id.index), 0, producer.sequence_next);
            self.sequences.insert(content, (producer.sequence_next, count as i32));
            producer.sequence_next += count as i32;
        }
        let mut builder = builder.value(&value);
        for _ in 1..count {
            builder = builder.value(b"x");
        }
        let bytes = builder.finish();
        self.models.get_mut(&id).expect("picked").offered.insert(content, bytes[21..].to_vec());
        if is_idempotent(id) {
            let sent = &mut self.producers.entry(id).or_default().sent;
            sent.push(Sent { content, bytes: bytes.clone() });
            sent.drain(..sent.len().saturating_sub(4));
        }
        (content, bytes)
    }

    fn offer(&mut self, life: &mut Life, id: PartitionId, handle: u32, content: Content, bytes: &[u8]) {
        let ticket = self.ticket(Asked::Append { id, content });
        match life.ring.claim(bytes.len()) {
            Ok(claim) => {
                claim.payload().write(0, bytes);
                life.ring.publish(claim, handle, 0, ticket);
            }
            Err(ClaimError::TooLarge) => {
                let mut buffer = AlignedBuffer::new(bytes.len());
                buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
                // What lies in the ring before it comes first.
                life.store.read_all_rings();
                life.store.append(handle, ticket, Rc::new(buffer), bytes.len(), AppendOrigin::Leader);
            }
            // A full ring: the client would wait, and so this batch was never sent.
            Err(_) => {
                self.asked.remove(&ticket);
                self.unsend(id, content);
            }
        }
    }

    fn unsend(&mut self, id: PartitionId, content: Content) {
        let Some(producer) = self.producers.get_mut(&id) else { return };
        if producer.sent.last().is_some_and(|sent| sent.content == content) {
            producer.sent.pop();
            producer.sequence_next = self.sequences[&content].0;
        }
    }

    /// The same batch again, as a client does that missed an answer.
    fn resend(&mut self, life: &mut Life) {
        let Some((id, handle)) = self.pick(life) else { return };
        let Some(producer) = self.producers.get(&id) else { return };
        let Some(sent) = producer.sent.first() else { return };
        let (content, bytes) = (sent.content, sent.bytes.clone());
        let ticket = self.ticket(Asked::Append { id, content });
        match life.ring.claim(bytes.len()) {
            Ok(claim) => {
                claim.payload().write(0, &bytes);
                life.ring.publish(claim, handle, 0, ticket);
            }
            Err(_) => drop(self.asked.remove(&ticket)),
        }
    }

    fn read(&mut self, rig: &Rig, life: &mut Life, has_power: &mut impl FnMut() -> bool) -> Outcome {
        let Some((id, handle)) = self.pick(life) else { return Ok(()) };
        let model = &self.models[&id];
        if model.in_doubt.is_some() || model.batches.is_empty() {
            return Ok(());
        }
        let at = self.random.below(model.batches.len() as u64) as usize;
        let wanted = model.batches.values().nth(at).expect("below the count").clone();
        if wanted.next <= model.log_start {
            return Ok(());
        }
        let read = read_at(rig, life, handle, wanted.base.max(model.log_start));
        if !has_power() || life.store.fenced().is_some() {
            return Ok(());
        }
        let bytes = read.map_err(|error| format!("{id:?}: {error}"))?;
        let mut expected = wanted.base;
        for bytes in split_batches(&bytes) {
            let bytes = bytes.map_err(|error| format!("{id:?}: read at {}: {error:?}", wanted.base))?;
            let base = BatchHeader::parse(bytes).expect("split").base_offset as u64;
            let known = model.batches.get(&base).map(|batch| batch.content);
            if base != expected || known.is_some_and(|known| Some(known) != content_of(bytes)) {
                return Err(format!(
                    "{id:?}: read at {} gave batch {:?} at {base}, expected {known:?} at {expected}",
                    wanted.base,
                    content_of(bytes)
                ));
            }
            expected = BatchHeader::parse(bytes).expect("split").next_offset() as u64;
        }
        if expected == wanted.base {
            return Err(format!("{id:?}: an acknowledged batch at {} is not readable", wanted.base));
        }
        Ok(())
    }

    fn control(&mut self, rig: &mut Rig, life: &mut Life) {
        let Some((id, handle)) = self.pick(life) else { return };
        let Some(state) = life.store.partition(handle) else { return };
        let (start, stable, end, is_held) = (state.log_start, state.stable_end(), state.end, state.is_held);
        let model = self.models.get_mut(&id).expect("picked");
        if model.in_doubt.is_some() || is_idempotent(id) || is_held {
            return;
        }
        let doubt = match self.random.below(10) {
            0..=3 => Doubt::Truncate { to: self.random.between(start, end) },
            4..=6 => Doubt::LogStart { to: self.random.between(start, stable) },
            7 | 8 => Doubt::Durability(if self.random.coin() { Durability::Fsync } else { Durability::Replicated }),
            9 if self.mix.has_deletes && self.random.below(3) == 0 && self.topic_next < 250 => Doubt::Delete,
            _ => Doubt::Reset { to: end + self.random.below(5) },
        };
        model.in_doubt = Some(doubt);
        let control = match doubt {
            Doubt::Truncate { to } => Control::Truncate { to },
            Doubt::LogStart { to } => Control::LogStart { to },
            Doubt::Durability(durability) => Control::Durability(durability),
            Doubt::Reset { to } => Control::Reset { to },
            Doubt::Delete => {
                // The metadata's record of the deletion is durable before the store hears of it.
                rig.catalog.live.remove(&id);
                rig.catalog.deleted.insert(id.topic);
                self.add_partitions(rig, 1);
                Control::Delete
            }
        };
        let ticket = self.ticket(Asked::Control { id, doubt });
        life.store.control(handle, ticket, control);
    }

    fn create_missing(&mut self, rig: &Rig, life: &mut Life) {
        let missing: Vec<PartitionId> = self
            .models
            .keys()
            .filter(|id| rig.catalog.live.contains_key(id) && life.store.handle(id).is_none())
            .copied()
            .collect();
        if missing.is_empty() || life.store.fenced().is_some() {
            return;
        }
        for id in missing {
            let ticket = self.ticket(Asked::Create);
            life.store.create(ticket, &[(id, rig.catalog.live[&id], first_epoch(life))]);
        }
    }

    /// Tells the model what was answered.
    ///
    /// # Errors
    /// An answer that must not be.
    pub fn take_events(&mut self, life: &mut Life) -> Outcome {
        for event in life.store.take_events() {
            match event {
                Event::Appended { ack, .. } => self.appended(&ack)?,
                Event::Refused { ticket, error, .. } => self.refused(life, ticket, &error)?,
                Event::Done { ticket, .. } => {
                    if let Some(Asked::Control { id, doubt }) = self.asked.remove(&ticket) {
                        self.models.get_mut(&id).expect("asked for").answered(doubt);
                        if let Some(handle) = life.store.handle(&id) {
                            let epoch = life.store.partition(handle).expect("has a handle").leader_epoch;
                            life.store.set_leader_epoch(handle, epoch + 1);
                        }
                        if doubt == Doubt::Delete {
                            self.models.remove(&id);
                        }
                    }
                }
                Event::ControlFailed { ticket, error, .. } => {
                    let asked = self.asked.remove(&ticket);
                    let Some(Asked::Control { id, doubt }) = asked else { continue };
                    if life.store.fenced().is_none() && error == crate::store::StoreError::Busy {
                        self.models.get_mut(&id).expect("asked for").in_doubt = None;
                        assert_ne!(doubt, Doubt::Delete, "a deletion is repeated by whoever decided it");
                    }
                }
                Event::Read { .. } | Event::Found { .. } | Event::Fenced { .. } => {}
            }
        }
        Ok(())
    }

    fn appended(&mut self, ack: &Ack) -> Outcome {
        let Some(Asked::Append { id, content }) = self.asked.remove(&ack.ticket) else {
            return Err(format!("an answer to nothing that was asked: {ack:?}"));
        };
        self.acknowledged += 1;
        let model = self.models.get_mut(&id).ok_or("an answer of a deleted partition")?;
        if let Some(known) = model.batches.values().find(|batch| batch.content == content) {
            if known.base != ack.base {
                return Err(format!("{id:?}: batch {content} is acknowledged at {} and at {}", known.base, ack.base));
            }
        } else {
            model.see(ack.leader_epoch, ack.base, content)?;
        }
        model.acknowledged(ack, content);
        Ok(())
    }

    fn refused(&mut self, life: &Life, ticket: u64, error: &AppendError) -> Outcome {
        let Some(Asked::Append { id, content }) = self.asked.remove(&ticket) else {
            return Err(format!("a refusal of nothing that was asked: {error:?}"));
        };
        let is_right = match error {
            AppendError::Fenced => life.store.fenced().is_some(),
            // Deleted meanwhile; cut meanwhile, and not led under a new epoch yet.
            AppendError::UnknownPartition | AppendError::LeaderEpochUsed { .. } => true,
            AppendError::NoSpace => self.mix.may_be_full,
            // What came behind a batch that was refused for lack of space.
            AppendError::OutOfOrderSequence { .. } => self.mix.may_be_full,
            _ => false,
        };
        if !is_right {
            return Err(format!("{id:?}: batch {content} was refused: {error:?}"));
        }
        Ok(())
    }
}

/// Epochs of a life, with room for those that follow truncations.
fn first_epoch(life: &Life) -> i32 {
    life.store.incarnation() as i32 * 10_000
}

fn is_idempotent(id: PartitionId) -> bool {
    id.topic.0[0].is_multiple_of(2)
}

/// Opens, and if the power goes meanwhile, again.
///
/// # Errors
/// What recovery refused with.
pub fn open_until_up(rig: &mut Rig, mut restart: impl FnMut() -> bool) -> Result<Life, OpenError> {
    loop {
        let opened = rig.open();
        if !restart() {
            return opened;
        }
    }
}
