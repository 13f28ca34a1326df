//! What the congestion control of a connection to a reader on this machine costs who sends: answers of eight pieces, asked for one
//! after the other by a reader that works on each, as Kafka's consumers do. sendfile from the page cache, no broker: also the least
//! that a broker can take for it.

use crate::bare::sending::{self, Reader};
use crate::cpu::{self, Mark, Spent};
use crate::figure::{median, Figure};
use crate::lap::take_turns;
use crate::plan::Plan;
use crate::system;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// What a consumer takes of a partition at once, by its default.
const PIECE: usize = 1 << 20;
const PIECES: usize = 8;
/// Before each piece, as the head of a partition's answer.
const HEAD: [u8; 64] = [0; 64];
const FILE_SIZE: u64 = 1 << 30;
const LAPS: usize = 5;
/// What native/src/io/sockets/congestion.rs chooses, and the system's own choice.
const SIDES: [(&str, Option<&str>); 2] = [("local", Some("reno")), ("system", None)];

struct Lap {
    spent: Spent,
    reader_cpu: f64,
    control: String,
}

pub fn run(plan: &Plan) {
    let size = if plan.is_quick { FILE_SIZE / 8 } else { FILE_SIZE };
    std::fs::create_dir_all(&plan.directory).expect("a directory to write in");
    let path = Path::new(&plan.directory).join("sent");
    let file = file_of(&path, size);
    let count = if plan.is_quick { 2 } else { LAPS };
    let laps = take_turns(SIDES.len(), count, |side| lap(&file, size, SIDES[side].1));
    std::fs::remove_file(path).expect("the scenario's own file");
    print(&laps, size as f64 / 1e9);
}

fn print(laps: &[Vec<Lap>], gigabytes: f64) {
    let [local, system] = laps else { panic!("a side too many") };
    let control = |laps: &[Lap]| laps.first().map_or(String::new(), |lap| lap.control.clone());
    let mut figure = Figure::new("local-send", "8 MiB answers")
        .text("local_control", &control(local))
        .text("system_control", &control(system))
        .number("load", cpu::load())
        .number("laps", local.len() as f64);
    for ((name, _), laps) in SIDES.iter().zip(laps) {
        figure = figure
            .number(&format!("{name}_cpu_per_gb"), median(laps.iter().map(|lap| lap.spent.cpu() / gigabytes)))
            .number(&format!("{name}_reader_cpu_per_gb"), median(laps.iter().map(|lap| lap.reader_cpu / gigabytes)))
            .number(&format!("{name}_mb_per_s"), median(laps.iter().map(|lap| gigabytes * 1e3 / lap.spent.wall)));
    }
    let ratio = |value: fn(&Spent) -> f64| median(local.iter().zip(system).map(|(a, b)| value(&a.spent) / value(&b.spent)));
    figure.number("cpu_ratio", ratio(Spent::cpu)).number("wall_ratio", ratio(|spent| spent.wall)).print();
}

fn file_of(path: &Path, size: u64) -> File {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path).expect("a new file");
    let piece = vec![7; PIECE];
    for _ in 0..size / PIECE as u64 {
        file.write_all(&piece).expect("room on the disk");
    }
    file.sync_data().expect("written");
    file
}

fn lap(file: &File, size: u64, control: Option<&str>) -> Lap {
    let (reader, socket) = Reader::asking(PIECES * (HEAD.len() + PIECE), control);
    let control = system::congestion_control_of(&socket);
    let mark = Mark::now();
    for position in (0..size).step_by(PIECES * PIECE) {
        answer(&socket, file, position);
    }
    let spent = mark.spent();
    drop(socket);
    Lap { spent, reader_cpu: reader.finish(), control }
}

fn answer(mut socket: &TcpStream, file: &File, position: u64) {
    socket.read_exact(&mut [0]).expect("the reader asks");
    for piece in 0..PIECES {
        sending::send_before_more(socket, &HEAD);
        sending::sendfile(socket, file, position + (piece * PIECE) as u64, PIECE);
    }
}
