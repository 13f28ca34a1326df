//! Many stories, many images of each.

use super::binary::Binary;
use super::story::Story;
use super::trial::{Cut, Trial};
use super::watchdog::Watchdog;
use super::without::Without;
use crate::io::sim::Random;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How many images a story without a sync may need until one of them shows it.
const UNSAFE_IMAGES_MAX: usize = 300;

/// Makes a story's trace in a process of its own: seed, data directory, trace, what to leave out.
pub type Tell = Box<dyn Fn(u64, &Path, &Path, Option<Without>) -> Result<(), String>>;

pub struct Campaign {
    pub tell: Tell,
    /// Where stories are lived: a real disk that takes O_DIRECT.
    pub stories: PathBuf,
    /// Where images are made and opened.
    pub images: PathBuf,
    pub images_per_story: usize,
    pub images_max: u64,
    pub deadline: Instant,
    pub binary: Option<Binary>,
    pub watchdog: Watchdog,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub stories: u64,
    pub records: u64,
    pub acks: u64,
    pub images: u64,
    pub failed: u64,
}

impl Campaign {
    #[must_use]
    pub fn is_over(&self, tally: &Tally) -> bool {
        tally.images >= self.images_max || Instant::now() >= self.deadline
    }

    /// A story and its images. What fails is told on stdout and kept.
    pub fn run_seed(&self, seed: u64, tally: &mut Tally) {
        let place = self.stories.join(format!("story-{seed}"));
        tally.stories += 1;
        let failed = tally.failed;
        if let Err(broken) = self.live(seed, &place, None).and_then(|story| self.try_images(&story, seed, &place, tally)) {
            tally.failed += 1;
            println!("seed {seed}: {broken}");
        }
        if tally.failed == failed {
            let _ = std::fs::remove_dir_all(&place);
        }
    }

    fn live(&self, seed: u64, place: &Path, without: Option<Without>) -> Result<Story, String> {
        self.watchdog.begin(format!("seed {seed}, its story"));
        let _ = std::fs::remove_dir_all(place);
        let (data, trace) = (place.join("data"), place.join("trace"));
        std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        (self.tell)(seed, &data, &trace, without)?;
        Story::load(&trace, &data)
    }

    fn try_images(&self, story: &Story, seed: u64, place: &Path, tally: &mut Tally) -> Result<(), String> {
        tally.records += story.records.len() as u64;
        tally.acks += story.acks.len() as u64;
        let image = self.images.join("image");
        let trial = Trial { story, place: &image, binary: self.binary.as_ref(), watchdog: &self.watchdog };
        let cuts = cuts(story, self.images_per_story, seed);
        trial.run(&cuts, |cut, outcome| {
            tally.images += 1;
            if let Err(broken) = outcome {
                tally.failed += 1;
                tell_failure(&trial, cut, &broken, seed, place);
            }
            !self.is_over(tally)
        })
    }

    /// The story without a sync: the first loss that its images show.
    ///
    /// # Errors
    /// None shows any, or the story could not be lived.
    pub fn find_loss(&self, seed: u64, without: Without) -> Result<String, String> {
        let place = self.stories.join(format!("without-{}", without.name()));
        let story = self.live(seed, &place, Some(without))?;
        let image = self.images.join("image");
        let trial = Trial { story: &story, place: &image, binary: None, watchdog: &self.watchdog };
        let (mut found, mut count) = (None, 0);
        trial.run(&cuts(&story, UNSAFE_IMAGES_MAX, seed), |cut, outcome| {
            count += 1;
            found = outcome.err().map(|broken| format!("image {count}, cut after {} records: {broken}", cut.point));
            found.is_none()
        })?;
        let _ = std::fs::remove_dir_all(&place);
        found.ok_or_else(|| format!("{count} images of a story without {} show no loss", without.name()))
    }
}

pub fn cuts(story: &Story, count: usize, seed: u64) -> Vec<Cut> {
    let mut random = Random::new(!seed);
    let points = story.points(count, &mut random);
    points.into_iter().map(|point| Cut { point, seed: random.number() }).collect()
}

fn tell_failure(trial: &Trial, cut: Cut, broken: &str, seed: u64, place: &Path) {
    let Cut { point, seed: image_seed } = cut;
    println!("seed {seed}, {cut} of {} records: {broken}", trial.story.records.len());
    let kept = place.join(format!("image-{point}-{image_seed}"));
    match trial.keep(cut, &kept) {
        Ok(()) => println!("  kept in {}", kept.display()),
        Err(error) => println!("  could not be kept: {error}"),
    }
    let (trace, data) = (place.join("trace"), trial.story.data.display());
    println!("  again: --trace {} --data {data} --point {point} --seed {image_seed}", trace.display());
}
