//! The bounded set of open segment files: ten thousand partitions live with a few hundred descriptors.
//!
//! A file in use is leased: eviction, unlink and truncation wait until the last lease ends (DURABILITY.md rule 18).

use crate::io::FileId;
use std::collections::HashMap;

/// A segment of a partition; the partition by its slot in the store, with the slot's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    pub partition: u32,
    pub base: u64,
}

struct OpenFile {
    file: FileId,
    leases: u32,
    used_at: u64,
}

pub struct OpenFiles {
    files: HashMap<FileKey, OpenFile>,
    capacity: usize,
    clock: u64,
}

impl OpenFiles {
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { files: HashMap::new(), capacity: capacity.max(1), clock: 0 }
    }

    /// Leases the file if it is open.
    pub fn lease(&mut self, key: FileKey) -> Option<FileId> {
        self.clock += 1;
        let open = self.files.get_mut(&key)?;
        open.leases += 1;
        open.used_at = self.clock;
        Some(open.file)
    }

    /// Adds a file that was just opened, with one lease. A second descriptor for the same key is returned: close it.
    #[must_use]
    pub fn add(&mut self, key: FileKey, file: FileId) -> Option<FileId> {
        self.clock += 1;
        let used_at = self.clock;
        if let Some(open) = self.files.get_mut(&key) {
            open.leases += 1;
            return Some(file);
        }
        self.files.insert(key, OpenFile { file, leases: 1, used_at });
        None
    }

    pub fn release(&mut self, key: FileKey) {
        let open = self.files.get_mut(&key).expect("a leased file is open");
        assert!(open.leases > 0, "released more often than leased");
        open.leases -= 1;
    }

    #[must_use]
    pub fn file(&self, key: FileKey) -> Option<FileId> {
        self.files.get(&key).map(|open| open.file)
    }

    #[must_use]
    pub fn is_leased(&self, key: FileKey) -> bool {
        self.files.get(&key).is_some_and(|open| open.leases > 0)
    }

    /// Takes a file out that nobody leases; the caller closes it.
    #[must_use]
    pub fn remove(&mut self, key: FileKey) -> Option<FileId> {
        assert!(!self.is_leased(key), "a leased file is not removed");
        self.files.remove(&key).map(|open| open.file)
    }

    /// Files to close so that the set is within its bound again: the longest unused that nobody leases.
    #[must_use]
    pub fn evict(&mut self) -> Vec<FileId> {
        if self.files.len() <= self.capacity {
            return Vec::new();
        }
        let mut idle: Vec<(u64, FileKey)> =
            self.files.iter().filter(|(_, open)| open.leases == 0).map(|(key, open)| (open.used_at, *key)).collect();
        idle.sort_unstable();
        // An eighth more than needed, so that the sort is paid once per many opens.
        let excess = self.files.len() - self.capacity + self.capacity / 8;
        idle.iter().take(excess).filter_map(|(_, key)| self.files.remove(key)).map(|open| open.file).collect()
    }

    /// All keys of a partition, for its removal.
    #[must_use]
    pub fn keys_of(&self, partition: u32) -> Vec<FileKey> {
        let mut keys: Vec<FileKey> = self.files.keys().filter(|key| key.partition == partition).copied().collect();
        keys.sort_unstable();
        keys
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.files.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_but_for_leases_and_the_longest_unused_goes_first() {
        let key = |base| FileKey { partition: 0, base };
        let mut files = OpenFiles::new(2);
        for base in 0..4 {
            assert_eq!(files.add(key(base), FileId(base as u32)), None);
        }
        assert_eq!(files.evict(), vec![], "all leased");
        (0..4).for_each(|base| files.release(key(base)));
        assert_eq!(files.lease(key(0)), Some(FileId(0)));
        files.release(key(0));
        assert_eq!(files.evict(), vec![FileId(1), FileId(2)]);
        assert_eq!(files.count(), 2);
        assert_eq!(files.add(key(3), FileId(9)), Some(FileId(9)), "a second descriptor is handed back");
    }
}
