use super::commands::{Command, Commands};
use super::delivery::Delivery;
use crate::bare::open_loop::OpenLoopWriter;
use crate::node::store_config;
use std::path::Path;
use std::time::Instant;

/// # Errors
/// A sentence.
pub fn run(words: &[String]) -> Result<(), String> {
    let [directory, size] = words else { return Err("a directory and a batch's size".to_owned()) };
    let batch = vec![7; size.parse().map_err(|_| format!("{size} is no size"))?];
    let mut writer = OpenLoopWriter::new(Path::new(directory), store_config(64 << 20).journal.depth);
    println!("{{\"ready\":true}}");
    let commands = Commands::listen();
    while let Command::Deliver(pace) = commands.wait() {
        let mut delivery = Delivery::begin(pace, 1);
        let begin = Instant::now();
        writer.run(pace.arrivals(), &batch);
        delivery.wall = begin.elapsed();
        delivery.latencies = std::mem::take(&mut writer.latencies).all;
        (delivery.published, delivery.delivered) = (delivery.expected, delivery.expected);
        delivery.print();
    }
    Ok(())
}
