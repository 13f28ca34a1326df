//! Parts of segment files lent to whoever sends them without reading them (DURABILITY.md rule 18).
//!
//! Lent is what lies between two marks of `log/verified.rs` and in the page cache: so it was checked, nothing has to be read to know where
//! batches end, and whoever sends it does not wait for the device. Everything else goes the way of `read.rs`, which checks it.
//!
//! Where only pages here and there are missing, these are read and checked again (`mend.rs`), and then all of it is lent.
//!
//! A lease has no end of its own: a slow reader may keep it as long as nobody wants the file. Whoever does, a cut, a deletion, a move,
//! recalls it; the holder gives it back at its next turn and reads on by offset. They are few, so the oldest is recalled for a new one.

use super::read::FileRead;
use super::{Event, Store};
use crate::io::{FileSpan, SharedFile};
use crate::log::open_files::FileKey;
use crate::log::verified::Step;
use std::collections::{BTreeMap, HashMap};

/// Below it a copy is cheaper than naming.
const SIZE_MIN: u64 = 32 << 10;
const LEASES_MAX: usize = 256;
/// Files that are kept open though nobody has a lease on them.
const IDLE_MAX: usize = 64;

/// Whole batches in a file: its bytes stay as they are until `give_back`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LentSlice {
    pub lease: u64,
    pub span: FileSpan,
    pub base: u64,
    pub next: u64,
}

/// How what a read asks for can be had in its place.
pub(super) enum Lending {
    Lent(LentSlice),
    /// All but these steps is in memory.
    Holes(FileKey, Vec<Step>),
}

struct Lease {
    key: FileKey,
    is_recalled: bool,
}

struct Open {
    file: SharedFile,
    leases: usize,
    used_at: u64,
}

#[derive(Default)]
pub(super) struct Lent {
    files: HashMap<FileKey, Open>,
    leases: BTreeMap<u64, Lease>,
    last: u64,
}

impl Lent {
    pub fn is_lent(&self, key: FileKey) -> bool {
        self.files.get(&key).is_some_and(|open| open.leases > 0)
    }

    fn has_lent_of(&self, partition: u32) -> bool {
        self.leases.values().any(|lease| lease.key.partition == partition)
    }

    fn take(&mut self, key: FileKey) -> u64 {
        self.last += 1;
        let open = self.files.get_mut(&key).expect("a file that was opened");
        open.leases += 1;
        open.used_at = self.last;
        self.leases.insert(self.last, Lease { key, is_recalled: false });
        self.last
    }

    /// Closes those unused for longest. Each closes its descriptor, and none is the last of a file that is being removed.
    fn trim(&mut self) {
        let mut idle: Vec<(u64, FileKey)> =
            self.files.iter().filter(|(_, open)| open.leases == 0).map(|(key, open)| (open.used_at, *key)).collect();
        if idle.len() > IDLE_MAX {
            idle.sort_unstable();
            // An eighth more than needed, so that the sort is paid once per many.
            let excess = idle.len() - IDLE_MAX + IDLE_MAX / 8;
            idle.iter().take(excess).for_each(|(_, key)| drop(self.files.remove(key)));
        }
    }

    /// Nobody has a lease on it: before it is removed.
    pub fn close(&mut self, key: FileKey) {
        if let Some(open) = self.files.remove(&key) {
            assert_eq!(open.leases, 0, "a lent file is not removed");
        }
    }

    pub fn close_all_of(&mut self, partition: u32) {
        assert!(!self.has_lent_of(partition), "a lent file is not removed");
        self.files.retain(|key, _| key.partition != partition);
    }
}

impl Store {
    /// What a read asks for, as a place in its file, if it can be had so.
    pub(super) fn lend(&mut self, read: &FileRead) -> Option<Lending> {
        // What changes files waits until nobody reads them.
        if self.controls.contains_key(&read.partition) {
            return None;
        }
        let state = self.partition(read.partition)?;
        let key = FileKey { partition: read.partition, base: state.segments[state.segment_of(read.offset)?].base };
        let (begin, end) = self.verified.find(key, read.offset, read.limit.min(state.written.offset), read.size_max)?;
        let size = end.position - begin.position;
        if size < SIZE_MIN || !self.may_lend(key) {
            return None;
        }
        let file = &self.lent.files[&key].file;
        let span = FileSpan { file: file.number(), position: begin.position, size: size as usize };
        if !file.is_resident(span.position, span.size) {
            let is_there = |step: &Step| file.is_resident(step.from.position, step.size());
            let holes: Vec<Step> = self.verified.steps(key, begin, end).into_iter().filter(|step| !is_there(step)).collect();
            holes.iter().for_each(|hole| self.verified.doubt(key, hole.from, hole.to));
            let missing: usize = holes.iter().map(Step::size).sum();
            return (missing <= span.size / 2).then_some(Lending::Holes(key, holes));
        }
        let lease = self.lent.take(key);
        Some(Lending::Lent(LentSlice { lease, span, base: begin.offset, next: end.offset }))
    }

    /// Has the file open, and a lease to give.
    fn may_lend(&mut self, key: FileKey) -> bool {
        if self.lent.leases.len() >= LEASES_MAX {
            let oldest = self.lent.leases.iter().find(|(_, lease)| !lease.is_recalled).map(|(lease, _)| *lease);
            oldest.into_iter().for_each(|lease| self.recall(lease));
            return false;
        }
        if self.lent.files.contains_key(&key) {
            return true;
        }
        let id = self.live(key.partition).id;
        let path = self.paths.log(&id, key.base);
        // Opening is for reading what is there to see: a read by the other way is told what is wrong with it.
        let Some(file) = self.io.share(&path) else { return false };
        self.lent.trim();
        self.lent.files.insert(key, Open { file, leases: 0, used_at: 0 });
        true
    }

    fn recall(&mut self, lease: u64) {
        let known = self.lent.leases.get_mut(&lease).expect("a lease that was given");
        if !std::mem::replace(&mut known.is_recalled, true) {
            self.events.push(Event::Recalled { partition: known.key.partition, lease });
        }
    }

    /// Nobody sends from it any more. Once for each.
    pub fn give_back(&mut self, lease: u64) {
        let Some(Lease { key, .. }) = self.lent.leases.remove(&lease) else { return };
        self.lent.files.get_mut(&key).expect("open while it is lent").leases -= 1;
        let is_passed =
            self.partition(key.partition).is_some_and(|state| state.segments.first().is_some_and(|first| first.base == key.base));
        if is_passed && !self.lent.is_lent(key) {
            self.remove_old_segments(key.partition);
        }
    }

    /// Leases on files of the partition, or on one of them, are wanted back. True: there are some.
    pub(super) fn recall_all_of(&mut self, partition: u32, base: Option<u64>) -> bool {
        let is_meant = |key: &FileKey| key.partition == partition && base.is_none_or(|base| base == key.base);
        let wanted: Vec<u64> =
            self.lent.leases.iter().filter(|(_, lease)| is_meant(&lease.key)).map(|(lease, _)| *lease).collect();
        wanted.iter().for_each(|lease| self.recall(*lease));
        !wanted.is_empty()
    }

    #[must_use]
    pub fn lent_count(&self) -> usize {
        self.lent.leases.len()
    }
}
