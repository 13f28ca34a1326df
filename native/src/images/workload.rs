//! A run of appends over real files, with its trace: the process whose disk is then pulled.

use super::ack_line::{AckLine, ACK_NOTE, REPLICATED_TOPIC_NOTE};
use super::opening::open_topics;
use super::without::{Without, WithoutIo};
use crate::codec::build::BatchBuilder;
use crate::io::sim::Random;
use crate::io::trace::{Trace, TraceIo};
use crate::io::{open_io, AlignedBuffer, Io, IoChoice, PageCache, SyncMethod};
use crate::journal::entry::Durability;
use crate::log::config::LogConfig;
use crate::log::ids::PartitionId;
use crate::log::partition::{Ack, AppendOrigin};
use crate::ring::ClaimError;
use crate::simulation::rig::{small_config, small_log, Life, Rig};
use crate::store::topics::Topics;
use crate::store::{Event, StoreConfig};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

const TOPICS: [(&str, u32, Durability); 2] = [("safe", 3, Durability::Fsync), ("quick", 2, Durability::Replicated)];
/// Turns without any answer after which something is stuck.
const DRAIN_TURNS_MAX: u32 = 100_000;

/// Appends random batches in a few lives, and notes each ack in the trace as it comes out of the store. The data
/// directory exists and is empty.
///
/// # Errors
/// What the store refused, or what kept the trace from being written.
pub fn run(seed: u64, data: &Path, trace: &Path, without: Option<Without>) -> Result<(), String> {
    let trace = Trace::create(trace).map_err(|error| format!("the trace: {error}"))?;
    let mut random = Random::new(seed);
    let choice = if random.below(4) == 0 { IoChoice::Fallback } else { IoChoice::Auto };
    let (io_trace, page_cache) = (trace.clone(), PageCache::best_in(data));
    let make_io = move || -> Box<dyn Io> {
        let opened = open_io(choice, page_cache).unwrap_or_else(|why| panic!("this machine has no Io: {why}"));
        Box::new(WithoutIo::new(TraceIo::new(opened.io, &io_trace), without))
    };
    let mut rig = Rig::over(Box::new(make_io), data.to_owned(), config(&mut random));
    rig.life_count = seed << 8;
    for (name, _, _) in TOPICS.iter().filter(|(_, _, durability)| *durability == Durability::Replicated) {
        trace.note(REPLICATED_TOPIC_NOTE, name.as_bytes());
    }
    let names = ensure_topics(&mut rig)?;
    let lives = random.between(1, 3);
    for number in 1..=lives {
        let mut run = Run::begin(&mut rig, &names, &trace, &mut random, number)?;
        run.append_all()?;
        run.end(number == lives)?;
    }
    trace.flush().map_err(|error| format!("the trace: {error}"))
}

fn config(random: &mut Random) -> StoreConfig {
    let mut config = small_config();
    config.journal.sync = if random.coin() { SyncMethod::Linked } else { SyncMethod::Dsync };
    // A larger journal is freed less often: more is replayed, and less has reached its segment.
    config.journal.size_max <<= random.below(3);
    config.checkpoint_age_max_ms = random.between(20, 500);
    config
}

fn ensure_topics(rig: &mut Rig) -> Result<HashMap<PartitionId, &'static str>, String> {
    let fail = |error| format!("the catalogue: {error:?}");
    let mut io = (rig.make_io)();
    let mut topics: Topics = open_topics(io.as_mut(), &rig.data).map_err(fail)?;
    let mut names = HashMap::new();
    for (number, (name, partitions, durability)) in (1..).zip(TOPICS) {
        let config = LogConfig { durability, ..small_log() };
        let topic = topics.ensure(io.as_mut(), name, partitions, &config, [number; 16]).map_err(fail)?;
        names.extend((0..partitions).map(|index| (PartitionId { topic, index }, name)));
    }
    rig.catalog = topics.catalog();
    Ok(names)
}

/// One life of the shard.
struct Run<'a> {
    rig: &'a Rig,
    names: &'a HashMap<PartitionId, &'static str>,
    trace: &'a Trace,
    random: &'a mut Random,
    life: Life,
    number: u64,
    handles: Vec<u32>,
    /// Appends that wait for their answer.
    waiting: usize,
    ticket_next: u64,
    /// Of the idempotent producer that feeds the first partition.
    sequence_next: i32,
}

impl<'a> Run<'a> {
    fn begin(
        rig: &'a mut Rig,
        names: &'a HashMap<PartitionId, &'static str>,
        trace: &'a Trace,
        random: &'a mut Random,
        number: u64,
    ) -> Result<Self, String> {
        let mut life = rig.open().map_err(|error| format!("life {number}: {error:?}"))?;
        let epoch = life.store.incarnation() as i32;
        let mut ids: Vec<PartitionId> = names.keys().copied().collect();
        ids.sort_unstable();
        let missing: Vec<_> = ids.iter().filter(|id| life.store.handle(id).is_none()).collect();
        let missing: Vec<_> = missing.into_iter().map(|id| (*id, rig.catalog.live[id], epoch)).collect();
        if !missing.is_empty() {
            life.store.create(0, &missing);
        }
        let handles = ids.iter().filter_map(|id| life.store.handle(id)).collect();
        Ok(Self { rig, names, trace, random, life, number, handles, waiting: 0, ticket_next: 1, sequence_next: 0 })
    }

    fn append_all(&mut self) -> Result<(), String> {
        for _ in 0..self.random.between(100, 400) {
            match self.random.below(20) {
                0..=11 => self.append_some(),
                12..=15 => drop(self.life.store.turn(self.rig.now())),
                16 | 17 => self.life.store.wait(self.rig.now()),
                18 => self.life.store.request_checkpoint(),
                // Idle: the journal writes its witness, ages come due.
                _ => std::thread::sleep(Duration::from_millis(self.random.below(12))),
            }
            self.take_events()?;
        }
        Ok(())
    }

    fn append_some(&mut self) {
        for _ in 0..=self.random.below(4) {
            let at = self.random.below(self.handles.len() as u64) as usize;
            self.append(at);
        }
    }

    fn append(&mut self, at: usize) {
        let (bytes, count) = self.batch(at == 0);
        let (handle, ticket) = (self.handles[at], self.ticket_next);
        match self.life.ring.claim(bytes.len()) {
            Ok(claim) => {
                claim.payload().write(0, &bytes);
                self.life.ring.publish(claim, handle, 0, ticket);
            }
            Err(ClaimError::TooLarge) => {
                let mut buffer = AlignedBuffer::new(bytes.len());
                buffer.bytes_mut()[..bytes.len()].copy_from_slice(&bytes);
                // What lies in the ring before it comes first.
                self.life.store.read_all_rings();
                self.life.store.append(handle, ticket, Rc::new(buffer), bytes.len(), AppendOrigin::Leader);
            }
            // A full ring: it was never sent.
            Err(_) => return self.life.store.wait(self.rig.now()),
        }
        self.ticket_next += 1;
        self.waiting += 1;
        self.sequence_next += if at == 0 { count } else { 0 };
    }

    fn batch(&mut self, is_idempotent: bool) -> (Vec<u8>, i32) {
        let size = match self.random.below(50) {
            0 => 40 << 10,
            1..=6 => 6000,
            _ => self.random.between(1, 900),
        };
        let value: Vec<u8> = (0..size).map(|_| self.random.number() as u8).collect();
        let count = self.random.between(1, 3) as i32;
        let mut builder = BatchBuilder::new();
        if is_idempotent {
            builder = builder.producer(self.number as i64, 0, self.sequence_next);
        }
        for _ in 1..count {
            builder = builder.value(b"");
        }
        (builder.value(&value).finish(), count)
    }

    fn take_events(&mut self) -> Result<(), String> {
        for event in self.life.store.take_events() {
            match event {
                Event::Appended { partition, ack } => self.acknowledged(partition, &ack),
                Event::Done { .. } => {}
                other => return Err(format!("life {}: {other:?}", self.number)),
            }
        }
        Ok(())
    }

    fn acknowledged(&mut self, partition: u32, ack: &Ack) {
        let id = self.life.store.partition(partition).expect("it appended").id;
        let topic = self.names[&id].to_owned();
        let line = AckLine { topic, partition: id.index, base: ack.base, last: ack.next - 1, crc: ack.crc };
        self.trace.note(ACK_NOTE, format!("{line}\n").as_bytes());
        self.waiting -= 1;
    }

    /// Closed in order, or just left, as a kill leaves it.
    fn end(mut self, is_last: bool) -> Result<(), String> {
        if !is_last && self.random.coin() {
            return Ok(());
        }
        self.drain()?;
        let rig = self.rig;
        self.life.store.close(|| rig.now()).map_err(|error| format!("close: {error:?}"))
    }

    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..DRAIN_TURNS_MAX {
            if self.waiting == 0 {
                return Ok(());
            }
            self.life.store.flush_all();
            self.life.store.turn(self.rig.now());
            self.take_events()?;
            self.life.store.wait(self.rig.now());
            self.take_events()?;
        }
        Err(format!("{} appends were never answered", self.waiting))
    }
}
