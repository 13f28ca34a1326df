//! One file as the simulator sees it: what reads see (the page cache), what would survive a power cut, and every
//! version between the two. A version is a whole sector, because a sector is what reaches the device whole: of a
//! sector written three times since the last sync, any of the three states, or the synced one, may be found later.

use super::content::{sector_of, sectors_of, Content, Sector, SECTOR_SIZE};
use super::random::Random;
use super::ranges::Ranges;
use crate::io::BLOCK_SIZE;
use std::collections::BTreeMap;

/// Counts the changes of the whole disk; "up to effect N" is a point in its history.
pub(super) type Effect = u64;

#[derive(Clone)]
struct Version {
    effect: Effect,
    sector: Sector,
}

#[derive(Clone, Copy)]
struct SizeChange {
    effect: Effect,
    size: u64,
    shrinks: bool,
}

#[derive(Clone, Default)]
pub(super) struct FileImage {
    cached: Content,
    durable: Content,
    /// Per sector, the states since the last sync that covered it, oldest first.
    versions: BTreeMap<u64, Vec<Version>>,
    /// Size changes since the last sync, oldest first. A file system journals them in this order.
    sizes: Vec<SizeChange>,
    /// Blocks taken from the device, by writes and by Allocate.
    reserved: Ranges,
    reserved_durable: Ranges,
}

/// How much of what was not synced survives a power cut.
#[derive(Clone, Copy)]
enum Survival {
    Nothing,
    Everything,
    /// The device wrote in order and stopped.
    UpTo(Effect),
    AnySectors,
    AllButOne,
}

impl FileImage {
    pub fn size(&self) -> u64 {
        self.cached.size
    }

    pub fn cached(&self) -> &Content {
        &self.cached
    }

    pub fn durable(&self) -> &Content {
        &self.durable
    }

    pub fn has_unsynced(&self) -> bool {
        !self.versions.is_empty() || !self.sizes.is_empty()
    }

    pub fn reserved_blocks(&self) -> u64 {
        self.reserved.count()
    }

    /// Blocks that a write or an allocation of the range would newly take.
    pub fn blocks_missing(&self, position: u64, size: u64) -> u64 {
        let (start, end) = blocks_of(position, size);
        self.reserved.missing(start, end)
    }

    pub fn allocate(&mut self, position: u64, size: u64) {
        let (start, end) = blocks_of(position, size);
        self.reserved.insert(start, end);
    }

    /// `keep` chooses sectors of the write that take effect: all of them, or those of a torn write.
    /// With `lost`, the device will forget the bytes whatever is synced later.
    pub fn write(&mut self, effect: Effect, position: u64, bytes: &[u8], mut keep: impl FnMut() -> bool, lost: bool) {
        if bytes.is_empty() {
            return;
        }
        self.allocate(position, bytes.len() as u64);
        for number in sectors_of(position, bytes.len() as u64) {
            if !keep() {
                continue;
            }
            let start = number * SECTOR_SIZE as u64;
            let from = position.saturating_sub(start) as usize;
            let at = start.saturating_sub(position) as usize;
            let count = (SECTOR_SIZE - from).min(bytes.len() - at);
            let sector = self.cached.write_sector(number, from, &bytes[at..at + count]);
            if !lost {
                self.versions.entry(number).or_default().push(Version { effect, sector });
            }
        }
        let end = position + bytes.len() as u64;
        if end > self.cached.size {
            self.cached.size = end;
            self.sizes.push(SizeChange { effect, size: end, shrinks: false });
        }
    }

    pub fn set_size(&mut self, effect: Effect, size: u64) {
        if size == self.cached.size {
            return;
        }
        let shrinks = size < self.cached.size;
        if shrinks {
            if let Some((number, sector)) = self.cached.cut(size) {
                self.versions.entry(number).or_default().push(Version { effect, sector });
            }
            self.reserved.cut(size.div_ceil(BLOCK_SIZE as u64));
        } else {
            self.cached.size = size;
        }
        self.sizes.push(SizeChange { effect, size, shrinks });
    }

    /// fdatasync: all that took effect up to here is durable.
    pub fn sync(&mut self, until: Effect) {
        self.settle(until, |_, _| until);
        self.reserved_durable = self.reserved.clone();
    }

    /// A write with RWF_DSYNC: its own range, as it was right after the write, and the size.
    pub fn sync_range(&mut self, until: Effect, position: u64, size: u64) {
        let range = sectors_of(position, size);
        self.settle(until, |number, _| if range.contains(&number) { until } else { 0 });
        self.reserved_durable = self.reserved.clone();
    }

    /// A sync that failed as Linux does it: some pages were written, the others are marked clean though they were
    /// not, so that reads still show them, a later sync reports success, and a power cut forgets them.
    pub fn fail_sync(&mut self, random: &mut Random) {
        self.settle(0, |_, versions| if random.coin() { newest(versions) } else { 0 });
        self.versions.clear();
    }

    /// The power is gone: what is durable, and any legal part of what was not synced, is all there is.
    pub fn cut_power(&mut self, random: &mut Random, sector_size: usize) {
        if self.has_unsynced() {
            let survival = self.survival(random);
            let sizes_until = self.surviving_sizes(survival, random);
            let survivors = self.surviving_sectors(survival, random, sector_size as u64);
            self.settle(sizes_until, |number, _| {
                survivors.get(&(number * SECTOR_SIZE as u64 / sector_size as u64)).copied().unwrap_or(0)
            });
            self.versions.clear();
            self.sizes.clear();
            self.durable.cut(self.durable.size);
        }
        self.cached = self.durable.clone();
        if random.coin() {
            self.reserved = self.reserved_durable.clone();
        }
        for number in self.durable.sector_numbers() {
            let block = number * SECTOR_SIZE as u64 / BLOCK_SIZE as u64;
            self.reserved.insert(block, block + 1);
        }
        self.reserved_durable = self.reserved.clone();
    }

    /// Changes stored bytes behind everybody's back, as a failing medium does.
    pub fn flip_bit(&mut self, position: u64, bit: u8) {
        let (number, from) = (sector_of(position), (position % SECTOR_SIZE as u64) as usize);
        for content in [&mut self.cached, &mut self.durable] {
            let old = content.sector(number).map_or(0, |sector| sector[from]);
            content.write_sector(number, from, &[old ^ (1 << bit)]);
        }
    }

    /// Moves versions to the durable image: size changes up to `sizes_until`, and per sector the versions up to what
    /// `sector_until` answers. Truncation orders the two: behind a shrink that is not durable nothing newer is.
    fn settle(&mut self, sizes_until: Effect, mut sector_until: impl FnMut(u64, &[Version]) -> Effect) {
        let applied = self.sizes.partition_point(|change| change.effect <= sizes_until);
        let changes: Vec<SizeChange> = self.sizes.drain(..applied).collect();
        for change in &changes {
            self.settle_size(*change);
        }
        let shrinks: Vec<SizeChange> = self.sizes.iter().filter(|change| change.shrinks).copied().collect();
        let durable = &mut self.durable;
        self.versions.retain(|number, versions| {
            let barred =
                shrinks.iter().find(|change| change.size <= number * SECTOR_SIZE as u64).map_or(u64::MAX, |change| change.effect);
            let until = sector_until(*number, versions).min(barred);
            let applied = versions.partition_point(|version| version.effect <= until);
            if let Some(version) = versions.drain(..applied).next_back() {
                durable.set_sector(*number, version.sector);
            }
            !versions.is_empty()
        });
    }

    fn settle_size(&mut self, change: SizeChange) {
        if !change.shrinks {
            self.durable.size = change.size;
            return;
        }
        self.durable.cut(change.size);
        let first_gone = change.size.div_ceil(SECTOR_SIZE as u64);
        for versions in self.versions.range_mut(first_gone..).map(|(_, versions)| versions) {
            versions.retain(|version| version.effect > change.effect);
        }
        self.versions.retain(|_, versions| !versions.is_empty());
    }

    fn survival(&self, random: &mut Random) -> Survival {
        match random.below(6) {
            0 => Survival::Nothing,
            1 => Survival::Everything,
            2 => Survival::UpTo(self.any_effect(random)),
            3 => Survival::AllButOne,
            _ => Survival::AnySectors,
        }
    }

    fn any_effect(&self, random: &mut Random) -> Effect {
        let sectors = self.versions.values().flatten().map(|version| version.effect);
        let effects: Vec<Effect> = sectors.chain(self.sizes.iter().map(|change| change.effect)).collect();
        effects.get(random.below(effects.len() as u64) as usize).copied().unwrap_or(0)
    }

    fn surviving_sizes(&self, survival: Survival, random: &mut Random) -> Effect {
        let newest = self.sizes.last().map_or(0, |change| change.effect);
        match survival {
            Survival::Nothing => 0,
            Survival::Everything | Survival::AllButOne => newest,
            Survival::UpTo(effect) => effect,
            Survival::AnySectors => match random.below(self.sizes.len() as u64 + 1) {
                0 => 0,
                count => self.sizes[count as usize - 1].effect,
            },
        }
    }

    /// Per device sector, up to which effect its versions survive.
    fn surviving_sectors(&self, survival: Survival, random: &mut Random, sector_size: u64) -> BTreeMap<u64, Effect> {
        let mut effects: BTreeMap<u64, Vec<Effect>> = BTreeMap::new();
        for (number, versions) in &self.versions {
            let group = effects.entry(number * SECTOR_SIZE as u64 / sector_size).or_default();
            group.extend(versions.iter().map(|version| version.effect));
        }
        let missing = random.below(effects.len() as u64);
        let mut survivors = BTreeMap::new();
        for (index, (group, mut effects)) in effects.into_iter().enumerate() {
            effects.sort_unstable();
            effects.dedup();
            let newest = *effects.last().expect("a sector is listed with its versions");
            let until = match survival {
                Survival::Nothing => 0,
                Survival::Everything => newest,
                Survival::UpTo(effect) => effect,
                Survival::AllButOne if index as u64 == missing => 0,
                Survival::AllButOne => newest,
                Survival::AnySectors => match random.below(effects.len() as u64 + 1) {
                    0 => 0,
                    count => effects[count as usize - 1],
                },
            };
            survivors.insert(group, until);
        }
        survivors
    }
}

fn newest(versions: &[Version]) -> Effect {
    versions.last().map_or(0, |version| version.effect)
}

fn blocks_of(position: u64, size: u64) -> (u64, u64) {
    (position / BLOCK_SIZE as u64, (position + size).div_ceil(BLOCK_SIZE as u64))
}
