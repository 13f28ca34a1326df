//! The crash campaign: `cargo run --release --no-default-features --example sim -- [--seed S] [--runs N] [--seconds N]
//! [--target crashes]`. Each seed is a story of several lives that end in power cuts and kills; a broken promise
//! prints its seed, and the same seed tells the same story again. The last line is `N run, N failed`.

use millrace_native::simulation::campaign::{run_seed, Tally};
use std::process::ExitCode;
use std::time::{Duration, Instant};

struct Options {
    seed: u64,
    runs: u64,
    duration: Duration,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("sim: {message}\nusage: sim [--seed S] [--runs N] [--seconds N] [--target crashes]\nexample: sim --seed 1 --runs 1");
            return ExitCode::from(2);
        }
    };
    let failed = run(&options);
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(options: &Options) -> u64 {
    let start = Instant::now();
    let mut total = Tally::default();
    let (mut run, mut failed) = (0, 0);
    let mut told = start;
    while run < options.runs && start.elapsed() < options.duration {
        let seed = options.seed + run;
        match std::panic::catch_unwind(|| run_seed(seed)) {
            Ok(Ok(tally)) => {
                total.lives += tally.lives;
                total.crashes_in_recovery += tally.crashes_in_recovery;
                total.acknowledged += tally.acknowledged;
                total.moves += tally.moves;
            }
            Ok(Err(broken)) => {
                failed += 1;
                println!("seed {seed}: {broken}");
            }
            Err(_) => {
                failed += 1;
                println!("seed {seed}: panicked");
            }
        }
        run += 1;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!("{run} seeds, {failed} failed, {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    println!(
        "{} lives, {} crashes inside recovery, {} acknowledged batches, {} moves, {:.1} s",
        total.lives,
        total.crashes_in_recovery,
        total.acknowledged,
        total.moves,
        start.elapsed().as_secs_f64()
    );
    println!("{run} run, {failed} failed");
    failed
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { seed: 1, runs: u64::MAX, duration: Duration::from_secs(30) };
    while let Some(flag) = args.next() {
        let value = args.next().ok_or(format!("{flag} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{flag} needs a number, not {value}"));
        match flag.as_str() {
            "--seed" => options.seed = number()?,
            "--runs" => options.runs = number()?,
            "--seconds" => options.duration = Duration::from_secs(number()?),
            "--target" if value == "crashes" => {}
            _ => return Err(format!("{flag} {value} is not an option")),
        }
    }
    Ok(options)
}
