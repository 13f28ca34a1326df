//! What it costs the server to send what lies in segment files to a client over loopback, by each way of fetching it
//! (DURABILITY.md rule 18): read into a buffer that is used again, with or without the check of each batch; as the store reads it,
//! its checks and the copy for another thread included; sendfile; splice on a ring. From the page cache, and from the device.

use crate::bare::sending::{self, Reader, Splice};
use crate::batches::batch_of;
use crate::bed::Bed;
use crate::cpu::{self, Mark, Spent};
use crate::figure::{median, Figure};
use crate::lap::take_turns;
use crate::load::Load;
use crate::node::{log_config, partition_ids, store_config, Node};
use crate::plan::Plan;
use crate::system;
use millrace_native::codec::crc32c::crc32c;
use millrace_native::journal::entry::Durability;
use millrace_native::log::segment::DataPaths;
use millrace_native::store::{Catalog, Event, ReadOutcome};
use std::fs::File;
use std::hint::black_box;
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::Duration;

const BATCH_SIZE: usize = 64 << 10;
const SIZE: u64 = 1000 << 20;
const LAPS: usize = 7;
const SIDES: [(&str, Side); 5] = [
    ("buffer", |bed, piece| bed.send_buffered(piece, false)),
    ("checked", |bed, piece| bed.send_buffered(piece, true)),
    ("store", Sender::send_as_stored),
    ("sendfile", Sender::send_files),
    ("splice", Sender::send_spliced),
];

type Side = fn(&mut Sender, usize);

struct Sender {
    node: Node,
    handle: u32,
    file: File,
    size: u64,
    splice: Splice,
    buffer: Vec<u8>,
    socket: Option<TcpStream>,
}

pub fn run(plan: &Plan) {
    let bed = Bed::new(&plan.directory, "store");
    let mut sender = Sender::open(&bed, if plan.is_quick { SIZE / 8 } else { SIZE });
    let cases = [("64 KiB", 64, false), ("256 KiB", 256, false), ("1 MiB", 1024, false), ("1 MiB from the device", 1024, true)];
    for (name, kib, is_cold) in cases {
        if plan.wants_case(name) {
            measure(plan, &mut sender, name, kib << 10, is_cold);
        }
    }
}

fn measure(plan: &Plan, sender: &mut Sender, case: &str, piece: usize, is_cold: bool) {
    let count = if plan.is_quick { 2 } else { LAPS };
    let laps = take_turns(SIDES.len(), count, |side| sender.lap(SIDES[side].1, piece, is_cold));
    let gigabytes = sender.size as f64 / 1e9;
    let mut figure = Figure::new("cold-send", case).number("load", cpu::load()).number("laps", count as f64);
    for ((name, _), own) in SIDES.iter().zip(&laps) {
        let ratio = |value: fn(&Spent) -> f64| {
            median(own.iter().zip(&laps[1]).map(|((own, _), (checked, _))| value(own) / value(checked)))
        };
        figure = figure
            .number(&format!("{name}_mb_per_s"), median(own.iter().map(|(spent, _)| gigabytes * 1e3 / spent.wall)))
            .number(&format!("{name}_cpu_per_gb"), median(own.iter().map(|(spent, _)| spent.cpu() / gigabytes)))
            .number(&format!("{name}_user_per_gb"), median(own.iter().map(|(spent, _)| spent.user / gigabytes)))
            .number(&format!("{name}_reader_cpu_per_gb"), median(own.iter().map(|(_, reader)| reader / gigabytes)))
            .number(&format!("{name}_cpu_ratio"), ratio(Spent::cpu))
            .number(&format!("{name}_wall_ratio"), ratio(|spent| spent.wall));
    }
    figure.print();
}

impl Sender {
    fn open(bed: &Bed, size: u64) -> Self {
        let batch: &'static [u8] = Vec::leak(batch_of(BATCH_SIZE));
        let mut node = Node::open(bed.path(), store_config(64 << 20), 4 << 20, &Catalog::default());
        let ids = partition_ids(1);
        let handles = node.create(&ids, log_config(Durability::Replicated));
        let handle = handles[0];
        let mut load = Load::new(node, handles, batch, 1 << 20);
        load.lap(size, Duration::from_secs(60));
        let file = File::open(DataPaths::new(bed.path()).log(&ids[0], 0)).expect("the segment");
        file.sync_data().expect("dirty pages cannot be dropped");
        // The last megabytes are still in the ring.
        let size = (load_size(&file) - (8 << 20)) >> 20 << 20;
        Self { node: load.node, handle, file, size, splice: Splice::new(), buffer: vec![0; 1 << 20], socket: None }
    }

    /// What it cost, and what it cost the reader.
    fn lap(&mut self, side: Side, piece: usize, is_cold: bool) -> (Spent, f64) {
        if is_cold {
            system::forget_pages(&self.file);
        } else {
            self.touch();
        }
        let (reader, socket) = Reader::discarding();
        self.socket = Some(socket);
        let mark = Mark::now();
        side(self, piece);
        let spent = mark.spent();
        self.socket.take().expect("just used").shutdown(Shutdown::Write).expect("an open socket");
        (spent, reader.finish())
    }

    fn touch(&mut self) {
        let mut position = 0;
        while position < self.size {
            position += self.file.read_at(&mut self.buffer, position).expect("a readable file") as u64;
        }
    }

    fn pieces(&self, piece: usize) -> impl Iterator<Item = u64> {
        (0..self.size).step_by(piece)
    }

    fn socket(&self) -> &TcpStream {
        self.socket.as_ref().expect("in a lap")
    }

    fn send_buffered(&mut self, piece: usize, is_checked: bool) {
        for position in self.pieces(piece) {
            self.file.read_exact_at(&mut self.buffer[..piece], position).expect("a readable file");
            if is_checked {
                for batch in self.buffer[..piece].chunks(BATCH_SIZE) {
                    black_box(crc32c(&batch[21..]));
                }
            }
            sending::send(self.socket(), &self.buffer[..piece]);
        }
    }

    /// As a shard reads for a gateway: checked, then copied into memory of the answer's own.
    fn send_as_stored(&mut self, piece: usize) {
        let end = self.node.store.partition(self.handle).expect("a live partition").stable_end();
        let (mut sent, mut offset) = (0, 0);
        while sent < self.size {
            let ReadOutcome::Pending = self.node.store.read(self.handle, 0, offset, end, piece) else { panic!("in memory") };
            let bytes = loop {
                match self.node.step().pop() {
                    Some(Event::Read { result: Ok(bytes), .. }) => break bytes,
                    Some(other) => panic!("read: {other:?}"),
                    None => {}
                }
            };
            let answer = bytes.bytes().to_vec();
            sending::send(self.socket(), &answer);
            (sent, offset) = (sent + answer.len() as u64, bytes.next);
        }
    }

    fn send_files(&mut self, piece: usize) {
        for position in self.pieces(piece) {
            sending::sendfile(self.socket(), &self.file, position, piece);
        }
    }

    fn send_spliced(&mut self, piece: usize) {
        for position in self.pieces(piece) {
            self.splice.send(self.socket.as_ref().expect("in a lap"), &self.file, position, piece);
        }
    }
}

fn load_size(file: &File) -> u64 {
    file.metadata().expect("an open file").len()
}
