//! Receive memory that is used up: who waits, who passes, and that nobody waits for ever.

use super::world::{body, frame, settings, World, UNIT};
use crate::net::{CloseReason, NetEvent, NetSettings};

/// 64 units: places of up to 8, the reserve, and 56 in main.
const UNITS: usize = 64;

#[test]
fn partial_frames_that_hold_all_memory_come_through_one_after_another() {
    for seed in 0..10 {
        let mut world = World::new(seed, settings(), UNITS);
        let lines: Vec<_> = (0..100).map(|_| world.connected()).collect();
        // Each holds a chunk, and none of their frames fits one.
        let size = 8 * UNIT - 4;
        for (index, (peer, _)) in lines.iter().enumerate() {
            peer.write(&frame(&body(index, size))[..UNIT]);
        }
        world.turns(200);
        assert!(world.net.pool().used() <= UNITS * UNIT);
        assert!(world.net.waiting_count() > 40, "{} wait", world.net.waiting_count());
        for (index, (peer, _)) in lines.iter().enumerate() {
            peer.write(&frame(&body(index, size))[UNIT..]);
        }
        world.runs_until(|world| lines.iter().all(|(_, number)| world.frames_of(*number) == 1));
        for (index, (_, number)) in lines.iter().enumerate() {
            assert_eq!(world.frames[number], [body(index, size)]);
        }
        assert!(world.net.pool().used_max <= UNITS * UNIT);
        assert_eq!(world.net.pool().used(), 0);
    }
}

#[test]
fn the_first_in_line_is_passed_a_bounded_number_of_times() {
    let mut world = World::new(1, NetSettings { in_flight_max: 1000, ..settings() }, UNITS);
    // Small frames that nobody releases take all of main; large ones then wait.
    let (small, small_number) = world.connected();
    let large: Vec<_> = (0..3).map(|_| world.connected()).collect();
    for index in 0..56 {
        small.write(&frame(&body(index, UNIT - 10)));
        world.turns_until(|world| world.frames_of(small_number) == index + 1);
    }
    let size = 8 * UNIT - 4;
    large.iter().for_each(|(peer, _)| peer.write(&frame(&body(7, size))));
    world.turns(300);
    // One has the reserve, and keeps it. The others wait while a stream of small ones goes by, each in what another one left.
    let mut kept = Vec::new();
    for round in 0.. {
        let is_large = |connection: u64| large.iter().any(|(_, number)| *number == connection);
        kept.extend(world.held.extract_if(.., |(connection, _)| is_large(*connection)));
        if kept.len() == large.len() {
            break;
        }
        small.write(&frame(&body(round, UNIT - 10)));
        world.finish_one();
        world.turns(20);
        assert!(round < 400, "small frames pass the large ones for ever");
    }
    world.held.extend(kept);
}

#[test]
fn a_peer_that_stalls_gives_its_memory_to_those_who_wait() {
    let mut world = World::new(3, NetSettings { slow_frame_ms: 1000, ..settings() }, UNITS);
    let size = 8 * UNIT - 4;
    // Seven fill main, one the reserve, and their peers stop.
    let stalled: Vec<_> = (0..8).map(|_| world.connected()).collect();
    for (peer, _) in &stalled {
        peer.write(&frame(&body(1, size))[..2 * UNIT]);
    }
    world.turns(300);
    let (peer, number) = world.connected();
    peer.write(&frame(&body(9, size)));
    world.turns(300);
    assert_eq!(world.frames_of(number), 0);
    assert_eq!(world.closed.len(), 0, "nobody is slow before the time");
    world.now_ms += 2000;
    world.runs_until(|world| world.frames_of(number) == 1);
    assert!(world.closed.values().any(|(reason, _)| *reason == CloseReason::SlowFrame));
    assert!(world.reason_of(number).is_none());
}

#[test]
fn who_begins_to_wait_between_turns_makes_the_next_one_come_in_time() {
    let mut world = World::new(3, NetSettings { slow_frame_ms: 1000, ..settings() }, UNITS);
    let lines: Vec<_> = (0..9).map(|_| world.connected()).collect();
    world.turns(50);
    let known_ms = world.net.deadline_ms();
    for (peer, _) in &lines {
        peer.write(&frame(&body(1, 8 * UNIT - 4))[..2 * UNIT]);
    }
    let is_told = (0..300).any(|_| world.net.pump(world.now_ms) && world.net.deadline_ms() < known_ms);
    assert!(is_told, "{known_ms:?}, {:?}", world.net.deadline_ms());
}

#[test]
fn slow_frames_are_nobodys_trouble_while_there_is_room() {
    let mut world = World::new(3, NetSettings { slow_frame_ms: 1000, ..settings() }, UNITS);
    let (peer, number) = world.connected();
    peer.write(&frame(&body(1, 300))[..50]);
    world.turns(100);
    world.now_ms += 100_000;
    world.turns(100);
    peer.write(&frame(&body(1, 300))[50..]);
    world.runs_until(|world| world.frames_of(number) == 1);
}

#[test]
fn a_frame_that_trickles_into_its_room_gives_way_to_those_who_wait_for_one() {
    let mut world = World::new(3, NetSettings { slow_frame_ms: 1000, ..settings() }, UNITS);
    let (trickling, holder) = world.connected();
    trickling.write(&frame(&body(1, 5000))[..100]);
    world.turns_until(|world| world.rooms_count() == 1);
    // Alone it may take its time.
    for _ in 0..20 {
        world.now_ms += 500;
        trickling.write(&[1]);
        world.turns(10);
    }
    assert_eq!(world.closed.len(), 0);
    // JavaScript has no second one.
    world.grants_rooms = false;
    let (peer, number) = world.connected();
    peer.write(&frame(&body(2, 6000)));
    world.turns_until(|world| world.wishes.len() == 1);
    assert_eq!(world.closed.len(), 0, "it has had its time when others come, and nobody before");
    for _ in 0..20 {
        world.now_ms += 500;
        trickling.write(&[1]);
        world.turns(10);
    }
    assert_eq!(world.reason_of(holder), Some(CloseReason::SlowFrame));
    assert_eq!(world.rooms_count(), 0, "its room is there for the next");
    let (room, size) = world.wishes[0];
    assert!(world.grant(room, size));
    world.turns_until(|world| world.frames_of(number) == 1);
}

#[test]
fn a_room_is_granted_late_or_refused_or_not_needed_any_more() {
    let mut world = World::new(1, settings(), UNITS);
    world.grants_rooms = false;
    let lines: Vec<_> = (0..3).map(|_| world.connected()).collect();
    lines.iter().for_each(|(peer, _)| peer.write(&frame(&body(1, 5000))));
    world.turns_until(|world| world.wishes.len() == 3);
    let of = |number: u64, world: &World| {
        world.events.iter().find_map(|event| match *event {
            NetEvent::RoomWanted { connection, room, size } if connection == number => Some((room, size)),
            _ => None,
        })
    };
    let [late, refused, gone] = [0, 1, 2].map(|index: usize| of(lines[index].1, &world).expect("a wish of each"));
    assert_eq!(late.1, 5004);
    world.net.refuse_room(refused.0);
    lines[2].0.reset();
    world.net.abort(lines[2].1);
    assert!(!world.grant(gone.0, gone.1), "its connection is gone");
    assert!(world.grant(late.0, late.1));
    world.turns_until(|world| world.frames_of(lines[0].1) == 1);
    assert_eq!(world.reason_of(lines[1].1), Some(CloseReason::RoomRefused));
    assert_eq!(world.reason_of(lines[2].1), Some(CloseReason::Asked));
    assert_eq!(world.rooms_count(), 1);
    world.finish_all();
    world.turn();
    assert_eq!((world.rooms_count(), world.net.pool().used()), (0, 0));
}

#[test]
fn a_room_comes_back_from_a_connection_that_ends_in_its_frame() {
    let mut world = World::new(1, settings(), UNITS);
    let (peer, number) = world.connected();
    peer.write(&frame(&body(1, 5000))[..3000]);
    world.turns_until(|world| world.rooms_count() == 1);
    peer.end_output();
    world.turns_until(|world| world.reason_of(number).is_some());
    world.turn();
    assert_eq!(world.reason_of(number), Some(CloseReason::CutFrame));
    assert_eq!(world.rooms_count(), 0);
}

#[test]
fn frames_outlive_their_connection_until_they_are_released() {
    let mut world = World::new(1, settings(), UNITS);
    let (peer, number) = world.connected();
    peer.write(&frame(&body(1, 40)));
    world.turns_until(|world| world.frames_of(number) == 1);
    world.net.abort(number);
    world.turn();
    assert_eq!(world.reason_of(number), Some(CloseReason::Asked));
    assert_eq!(world.net.pool().used(), UNIT);
    // Another one in the same slot is not the same connection.
    let (_, other) = world.connected();
    assert_ne!(number, other);
    assert_eq!(world.net.peer(number), None);
    world.finish_all();
    assert_eq!(world.net.pool().used(), 0);
}

#[test]
fn memory_that_is_too_small_is_refused() {
    let memory = crate::io::AlignedBuffer::new(UNIT * 15);
    let sim = crate::io::sockets::sim::SimSockets::seeded(1);
    assert!(crate::net::Net::new(sim, settings(), memory.piece(0, UNIT * 15)).is_err());
}
