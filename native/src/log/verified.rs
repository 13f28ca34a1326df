//! Which bytes of segment files are known to be whole batches in their places: checked by a read of this life, or written by it from
//! memory that was checked. What is sent from a file without being read (DURABILITY.md rule 18) lies between two marks.
//!
//! ```text
//!   position   0       64 KiB    130 KiB        900 KiB   1 MiB
//!   mark       ├─────────┼──────────┤              ├─────────┤       joined: all between it and the next is known
//! ```
//! A mark is where a batch begins and the one before it ends. Bounded: segments that were longest unused are forgotten.

use super::open_files::FileKey;
use std::collections::HashMap;

/// Between two marks, so that an answer can end near the size it was asked for.
pub const SPACING: u64 = 64 << 10;

/// Where a batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchStart {
    pub offset: u64,
    pub position: u64,
}

/// Whole batches, from the start of one to that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub from: BatchStart,
    pub to: BatchStart,
}

impl Step {
    #[must_use]
    pub fn size(&self) -> usize {
        (self.to.position - self.from.position) as usize
    }
}

#[derive(Clone, Copy)]
struct Mark {
    at: BatchStart,
    is_joined: bool,
}

#[derive(Default)]
struct Marks {
    /// In order, of positions and of offsets.
    marks: Vec<Mark>,
    used_at: u64,
}

pub struct Verified {
    segments: HashMap<FileKey, Marks>,
    count: usize,
    capacity: usize,
    clock: u64,
}

impl Verified {
    /// `capacity`: of marks, in all.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { segments: HashMap::new(), count: 0, capacity, clock: 0 }
    }

    /// All from one batch's start to another's is known.
    pub fn note(&mut self, key: FileKey, from: BatchStart, to: BatchStart) {
        if from.position >= to.position {
            return;
        }
        self.clock += 1;
        let segment = self.segments.entry(key).or_default();
        segment.used_at = self.clock;
        let before = segment.marks.len();
        segment.join(from, to);
        self.count = self.count + segment.marks.len() - before;
        self.trim();
    }

    /// From exactly this offset up to the last mark that is not above the limit and not too far, without a gap.
    pub fn find(&mut self, key: FileKey, offset: u64, limit: u64, size_max: usize) -> Option<(BatchStart, BatchStart)> {
        self.clock += 1;
        let segment = self.segments.get_mut(&key)?;
        segment.used_at = self.clock;
        let first = segment.marks.binary_search_by_key(&offset, |mark| mark.at.offset).ok()?;
        let begin = segment.marks[first].at;
        let fits = |at: &BatchStart| at.offset <= limit && at.position - begin.position <= size_max as u64;
        let pairs = segment.marks[first..].windows(2);
        let end = pairs.take_while(|pair| pair[0].is_joined).map(|pair| pair[1].at).take_while(fits).last()?;
        Some((begin, end))
    }

    /// Where a read that begins beside a mark had better end, so that the next one begins at one.
    #[must_use]
    pub fn end_near(&self, key: FileKey, offset: u64, limit: u64, size_max: usize) -> Option<u64> {
        let marks = &self.segments.get(&key)?.marks;
        let behind = marks.partition_point(|mark| mark.at.offset <= offset);
        let begin = marks.get(behind.checked_sub(1)?)?.at.position;
        let fits = |mark: &&Mark| mark.at.offset <= limit && mark.at.position - begin <= size_max as u64;
        marks[behind..].iter().take_while(fits).last().map(|mark| mark.at.offset)
    }

    /// From mark to mark between two that `find` gave.
    #[must_use]
    pub fn steps(&self, key: FileKey, from: BatchStart, to: BatchStart) -> Vec<Step> {
        let marks = self.segments.get(&key).map_or(&[][..], |segment| &segment.marks);
        let first = marks.partition_point(|mark| mark.at.position < from.position);
        let pairs = marks[first..].windows(2).map(|pair| Step { from: pair[0].at, to: pair[1].at });
        pairs.take_while(|step| step.to.position <= to.position).collect()
    }

    /// They may be other bytes by now: they have left memory.
    pub fn doubt(&mut self, key: FileKey, from: BatchStart, to: BatchStart) {
        let Some(segment) = self.segments.get_mut(&key) else { return };
        let range = from.position..to.position;
        segment.marks.iter_mut().filter(|mark| range.contains(&mark.at.position)).for_each(|mark| mark.is_joined = false);
    }

    pub fn forget(&mut self, key: FileKey) {
        if let Some(segment) = self.segments.remove(&key) {
            self.count -= segment.marks.len();
        }
    }

    pub fn forget_all_of(&mut self, partition: u32) {
        self.segments.retain(|key, _| key.partition != partition);
        self.count = self.segments.values().map(|segment| segment.marks.len()).sum();
    }

    fn trim(&mut self) {
        while self.count > self.capacity {
            let oldest = self.segments.iter().min_by_key(|(_, segment)| segment.used_at).map(|(key, _)| *key);
            self.forget(oldest.expect("whoever has marks is there"));
        }
    }
}

impl Marks {
    fn join(&mut self, from: BatchStart, to: BatchStart) {
        let first = self.insert(from);
        let last = self.insert(to);
        self.marks[first..last].iter_mut().for_each(|mark| mark.is_joined = true);
        self.thin(first);
    }

    fn insert(&mut self, at: BatchStart) -> usize {
        let index = self.marks.partition_point(|mark| mark.at.position < at.position);
        if self.marks.get(index).is_none_or(|mark| mark.at.position != at.position) {
            // Inside of what is known it divides it.
            let is_joined = index > 0 && index < self.marks.len() && self.marks[index - 1].is_joined;
            self.marks.insert(index, Mark { at, is_joined });
        }
        index
    }

    /// What grows by small steps keeps no mark for each.
    fn thin(&mut self, index: usize) {
        let Some([before, this, behind]) = index.checked_sub(1).and_then(|before| self.marks.get(before..before + 3)) else {
            return;
        };
        if before.is_joined && this.is_joined && behind.at.position - before.at.position <= SPACING {
            self.marks.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: FileKey = FileKey { partition: 1, base: 0 };
    const KIB: u64 = 1 << 10;

    /// A batch of ten records a KiB.
    fn at(kib: u64) -> BatchStart {
        BatchStart { offset: kib * 10, position: kib * KIB }
    }

    fn found(verified: &mut Verified, kib: u64, limit: u64, size_kib: u64) -> Option<u64> {
        verified.find(KEY, kib * 10, limit * 10, (size_kib * KIB) as usize).map(|(begin, end)| {
            assert_eq!(begin, at(kib));
            end.position / KIB
        })
    }

    #[test]
    fn what_grows_by_small_steps_is_found_from_mark_to_mark() {
        let mut verified = Verified::new(1000);
        (0..1000).for_each(|kib| verified.note(KEY, at(kib), at(kib + 1)));
        assert!(verified.count < 20, "{}", verified.count);
        assert_eq!(found(&mut verified, 0, 1000, 500), Some(448));
        assert_eq!(found(&mut verified, 448, 1000, 10_000), Some(1000));
        assert_eq!(found(&mut verified, 448, 900, 10_000), Some(896), "nothing at or above the limit");
        assert_eq!(found(&mut verified, 449, 1000, 500), None, "no mark");
        assert_eq!(found(&mut verified, 448, 1000, 10), None, "no mark so near");
        assert_eq!(found(&mut verified, 1000, 2000, 500), None, "nothing behind it");
    }

    #[test]
    fn a_gap_ends_what_is_found_until_it_is_filled() {
        let mut verified = Verified::new(1000);
        verified.note(KEY, at(0), at(100));
        verified.note(KEY, at(300), at(400));
        assert_eq!(found(&mut verified, 0, 1000, 1000), Some(100));
        verified.note(KEY, at(50), at(350));
        assert_eq!(found(&mut verified, 0, 1000, 1000), Some(400));
        assert_eq!(found(&mut verified, 50, 1000, 100), Some(100));
        verified.doubt(KEY, at(100), at(300));
        assert_eq!(found(&mut verified, 0, 1000, 1000), Some(100));
        assert_eq!(found(&mut verified, 300, 1000, 1000), Some(400));
    }

    #[test]
    fn what_is_found_can_be_had_step_by_step() {
        let mut verified = Verified::new(1000);
        (0..4).for_each(|at_100| verified.note(KEY, at(at_100 * 100), at(at_100 * 100 + 100)));
        let (begin, end) = verified.find(KEY, 1000, 5000, 250 << 10).expect("known");
        let steps = verified.steps(KEY, begin, end);
        assert_eq!(steps, [Step { from: at(100), to: at(200) }, Step { from: at(200), to: at(300) }]);
        assert_eq!(steps[0].size(), 100 << 10);
        assert_eq!(verified.steps(FileKey { base: 9, ..KEY }, begin, end), []);
    }

    #[test]
    fn whoever_begins_beside_a_mark_comes_back_to_one() {
        let mut verified = Verified::new(1000);
        verified.note(KEY, at(0), at(100));
        verified.note(KEY, at(100), at(200));
        assert_eq!(verified.end_near(KEY, 5, 5000, 150 << 10), Some(1000));
        assert_eq!(verified.end_near(KEY, 5, 5000, 250 << 10), Some(2000));
        assert_eq!(verified.end_near(KEY, 5, 5000, 50 << 10), None);
        assert_eq!(verified.end_near(KEY, 3000, 5000, 50 << 10), None);
    }

    #[test]
    fn whatever_is_known_it_is_bounded_and_forgotten_with_its_segment() {
        let mut verified = Verified::new(10);
        for base in 0..100 {
            verified.note(FileKey { base, ..KEY }, at(0), at(100));
        }
        assert!(verified.count <= 10);
        let known = |verified: &mut Verified, base| verified.find(FileKey { base, ..KEY }, 0, 5000, 1 << 20).is_some();
        assert_eq!((known(&mut verified, 0), known(&mut verified, 99)), (false, true), "the longest unused goes first");
        verified.forget(FileKey { base: 99, ..KEY });
        assert!(!known(&mut verified, 99));
        verified.forget_all_of(1);
        assert_eq!(verified.count, 0);
    }
}
