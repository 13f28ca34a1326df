//! Random operations against a store, with the model told what was offered and what was answered.

use super::audit::{audit, content_of, read_at, End};
use super::model::{Content, Doubt, PartitionModel};
use super::moves::{Move, Moves};
use super::rig::{small_log, Life, Node, Rig};
use crate::codec::batch::{split_batches, BatchHeader};
use crate::codec::build::BatchBuilder;
use crate::io::sim::Random;
use crate::io::AlignedBuffer;
use crate::journal::entry::Durability;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::partition::{Ack, AppendOrigin};
use crate::ring::ClaimError;
use crate::store::{AppendError, Control, Event, HandoverStep, OpenError};
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
    AppendAgain { id: PartitionId, content: Content },
    Control { id: PartitionId, doubt: Doubt },
    Create,
    Move(Move),
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
    /// How often it went back to a batch that was refused.
    restarts: u32,
}

/// How a producer numbered a batch.
#[derive(Clone, Copy)]
struct Numbered {
    sequence: i32,
    count: i32,
    restarts: u32,
}

pub struct Workload {
    pub random: Random,
    pub models: BTreeMap<PartitionId, PartitionModel>,
    pub mix: Mix,
    pub acknowledged: u64,
    producers: HashMap<PartitionId, Producer>,
    sequences: HashMap<Content, Numbered>,
    content_next: Content,
    ticket_next: u64,
    asked: HashMap<u64, Asked>,
    moves: Moves,
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
            moves: Moves::default(),
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

    /// Partitions that another shard took over.
    #[must_use]
    pub fn moved(&self) -> u64 {
        self.moves.adopted
    }

    /// After an open: judges what is there and creates what is not.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn settle(&mut self, end: End, rig: &Rig, node: &mut Node) -> Outcome {
        self.asked.clear();
        self.moves.forget();
        let ids: Vec<PartitionId> = self.models.keys().copied().collect();
        for id in ids {
            let model = self.models.get_mut(&id).expect("listed");
            let is_gone = !rig.catalog.live.contains_key(&id);
            match node.find(&id) {
                Some(_) if is_gone => return Err(format!("{id:?} was deleted and came back")),
                Some((at, handle)) => {
                    let epoch = first_epoch(node);
                    let life = &mut node.shards[at];
                    life.store.set_leader_epoch(handle, epoch);
                    audit(model, end, rig, life, handle).map_err(|broken| format!("{id:?}: {broken}"))?;
                    self.resume_producer(id);
                }
                None if is_gone => drop(self.models.remove(&id)),
                None if model.batches.is_empty() => {
                    self.resume_producer(id);
                    self.create(rig, node, id);
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
        producer.sequence_next = last.map_or(producer.sequence_next, |last| last.sequence + last.count);
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
    pub fn run(&mut self, rig: &mut Rig, node: &mut Node, steps: u32, mut has_power: impl FnMut() -> bool) -> Outcome {
        for _ in 0..steps {
            if !has_power() {
                return Ok(());
            }
            match self.random.below(100) {
                0..=54 => self.append(node),
                55..=66 => {
                    self.pick_shard(node).store.turn(rig.now());
                }
                67..=74 => {
                    self.pick_shard(node).store.pump(rig.now());
                }
                75..=84 => self.pick_shard(node).store.wait(rig.now()),
                85..=91 => self.read(rig, node, &mut has_power)?,
                92 => self.ask_move(node),
                93 => self.deliver(node, 1),
                94 => self.pick_shard(node).store.request_checkpoint(),
                95..=97 if self.mix.has_controls => self.control(rig, node),
                _ => self.resend(node),
            }
            self.take_events(node)?;
            self.create_missing(rig, node);
        }
        Ok(())
    }

    /// Lets everything under way come to its end.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn drain(&mut self, rig: &Rig, node: &mut Node) -> Outcome {
        for _ in 0..20_000 {
            self.deliver(node, usize::MAX);
            for life in &mut node.shards {
                life.store.flush_all();
                life.store.turn(rig.now());
            }
            self.take_events(node)?;
            if node.shards.iter().all(|life| life.store.io().in_flight() == 0) && self.asked.is_empty() && self.moves.is_empty() {
                return Ok(());
            }
            node.shards.iter_mut().for_each(|life| life.store.wait(rig.now()));
            self.take_events(node)?;
        }
        Err(format!("{} requests were never answered", self.asked.len()))
    }

    fn pick(&mut self, node: &Node) -> Option<(PartitionId, usize, u32)> {
        let at = self.random.below(self.models.len().max(1) as u64) as usize;
        let id = *self.models.keys().nth(at)?;
        let (shard, handle) = node.find(&id)?;
        Some((id, shard, handle))
    }

    fn pick_shard<'a>(&mut self, node: &'a mut Node) -> &'a mut Life {
        let at = self.random.below(node.shards.len() as u64) as usize;
        &mut node.shards[at]
    }

    #[must_use]
    pub fn is_moving(&self) -> bool {
        !self.moves.is_empty()
    }

    /// Another shard is to have one of the partitions.
    pub fn ask_move(&mut self, node: &mut Node) {
        let Some((id, from, handle)) = self.pick(node) else { return };
        let others = node.shards.len() - 1;
        if others == 0 {
            return;
        }
        let to = (from + 1 + self.random.below(others as u64) as usize) % node.shards.len();
        let store = &mut node.shards[from].store;
        let is_free = store.partition(handle).is_some_and(|state| !state.is_held && !state.is_settling && !state.is_leaving);
        if is_free && self.models[&id].in_doubt.is_none() {
            let ticket = self.ticket(Asked::Move(Move::Release { id, to }));
            node.shards[from].store.control(handle, ticket, Control::Release);
        }
    }

    /// Carries messages from shard to shard: at most so many.
    pub fn deliver(&mut self, node: &mut Node, count_max: usize) {
        for _ in 0..count_max {
            let Some((ticket_for, message)) = self.moves.take_message() else { return };
            let ticket = self.ticket(Asked::Move(ticket_for));
            if !message.deliver(node, ticket) {
                self.asked.remove(&ticket);
            }
        }
    }

    fn append(&mut self, node: &mut Node) {
        let Some((id, shard, handle)) = self.pick(node) else { return };
        let life = &mut node.shards[shard];
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
            let (sequence, restarts) = (producer.sequence_next, producer.restarts);
            self.sequences.insert(content, Numbered { sequence, count: count as i32, restarts });
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
            producer.sequence_next = self.sequences[&content].sequence;
        }
    }

    /// The same batch again, as a client does that missed an answer.
    fn resend(&mut self, node: &mut Node) {
        let Some((id, shard, handle)) = self.pick(node) else { return };
        let life = &mut node.shards[shard];
        let Some(producer) = self.producers.get(&id) else { return };
        let Some(sent) = producer.sent.first() else { return };
        let (content, bytes) = (sent.content, sent.bytes.clone());
        let ticket = self.ticket(Asked::AppendAgain { id, content });
        match life.ring.claim(bytes.len()) {
            Ok(claim) => {
                claim.payload().write(0, &bytes);
                life.ring.publish(claim, handle, 0, ticket);
            }
            Err(_) => drop(self.asked.remove(&ticket)),
        }
    }

    fn read(&mut self, rig: &Rig, node: &mut Node, has_power: &mut impl FnMut() -> bool) -> Outcome {
        let Some((id, shard, handle)) = self.pick(node) else { return Ok(()) };
        let life = &mut node.shards[shard];
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
        // It may have gone to another shard while the read waited.
        let is_gone = life.store.partition(handle).is_none_or(|state| state.is_leaving);
        if !has_power() || life.store.fenced().is_some() || is_gone {
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

    fn control(&mut self, rig: &mut Rig, node: &mut Node) {
        let Some((id, shard, handle)) = self.pick(node) else { return };
        let life = &mut node.shards[shard];
        let Some(state) = life.store.partition(handle) else { return };
        let (start, stable, end) = (state.log_start, state.stable_end(), state.end);
        let (is_held, is_settling) = (state.is_held || state.is_leaving, state.is_settling);
        let model = self.models.get_mut(&id).expect("picked");
        if model.in_doubt.is_some() || is_idempotent(id) || is_held {
            return;
        }
        let doubt = match self.random.below(10) {
            0..=3 => Doubt::Truncate { to: self.random.between(start, end) },
            4..=6 => Doubt::LogStart { to: self.random.between(start, stable) },
            7 | 8 => Doubt::Durability(if self.random.coin() { Durability::Fsync } else { Durability::Replicated }),
            9 if self.mix.has_deletes && !is_settling && self.random.below(3) == 0 && self.topic_next < 250 => Doubt::Delete,
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

    fn create_missing(&mut self, rig: &Rig, node: &mut Node) {
        let is_missing =
            |id: &&PartitionId| rig.catalog.live.contains_key(id) && node.find(id).is_none() && !self.moves.is_under_way(id);
        let missing: Vec<PartitionId> = self.models.keys().filter(is_missing).copied().collect();
        for id in missing {
            if node.shards[node.home_of(&id)].store.fenced().is_none() {
                self.create(rig, node, id);
            }
        }
    }

    fn create(&mut self, rig: &Rig, node: &mut Node, id: PartitionId) {
        let ticket = self.ticket(Asked::Create);
        let (home, epoch) = (node.home_of(&id), first_epoch(node));
        node.shards[home].store.create(ticket, &[(id, rig.catalog.live[&id], epoch)]);
    }

    /// Tells the model what was answered.
    ///
    /// # Errors
    /// An answer that must not be.
    pub fn take_events(&mut self, node: &mut Node) -> Outcome {
        for (at, life) in node.shards.iter_mut().enumerate() {
            self.take_events_of(life)?;
            for step in life.store.take_handover_steps() {
                let ticket = match step {
                    HandoverStep::Released { ticket, .. }
                    | HandoverStep::Forgotten { ticket }
                    | HandoverStep::Unforgotten { ticket } => Some(ticket),
                    HandoverStep::Settled { .. } | HandoverStep::Unsettled { .. } => None,
                };
                let asked = ticket.and_then(|ticket| self.asked.remove(&ticket));
                let asked = asked.and_then(|asked| if let Asked::Move(asked) = asked { Some(asked) } else { None });
                self.moves.note(at, step, asked);
            }
        }
        Ok(())
    }

    fn take_events_of(&mut self, life: &mut Life) -> Outcome {
        for event in life.store.take_events() {
            match event {
                Event::Appended { ack, .. } => self.appended(&ack)?,
                Event::Refused { ticket, error, .. } => self.refused(life, ticket, &error)?,
                Event::Done { ticket, .. } => {
                    let asked = self.asked.remove(&ticket);
                    if let Some(Asked::Move(asked)) = asked {
                        self.moves.done(asked);
                    } else if let Some(Asked::Control { id, doubt }) = asked {
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
                Event::Read { .. } | Event::Lent { .. } | Event::Recalled { .. } | Event::Found { .. } | Event::Fenced { .. } => {
                }
            }
        }
        Ok(())
    }

    fn appended(&mut self, ack: &Ack) -> Outcome {
        let Some(Asked::Append { id, content } | Asked::AppendAgain { id, content }) = self.asked.remove(&ack.ticket) else {
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
        let asked = self.asked.remove(&ticket);
        let is_again = matches!(asked, Some(Asked::AppendAgain { .. }));
        let Some(Asked::Append { id, content } | Asked::AppendAgain { id, content }) = asked else {
            return Err(format!("a refusal of nothing that was asked: {error:?}"));
        };
        let is_right = match error {
            AppendError::Fenced | AppendError::Unconfirmed => life.store.fenced().is_some(),
            // Deleted meanwhile; cut meanwhile, and not led under a new epoch yet.
            AppendError::UnknownPartition | AppendError::LeaderEpochUsed { .. } => true,
            AppendError::NoSpace => self.mix.may_be_full,
            // What came behind a batch that was refused for lack of space.
            AppendError::OutOfOrderSequence { .. } => self.mix.may_be_full || self.is_outrun(id, content),
            _ => false,
        };
        if !is_right {
            return Err(format!("{id:?}: batch {content} was refused: {error:?}"));
        }
        if *error == AppendError::UnknownPartition && !is_again {
            self.restart_producer(id, content);
        }
        Ok(())
    }

    /// The partition is not there any more: what was sent from this batch on is sent again, where it will be.
    fn restart_producer(&mut self, id: PartitionId, content: Content) {
        let (Some(producer), Some(numbered)) = (self.producers.get_mut(&id), self.sequences.get(&content)) else { return };
        if numbered.restarts == producer.restarts {
            producer.restarts += 1;
            producer.sequence_next = numbered.sequence;
            let sequences = &self.sequences;
            producer.sent.retain(|sent| sequences[&sent.content].sequence < numbered.sequence);
        }
    }

    /// The batch was under way when its producer went back to an earlier one, or will when that one's answer comes from
    /// the shard that had the partition before.
    fn is_outrun(&self, id: PartitionId, content: Content) -> bool {
        let Some(own) = self.sequences.get(&content) else { return false };
        let is_earlier = |asked: &Asked| match asked {
            Asked::Append { id: other, content } => *other == id && self.sequences[content].sequence < own.sequence,
            _ => false,
        };
        self.producers.get(&id).is_some_and(|producer| own.restarts < producer.restarts) || self.asked.values().any(is_earlier)
    }
}

/// Epochs of a life, with room for those that follow truncations.
fn first_epoch(node: &Node) -> i32 {
    node.incarnation() as i32 * 10_000
}

fn is_idempotent(id: PartitionId) -> bool {
    id.topic.0[0].is_multiple_of(2)
}

/// Opens, and if the power goes meanwhile, again.
///
/// # Errors
/// What recovery refused with.
pub fn open_until_up(rig: &mut Rig, mut restart: impl FnMut() -> bool) -> Result<Node, OpenError> {
    loop {
        let opened = rig.open_node();
        if !restart() {
            return opened;
        }
    }
}
