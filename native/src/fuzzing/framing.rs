//! What a client sends, through a whole net: the frames that come out are those that a plain splitter finds, in whatever pieces
//! the bytes arrive, and afterwards all memory is back.

use super::{seed, Seed};
use crate::io::sockets::sim::SimSockets;
use crate::io::AlignedBuffer;
use crate::net::frame::{look, Look, SIZE_PREFIX};
use crate::net::{CloseReason, Net, NetEvent, NetSettings};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

const UNIT: usize = 64;
const UNITS: usize = 32;
const FRAME_SIZE_MAX: u32 = 16 << 10;
const TURNS_MAX: usize = 100_000;

/// The first byte seeds the network; the rest is the stream.
pub fn run(bytes: &[u8]) {
    let Some((&seed, stream)) = bytes.split_first() else { return };
    let (expected, is_broken) = split(stream);
    let sim = SimSockets::seeded(u64::from(seed));
    let pool = AlignedBuffer::new(UNIT * UNITS);
    let settings = NetSettings {
        chunk_size: UNIT,
        frame_size_max: FRAME_SIZE_MAX,
        turn_size_max: 5 * UNIT,
        in_flight_max: 1 + u32::from(seed % 5),
        ..NetSettings::default()
    };
    let mut net = Net::new(sim.clone(), settings, pool.piece(0, UNIT * UNITS)).expect("settings");
    let (_, address) = net.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 9092)), false).expect("listens");
    let peer = sim.connect(address, Ipv4Addr::LOCALHOST);
    peer.write(stream);
    peer.end_output();
    let (mut frames, mut rooms, mut reason, mut events) = (Vec::new(), HashMap::new(), None, Vec::new());
    for _ in 0..TURNS_MAX {
        net.turn(0, 8, &mut events);
        for event in events.drain(..) {
            match event {
                NetEvent::Frame { connection, place, memory, position, size } => {
                    let memory = if memory == 0 { &pool } else { &rooms[&memory] };
                    frames.push(memory.bytes()[position..position + size].to_vec());
                    net.release(place);
                    net.answered(connection);
                }
                NetEvent::RoomWanted { room, size, .. } => {
                    assert!(size <= SIZE_PREFIX + FRAME_SIZE_MAX as usize);
                    let memory = AlignedBuffer::new(size);
                    assert!(net.grant_room(room, memory.piece(0, size)));
                    rooms.insert(room, memory);
                }
                NetEvent::RoomReturned { room } => assert!(rooms.remove(&room).is_some()),
                NetEvent::Closed { reason: why, .. } => reason = Some(why),
                NetEvent::Accepted { .. }
                | NetEvent::Progress { .. }
                | NetEvent::Writable { .. }
                | NetEvent::Ended { .. }
                | NetEvent::Refused { .. } => {}
            }
        }
        assert!(net.pool().used() <= UNIT * UNITS);
        if reason.is_some() && !net.has_more() {
            break;
        }
    }
    let reason = reason.expect("the stream ends, and so does its connection");
    assert_eq!(matches!(reason, CloseReason::Broken(_)), is_broken, "{reason:?}");
    assert!(frames == expected, "{} frames, not {}", frames.len(), expected.len());
    assert_eq!((net.pool().used(), rooms.len(), net.connections_count()), (0, 0, 0));
}

/// The frames of a stream, and whether it ends with something that is none.
fn split(stream: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let (mut frames, mut rest) = (Vec::new(), stream);
    loop {
        match look(rest, FRAME_SIZE_MAX, frames.is_empty()) {
            Look::Whole { total } => {
                frames.push(rest[SIZE_PREFIX..total].to_vec());
                rest = &rest[total..];
            }
            Look::Partial { .. } => return (frames, false),
            Look::Broken(_) => return (frames, true),
        }
    }
}

pub fn seeds() -> Vec<Seed> {
    let frame = |size: usize| [&(size as u32).to_be_bytes()[..], &vec![7; size]].concat();
    let stream = |parts: &[Vec<u8>]| [vec![3], parts.concat()].concat();
    // Kafka's ApiVersions 3 of a client named "mill".
    let versions = [&[0, 0, 0, 24, 0, 18, 0, 3, 0, 0, 0, 1, 0, 4][..], b"mill\0\x05mill\x041.0\0"].concat();
    vec![
        seed("api-versions", stream(&[versions.clone(), versions])),
        seed("cut", stream(&[frame(10), frame(100)[..50].to_vec()])),
        seed("empty-frames", stream(&[frame(0), frame(0), frame(1)])),
        seed("http", stream(&[b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()])),
        seed("negative", stream(&[frame(3), vec![0x80, 0, 0, 0]])),
        seed("of-every-size", stream(&[60, 61, 300, 508, 509, 2000, 5].map(frame))),
        seed("tls", stream(&[vec![0x16, 3, 1, 2, 0, 1, 0]])),
        seed("too-large", stream(&[frame(5), vec![0, 1, 0, 0]])),
    ]
}
