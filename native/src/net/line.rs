//! Who waits for receive memory, in the order in which they came.
//!
//! The first in line is served from main or, where no run is long enough, from the reserve, which therefore reaches everybody in
//! turn. Others may pass it with smaller wishes, but only `PASSES_MAX` times: then main is left to empty until the first has got
//! what it waits for. Who is not in the line yet counts as passing too.

use super::pool::{PlaceId, Pool};
use std::collections::VecDeque;

pub const PASSES_MAX: u32 = 64;

#[derive(Default)]
pub struct Line {
    waiting: VecDeque<(u64, usize)>,
    /// Since the first in line is the first.
    passes: u32,
    /// Somebody may be served though nothing became free: who joined, or who is first now, may find the reserve free.
    is_due: bool,
}

impl Line {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.waiting.len()
    }

    /// A place at once for who is not in line; None: join it.
    pub fn pass(&mut self, pool: &mut Pool, connection: u64, size: usize) -> Option<PlaceId> {
        if self.waiting.is_empty() {
            return pool.take(size, connection);
        }
        if self.passes >= PASSES_MAX {
            return None;
        }
        let place = pool.take(size, connection)?;
        self.passes += 1;
        Some(place)
    }

    pub fn join(&mut self, connection: u64, size: usize) {
        self.waiting.push_back((connection, size));
        self.is_due = true;
    }

    pub fn leave(&mut self, connection: u64) {
        let was_first = self.waiting.front().is_some_and(|(first, _)| *first == connection);
        self.waiting.retain(|(other, _)| *other != connection);
        if was_first {
            self.passes = 0;
            self.is_due = true;
        }
    }

    /// Whether `serve` may find somebody since it found nobody.
    #[must_use]
    pub fn is_due(&self, pool: &Pool) -> bool {
        !self.waiting.is_empty() && (self.is_due || pool.has_freed())
    }

    /// The next that can be served, and its place. Call until None.
    pub fn serve(&mut self, pool: &mut Pool) -> Option<(u64, PlaceId)> {
        let served = self.find(pool);
        self.is_due = served.is_some();
        pool.set_freed(served.is_some());
        served
    }

    fn find(&mut self, pool: &mut Pool) -> Option<(u64, PlaceId)> {
        let &(first, size) = self.waiting.front()?;
        if let Some(place) = pool.take(size, first).or_else(|| pool.take_reserve(first)) {
            self.waiting.pop_front();
            self.passes = 0;
            return Some((first, place));
        }
        if self.passes >= PASSES_MAX {
            return None;
        }
        // What is too large for one is too large for all that want as much: the line may be long.
        let mut too_large = size;
        let served = self.waiting.iter().enumerate().skip(1).find_map(|(index, &(connection, size))| {
            if size >= too_large {
                return None;
            }
            too_large = size;
            pool.take(size, connection).map(|place| (index, connection, place))
        });
        let (index, connection, place) = served?;
        self.waiting.remove(index);
        self.passes += 1;
        Some((connection, place))
    }
}
