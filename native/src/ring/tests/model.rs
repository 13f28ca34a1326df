//! Random operations against a plain model: a queue of slots and a few positions.

use super::{fill, pattern, CAPACITY};
use crate::ring::layout::{slot_size, LEASE_NONE};
use crate::ring::{Claim, ClaimError, LeaseHolder, OwnedRing, Passed, RingReader, RingWriter};
use proptest::prelude::*;
use std::collections::VecDeque;

const LEASES: usize = 2;

#[derive(Clone, Debug)]
enum Step {
    Claim(usize),
    /// Settles one of the open claims: published or aborted.
    Settle(prop::sample::Index, bool),
    Read,
    /// Moves the floor to the end of one of the slots read.
    Free(prop::sample::Index),
    /// Takes or moves a lease to a position ever seen, or lets it go.
    Acquire(usize, prop::sample::Index),
    Move(usize, prop::sample::Index),
    Release(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => prop_oneof![0usize..200, 0..CAPACITY / 8, CAPACITY / 8..=CAPACITY / 4 + 1].prop_map(Step::Claim),
        6 => (index(), prop::bool::weighted(0.8)).prop_map(|(index, published)| Step::Settle(index, published)),
        5 => Just(Step::Read),
        3 => index().prop_map(Step::Free),
        1 => (0..LEASES, index()).prop_map(|(lease, index)| Step::Acquire(lease, index)),
        1 => (0..LEASES, index()).prop_map(|(lease, index)| Step::Move(lease, index)),
        2 => (0..LEASES).prop_map(Step::Release),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Published,
    Hole,
}

struct ModelSlot {
    position: u64,
    size: usize,
    ticket: u64,
    state: State,
}

impl ModelSlot {
    fn end(&self) -> u64 {
        self.position + slot_size(self.size) as u64
    }
}

struct Model {
    /// Claimed and not yet read, in ring order.
    slots: VecDeque<ModelSlot>,
    claimed: u64,
    /// Positions and ends of slots that were read: what may be leased and freed.
    seen: Vec<(u64, u64)>,
    floor: u64,
    head: u64,
    leases: [u64; LEASES],
    next_ticket: u64,
}

impl Model {
    fn new(start: u64) -> Self {
        let (slots, seen, leases) = (VecDeque::new(), vec![(start, start)], [LEASE_NONE; LEASES]);
        Self { slots, claimed: start, seen, floor: start, head: start, leases, next_ticket: 0 }
    }

    fn claim(&mut self, size: usize) -> Result<u64, ClaimError> {
        if size > CAPACITY / 4 {
            return Err(ClaimError::TooLarge);
        }
        let rest = CAPACITY as u64 - self.claimed % CAPACITY as u64;
        let position = if slot_size(size) as u64 > rest { self.claimed + rest } else { self.claimed };
        let end = position + slot_size(size) as u64;
        if end - self.head > CAPACITY as u64 {
            return Err(ClaimError::WouldBlock);
        }
        self.claimed = end;
        self.next_ticket += 1;
        self.slots.push_back(ModelSlot { position, size, ticket: self.next_ticket, state: State::Open });
        Ok(position)
    }

    fn read(&mut self) -> Option<ModelSlot> {
        while self.slots.front().is_some_and(|slot| slot.state != State::Open) {
            let slot = self.slots.pop_front()?;
            if slot.state == State::Published {
                self.seen.push((slot.position, slot.end()));
                return Some(slot);
            }
        }
        None
    }

    fn free(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
        let oldest = self.leases.iter().copied().min().unwrap_or(LEASE_NONE);
        self.head = self.head.max(oldest.min(self.floor));
    }
}

struct Run {
    model: Model,
    writer: RingWriter,
    reader: RingReader,
    leases: Vec<LeaseHolder>,
    claims: Vec<(u64, Claim)>,
    /// What each lease must still find, byte for byte, until it lets go: position, size and ticket.
    read_slots: Vec<(u64, usize, u64)>,
}

impl Run {
    fn new(start: u64) -> Self {
        let (writer, reader, leases) = OwnedRing::starting_at(CAPACITY, LEASES, start).unwrap().split_with_leases();
        Self { model: Model::new(start), writer, reader, leases, claims: Vec::new(), read_slots: Vec::new() }
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Claim(size) => self.claim(*size),
            Step::Settle(index, published) => self.settle(index, *published),
            Step::Read => self.read(),
            Step::Free(index) => {
                let (_, end) = *index.get(&self.model.seen);
                self.model.free(end);
                self.reader.advance_floor(end);
            }
            Step::Acquire(lease, index) => self.acquire(*lease, index),
            Step::Move(lease, index) => self.move_lease(*lease, index),
            Step::Release(lease) => {
                self.model.leases[*lease] = LEASE_NONE;
                self.leases[*lease].release();
            }
        }
        assert_eq!((self.reader.floor(), self.reader.head()), (self.model.floor, self.model.head));
        self.check_leased_bytes();
    }

    fn claim(&mut self, size: usize) {
        let expected = self.model.claim(size);
        match self.writer.claim(size) {
            Ok(claim) => {
                assert_eq!(expected, Ok(claim.position()));
                fill(&claim, self.model.next_ticket);
                self.claims.push((self.model.next_ticket, claim));
            }
            Err(error) => assert_eq!(expected, Err(error)),
        }
    }

    fn settle(&mut self, index: &prop::sample::Index, published: bool) {
        if self.claims.is_empty() {
            return;
        }
        let (ticket, claim) = self.claims.swap_remove(index.index(self.claims.len()));
        let slot = self.model.slots.iter_mut().find(|slot| slot.ticket == ticket).unwrap();
        slot.state = if published { State::Published } else { State::Hole };
        if published {
            self.writer.publish(claim, ticket as u32, !ticket as u32, ticket);
        } else {
            self.writer.abort(claim);
        }
    }

    fn read(&mut self) {
        let (expected, found) = (self.model.read(), self.reader.next());
        assert_eq!(found.is_some(), expected.is_some());
        if let (Some(slot), Some(expected)) = (found, expected) {
            assert_eq!((slot.position, slot.end, slot.ticket), (expected.position, expected.end(), expected.ticket));
            assert_eq!((slot.target, slot.flags), (slot.ticket as u32, !slot.ticket as u32));
            assert_eq!(slot.payload.bytes(), pattern(expected.size, expected.ticket));
            self.read_slots.push((slot.position, expected.size, expected.ticket));
        }
    }

    fn acquire(&mut self, lease: usize, index: &prop::sample::Index) {
        let (position, _) = *index.get(&self.model.seen);
        if self.model.leases[lease] != LEASE_NONE {
            return;
        }
        let expected = if self.model.floor > position { Err(Passed) } else { Ok(()) };
        assert_eq!(self.leases[lease].acquire(position), expected);
        if expected.is_ok() {
            self.model.leases[lease] = position;
        }
    }

    fn move_lease(&mut self, lease: usize, index: &prop::sample::Index) {
        let (position, _) = *index.get(&self.model.seen);
        if self.model.leases[lease] != LEASE_NONE && position >= self.model.leases[lease] {
            self.model.leases[lease] = position;
            self.leases[lease].move_to(position);
        }
    }

    fn check_leased_bytes(&self) {
        let oldest = self.model.leases.iter().copied().min().unwrap_or(LEASE_NONE);
        for &(position, size, ticket) in self.read_slots.iter().rev().take_while(|slot| slot.0 >= oldest) {
            assert_eq!(self.reader.piece_at(position + 32, size).bytes(), pattern(size, ticket));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ring_does_what_the_model_does(
        laps in prop_oneof![Just(0u64), Just((1 << 53) / CAPACITY as u64 - 1)],
        steps in prop::collection::vec(step(), 1..400),
    ) {
        let mut run = Run::new(laps * CAPACITY as u64);
        for step in &steps {
            run.apply(step);
        }
    }
}
