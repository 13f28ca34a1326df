//! The directory tree: entries as everybody sees them, entries as they would survive a power cut, and the changes
//! between the two. A change becomes durable with the sync of a directory that it touches. A power cut keeps any
//! subset of the others in which two changes of the same name stay in order; a rename is one change, never half.

use super::file_image::Effect;
use super::random::Random;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type InodeId = u64;
pub(super) const ROOT: InodeId = 1;

/// A name in a directory.
pub(super) type Name = (InodeId, String);
type Entries = BTreeMap<Name, InodeId>;

#[derive(Clone)]
struct Change {
    effect: Effect,
    /// The new meaning of each name: an inode, or nothing.
    edits: Vec<(Name, Option<InodeId>)>,
}

impl Change {
    fn touches(&self, directory: InodeId) -> bool {
        self.edits.iter().any(|((parent, _), _)| *parent == directory)
    }

    fn shares_a_name_with(&self, names: &BTreeSet<Name>) -> bool {
        self.edits.iter().any(|(name, _)| names.contains(name))
    }

    fn names(&self) -> impl Iterator<Item = Name> + '_ {
        self.edits.iter().map(|(name, _)| name.clone())
    }

    fn apply(&self, entries: &mut Entries) {
        for (name, inode) in &self.edits {
            match inode {
                Some(inode) => entries.insert(name.clone(), *inode),
                None => entries.remove(name),
            };
        }
    }
}

#[derive(Clone, Default)]
pub(super) struct Namespace {
    visible: Entries,
    durable: Entries,
    changes: Vec<Change>,
}

impl Namespace {
    pub fn find(&self, directory: InodeId, name: &str) -> Option<InodeId> {
        self.visible.get(&(directory, name.to_owned())).copied()
    }

    pub fn find_durable(&self, directory: InodeId, name: &str) -> Option<InodeId> {
        self.durable.get(&(directory, name.to_owned())).copied()
    }

    /// Sorted by name.
    pub fn entries(&self, directory: InodeId) -> impl Iterator<Item = (&str, InodeId)> {
        let all = self.visible.range((directory, String::new())..(directory + 1, String::new()));
        all.map(|((_, name), inode)| (name.as_str(), *inode))
    }

    /// Every inode that has a name now.
    pub fn named(&self) -> BTreeSet<InodeId> {
        self.visible.values().copied().collect()
    }

    pub fn edit(&mut self, effect: Effect, edits: Vec<(Name, Option<InodeId>)>) {
        let change = Change { effect, edits };
        change.apply(&mut self.visible);
        self.changes.push(change);
    }

    /// fsync of a directory: its changes up to the effect, and those that they build on.
    pub fn sync(&mut self, directory: InodeId, until: Effect) {
        let mut names = BTreeSet::new();
        let mut chosen = vec![false; self.changes.len()];
        for (index, change) in self.changes.iter().enumerate().rev() {
            if change.effect <= until && change.touches(directory) || change.shares_a_name_with(&names) {
                chosen[index] = true;
                names.extend(change.names());
            }
        }
        self.settle(|index, _| chosen[index]);
    }

    pub fn sync_all(&mut self) {
        self.settle(|_, _| true);
    }

    pub fn cut_power(&mut self, random: &mut Random) {
        let last = self.changes.last().map_or(0, |change| change.effect);
        let first = self.changes.first().map_or(0, |change| change.effect);
        match random.below(4) {
            0 => {}
            1 => self.settle(|_, _| true),
            2 => {
                let until = random.between(first, last);
                self.settle(|_, change| change.effect <= until);
            }
            _ => self.settle(|_, _| random.coin()),
        }
        self.changes.clear();
        self.visible = self.durable.clone();
    }

    /// Every inode that some name leads to, now or after a power cut.
    pub fn reachable(&self) -> BTreeSet<InodeId> {
        let changed = self.changes.iter().flat_map(|change| change.edits.iter().filter_map(|(_, inode)| *inode));
        self.visible.values().chain(self.durable.values()).copied().chain(changed).chain([ROOT]).collect()
    }

    fn settle(&mut self, mut choose: impl FnMut(usize, &Change) -> bool) {
        let mut kept_names = BTreeSet::new();
        let mut kept = Vec::new();
        for (index, change) in std::mem::take(&mut self.changes).into_iter().enumerate() {
            if choose(index, &change) && !change.shares_a_name_with(&kept_names) {
                change.apply(&mut self.durable);
            } else {
                kept_names.extend(change.names());
                kept.push(change);
            }
        }
        self.changes = kept;
    }
}
