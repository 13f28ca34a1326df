use std::collections::BTreeMap;
use std::rc::Rc;

/// The smallest unit that a device writes whole.
pub(super) const SECTOR_SIZE: usize = 512;

/// One sector's bytes; None is all zeros, so that a pre-written file of zeros costs next to nothing.
pub(super) type Sector = Option<Rc<[u8; SECTOR_SIZE]>>;

/// A file's bytes, sparse and shared copy-on-write: cloning an image copies no sector.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub size: u64,
    sectors: BTreeMap<u64, Rc<[u8; SECTOR_SIZE]>>,
}

pub(super) fn sector_of(position: u64) -> u64 {
    position / SECTOR_SIZE as u64
}

/// The sectors that a range touches.
pub(super) fn sectors_of(position: u64, size: u64) -> std::ops::Range<u64> {
    sector_of(position)..(position + size).div_ceil(SECTOR_SIZE as u64)
}

impl Content {
    pub fn sector(&self, number: u64) -> Sector {
        self.sectors.get(&number).cloned()
    }

    pub fn set_sector(&mut self, number: u64, sector: Sector) {
        match sector {
            Some(bytes) => self.sectors.insert(number, bytes),
            None => self.sectors.remove(&number),
        };
    }

    pub fn sector_numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.sectors.keys().copied()
    }

    /// Fills the target from the position on, up to the end of the file; returns the count.
    pub fn read(&self, position: u64, target: &mut [u8]) -> usize {
        let size = self.size.saturating_sub(position).min(target.len() as u64) as usize;
        let target = &mut target[..size];
        target.fill(0);
        for (number, bytes) in self.sectors.range(sectors_of(position, size as u64)) {
            let start = number * SECTOR_SIZE as u64;
            let from = position.saturating_sub(start) as usize;
            let at = start.saturating_sub(position) as usize;
            let count = (SECTOR_SIZE - from).min(size - at);
            target[at..at + count].copy_from_slice(&bytes[from..from + count]);
        }
        size
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size as usize];
        self.read(0, &mut bytes);
        bytes
    }

    /// Overwrites within one sector and returns what the sector holds now. Leaves the size alone.
    pub fn write_sector(&mut self, number: u64, from: usize, bytes: &[u8]) -> Sector {
        let mut sector = self.sectors.get(&number).map_or([0; SECTOR_SIZE], |old| **old);
        sector[from..from + bytes.len()].copy_from_slice(bytes);
        let sector = (sector != [0; SECTOR_SIZE]).then(|| Rc::new(sector));
        self.set_sector(number, sector.clone());
        sector
    }

    /// Drops what lies beyond the size, so that growing again shows zeros. Returns the sector that was cut in two.
    pub fn cut(&mut self, size: u64) -> Option<(u64, Sector)> {
        drop(self.sectors.split_off(&size.div_ceil(SECTOR_SIZE as u64)));
        self.size = size;
        let rest = (size % SECTOR_SIZE as u64) as usize;
        (rest > 0).then(|| {
            let number = sector_of(size);
            (number, self.write_sector(number, rest, &[0; SECTOR_SIZE][rest..]))
        })
    }
}
