//! A partition on its way from shard to shard: whatever ends the life, it is there afterwards, once and whole
//! (DURABILITY.md rule 11).

use super::bed::{batch_of, contents_of, id, replicated};
use crate::io::sim::{Fault, FaultPlan, OpKind, SimDisk};
use crate::io::IoError;
use crate::journal::entry::Durability;
use crate::journal::space::JOURNAL_START;
use crate::log::config::LogConfig;
use crate::log::ids::PartitionId;
use crate::log::partition::Ack;
use crate::log::segment::DataPaths;
use crate::simulation::audit::read_all;
use crate::simulation::model::Content;
use crate::simulation::rig::{drive, small_config, small_log, Node, Rig};
use crate::store::{AppendError, Control, Event, Handover, HandoverStep, StoreError};

/// Two shards and one partition, which the first has at the beginning.
struct Pair {
    disk: SimDisk,
    rig: Rig,
    node: Option<Node>,
    ticket_next: u64,
    steps: Vec<HandoverStep>,
}

const OLD: usize = 0;
const NEW: usize = 1;

/// Of the names that tests use, one that is made on the first shard.
fn name() -> PartitionId {
    let ids = (1..).map(id);
    ids.into_iter().find(|id| crate::store::shard_of(id, 2) == OLD as u32).expect("every second one")
}

#[derive(Debug)]
enum Answer {
    Appended(Ack),
    Refused(AppendError),
    Done,
    Failed(StoreError),
}

impl Pair {
    fn new(seed: u64, config: LogConfig) -> Self {
        let disk = SimDisk::seeded(seed);
        let mut rig = Rig::over_sim(&disk, small_config());
        rig.shards = 2;
        rig.add_to_catalog(name(), config);
        let node = Some(rig.open_node().expect("a fresh directory opens"));
        let mut pair = Self { disk, rig, node, ticket_next: 1, steps: Vec::new() };
        let ticket = pair.ticket();
        pair.node().shards[OLD].store.create(ticket, &[(name(), config, 1)]);
        assert!(matches!(pair.answer(OLD, ticket), Answer::Done));
        pair
    }

    fn node(&mut self) -> &mut Node {
        self.node.as_mut().expect("a life is under way")
    }

    fn ticket(&mut self) -> u64 {
        self.ticket_next += 1;
        self.ticket_next - 1
    }

    fn answer(&mut self, shard: usize, ticket: u64) -> Answer {
        let answer_to = |event: &Event| match event {
            Event::Appended { ack, .. } if ack.ticket == ticket => Some(Answer::Appended(*ack)),
            Event::Refused { ticket: other, error, .. } if *other == ticket => Some(Answer::Refused(error.clone())),
            Event::Done { ticket: other, .. } if *other == ticket => Some(Answer::Done),
            Event::ControlFailed { ticket: other, error, .. } if *other == ticket => Some(Answer::Failed(error.clone())),
            _ => None,
        };
        let rig = &self.rig;
        let life = &mut self.node.as_mut().expect("a life is under way").shards[shard];
        let mut events = Vec::new();
        drive(life, || rig.now(), &mut events, |_, events| events.iter().any(|event| answer_to(event).is_some()));
        events.iter().find_map(answer_to).unwrap_or_else(|| panic!("ticket {ticket} was never answered"))
    }

    /// The next thing that a shard wants the other to know.
    fn step(&mut self, shard: usize) -> HandoverStep {
        let rig = &self.rig;
        let steps = &mut self.steps;
        let life = &mut self.node.as_mut().expect("a life is under way").shards[shard];
        for _ in 0..10_000 {
            steps.append(&mut life.store.take_handover_steps());
            if let Some(step) = steps.pop() {
                return step;
            }
            life.store.turn(rig.now());
            life.store.wait(rig.now());
        }
        panic!("shard {shard} has nothing to say");
    }

    fn append(&mut self, shard: usize, content: Content) -> Answer {
        let ticket = self.ticket();
        let bytes = batch_of(content, 900);
        let life = &mut self.node().shards[shard];
        let handle = life.store.handle(&name()).expect("this shard's");
        let claim = life.ring.claim(bytes.len()).expect("room in the ring");
        claim.payload().write(0, &bytes);
        life.ring.publish(claim, handle, 0, ticket);
        self.answer(shard, ticket)
    }

    fn append_each(&mut self, shard: usize, contents: std::ops::Range<Content>) {
        for content in contents {
            let answer = self.append(shard, content);
            assert!(matches!(answer, Answer::Appended(_)), "{content}: {answer:?}");
        }
    }

    fn control(&mut self, shard: usize, control: Control) -> Answer {
        let ticket = self.ask_control(shard, control);
        self.answer(shard, ticket)
    }

    fn ask_control(&mut self, shard: usize, control: Control) -> u64 {
        let ticket = self.ticket();
        let store = &mut self.node().shards[shard].store;
        let handle = store.handle(&name()).expect("this shard's");
        store.control(handle, ticket, control);
        ticket
    }

    fn release(&mut self, shard: usize) -> Box<Handover> {
        let asked = self.ask_control(shard, Control::Release);
        match self.step(shard) {
            HandoverStep::Released { ticket, handover } if ticket == asked => handover,
            other => panic!("a release was answered with {other:?}"),
        }
    }

    fn adopt(&mut self, shard: usize, handover: &Handover) {
        let ticket = self.ticket();
        self.node().shards[shard].store.adopt(ticket, handover).expect("nothing is fenced");
        assert!(matches!(self.answer(shard, ticket), Answer::Done));
    }

    fn await_settled(&mut self, shard: usize) {
        let step = self.step(shard);
        assert_eq!(step, HandoverStep::Settled { id: name() });
    }

    fn forget(&mut self, shard: usize) {
        let ticket = self.ticket();
        self.node().shards[shard].store.forget(ticket, &name());
        assert_eq!(self.step(shard), HandoverStep::Forgotten { ticket });
    }

    fn move_whole(&mut self, from: usize, to: usize) {
        let handover = self.release(from);
        self.adopt(to, &handover);
        self.await_settled(to);
        self.forget(from);
        self.node().shards[to].store.settle(&name());
    }

    fn reopen_after_power_loss(&mut self, seed: u64, shards: u32) {
        self.disk.cut_power();
        self.node = None;
        self.disk.restart(seed);
        self.rig.shards = shards;
        self.node = Some(self.rig.open_node().unwrap_or_else(|error| panic!("recovery refused: {error:?}")));
    }

    fn contents(&mut self) -> Vec<Content> {
        let node = self.node.as_mut().expect("a life is under way");
        let (shard, handle) = node.find(&name()).expect("some shard has it");
        let batches = read_all(&self.rig, &mut node.shards[shard], handle).expect("readable");
        batches.iter().flat_map(|batch| contents_of(&batch.bytes)).collect()
    }
}

/// Everything that was acknowledged before and after each step of a move.
type Step = fn(&mut Pair, &mut Option<Box<Handover>>);

const STEPS: [(&str, Step); 5] = [
    ("released", |pair, handover| *handover = Some(pair.release(OLD))),
    ("adopted", |pair, handover| pair.adopt(NEW, handover.as_ref().expect("released"))),
    ("appended to", |pair, _| pair.append_each(NEW, 20..30)),
    ("settled", |pair, _| pair.await_settled(NEW)),
    ("forgotten", |pair, _| pair.forget(OLD)),
];

#[test]
fn a_power_loss_at_any_step_of_a_move_loses_nothing() {
    for seed in 0..4 {
        for (index, (name, _)) in STEPS.iter().enumerate() {
            for shards in 1..=3 {
                let mut pair = Pair::new(seed, small_log());
                pair.append_each(OLD, 0..10);
                let mut handover = None;
                STEPS[..=index].iter().for_each(|(_, step)| step(&mut pair, &mut handover));
                pair.reopen_after_power_loss(seed, shards);
                let last = if index < 2 { 20 } else { 30 };
                let expected: Vec<Content> = (0..10).chain(20..last).collect();
                assert_eq!(pair.contents(), expected, "{name}, seed {seed}, then {shards} shards");
            }
        }
    }
}

#[test]
fn a_partition_that_comes_and_goes_stays_whole() {
    for config in [small_log(), replicated()] {
        let mut pair = Pair::new(3, config);
        for round in 0..6 {
            let (from, to) = if round % 2 == 0 { (OLD, NEW) } else { (NEW, OLD) };
            pair.append_each(from, round * 10..round * 10 + 10);
            assert_eq!(pair.contents(), (0..round * 10 + 10).collect::<Vec<Content>>());
            pair.move_whole(from, to);
            assert_eq!(pair.contents(), (0..round * 10 + 10).collect::<Vec<Content>>(), "moved {round} times");
        }
        if config.durability == Durability::Fsync {
            pair.append_each(OLD, 60..70);
        }
        pair.reopen_after_power_loss(9, 2);
        let last = if config.durability == Durability::Fsync { 70 } else { 60 };
        assert_eq!(pair.contents(), (0..last).collect::<Vec<Content>>());
    }
}

#[test]
fn nothing_is_appended_before_the_adoption_is_durable() {
    let mut pair = Pair::new(5, small_log());
    pair.append_each(OLD, 0..3);
    let handover = pair.release(OLD);
    assert!(pair.node().shards[OLD].store.handle(&name()).is_none(), "the old shard has it no more");
    let ticket = pair.ticket();
    pair.node().shards[NEW].store.adopt(ticket, &handover).expect("nothing is fenced");
    let handle = pair.node().shards[NEW].store.handle(&name()).expect("held");
    let bytes = batch_of(7, 100);
    let life = &mut pair.node().shards[NEW];
    let claim = life.ring.claim(bytes.len()).expect("room");
    claim.payload().write(0, &bytes);
    life.ring.publish(claim, handle, 0, 99);
    let commits = life.store.journal_counters().commits;
    life.store.read_all_rings();
    assert_eq!(life.store.partition(handle).expect("held").end, 3, "the batch waits");
    assert_eq!(life.store.journal_counters().commits, commits);
    assert!(matches!(pair.answer(NEW, 99), Answer::Appended(ack) if ack.base == 3));
}

#[test]
fn what_waits_while_a_partition_leaves_is_refused_and_what_comes_later_too() {
    let mut pair = Pair::new(6, small_log());
    pair.append_each(OLD, 0..3);
    let handle = pair.node().shards[OLD].store.handle(&name()).expect("this shard's");
    pair.ask_control(OLD, Control::Release);
    for (ticket, content) in [(90, 50), (91, 51)] {
        let bytes = batch_of(content, 100);
        let life = &mut pair.node().shards[OLD];
        let claim = life.ring.claim(bytes.len()).expect("room");
        claim.payload().write(0, &bytes);
        life.ring.publish(claim, handle, 0, ticket);
    }
    assert!(matches!(pair.answer(OLD, 91), Answer::Refused(AppendError::UnknownPartition)));
    pair.reopen_after_power_loss(1, 2);
    assert_eq!(pair.contents(), vec![0, 1, 2]);
}

#[test]
fn a_partition_is_deleted_or_moved_on_only_when_its_last_owner_has_forgotten_it() {
    let mut pair = Pair::new(7, small_log());
    pair.append_each(OLD, 0..3);
    let handover = pair.release(OLD);
    pair.adopt(NEW, &handover);
    for control in [Control::Release, Control::Delete] {
        assert!(matches!(pair.control(NEW, control), Answer::Failed(StoreError::Busy)));
    }
    pair.await_settled(NEW);
    pair.forget(OLD);
    pair.node().shards[NEW].store.settle(&name());
    pair.rig.catalog.live.remove(&name());
    pair.rig.catalog.deleted.insert(name().topic);
    assert!(matches!(pair.control(NEW, Control::Delete), Answer::Done));
    pair.reopen_after_power_loss(2, 2);
    assert!(pair.node().find(&name()).is_none());
}

#[test]
fn an_epoch_that_a_truncation_used_up_stays_used_up() {
    let mut pair = Pair::new(8, small_log());
    pair.append_each(OLD, 0..4);
    assert!(matches!(pair.control(OLD, Control::Truncate { to: 2 }), Answer::Done));
    pair.move_whole(OLD, NEW);
    assert!(matches!(pair.append(NEW, 9), Answer::Refused(AppendError::LeaderEpochUsed { .. })));
}

#[test]
fn a_damaged_journal_puts_what_others_gave_away_in_doubt_too() {
    let mut pair = Pair::new(9, small_log());
    pair.append_each(OLD, 0..3);
    let handover = pair.release(OLD);
    pair.adopt(NEW, &handover);
    pair.append_each(NEW, 3..4);
    pair.disk.kill();
    pair.node = None;
    let paths = DataPaths::new(&pair.rig.data);
    // As if the new shard had no record of it yet: the copy that the adoption asked for.
    pair.disk.put_file(&paths.checkpoints().join("00001.a"), &[]);
    // The adopting commit, which the one behind it calls durable.
    pair.disk.flip_bit(&paths.journals().join("00001.journal"), JOURNAL_START + 200, 1);
    pair.rig.set_aside_corrupt = true;
    pair.node = Some(pair.rig.open_node().expect("the rest is served"));
    let (shard, handle) = pair.node().find(&name()).expect("known");
    let state = pair.node().shards[shard].store.partition(handle).expect("known");
    assert!(state.is_damaged(), "without its new owner's journal nobody knows what is missing: it ends at {}", state.end);
}

/// The disk under both shards begins to refuse one kind of write.
fn fail(pair: &Pair, path: &str) {
    pair.disk.set_faults(FaultPlan::new().always(OpKind::Write, path, Fault::Error(IoError::MEDIA)));
}

fn fence(pair: &mut Pair, shard: usize) {
    pair.node().shards[shard].store.request_checkpoint();
    for _ in 0..1000 {
        let now = pair.rig.now();
        let store = &mut pair.node().shards[shard].store;
        store.turn(now);
        if store.fenced().is_some() {
            return;
        }
        if store.io().in_flight() > 0 {
            store.wait(now);
        } else {
            pair.disk.advance(1_000_000);
        }
    }
    panic!("shard {shard} never fences");
}

#[test]
fn a_release_that_a_fence_cuts_short_is_answered_and_the_partition_stays_readable() {
    for path in ["00000.journal", "/checkpoint", ".log"] {
        let mut pair = Pair::new(10, small_log());
        pair.append_each(OLD, 0..3);
        fail(&pair, path);
        let ticket = pair.ask_control(OLD, Control::Release);
        assert!(matches!(pair.answer(OLD, ticket), Answer::Failed(StoreError::Fenced)), "{path}");
        assert!(pair.node().shards[OLD].store.take_handover_steps().is_empty(), "{path}");
        assert_eq!(pair.contents(), vec![0, 1, 2], "{path}");
        pair.disk.set_faults(FaultPlan::new());
        pair.reopen_after_power_loss(3, 2);
        assert_eq!(pair.contents(), vec![0, 1, 2], "{path}");
    }
}

#[test]
fn an_adoption_that_a_fence_cuts_short_is_answered_and_the_partition_stays_readable() {
    let mut pair = Pair::new(11, small_log());
    pair.append_each(OLD, 0..3);
    let handover = pair.release(OLD);
    fail(&pair, "00001.journal");
    let ticket = pair.ticket();
    pair.node().shards[NEW].store.adopt(ticket, &handover).expect("not fenced yet");
    assert!(matches!(pair.answer(NEW, ticket), Answer::Failed(StoreError::Fenced)));
    assert_eq!(pair.node().shards[NEW].store.adopt(99, &handover), Err(StoreError::Fenced));
    assert_eq!(pair.contents(), vec![0, 1, 2]);
    pair.disk.set_faults(FaultPlan::new());
    pair.reopen_after_power_loss(4, 2);
    assert_eq!(pair.contents(), vec![0, 1, 2]);
}

#[test]
fn who_waits_for_a_record_of_a_fenced_shard_is_told_that_none_comes() {
    let mut pair = Pair::new(12, small_log());
    pair.append_each(OLD, 0..3);
    let handover = pair.release(OLD);
    pair.adopt(NEW, &handover);
    fail(&pair, "/checkpoint");
    fence(&mut pair, NEW);
    assert_eq!(pair.step(NEW), HandoverStep::Unsettled { id: name() });

    let mut pair = Pair::new(13, small_log());
    pair.append_each(OLD, 0..3);
    let handover = pair.release(OLD);
    pair.adopt(NEW, &handover);
    pair.await_settled(NEW);
    fail(&pair, "/checkpoint");
    for ticket in [50, 51] {
        pair.node().shards[OLD].store.forget(ticket, &name());
        fence(&mut pair, OLD);
        assert_eq!(pair.step(OLD), HandoverStep::Unforgotten { ticket });
        assert!(pair.node().shards[OLD].store.take_handover_steps().is_empty(), "it is told twice");
    }
    pair.disk.set_faults(FaultPlan::new());
    pair.reopen_after_power_loss(4, 2);
    assert_eq!(pair.contents(), vec![0, 1, 2]);
}
