//! Load over sockets: many subscribers and one publisher in one process, so that both ends of a delivery are on one clock.
//! bench/load.ts starts it and gives it its commands, a line each; the answers are lines of JSON.

mod commands;
mod connection;
mod delivery;
mod fleet;
mod kafka;
mod millrace;
mod nats;
mod options;
mod poll;
mod publication;
mod socket;
mod websocket;
mod writer;

use commands::{Command, Commands};
use fleet::Fleet;
use options::Options;

pub const COMMAND: &str = "clients";
pub const KAFKA_COMMAND: &str = "kafka-clients";
pub const WRITER_COMMAND: &str = "open-loop-writer";

/// # Errors
/// A sentence: what the options lack, or what a server did that it should not.
pub fn run(words: &[String]) -> Result<(), String> {
    let options = Options::parse(words)?;
    let mut fleet = Fleet::open(&options)?;
    println!("{{\"ready\":true}}");
    let commands = Commands::listen();
    if options.is_stalled {
        commands.wait_for_end();
        return Ok(());
    }
    loop {
        match commands.next() {
            Some(Command::Deliver(pace)) => fleet.deliver(pace)?.print(),
            Some(Command::Produce { count, window }) => fleet.produce(count, window)?.print(),
            Some(Command::End) => return Ok(()),
            None => fleet.idle()?,
        }
    }
}

/// A producer and a consumer of one partition, by Kafka's protocol.
///
/// # Errors
/// A sentence.
pub fn run_kafka(words: &[String]) -> Result<(), String> {
    kafka::run(words)
}

/// The bare side of synced deliveries: a writer that gets the same arrivals.
///
/// # Errors
/// A sentence.
pub fn run_writer(words: &[String]) -> Result<(), String> {
    writer::run(words)
}
