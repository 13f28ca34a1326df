use super::binary::Binary;
use super::image::write_out;
use super::judge::judge;
use super::opening::{inspected, recovered, SeenBatches};
use super::story::Story;
use super::watchdog::Watchdog;
use crate::io::sim::{Random, TraceDisk};
use crate::io::IoChoice;
use std::fmt;
use std::path::Path;

/// One power cut: when, and which of the legal images it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub point: usize,
    pub seed: u64,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "power cut after {} records, image {}", self.point, self.seed)
    }
}

/// Judges images of one story, one after the other, in one directory.
pub struct Trial<'a> {
    pub story: &'a Story,
    /// Where images are made; each replaces the one before it.
    pub place: &'a Path,
    /// The command as it is installed, to open each image with as well.
    pub binary: Option<&'a Binary>,
    pub watchdog: &'a Watchdog,
}

impl Trial<'_> {
    /// Follows the story and cuts the power at the points, which ascend; each is told to `outcome` with what broke.
    /// Ends early when `outcome` answers false.
    ///
    /// # Errors
    /// The story contradicts itself.
    pub fn run(&self, cuts: &[Cut], mut outcome: impl FnMut(Cut, Result<(), String>) -> bool) -> Result<(), String> {
        let mut disk = self.story.begin();
        let mut passed = 0;
        for cut in cuts {
            for record in &self.story.records[passed..cut.point] {
                disk.apply(record).map_err(|contradiction| contradiction.to_string())?;
            }
            passed = cut.point;
            self.watchdog.begin(format!("{}, {cut}", self.story.data.display()));
            if !outcome(*cut, self.judge(&disk, *cut)) {
                break;
            }
        }
        Ok(())
    }

    fn judge(&self, disk: &TraceDisk, cut: Cut) -> Result<(), String> {
        let image = disk.lose_power(cut.seed);
        let write = || write_out(&image, &self.story.data, self.place).map_err(|error| format!("write the image: {error}"));
        write()?;
        self.judge_in_process(cut)?;
        if let Some(binary) = self.binary {
            write()?;
            binary.open_twice(self.place, |seen| judge(self.story, cut.point, seen))?;
        }
        Ok(())
    }

    /// Opening twice, the second time after a kill, gives what the inspection foretold.
    fn judge_in_process(&self, cut: Cut) -> Result<(), String> {
        let mut random = Random::new(cut.seed);
        let mut choice = || if random.below(4) == 0 { IoChoice::Fallback } else { IoChoice::Auto };
        let foretold = inspected(choice(), self.place).map_err(|broken| format!("before recovery: {broken}"))?;
        let first = recovered(choice(), self.place, cut.seed).map_err(|broken| format!("first opening: {broken}"))?;
        judge(self.story, cut.point, &first)?;
        same(&foretold, &first, "the inspection foretold")?;
        let second = recovered(choice(), self.place, !cut.seed).map_err(|broken| format!("second opening: {broken}"))?;
        same(&first, &second, "the first opening gave")
    }

    /// Leaves the image as the power cut left it, for someone to look at.
    ///
    /// # Errors
    /// The story contradicts itself, or the file system fails.
    pub fn keep(&self, cut: Cut, to: &Path) -> Result<(), String> {
        let mut disk = self.story.begin();
        for record in &self.story.records[..cut.point] {
            disk.apply(record).map_err(|contradiction| contradiction.to_string())?;
        }
        write_out(&disk.lose_power(cut.seed), &self.story.data, to).map_err(|error| format!("write the image: {error}"))
    }
}

/// In one line, where the two differ first.
pub(super) fn same(one: &SeenBatches, other: &SeenBatches, what: &str) -> Result<(), String> {
    if one == other {
        return Ok(());
    }
    let keys = one.keys().chain(other.keys());
    for key in keys {
        let (one, other) = (one.get(key).map_or(&[][..], Vec::as_slice), other.get(key).map_or(&[][..], Vec::as_slice));
        let at = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        if at < one.len().max(other.len()) {
            return Err(format!("{} {}: {what} {:?}, then there was {:?}", key.0, key.1, one.get(at), other.get(at)));
        }
    }
    unreachable!("maps that differ differ somewhere")
}
