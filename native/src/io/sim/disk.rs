use super::engine::Engine;
use super::faults::FaultPlan;
use super::power::Image;
use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How a disk behaves. The seed decides everything that is left to chance.
#[derive(Clone, Debug)]
pub struct SimOptions {
    pub seed: u64,
    /// What the device writes whole; None lets each restart choose 512 or 4096.
    pub sector_size: Option<usize>,
    /// In bytes; None is endless.
    pub capacity: Option<u64>,
    /// From submit to effect, smallest and largest. One operation in sixteen takes ten times as long.
    pub latency_ns: (u64, u64),
    /// Panic when the memory of a write changes between submit and completion.
    pub check_memory: bool,
}

impl SimOptions {
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, sector_size: None, capacity: None, latency_ns: (10_000, 500_000), check_memory: true }
    }
}

/// A simulated disk. A handle: clones are the same disk. It outlives crashes; the `SimIo`s over it do not: after a
/// restart or a kill theirs is an earlier life, and every operation of theirs fails with `IoError::POWER_LOST`.
///
/// A campaign over every crash point runs the workload once and reads `boundaries`, then for each `n` below it makes
/// the same disk from the same seed, calls `crash_after(n)`, runs the workload until it meets POWER_LOST, calls
/// `restart(seed)` and opens the result. `snapshot` after the crash lets it try many restarts, or crashes inside
/// recovery, without running the workload again.
#[derive(Clone)]
pub struct SimDisk {
    pub(super) engine: Rc<RefCell<Engine>>,
}

/// A copy of the disk at one moment; cheap, as unchanged sectors are shared. Belongs to no thread but its own.
#[derive(Clone)]
pub struct DiskSnapshot {
    image: Image,
}

impl SimDisk {
    #[must_use]
    pub fn new(options: SimOptions) -> Self {
        Self { engine: Rc::new(RefCell::new(Engine::new(options))) }
    }

    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::new(SimOptions::seeded(seed))
    }

    pub(super) fn engine(&self) -> RefMut<'_, Engine> {
        self.engine.borrow_mut()
    }

    // Time.

    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.engine().now_ns()
    }

    /// Lets simulated time pass; what falls due happens.
    pub fn advance(&self, ns: u64) {
        self.engine().advance(ns);
    }

    /// Jumps to the next thing that happens on this disk, whichever Io it belongs to. False if nothing is in flight.
    pub fn step(&self) -> bool {
        self.engine().step()
    }

    // Faults.

    /// From now on; the plan's counters begin at zero.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.engine().faults = plan;
    }

    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.engine().fs.capacity = capacity;
    }

    /// Changes one stored bit, in the cache and on the medium.
    pub fn flip_bit(&self, path: &Path, position: u64, bit: u8) {
        let mut engine = self.engine();
        let inode = engine.fs.find(path).expect("the file exists");
        assert!(position < engine.fs.file(inode).size(), "position {position} is beyond the end");
        engine.fs.file_mut(inode).flip_bit(position, bit);
    }

    /// Cuts or extends a file, durably.
    pub fn set_file_size(&self, path: &Path, size: u64) {
        let mut engine = self.engine();
        let inode = engine.fs.find(path).expect("the file exists");
        engine.fs.set_size(inode, size);
        let effect = engine.fs.effect();
        engine.fs.sync(inode, effect);
    }

    // Crashes.

    /// The points at which power can go, passed since this life began: before and after every write, sync and
    /// change of metadata. A durable write has four.
    #[must_use]
    pub fn boundaries(&self) -> u64 {
        self.engine().boundaries()
    }

    /// Power goes when `count` more boundaries are passed: 0 is right before the next operation takes effect, 1
    /// right after it and before its completion is seen.
    pub fn crash_after(&self, count: u64) {
        self.engine().crash_after(Some(count));
    }

    pub fn crash_never(&self) {
        self.engine().crash_after(None);
    }

    /// Power goes now.
    pub fn cut_power(&self) {
        self.engine().lose_power();
    }

    #[must_use]
    pub fn has_power(&self) -> bool {
        self.engine().has_power()
    }

    /// Cuts the power if it is on, and comes up again with one legal durable image, chosen by the seed: any part of
    /// what was not synced. Time and randomness go on from the seed; faults and capacity stay as they are set.
    pub fn restart(&self, seed: u64) {
        self.engine().restart(seed);
    }

    /// The process dies and the machine lives: the page cache survives, and what was in flight happened or not.
    pub fn kill(&self) {
        self.engine().kill();
    }

    /// Taken with the power on, it does not contain what is in flight; after a crash it does.
    #[must_use]
    pub fn snapshot(&self) -> DiskSnapshot {
        DiskSnapshot { image: self.engine().image() }
    }

    /// Back to the snapshot. Ends the life of every Io of this disk and clears the faults.
    pub fn restore(&self, snapshot: &DiskSnapshot) {
        self.engine().restore(&snapshot.image);
    }

    // The contents, from outside: for setting up and for judging, not through an Io.

    /// Creates or replaces a file, durably, with the directories on the way.
    pub fn put_file(&self, path: &Path, bytes: &[u8]) {
        self.put_dir(path.parent().expect("a file has a name"));
        let mut engine = self.engine();
        let fs = &mut engine.fs;
        let inode = fs.find(path).unwrap_or_else(|_| fs.create(path).expect("the parent exists"));
        fs.set_size(inode, 0);
        let effect = fs.next_effect();
        fs.file_mut(inode).write(effect, 0, bytes, || true, false);
        fs.sync_all();
    }

    /// Creates a directory, durably, with those above it.
    pub fn put_dir(&self, path: &Path) {
        let mut engine = self.engine();
        let mut above: Vec<&Path> = path.ancestors().collect();
        while let Some(path) = above.pop() {
            if engine.fs.find(path).is_err() {
                engine.fs.make_dir(path).expect("the parent exists");
            }
        }
        engine.fs.sync_all();
    }

    /// As reads see it now; None if there is no such file.
    #[must_use]
    pub fn file(&self, path: &Path) -> Option<Vec<u8>> {
        let engine = self.engine();
        let inode = engine.fs.find(path).ok()?;
        (!engine.fs.is_directory(inode)).then(|| engine.fs.file(inode).cached().bytes())
    }

    /// What is certain to survive a power cut: synced contents under a synced name.
    #[must_use]
    pub fn durable_file(&self, path: &Path) -> Option<Vec<u8>> {
        self.engine().fs.durable_bytes(path)
    }

    #[must_use]
    pub fn has_unsynced(&self, path: &Path) -> bool {
        let engine = self.engine();
        engine.fs.find(path).is_ok_and(|inode| engine.fs.has_unsynced(inode))
    }

    /// Every file with its bytes, as reads see them. Two disks that answer the same hold the same.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut directories = vec![PathBuf::from("/")];
        while let Some(directory) = directories.pop() {
            let entries = self.engine().fs.list(&directory).expect("it was listed");
            for entry in entries {
                let path = directory.join(&entry.name);
                if entry.is_dir {
                    directories.push(path);
                } else {
                    let bytes = self.file(&path).expect("it was listed");
                    files.insert(path, bytes);
                }
            }
        }
        files
    }
}
