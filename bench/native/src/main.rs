//! The native half of the bench: runs one scenario and prints a JSON object per figure. bench/runner.ts starts it.
//!
//! Every figure stands beside a bare loop that does only the system calls for the same bytes, taken in turn with it in the
//! same process on the same disk.

mod arguments;
mod arrivals;
mod bare;
mod batches;
mod bed;
mod clients;
mod cpu;
mod figure;
mod lap;
mod latencies;
mod load;
mod node;
mod plan;
mod scenarios;
mod spinners;
mod system;
mod victim;

use arguments::parse;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == [spinners::COMMAND] {
        spinners::spin();
        return ExitCode::SUCCESS;
    }
    if let Some((_, words)) = arguments.split_first().filter(|(first, _)| *first == victim::COMMAND) {
        return if victim::append(words) { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    if let Some((first, words)) = arguments.split_first() {
        let run = [
            (clients::COMMAND, clients::run as fn(&[String]) -> _),
            (clients::KAFKA_COMMAND, clients::run_kafka),
            (clients::WRITER_COMMAND, clients::run_writer),
            (bare::sending::COMMAND, bare::sending::discard),
            (bare::sending::ASKING_COMMAND, bare::sending::ask),
        ];
        if let Some((_, run)) = run.into_iter().find(|(name, _)| first == name) {
            system::raise_descriptor_limit();
            return exit_code(run(words));
        }
    }
    match parse(&arguments) {
        Ok((scenario, plan)) => {
            system::raise_descriptor_limit();
            scenario(&plan);
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::from(2)
        }
    }
}

fn exit_code(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}
