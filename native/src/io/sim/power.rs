//! Losing power and process, and coming back.

use super::engine::Engine;
use super::faults::FaultPlan;
use super::file_system::{FileSystem, WriteFate};
use super::job::{Job, Work};
use super::random::Random;
use crate::io::{IoError, OpenMode, BLOCK_SIZE};

/// The part of an engine that a snapshot keeps: no client, no queue, no memory of anybody.
#[derive(Clone)]
pub(super) struct Image {
    fs: FileSystem,
    random: Random,
    has_power: bool,
    stranded: Vec<Job>,
}

impl Image {
    /// A disk whose power went while these jobs were under way.
    pub fn without_power(fs: FileSystem, stranded: Vec<Job>) -> Self {
        Self { fs, random: Random::new(0), has_power: false, stranded }
    }
}

impl Engine {
    pub fn boundaries(&self) -> u64 {
        self.boundaries
    }

    pub fn crash_after(&mut self, boundaries: Option<u64>) {
        self.crash_at = boundaries.map(|count| self.boundaries + count);
    }

    pub fn has_power(&self) -> bool {
        self.has_power
    }

    /// Writes, syncs and metadata changes, each before and after it takes effect.
    pub(super) fn is_boundary(&self, job: &Job) -> bool {
        match &job.work {
            Work::Fail(_) | Work::Close | Work::Read { .. } | Work::StartWriteback => false,
            Work::Open { path, mode } => {
                matches!(mode, OpenMode::Write | OpenMode::CreateNew | OpenMode::Direct) && self.fs.find(path).is_err()
            }
            _ => true,
        }
    }

    pub(super) fn reaches_crash(&mut self) -> bool {
        if self.crash_at == Some(self.boundaries) {
            return true;
        }
        self.boundaries += 1;
        false
    }

    /// Nothing reaches the device from now on; everything in flight fails.
    pub fn lose_power(&mut self) {
        self.strand(None);
    }

    pub(super) fn strand(&mut self, current: Option<Job>) {
        if !self.has_power {
            return;
        }
        self.has_power = false;
        self.crash_at = None;
        let jobs: Vec<Job> = current.into_iter().chain(std::mem::take(&mut self.queue).into_values()).collect();
        for mut job in jobs {
            self.complete(job.client, job.token, Err(IoError::POWER_LOST));
            // From here on the memory may be reused: only the copy counts.
            match &mut job.work {
                Work::Write { payload, .. } => payload.memory.clear(),
                Work::Open { .. } | Work::Allocate { .. } | Work::SetSize { .. } | Work::MakeDir { .. } => {}
                Work::Rename { .. } | Work::Unlink { .. } | Work::RemoveDir { .. } => {}
                _ => continue,
            }
            self.stranded.push(job);
        }
    }

    pub fn restart(&mut self, seed: u64) {
        self.lose_power();
        self.random = Random::new(seed);
        self.apply_stranded();
        let sector_size = self.options.sector_size.unwrap_or(if self.random.coin() { 512 } else { 4096 });
        self.fs.cut_power(&mut self.random, sector_size);
        self.begin_life();
    }

    /// The process dies, the machine lives: the page cache survives.
    pub fn kill(&mut self) {
        assert!(self.has_power, "a kill needs a running machine; after a power cut comes a restart");
        self.lose_power();
        self.apply_stranded();
        self.fs.drop_all_users();
        self.begin_life();
    }

    fn begin_life(&mut self) {
        self.clients.values_mut().for_each(|client| client.is_alive = false);
        self.locks.clear();
        self.boundaries = 0;
        self.crash_at = None;
        self.has_power = true;
    }

    /// Of what was in flight, in any order, some took effect.
    fn apply_stranded(&mut self) {
        let mut jobs = std::mem::take(&mut self.stranded);
        while !jobs.is_empty() {
            let job = jobs.swap_remove(self.random.below(jobs.len() as u64) as usize);
            if self.random.coin() {
                self.apply(&job);
            }
        }
    }

    /// Errors are nobody's business any more.
    fn apply(&mut self, job: &Job) {
        let _ = match &job.work {
            Work::Open { path, mode: OpenMode::Write | OpenMode::CreateNew | OpenMode::Direct } => self.fs.create(path).map(drop),
            Work::Write { position, payload, .. } => {
                let pages = self.random.below(payload.bytes.len() as u64 / BLOCK_SIZE as u64 + 2);
                let size = size_up_to_page(*position, pages).min(payload.bytes.len());
                let bytes = &payload.bytes[..size];
                self.fs.write(job.file(), *position, bytes, WriteFate::Whole, &mut self.random).map(drop)
            }
            other => self.change(other, job.inode),
        };
    }

    // Snapshots.

    /// Operations in flight are not part of it, unless the power is off already.
    pub fn image(&self) -> Image {
        Image { fs: self.fs.clone(), random: self.random.clone(), has_power: self.has_power, stranded: self.stranded.clone() }
    }

    pub fn restore(&mut self, image: &Image) {
        self.lose_power();
        self.begin_life();
        let image = image.clone();
        (self.fs, self.random) = (image.fs, image.random);
        (self.has_power, self.stranded) = (image.has_power, image.stranded);
        self.faults = FaultPlan::new();
    }
}

/// The kernel takes a write page by page: what is interrupted ends with a page of the file, or is whole.
fn size_up_to_page(position: u64, pages: u64) -> usize {
    let block = BLOCK_SIZE as u64;
    ((position / block + pages) * block).saturating_sub(position) as usize
}
