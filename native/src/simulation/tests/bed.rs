//! One shard over a simulated disk, driven step by step: what was asked, what was answered, what is there.

use crate::codec::batch::{split_batches, BatchHeader};
use crate::codec::build::BatchBuilder;
use crate::io::sim::{FaultPlan, SimDisk};
use crate::io::AlignedBuffer;
use crate::journal::entry::Durability;
use crate::log::config::LogConfig;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::partition::{Ack, AppendOrigin, Partition};
use crate::log::segment::DataPaths;
use crate::ring::ClaimError;
use crate::simulation::audit::content_of;
use crate::simulation::model::Content;
use crate::simulation::rig::{small_config, small_log, Life, Rig};
use crate::store::{
    AppendError, Control, Event, FencedBy, Found, OpenError, ReadError, ReadOutcome, Store, StoreConfig, StoreError,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Appended(Ack),
    Refused(AppendError),
    Done,
    Failed(StoreError),
    Read(Result<Vec<u8>, ReadError>),
    RoomWanted(usize),
    Found(Result<Option<Found>, ReadError>),
}

pub struct Bed {
    pub disk: SimDisk,
    pub rig: Rig,
    life: Option<Life>,
    ticket_next: u64,
    offered: BTreeMap<u64, (PartitionId, Vec<u8>)>,
    answers: BTreeMap<u64, Answer>,
    /// Every ack, in the order in which they came.
    pub acks: Vec<(PartitionId, Ack)>,
    pub fenced: Option<FencedBy>,
}

/// A partition's name, for tests that need two or three.
pub fn id(number: u8) -> PartitionId {
    PartitionId { topic: TopicId([number; 16]), index: 0 }
}

pub fn replicated() -> LogConfig {
    LogConfig { durability: Durability::Replicated, ..small_log() }
}

/// One record of so many bytes, found again by its content.
pub fn batch_of(content: Content, size: usize) -> Vec<u8> {
    builder_of(content, size).finish()
}

pub fn builder_of(content: Content, size: usize) -> BatchBuilder {
    let mut value = content.to_le_bytes().to_vec();
    value.resize(size.max(8), (content % 251) as u8);
    BatchBuilder::new().value(&value)
}

/// A batch of an idempotent producer: one record, so that sequences count batches.
pub fn sequenced(content: Content, sequence: i32) -> Vec<u8> {
    builder_of(content, 100).producer(7, 0, sequence).finish()
}

pub fn contents_of(bytes: &[u8]) -> Vec<Content> {
    split_batches(bytes).map(|batch| content_of(batch.expect("whole batches")).expect("a batch of ours")).collect()
}

const TURNS_MAX: usize = 20_000;

impl Bed {
    pub fn seeded(seed: u64) -> Self {
        Self::with_config(seed, small_config())
    }

    pub fn with_config(seed: u64, config: StoreConfig) -> Self {
        let disk = SimDisk::seeded(seed);
        let mut rig = Rig::over_sim(&disk, config);
        let life = rig.open().expect("a fresh directory opens");
        Self {
            disk,
            rig,
            life: Some(life),
            ticket_next: 1,
            offered: BTreeMap::new(),
            answers: BTreeMap::new(),
            acks: Vec::new(),
            fenced: None,
        }
    }

    /// With one partition, `id(1)`, of this configuration.
    pub fn with_partition(seed: u64, config: LogConfig) -> Self {
        let mut bed = Self::seeded(seed);
        bed.create(id(1), config);
        bed
    }

    pub fn life(&mut self) -> &mut Life {
        self.life.as_mut().expect("a life is under way")
    }

    pub fn store(&mut self) -> &mut Store {
        &mut self.life().store
    }

    pub fn handle(&mut self, id: PartitionId) -> u32 {
        self.store().handle(&id).expect("a partition of this store")
    }

    pub fn partition(&mut self, id: PartitionId) -> &Partition {
        let handle = self.handle(id);
        self.store().partition(handle).expect("a live partition")
    }

    pub fn paths(&self) -> DataPaths {
        DataPaths::new(&self.rig.data)
    }

    pub fn journal_path(&self) -> PathBuf {
        self.paths().journals().join("00000.journal")
    }

    // Asking.

    fn ticket(&mut self) -> u64 {
        self.ticket_next += 1;
        self.ticket_next - 1
    }

    pub fn ask_create(&mut self, id: PartitionId, config: LogConfig) -> u64 {
        self.rig.add_to_catalog(id, config);
        let ticket = self.ticket();
        let leader_epoch = self.store().incarnation() as i32;
        self.store().create(ticket, &[(id, config, leader_epoch)]);
        ticket
    }

    pub fn create(&mut self, id: PartitionId, config: LogConfig) {
        let ticket = self.ask_create(id, config);
        assert_eq!(self.answer(ticket), Answer::Done);
    }

    /// A ticket for a batch that will be offered.
    pub fn announce(&mut self, id: PartitionId, bytes: &[u8]) -> u64 {
        let ticket = self.ticket();
        self.offered.insert(ticket, (id, bytes.to_vec()));
        ticket
    }

    /// Offers a batch as a client does; None if the ring has no room now.
    pub fn try_offer(&mut self, id: PartitionId, bytes: &[u8], origin: AppendOrigin) -> Option<u64> {
        let ticket = self.announce(id, bytes);
        let handle = self.handle(id);
        let life = self.life();
        match life.ring.claim(bytes.len()) {
            Ok(claim) => {
                claim.payload().write(0, bytes);
                life.ring.publish(claim, handle, flags_of(origin), ticket);
            }
            Err(ClaimError::TooLarge) => {
                let mut buffer = AlignedBuffer::new(bytes.len());
                buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
                life.store.read_all_rings();
                life.store.append(handle, ticket, Rc::new(buffer), bytes.len(), origin);
            }
            Err(ClaimError::WouldBlock) => return None,
            Err(ClaimError::Closed) => unreachable!("nobody closes the ring"),
        }
        Some(ticket)
    }

    pub fn offer(&mut self, id: PartitionId, bytes: &[u8]) -> u64 {
        self.try_offer(id, bytes, AppendOrigin::Leader).expect("room in the ring")
    }

    pub fn append(&mut self, id: PartitionId, bytes: &[u8]) -> Ack {
        let ticket = self.offer(id, bytes);
        match self.answer(ticket) {
            Answer::Appended(ack) => ack,
            other => panic!("an append was answered with {other:?}"),
        }
    }

    /// One batch for each content, the next when the last one is acknowledged.
    pub fn append_each(&mut self, id: PartitionId, contents: std::ops::Range<Content>, size: usize) {
        for content in contents {
            self.append(id, &batch_of(content, size));
        }
    }

    /// The answer to an append that must fail.
    pub fn refusal(&mut self, id: PartitionId, bytes: &[u8]) -> AppendError {
        let ticket = self.offer(id, bytes);
        match self.answer(ticket) {
            Answer::Refused(error) => error,
            other => panic!("an append was answered with {other:?}"),
        }
    }

    pub fn append_as_follower(&mut self, id: PartitionId, bytes: &[u8]) -> Answer {
        let ticket = self.try_offer(id, bytes, AppendOrigin::Follower).expect("room in the ring");
        self.answer(ticket)
    }

    pub fn ask_control(&mut self, id: PartitionId, control: Control) -> u64 {
        let (ticket, handle) = (self.ticket(), self.handle(id));
        self.store().control(handle, ticket, control);
        ticket
    }

    pub fn control(&mut self, id: PartitionId, control: Control) -> Answer {
        let ticket = self.ask_control(id, control);
        self.answer(ticket)
    }

    /// Cuts the log, and leads it on under the next epoch, as rule 15 wants it.
    pub fn truncate(&mut self, id: PartitionId, to: u64) {
        assert_eq!(self.control(id, Control::Truncate { to }), Answer::Done);
        self.raise_leader_epoch(id);
    }

    pub fn raise_leader_epoch(&mut self, id: PartitionId) {
        let (handle, leader_epoch) = (self.handle(id), self.partition(id).leader_epoch + 1);
        self.store().set_leader_epoch(handle, leader_epoch);
    }

    /// Deletes as a node does: the metadata's record is durable before the store hears of it.
    pub fn ask_delete(&mut self, id: PartitionId) -> u64 {
        self.rig.catalog.live.remove(&id);
        self.rig.catalog.deleted.insert(id.topic);
        self.ask_control(id, Control::Delete)
    }

    pub fn ask_read(&mut self, id: PartitionId, offset: u64, limit: u64, size_max: usize) -> u64 {
        let (ticket, handle) = (self.ticket(), self.handle(id));
        let answer = match self.store().read(handle, ticket, offset, limit, size_max) {
            ReadOutcome::Hot(slices) => Ok(slices.iter().flat_map(|slice| slice.piece.bytes().to_vec()).collect()),
            ReadOutcome::Empty => Ok(Vec::new()),
            ReadOutcome::Lent(_) => unreachable!("it was not asked for"),
            ReadOutcome::Failed(error) => Err(error),
            ReadOutcome::Pending => return ticket,
        };
        self.answers.insert(ticket, Answer::Read(answer));
        ticket
    }

    pub fn read_below(&mut self, id: PartitionId, offset: u64, limit: u64) -> Result<Vec<u8>, ReadError> {
        let mut size_max = 64 << 10;
        loop {
            let ticket = self.ask_read(id, offset, limit, size_max);
            match self.answer(ticket) {
                Answer::Read(result) => return result,
                Answer::RoomWanted(size) => size_max = size,
                other => panic!("a read was answered with {other:?}"),
            }
        }
    }

    pub fn read(&mut self, id: PartitionId, offset: u64) -> Result<Vec<u8>, ReadError> {
        self.read_below(id, offset, u64::MAX)
    }

    pub fn ask_find(&mut self, id: PartitionId, timestamp: i64) -> u64 {
        let (ticket, handle) = (self.ticket(), self.handle(id));
        self.store().find(handle, ticket, timestamp);
        ticket
    }

    pub fn find(&mut self, id: PartitionId, timestamp: i64) -> Option<Found> {
        let ticket = self.ask_find(id, timestamp);
        match self.answer(ticket) {
            Answer::Found(result) => result.expect("readable"),
            other => panic!("a search was answered with {other:?}"),
        }
    }

    /// Everything that a reader can see, batch by batch.
    pub fn batches(&mut self, id: PartitionId) -> Vec<(BatchHeader, Vec<u8>)> {
        let (mut offset, end) = (self.partition(id).log_start, self.partition(id).stable_end());
        let mut batches = Vec::new();
        while offset < end {
            let bytes = self.read(id, offset).unwrap_or_else(|error| panic!("{id:?} at {offset}: {error:?}"));
            assert!(!bytes.is_empty(), "{id:?}: nothing at {offset} of {end}");
            for batch in split_batches(&bytes) {
                let batch = batch.expect("whole batches");
                let header = BatchHeader::parse(batch).expect("a batch");
                offset = header.next_offset() as u64;
                batches.push((header, batch.to_vec()));
            }
        }
        batches
    }

    pub fn contents(&mut self, id: PartitionId) -> Vec<Content> {
        self.batches(id).iter().map(|(_, batch)| content_of(batch).expect("a batch of ours")).collect()
    }

    // Time.

    pub fn turn(&mut self) {
        let now = self.rig.now();
        self.store().turn(now);
        self.take_events();
    }

    /// True: there is something for a turn.
    pub fn pump(&mut self) -> bool {
        let now = self.rig.now();
        self.store().pump(now)
    }

    fn step(&mut self) {
        if self.store().io().in_flight() == 0 {
            self.disk.advance(1_000_000);
            return;
        }
        let now = self.rig.now();
        self.store().wait(now);
        self.take_events();
    }

    pub fn turn_and_step(&mut self) {
        self.turn();
        self.step();
    }

    /// False if it does not come about.
    pub fn run_until(&mut self, mut is_enough: impl FnMut(&mut Self) -> bool) -> bool {
        for _ in 0..TURNS_MAX {
            self.turn();
            if is_enough(self) {
                return true;
            }
            self.step();
        }
        false
    }

    pub fn pass_ms(&mut self, ms: u64) {
        let until = self.rig.now().monotonic_ms + ms;
        assert!(self.run_until(|bed| bed.rig.now().monotonic_ms >= until), "time passes");
    }

    pub fn answer(&mut self, ticket: u64) -> Answer {
        assert!(self.run_until(|bed| bed.answers.contains_key(&ticket)), "ticket {ticket} was never answered");
        self.answers[&ticket].clone()
    }

    pub fn answered(&self, ticket: u64) -> Option<&Answer> {
        self.answers.get(&ticket)
    }

    /// Everything that was begun comes to its end, and all of it is in the segments.
    pub fn settle(&mut self) {
        let is_settled = self.run_until(|bed| {
            bed.store().flush_all();
            bed.store().is_idle()
        });
        assert!(is_settled, "it never comes to rest");
    }

    pub fn settle_or_fence(&mut self) {
        let is_over = self.run_until(|bed| {
            bed.store().flush_all();
            bed.fenced.is_some() || bed.store().is_idle()
        });
        assert!(is_over, "it never comes to rest");
    }

    /// As `settle`, for a run whose power goes at some point.
    pub fn settle_while_powered(&mut self) {
        let is_settled = self.run_until(|bed| {
            bed.store().flush_all();
            !bed.disk.has_power() || bed.store().is_idle()
        });
        assert!(is_settled, "it never comes to rest");
    }

    pub fn checkpoint(&mut self) {
        let count = self.store().counters.checkpoints;
        self.store().request_checkpoint();
        assert!(self.run_until(|bed| bed.store().counters.checkpoints > count), "no checkpoint is made");
        self.settle();
    }

    fn take_events(&mut self) {
        for event in self.store().take_events() {
            match event {
                Event::Appended { ack, .. } => {
                    let (id, _) = self.offered[&ack.ticket];
                    self.acks.push((id, ack));
                    self.note(ack.ticket, Answer::Appended(ack));
                }
                Event::Refused { ticket, error, .. } => self.note(ticket, Answer::Refused(error)),
                Event::Done { ticket, .. } => self.note(ticket, Answer::Done),
                Event::ControlFailed { ticket, error, .. } => self.note(ticket, Answer::Failed(error)),
                Event::Read { ticket, result: Ok(read), .. } if read.room_wanted > 0 => {
                    self.note(ticket, Answer::RoomWanted(read.room_wanted));
                }
                Event::Read { ticket, result, .. } => self.note(ticket, Answer::Read(result.map(|read| read.bytes().to_vec()))),
                Event::Found { ticket, result, .. } => self.note(ticket, Answer::Found(result)),
                Event::Lent { .. } | Event::Recalled { .. } => unreachable!("the simulator lends nothing"),
                Event::Fenced { path_kind, .. } => self.fenced = Some(path_kind),
            }
        }
    }

    fn note(&mut self, ticket: u64, answer: Answer) {
        let earlier = self.answers.insert(ticket, answer);
        assert!(earlier.is_none(), "ticket {ticket} is answered twice, first with {earlier:?}");
    }

    // Ends of lives.

    /// The power goes now; what was not synced is there in any legal part.
    pub fn lose_power(&mut self, seed: u64) {
        self.disk.cut_power();
        self.life = None;
        self.disk.crash_never();
        self.disk.set_faults(FaultPlan::new());
        self.disk.restart(seed);
    }

    /// The process dies; the page cache survives.
    pub fn die(&mut self) {
        self.disk.kill();
        self.life = None;
        self.disk.set_faults(FaultPlan::new());
    }

    pub fn close(&mut self) {
        self.settle();
        let rig = &self.rig;
        self.life.as_mut().expect("a life is under way").store.close(|| rig.now()).expect("a clean stop");
        self.take_events();
        self.life = None;
    }

    pub fn try_open(&mut self) -> Result<(), OpenError> {
        self.life = None;
        self.fenced = None;
        self.life = Some(self.rig.open()?);
        Ok(())
    }

    pub fn open(&mut self) {
        self.try_open().unwrap_or_else(|error| panic!("recovery refused: {error:?}"));
    }

    pub fn reopen_after_power_loss(&mut self, seed: u64) {
        self.lose_power(seed);
        self.open();
    }

    pub fn reopen_after_kill(&mut self) {
        self.die();
        self.open();
    }

    pub fn reopen_after_close(&mut self) {
        self.close();
        self.open();
    }

    /// Whatever was acknowledged is there, at the offset that the ack named and as it was offered. Not for tests that
    /// cut the log.
    pub fn assert_acknowledged_is_there(&mut self) {
        let acks = self.acks.clone();
        let mut found: BTreeMap<PartitionId, BTreeMap<u64, Vec<u8>>> = BTreeMap::new();
        for id in acks.iter().map(|(id, _)| *id).collect::<BTreeSet<PartitionId>>() {
            let batches = self.batches(id).into_iter();
            found.insert(id, batches.map(|(header, bytes)| (header.base_offset as u64, bytes)).collect());
        }
        for (id, ack) in acks {
            let offered = &self.offered[&ack.ticket].1;
            let found = found[&id].get(&ack.base).unwrap_or_else(|| panic!("{id:?}: the batch at {} is lost", ack.base));
            assert_eq!(&found[21..], &offered[21..], "{id:?}: the batch at {} is another one", ack.base);
        }
    }
}

fn flags_of(origin: AppendOrigin) -> u32 {
    match origin {
        AppendOrigin::Leader => 0,
        AppendOrigin::Coordinator => 1,
        AppendOrigin::Follower => 2,
    }
}
