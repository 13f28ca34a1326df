//! The driver for any stable toolchain: the committed corpus, then mutations of it until the time is over. No coverage
//! guides it; it is deterministic, so a seed and a number are a failure's whole story.

use super::{mutate, Seed, Target, TARGETS};
use std::fs;
use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub struct SliceOptions {
    pub seed: u64,
    /// For all targets together; each gets the same share.
    pub duration: Duration,
    /// None: all of them.
    pub target: Option<String>,
    /// native/fuzz: `corpus` is read there, failing inputs are saved under `artifacts`.
    pub directory: PathBuf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub run: u64,
    pub failed: u64,
}

/// The canary dies of some dozens of inputs. Of so many at the latest, or the fuzzing is broken.
const CANARY_RUNS_MAX: u64 = 100_000;

/// Runs and prints, target by target.
///
/// # Errors
/// The corpus cannot be read, or a failing input cannot be saved.
pub fn run_slice(options: &SliceOptions) -> io::Result<Outcome> {
    let is_chosen = |target: &&Target| options.target.as_deref().is_none_or(|name| name == target.name);
    let chosen: Vec<&Target> = TARGETS.iter().filter(is_chosen).collect();
    let share = options.duration / chosen.len().max(1) as u32;
    let mut total = Outcome::default();
    for target in chosen {
        let Outcome { run, failed } = run_target(target, options, share)?;
        total.run += run;
        total.failed += failed;
    }
    Ok(total)
}

fn run_target(target: &Target, options: &SliceOptions, share: Duration) -> io::Result<Outcome> {
    let corpus = read_corpus(&options.directory, target)?;
    let outcome = if target.is_canary { run_canary(target, &corpus, options) } else { run_all(target, &corpus, options, share)? };
    println!("{}: {} run, {} failed", target.name, outcome.run, outcome.failed);
    Ok(outcome)
}

fn run_all(target: &Target, corpus: &[Seed], options: &SliceOptions, share: Duration) -> io::Result<Outcome> {
    let until = Instant::now() + share;
    let mut outcome = Outcome::default();
    for (name, bytes) in corpus {
        outcome.run += 1;
        if let Err(message) = attempt(target, bytes) {
            outcome.failed += 1;
            println!("{}: corpus file {name}: {message}", target.name);
        }
    }
    // One finding per target and run: the next one is often the same, and each is a file.
    let mut number = 0;
    while outcome.failed == 0 && Instant::now() < until {
        let bytes = mutate::input(corpus, options.seed, number);
        outcome.run += 1;
        if let Err(message) = attempt(target, &bytes) {
            outcome.failed += 1;
            let path = save(target, options, number, &bytes)?;
            println!("{}: seed {}, input {number}: {message}", target.name, options.seed);
            println!("{}: saved as {}", target.name, path.display());
        }
        number += 1;
    }
    Ok(outcome)
}

/// Its failure is what is expected, and counts as passed.
fn run_canary(target: &Target, corpus: &[Seed], options: &SliceOptions) -> Outcome {
    let seeds_pass = corpus.iter().all(|(_, bytes)| attempt(target, bytes).is_ok());
    let died_at = (0..CANARY_RUNS_MAX).find(|&number| attempt(target, &mutate::input(corpus, options.seed, number)).is_err());
    let run = corpus.len() as u64 + died_at.map_or(CANARY_RUNS_MAX, |number| number + 1);
    Outcome { run, failed: u64::from(!seeds_pass || died_at.is_none()) }
}

fn attempt(target: &Target, bytes: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_owned()
    })
}

fn save(target: &Target, options: &SliceOptions, number: u64, bytes: &[u8]) -> io::Result<PathBuf> {
    let folder = options.directory.join("artifacts").join(target.name);
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("seed-{}-input-{number}", options.seed));
    fs::write(&path, bytes)?;
    Ok(path)
}

fn corpus_folder(directory: &Path, target: &Target) -> PathBuf {
    directory.join("corpus").join(target.name)
}

/// Sorted by name, so that an input's number means the same on every machine.
pub(super) fn read_corpus(directory: &Path, target: &Target) -> io::Result<Vec<Seed>> {
    let mut corpus = Vec::new();
    for entry in fs::read_dir(corpus_folder(directory, target))? {
        let entry = entry?;
        corpus.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
    }
    corpus.sort();
    Ok(corpus)
}

/// Writes the seeds of every target; files that are there besides stay.
///
/// # Errors
/// A file cannot be written.
pub fn write_corpus(directory: &Path) -> io::Result<()> {
    for target in TARGETS {
        let folder = corpus_folder(directory, target);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in (target.seeds)() {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}
