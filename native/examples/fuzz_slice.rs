//! A slice of fuzzing on a stable toolchain: `cargo run --release --no-default-features --example fuzz_slice --
//! [--seed S] [--seconds N] [--target T] [--write-corpus]`. The last line is `N run, N failed`.

use millrace_native::fuzzing::{run_slice, write_corpus, SliceOptions, TARGETS};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut options = SliceOptions { seed: 1, duration: Duration::from_secs(30), target: None, directory };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        if flag == "--write-corpus" {
            return report(write_corpus(&options.directory).map(|()| true));
        }
        if let Err(message) = set(&mut options, &flag, args.next()) {
            eprintln!("fuzz_slice: {message}");
            return ExitCode::from(2);
        }
    }
    // A panic is a finding here: its message is printed with the input that caused it, not from inside the run.
    std::panic::set_hook(Box::new(|_| {}));
    report(run_slice(&options).map(|outcome| {
        println!("{} run, {} failed", outcome.run, outcome.failed);
        outcome.failed == 0
    }))
}

fn set(options: &mut SliceOptions, flag: &str, value: Option<String>) -> Result<(), String> {
    let value = value.ok_or_else(|| format!("{flag} needs a value"))?;
    let number = || value.parse().map_err(|_| format!("{flag} {value} is no number"));
    match flag {
        "--seed" => options.seed = number()?,
        "--seconds" => options.duration = Duration::from_secs(number()?),
        "--target" if TARGETS.iter().any(|target| target.name == value) => options.target = Some(value),
        "--target" => {
            return Err(format!("no target {value}: one of {}", TARGETS.iter().map(|t| t.name).collect::<Vec<_>>().join(", ")))
        }
        _ => return Err(format!("no option {flag}")),
    }
    Ok(())
}

fn report(outcome: std::io::Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fuzz_slice: {error}");
            ExitCode::FAILURE
        }
    }
}
