//! The proof on real disks: `cargo run --release --no-default-features --example images -- [OPTIONS]`
//!
//! ```text
//! --seed S --seconds N --images N   how much; each story has --per-story images
//! --on DIR                          where stories are lived; its disk takes O_DIRECT
//! --images-in DIR                   where images are opened; default: in memory if O_DIRECT works there
//! --binary FILE                     the millrace command: it lives the stories and opens every image, too
//! --without journal-sync|segment-sync|directory-sync   only that the loss is found; else each is asked for first
//! --trace FILE --data DIR [--point P] [--replicated TOPIC]   a trace that is there; --seed is then the image's
//! ```
//! What fails is kept and printed with the arguments that repeat it. The last line is `N run, N failed`.

use millrace_native::images::binary::Binary;
use millrace_native::images::campaign::{cuts, Campaign, Tally, Tell};
use millrace_native::images::story::Story;
use millrace_native::images::trial::{Cut, Trial};
use millrace_native::images::watchdog::Watchdog;
use millrace_native::images::without::Without;
use millrace_native::images::workload;
use millrace_native::io::{open_io, AlignedBuffer, Blocking, IoChoice, OpenMode, PageCache, SyncMethod, BLOCK_SIZE};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const USAGE: &str =
    "usage: images [--seed S] [--seconds N] [--images N] [--per-story N] [--on DIR] [--images-in DIR] [--binary FILE]
  [--without journal-sync|segment-sync|directory-sync] [--trace FILE --data DIR [--point P] [--replicated TOPIC]]
example: images --seed 1 --images 60";

/// The word by which this program asks itself to live a story, in a process of its own.
const LIVE: &str = "live";

struct Options {
    seed: u64,
    seconds: u64,
    images: u64,
    per_story: usize,
    on: PathBuf,
    images_in: Option<PathBuf>,
    binary: Option<PathBuf>,
    without: Option<Without>,
    trace: Option<PathBuf>,
    data: PathBuf,
    point: Option<usize>,
    replicated: Vec<String>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|word| word == LIVE) {
        return said(live(&args[1..]));
    }
    let options = match parse(args.into_iter()) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("images: {message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok((run, failed)) => {
            println!("{run} run, {failed} failed");
            if run > 0 && failed == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(message) => said(Err(message)),
    }
}

fn said(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("images: {message}");
            ExitCode::FAILURE
        }
    }
}

fn live(args: &[String]) -> Result<(), String> {
    let [seed, data, trace, rest @ ..] = args else { return Err("live SEED DATA TRACE [WITHOUT]".into()) };
    let without = rest.first().and_then(|name| Without::from_name(name));
    workload::run(seed.parse().map_err(|_| "a seed is a number")?, Path::new(data), Path::new(trace), without)
}

fn tell_by_child(seed: u64, data: &Path, trace: &Path, without: Option<Without>) -> Result<(), String> {
    let myself = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(myself);
    command.arg(LIVE).arg(seed.to_string()).arg(data).arg(trace).args(without.map(Without::name));
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("the story ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// Ends the process when one thing takes too long: a hang is a failure like any other. The files stay for whoever looks.
fn watch() -> Watchdog {
    const STEP_MAX: Duration = Duration::from_secs(90);
    let watchdog = Watchdog::default();
    let watched = watchdog.clone();
    std::thread::spawn(move || loop {
        std::thread::sleep(Duration::from_secs(1));
        if let Some(what) = watched.stuck(STEP_MAX) {
            println!("hangs: {what}\n1 run, 1 failed");
            std::process::exit(1);
        }
    });
    watchdog
}

fn run(options: &Options) -> Result<(u64, u64), String> {
    let place = options.on.join(format!("millrace-images-{}", std::process::id()));
    std::fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    let images = image_place(options, &place);
    std::fs::create_dir_all(&images).map_err(|error| format!("{}: {error}", images.display()))?;
    println!("stories on {}, images in {}", place.display(), images.display());
    let outcome = match &options.trace {
        Some(trace) => run_trace(options, trace, &images),
        None => run_campaign(options, &place, &images),
    };
    let _ = std::fs::remove_dir_all(&images);
    // Stays if something is kept in it.
    let _ = std::fs::remove_dir(&place);
    outcome
}

/// Memory if it takes O_DIRECT as disks do: nothing depends on where an image is opened but the time it takes.
fn image_place(options: &Options, place: &Path) -> PathBuf {
    let memory = Path::new("/dev/shm");
    match &options.images_in {
        Some(directory) => directory.join(format!("millrace-images-{}", std::process::id())),
        None if takes_direct(memory) => memory.join(format!("millrace-images-{}", std::process::id())),
        None => place.join("images"),
    }
}

fn takes_direct(directory: &Path) -> bool {
    let path = directory.join(format!("millrace-direct-{}", std::process::id()));
    let Ok(mut opened) = open_io(IoChoice::Auto, PageCache::Keep) else { return false };
    let mut io = Blocking::new(opened.io.as_mut());
    let buffer = AlignedBuffer::new(BLOCK_SIZE);
    let written = io.open(&path, OpenMode::Direct).and_then(|file| {
        let written = io.write(file, 0, &[buffer.piece(0, BLOCK_SIZE)], Some(SyncMethod::Linked));
        io.close(file).and(written)
    });
    let _ = std::fs::remove_file(&path);
    written.is_ok()
}

fn run_campaign(options: &Options, place: &Path, images: &Path) -> Result<(u64, u64), String> {
    let start = Instant::now();
    let watchdog = watch();
    let campaign = |tell: Tell, binary| Campaign {
        tell,
        stories: place.to_owned(),
        images: images.to_owned(),
        images_per_story: options.per_story,
        images_max: options.images,
        deadline: start + Duration::from_secs(options.seconds),
        binary,
        watchdog: watchdog.clone(),
    };
    let (mut run, mut failed) = (0, 0);
    let asked = match (options.without, &options.binary) {
        (Some(without), _) => vec![without],
        // The installed command leaves nothing out.
        (None, Some(_)) => Vec::new(),
        (None, None) => Without::ALL.to_vec(),
    };
    for without in asked {
        run += 1;
        match campaign(Box::new(tell_by_child), None).find_loss(options.seed, without) {
            Ok(found) => println!("without {} a loss is found, as it must be: {found}", without.name()),
            Err(broken) => {
                failed += 1;
                println!("without {}, seed {}: {broken}", without.name(), options.seed);
            }
        }
    }
    if options.without.is_some() {
        return Ok((run, failed));
    }
    let tell: Tell = match options.binary.clone().map(Binary::new) {
        Some(binary) => Box::new(move |seed, data, trace, _| binary.append(seed, data, trace)),
        None => Box::new(tell_by_child),
    };
    let tally = run_seeds(&campaign(tell, options.binary.clone().map(Binary::new)), options.seed, start);
    Ok((run + tally.images, failed + tally.failed))
}

fn run_seeds(campaign: &Campaign, first: u64, start: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut told = start;
    for seed in first.. {
        if campaign.is_over(&tally) {
            break;
        }
        campaign.run_seed(seed, &mut tally);
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!("seed {seed}: {} images, {} failed, {:.0} s", tally.images, tally.failed, start.elapsed().as_secs_f64());
        }
    }
    let Tally { stories, records, acks, images, .. } = tally;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "seeds {first} to {}: {stories} stories, {records} records, {acks} acks, {images} images, {seconds:.1} s",
        first + stories.max(1) - 1
    );
    tally
}

fn run_trace(options: &Options, trace: &Path, images: &Path) -> Result<(u64, u64), String> {
    let mut story = Story::load(trace, &options.data)?;
    options.replicated.iter().for_each(|topic| story.excuse(topic));
    println!("{} records, {} acks", story.records.len(), story.acks.len());
    let image = images.join("image");
    let binary = options.binary.clone().map(Binary::new);
    let trial = Trial { story: &story, place: &image, binary: binary.as_ref(), watchdog: &watch() };
    let cuts = match options.point {
        Some(point) if point > story.records.len() => return Err(format!("the trace has {} records", story.records.len())),
        Some(point) => vec![Cut { point, seed: options.seed }],
        None => cuts(&story, options.images.min(1000) as usize, options.seed),
    };
    let (mut run, mut failed) = (0, 0);
    let deadline = Instant::now() + Duration::from_secs(options.seconds);
    trial.run(&cuts, |cut, outcome| {
        run += 1;
        if let Err(broken) = outcome {
            failed += 1;
            println!("--point {} --seed {}: {broken}", cut.point, cut.seed);
        }
        Instant::now() < deadline
    })?;
    Ok((run, failed))
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        seed: 1,
        seconds: 60,
        images: u64::MAX,
        per_story: 40,
        on: std::env::temp_dir(),
        images_in: None,
        binary: None,
        without: None,
        trace: None,
        data: PathBuf::new(),
        point: None,
        replicated: Vec::new(),
    };
    while let Some(flag) = args.next() {
        let value = args.next().ok_or(format!("{flag} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{flag} needs a number, not {value}"));
        match flag.as_str() {
            "--seed" => options.seed = number()?,
            "--seconds" => options.seconds = number()?,
            "--images" => options.images = number()?,
            "--per-story" => options.per_story = number()? as usize,
            "--on" => options.on = value.into(),
            "--images-in" => options.images_in = Some(value.into()),
            "--binary" => options.binary = Some(value.into()),
            "--without" => options.without = Some(Without::from_name(&value).ok_or(format!("{flag} {value} is no sync"))?),
            "--trace" => options.trace = Some(value.into()),
            "--data" => options.data = value.into(),
            "--point" => options.point = Some(number()? as usize),
            "--replicated" => options.replicated.push(value),
            "--target" if value == "images" => {}
            _ => return Err(format!("{flag} {value} is not an option")),
        }
    }
    if options.trace.is_some() && options.data.as_os_str().is_empty() {
        return Err("--trace needs --data, as the trace names it".into());
    }
    Ok(options)
}
