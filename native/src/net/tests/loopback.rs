//! Real sockets, both implementations.

use super::world::{body, frame, lent};
use crate::io::sockets::{EpollSockets, Sockets, UringSockets};
use crate::io::AlignedBuffer;
use crate::net::{Net, NetEvent, NetSettings, Part, Unfinished};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;

const CHUNK: usize = 4096;

fn real() -> [Box<dyn Sockets>; 2] {
    [Box::new(EpollSockets::new().expect("an epoll")), Box::new(UringSockets::new().expect("this machine allows io_uring"))]
}

/// Answers every frame with itself until `closes` connections have closed.
fn echo(net: &mut Net<Box<dyn Sockets>>, pool: &AlignedBuffer, closes: usize) {
    let (mut closed, mut rooms, mut events) = (0, HashMap::new(), Vec::new());
    // What a socket did not take, until it is writable: (connection, bytes).
    let mut owed: HashMap<u64, Vec<u8>> = HashMap::new();
    for _ in 0..200_000 {
        if !net.turn(0, 100, &mut events) && events.is_empty() {
            net.sockets().wait(50);
        }
        let mut answers: Vec<(u64, AlignedBuffer, usize)> = Vec::new();
        let mut done = Vec::new();
        for event in events.drain(..) {
            match event {
                NetEvent::Frame { connection, place, memory, position, size } => {
                    let bytes = match memory {
                        0 => &pool.bytes()[position..position + size],
                        room => &AlignedBuffer::bytes(&rooms[&room])[position..position + size],
                    };
                    let answer = frame(bytes);
                    net.release(place);
                    done.push(connection);
                    match owed.get_mut(&connection) {
                        Some(owed) => owed.extend(answer),
                        None => answers.push((connection, lent(&answer), answer.len())),
                    }
                }
                NetEvent::RoomWanted { room, size, .. } => {
                    let memory = AlignedBuffer::new(size);
                    assert!(net.grant_room(room, memory.piece(0, size)));
                    rooms.insert(room, memory);
                }
                NetEvent::RoomReturned { room } => drop(rooms.remove(&room)),
                NetEvent::Writable { connection, .. } => {
                    let bytes = owed.remove(&connection).expect("somebody waited");
                    answers.push((connection, lent(&bytes), bytes.len()));
                }
                NetEvent::Closed { .. } => closed += 1,
                NetEvent::Accepted { .. } | NetEvent::Progress { .. } | NetEvent::Ended { .. } | NetEvent::Refused { .. } => {}
            }
        }
        let part = |(connection, memory, size): &(u64, AlignedBuffer, usize)| Part {
            connection: *connection,
            source: memory.piece(0, *size).into(),
            is_owned: false,
        };
        let parts: Vec<Part> = answers.iter().map(part).collect();
        let mut unfinished = Vec::new();
        net.flush(&parts, &mut unfinished);
        for Unfinished { connection, parts_taken, part_size_taken, .. } in unfinished {
            let own: Vec<_> = answers.iter().filter(|(other, ..)| *other == connection).collect();
            let rest: Vec<u8> =
                own[parts_taken..].iter().flat_map(|(_, memory, size)| memory.bytes()[..*size].to_vec()).collect();
            if !rest.is_empty() {
                owed.insert(connection, rest[part_size_taken..].to_vec());
            }
        }
        done.into_iter().for_each(|connection| net.answered(connection));
        if closed == closes {
            assert!(rooms.is_empty());
            return;
        }
    }
    panic!("{closed} of {closes} closed");
}

fn served(sockets: Box<dyn Sockets>, clients: usize, client: impl Fn(usize, TcpStream) + Send + Copy + 'static) {
    let pool = AlignedBuffer::new(64 * CHUNK);
    let settings = NetSettings { chunk_size: CHUNK, kept_max: 64 << 10, ..NetSettings::default() };
    let mut net = Net::new(sockets, settings, pool.piece(0, 64 * CHUNK)).expect("settings");
    let (_, address) = net.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false).expect("a free port");
    let threads: Vec<_> = (0..clients)
        .map(|index| thread::spawn(move || client(index, TcpStream::connect(address).expect("somebody listens"))))
        .collect();
    echo(&mut net, &pool, clients);
    threads.into_iter().for_each(|thread| thread.join().expect("a client"));
    assert_eq!((net.pool().used(), net.kept_memory(), net.connections_count()), (0, 0, 0));
    assert_eq!(net.counters.closed as usize, clients);
}

#[test]
fn pipelined_frames_in_pieces_come_back() {
    for sockets in real() {
        served(sockets, 8, |index, mut stream| {
            let sizes: Vec<usize> = (0..40).map(|round| (round * round * 37 + index * 11) % 40_000).collect();
            let sent: Vec<u8> = sizes.iter().enumerate().flat_map(|(round, &size)| frame(&body(round, size))).collect();
            let mut writer = stream.try_clone().expect("a socket");
            let copy = sent.clone();
            let thread = thread::spawn(move || {
                for piece in copy.chunks(1 + index * 1777) {
                    writer.write_all(piece).expect("it is read");
                }
            });
            let mut read = vec![0; sent.len()];
            stream.read_exact(&mut read).expect("answers");
            assert!(read == sent, "client {index}");
            thread.join().expect("a writer");
        });
    }
}

#[test]
fn frames_larger_than_the_pool_get_a_room() {
    for sockets in real() {
        served(sockets, 3, |index, mut stream| {
            let sent = frame(&body(index, 3 << 20));
            let mut writer = stream.try_clone().expect("a socket");
            let copy = sent.clone();
            let thread = thread::spawn(move || writer.write_all(&copy).expect("it is read"));
            let mut read = vec![0; sent.len()];
            stream.read_exact(&mut read).expect("an answer");
            assert!(read == sent);
            thread.join().expect("a writer");
        });
    }
}

#[test]
fn many_connections_come_and_go() {
    for sockets in real() {
        served(sockets, 60, |index, mut stream| {
            for round in 0..20 {
                let sent = frame(&body(round, index * 10));
                stream.write_all(&sent).expect("it is read");
                let mut read = vec![0; sent.len()];
                stream.read_exact(&mut read).expect("an answer");
                assert_eq!(read, sent);
            }
        });
    }
}
