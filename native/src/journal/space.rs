//! The circle of journal space: where the next commit goes, what a checkpoint frees. Pure arithmetic.
//!
//! ```text
//!   start            tail ─────── live commits ───────► head              written end      size max
//!     |  free          |xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx|   free (zeros)     |  not written   |
//!     after a wrap:
//!     |xxxxx head  free  tail xxxxxxxxxxxxxxxxxxxxxxxxxxx|  (too short for the next one)
//! ```
//! A commit never crosses the end; one that would reach the position where replay begins waits (rule 2).

use crate::io::BLOCK_SIZE;
use std::collections::VecDeque;

/// The first block holds the file's identity.
pub const JOURNAL_START: u64 = BLOCK_SIZE as u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub number: u64,
    pub position: u64,
    pub size: u64,
}

#[derive(Debug)]
pub struct Space {
    head: u64,
    number_next: u64,
    /// Commits that replay would need, oldest first.
    live: VecDeque<Place>,
    /// Everything below is pre-written: commits go nowhere else.
    pub written_end: u64,
}

impl Space {
    #[must_use]
    pub fn new(position: u64, number: u64, written_end: u64) -> Self {
        Self { head: position, number_next: number, live: VecDeque::new(), written_end }
    }

    /// Where a commit of this size may go now; None if it has to wait for space.
    #[must_use]
    pub fn room_for(&self, size: u64) -> Option<u64> {
        let tail = self.live.front().map_or(self.head, |place| place.position);
        let has_wrapped = self.live.front().is_some_and(|place| self.head <= place.position);
        if has_wrapped {
            // Strictly below: head meeting tail would look empty.
            return (self.head + size < tail).then_some(self.head);
        }
        if self.head + size <= self.written_end {
            return Some(self.head);
        }
        // The wrap is found by recovery only if the commits it needs are still there, so the tail is never reached.
        (JOURNAL_START + size < tail || (self.live.is_empty() && JOURNAL_START + size <= self.written_end))
            .then_some(JOURNAL_START)
    }

    /// Takes the space that `room_for` named.
    pub fn take(&mut self, size: u64) -> Option<Place> {
        let position = self.room_for(size)?;
        let place = Place { number: self.number_next, position, size };
        self.number_next += 1;
        self.head = position + size;
        self.live.push_back(place);
        Some(place)
    }

    /// Commits up to `number` are not needed for replay any more.
    pub fn free_through(&mut self, number: u64) {
        while self.live.front().is_some_and(|place| place.number <= number) {
            self.live.pop_front();
        }
    }

    /// Where replay begins if everything up to `number` is in the segments: position and number.
    #[must_use]
    pub fn replay_start_after(&self, number: u64) -> (u64, u64) {
        let next = self.live.iter().find(|place| place.number > number);
        next.map_or((self.head, self.number_next), |place| (place.position, place.number))
    }

    #[must_use]
    pub fn live_size(&self) -> u64 {
        self.live.iter().map(|place| place.size).sum()
    }

    #[must_use]
    pub fn number_next(&self) -> u64 {
        self.number_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// No byte of a live commit is ever handed out again, commits stay inside the written part, and recovery's
        /// search (behind the last one, then at the start) finds each next one.
        #[test]
        fn live_commits_never_overlap(steps in prop::collection::vec((1u64..30, 0usize..4), 1..200)) {
            let block = BLOCK_SIZE as u64;
            let mut space = Space::new(JOURNAL_START, 1, 64 * block);
            let mut live: VecDeque<Place> = VecDeque::new();
            let mut end = JOURNAL_START;
            for (blocks, frees) in steps {
                for _ in 0..frees {
                    if let Some(place) = live.pop_front() { space.free_through(place.number); }
                }
                let Some(place) = space.take(blocks * block) else {
                    prop_assert!(!live.is_empty() || blocks > 60, "an empty journal refuses {blocks}");
                    continue;
                };
                prop_assert!(place.position == end || place.position == JOURNAL_START);
                prop_assert!(place.position >= JOURNAL_START && place.position + place.size <= space.written_end);
                for other in &live {
                    let apart = place.position + place.size <= other.position || other.position + other.size <= place.position;
                    prop_assert!(apart, "{:?} over {:?}", place, other);
                }
                end = place.position + place.size;
                live.push_back(place);
                prop_assert_eq!(space.live_size(), live.iter().map(|place| place.size).sum::<u64>());
            }
        }
    }
}
