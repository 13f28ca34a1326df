use super::world::{body, frame, lent, settings, World};
use crate::io::sockets::sim::SimPeer;
use crate::io::IoError;
use crate::net::{CloseReason, NetEvent, NetSettings, Partial, RefuseReason};
use std::net::Ipv4Addr;

#[test]
fn a_peer_that_ends_its_side_still_gets_its_answers() {
    for seed in 0..20 {
        let mut world = World::new(seed, NetSettings { in_flight_max: 2, ..settings() }, 64);
        let (peer, number) = world.connected();
        (0..5).for_each(|index| peer.write(&frame(&body(index, 30))));
        peer.end_output();
        let answer = lent(b"answer");
        for answered in 0..5 {
            world.turns_until(|world| !world.held.is_empty());
            assert_eq!(world.reason_of(number), None, "{answered} answered of five");
            assert!(world.flush(number, &[(&answer, 6, true)]).is_empty());
            world.finish_one();
        }
        world.turns_until(|world| world.reason_of(number).is_some());
        assert_eq!(world.reason_of(number), Some(CloseReason::PeerClosed));
        assert_eq!(peer.read(100), b"answer".repeat(5));
        assert!(peer.has_ended());
        assert_eq!(world.frames_of(number), 5);
        assert_eq!((world.net.connections_count(), world.sim.open_count()), (0, 0));
    }
}

#[test]
fn the_end_is_told_while_answers_are_due() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    peer.write(&frame(b"a long poll"));
    peer.end_output();
    world.turns_until(|world| world.events.contains(&NetEvent::Ended { connection: number }));
    assert_eq!(world.reason_of(number), None);
}

#[test]
fn a_peer_that_ends_inside_a_frame_is_told_apart() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    peer.write(&frame(&body(0, 100))[..50]);
    peer.end_output();
    world.turns_until(|world| world.reason_of(number).is_some());
    assert_eq!(world.reason_of(number), Some(CloseReason::CutFrame));
    assert_eq!(world.partial_of(number), Some(Partial { received: 50, total: Some(104) }));
    assert_eq!(world.net.pool().used(), 0);
}

#[test]
fn a_reset_is_told() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    peer.write(&frame(&body(0, 100))[..50]);
    world.turns(20);
    peer.reset();
    world.turns_until(|world| world.reason_of(number).is_some());
    assert_eq!(world.reason_of(number), Some(CloseReason::PeerReset));
    assert_eq!(world.partial_of(number), Some(Partial { received: 50, total: Some(104) }));
}

#[test]
fn a_peer_that_falls_silent_inside_a_frame_is_told_with_what_had_come() {
    for (sent, partial) in [
        (50, Some(Partial { received: 50, total: Some(104) })),
        (3, Some(Partial { received: 3, total: None })),
        // Whole, and answered: it was only idle.
        (104, None),
    ] {
        let mut world = World::new(1, NetSettings { idle_ms: 1000, ..settings() }, 64);
        let (peer, number) = world.connected();
        peer.write(&frame(&body(0, 100))[..sent]);
        world.turns(20);
        world.finish_all();
        for _ in 0..3 {
            world.now_ms += 1001;
            world.turn();
        }
        assert_eq!(world.reason_of(number), Some(CloseReason::Idle));
        assert_eq!(world.partial_of(number), partial);
    }
}

#[test]
fn a_graceful_close_sends_what_is_queued_and_then_listens_for_the_end() {
    let mut world = World::new(1, NetSettings { kept_max: 1 << 20, linger_ms: 1000, ..settings() }, 64);
    let (peer, number) = world.connected();
    world.sim.set_room(100);
    let farewell = lent(&body(1, 250));
    let unfinished = world.flush(number, &[(&farewell, 250, true)]);
    assert_eq!((unfinished[0].parts_taken, unfinished[0].kept), (1, 150));
    world.net.close(number);
    peer.write(&frame(b"not read any more"));
    let mut read = Vec::new();
    while read.len() < 250 {
        world.turn();
        assert!(!peer.has_ended());
        read.extend(peer.read(60));
    }
    assert_eq!(read, body(1, 250));
    world.turns(50);
    assert!(peer.has_ended());
    assert_eq!(world.reason_of(number), None, "it waits for the peer's end");
    peer.end_output();
    world.turns_until(|world| world.reason_of(number).is_some());
    assert_eq!(world.reason_of(number), Some(CloseReason::Asked));
    assert_eq!(world.frames_of(number), 0);
}

#[test]
fn a_peer_that_does_not_end_is_left_after_a_while() {
    let mut world = World::new(1, NetSettings { linger_ms: 1000, ..settings() }, 64);
    let (_peer, number) = world.connected();
    world.net.close(number);
    world.turns(50);
    assert_eq!(world.reason_of(number), None);
    world.now_ms = world.net.deadline_ms().expect("it will not wait for ever");
    assert!(world.now_ms <= 1000);
    world.turn();
    assert_eq!(world.reason_of(number), Some(CloseReason::Asked));
}

#[test]
fn who_is_idle_is_closed_and_who_waits_for_an_answer_is_not() {
    let mut world = World::new(1, NetSettings { idle_ms: 1000, ..settings() }, 64);
    let (_idle, idle_number) = world.connected();
    let (waiting, waiting_number) = world.connected();
    let (busy, busy_number) = world.connected();
    waiting.write(&frame(b"a long poll"));
    world.turns_until(|world| world.frames_of(waiting_number) == 1);
    for round in 0..8 {
        world.now_ms += 300;
        busy.write(&frame(b"ping"));
        world.turns_until(|world| world.frames_of(busy_number) == round + 1);
        let (_, place) = world.held.pop().expect("the ping");
        world.net.release(place);
        world.net.answered(busy_number);
    }
    assert_eq!(world.reason_of(idle_number), Some(CloseReason::Idle));
    assert_eq!(world.reason_of(waiting_number), None);
    assert_eq!(world.reason_of(busy_number), None);
    assert!(world.net.deadline_ms().is_some());
}

#[test]
fn who_was_not_idle_when_looked_at_is_looked_at_again() {
    let mut world = World::new(1, NetSettings { idle_ms: 1000, ..settings() }, 64);
    let (peer, number) = world.connected();
    peer.write(&frame(b"a long poll"));
    world.turns_until(|world| world.frames_of(number) == 1);
    world.now_ms = 1500;
    world.turn();
    world.finish_all();
    for _ in 0..3 {
        world.now_ms = world.net.deadline_ms().expect("a connection is not forgotten");
        world.turn();
        if let Some(reason) = world.reason_of(number) {
            return assert_eq!(reason, CloseReason::Idle);
        }
    }
    panic!("idle, and not closed");
}

#[test]
fn a_slow_reader_is_idle_though_answers_are_due() {
    let mut world = World::new(1, NetSettings { idle_ms: 1000, ..settings() }, 64);
    let (peer, number) = world.connected();
    world.sim.set_room(10);
    peer.write(&frame(b"a"));
    peer.write(&frame(b"b"));
    world.turns_until(|world| world.frames_of(number) == 2);
    let answer = lent(&body(1, 100));
    world.flush(number, &[(&answer, 100, true)]);
    world.now_ms += 2000;
    world.turn();
    assert_eq!(world.reason_of(number), Some(CloseReason::Idle));
    assert_eq!(world.net.kept_memory(), 0);
}

#[test]
fn drained_connections_end_when_all_is_answered() {
    let mut world = World::new(1, settings(), 64);
    let (idle, idle_number) = world.connected();
    let (busy, busy_number) = world.connected();
    busy.write(&frame(b"under way"));
    world.turns_until(|world| world.frames_of(busy_number) == 1);
    world.net.drain();
    busy.write(&frame(b"too late"));
    [&idle, &busy].into_iter().for_each(SimPeer::end_output);
    world.turns_until(|world| world.reason_of(idle_number).is_some());
    assert_eq!(world.reason_of(idle_number), Some(CloseReason::Drained));
    world.turns(100);
    assert_eq!(world.reason_of(busy_number), None);
    let answer = lent(b"done");
    world.flush(busy_number, &[(&answer, 4, true)]);
    world.finish_all();
    world.turns_until(|world| world.reason_of(busy_number).is_some());
    assert_eq!(busy.read(10), b"done");
    assert_eq!((world.frames_of(busy_number), world.net.pool().used()), (1, 0));
}

#[test]
fn limits_on_connections_refuse_and_tell() {
    let limits = NetSettings { connections_max: 3, connections_per_address_max: 2, ..settings() };
    let mut world = World::new(1, limits, 64);
    let here = Ipv4Addr::LOCALHOST;
    let there = Ipv4Addr::new(10, 0, 0, 1);
    let peers = [here, here, here, there, there].map(|from| world.sim.connect(world.address, from));
    let reasons = |world: &World| -> Vec<RefuseReason> {
        let refused = |event: &NetEvent| match *event {
            NetEvent::Refused { reason, .. } => Some(reason),
            _ => None,
        };
        world.events.iter().filter_map(refused).collect()
    };
    world.turns_until(|world| reasons(world).len() == 2);
    assert_eq!(reasons(&world), [RefuseReason::TooManyOfAddress, RefuseReason::TooManyConnections]);
    assert!(peers[2].has_ended() && peers[4].has_ended());
    assert_eq!(world.accepted.len(), 3);
    // Room again, for both limits.
    world.net.abort(world.accepted[0]);
    let (_peer, number) = world.connected();
    assert!(world.net.peer(number).is_some_and(|peer| peer.ip() == here));
}

#[test]
fn out_of_descriptors_pauses_and_goes_on() {
    let mut world = World::new(1, settings(), 64);
    world.sim.fail_next_accept(IoError(libc::EMFILE));
    let _peer = world.connect();
    world.turns(10);
    assert_eq!(world.accepted.len(), 0);
    assert!(world.events.contains(&NetEvent::Refused { listener: 0, reason: RefuseReason::Io(IoError(libc::EMFILE)) }));
    world.now_ms = world.net.deadline_ms().expect("it tries again");
    world.turn();
    assert_eq!(world.accepted.len(), 1);
}
