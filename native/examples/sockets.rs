//! epoll against io_uring under a net, on loopback: `cargo run --release --no-default-features --example sockets`. One line of
//! JSON per figure. CPU is that of the serving thread alone, as the kernel counts it.
//!
//! - pipelined: 8 connections that keep five frames of 64 KiB under way, each answered with 100 bytes
//! - ping-pong: 64 connections with one frame of 100 bytes under way, answered with 100 bytes

use millrace_native::io::sockets::{open_sockets, Sockets, SocketsChoice};
use millrace_native::io::AlignedBuffer;
use millrace_native::net::{Net, NetEvent, NetSettings, Part};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

const POOL: usize = 32 << 20;
const ANSWER: usize = 104;

struct Load {
    name: &'static str,
    connections: usize,
    frame_size: usize,
    depth: usize,
    frames: usize,
}

const LOADS: [Load; 2] = [
    Load { name: "pipelined", connections: 8, frame_size: 64 << 10, depth: 5, frames: 60_000 },
    Load { name: "ping-pong", connections: 64, frame_size: 100, depth: 1, frames: 400_000 },
];

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    for load in &LOADS {
        for _ in 0..rounds {
            for choice in [SocketsChoice::Epoll, SocketsChoice::Uring] {
                measure(load, choice);
            }
        }
    }
}

fn measure(load: &Load, choice: SocketsChoice) {
    let pool = AlignedBuffer::new(POOL);
    let sockets = open_sockets(choice).expect("sockets").sockets;
    let mut net = Net::new(sockets, NetSettings::default(), pool.piece(0, POOL)).expect("settings");
    let (_, address) = net.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false).expect("a free port");
    let per_connection = load.frames / load.connections;
    let (size, depth) = (load.frame_size, load.depth);
    // Two threads drive all connections, so that the clients cost the same whatever serves them.
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let streams: Vec<TcpStream> =
                (0..load.connections / 2).map(|_| TcpStream::connect(address).expect("somebody listens")).collect();
            thread::spawn(move || drive(streams, size, depth, per_connection))
        })
        .collect();
    let (began, cpu) = (Instant::now(), thread_cpu_seconds());
    serve(&mut net, load.connections);
    let (wall, cpu) = (began.elapsed().as_secs_f64(), thread_cpu_seconds() - cpu);
    threads.into_iter().for_each(|thread| thread.join().expect("a client"));
    let counters = net.counters;
    let moved = counters.moved_size as f64 / counters.received_size as f64;
    let calls = net.sockets().system_calls() as f64 / counters.frames as f64;
    let (name, sockets) = (load.name, net.sockets().name());
    let (frames, turns) = (counters.frames as f64 / wall, counters.frames as f64 / counters.turns as f64);
    println!(
        r#"{{"load":"{name}","sockets":"{sockets}","wallS":{wall:.3},"cpuS":{cpu:.3},"framesPerS":{frames:.0},"framesPerTurn":{turns:.1},"callsPerFrame":{calls:.2},"movedShare":{moved:.3}}}"#
    );
}

/// Answers every frame until all connections have gone.
fn serve(net: &mut Net<Box<dyn Sockets>>, connections: usize) {
    let mut answer = AlignedBuffer::new(ANSWER);
    answer.bytes_mut()[..4].copy_from_slice(&(ANSWER as u32 - 4).to_be_bytes());
    let (mut events, mut parts, mut done, mut unfinished) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut closed = 0;
    while closed < connections {
        if !net.turn(0, 512, &mut events) && events.is_empty() {
            net.sockets().wait(1000);
        }
        for event in events.drain(..) {
            match event {
                NetEvent::Frame { connection, place, .. } => {
                    parts.push(Part { connection, source: answer.piece(0, ANSWER).into(), is_owned: true });
                    done.push((connection, place));
                }
                NetEvent::Closed { .. } => closed += 1,
                _ => {}
            }
        }
        if !parts.is_empty() {
            net.flush(&parts, &mut unfinished);
            assert!(unfinished.is_empty(), "small answers fit every socket");
        }
        parts.clear();
        for (connection, place) in done.drain(..) {
            net.release(place);
            net.answered(connection);
        }
    }
}

/// Keeps `depth` frames under way on every connection.
fn drive(mut streams: Vec<TcpStream>, size: usize, depth: usize, frames: usize) {
    let frame = [&(size as u32).to_be_bytes()[..], &vec![7; size]].concat();
    let mut answer = [0; ANSWER];
    for stream in &mut streams {
        stream.set_nodelay(true).expect("a socket");
        (0..depth).for_each(|_| stream.write_all(&frame).expect("it is read"));
    }
    for round in 0..frames {
        for stream in &mut streams {
            stream.read_exact(&mut answer).expect("an answer");
            if round + depth < frames {
                stream.write_all(&frame).expect("it is read");
            }
        }
    }
}

/// Of this thread, as the scheduler counts it.
fn thread_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a kernel with schedstats");
    let nanoseconds: f64 = text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
    nanoseconds / 1e9
}
