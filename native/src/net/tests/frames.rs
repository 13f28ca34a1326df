use super::world::{body, frame, settings, World, UNIT};
use crate::net::frame::Broken;
use crate::net::{CloseReason, NetEvent, NetSettings};

#[test]
fn pipelined_frames_of_any_size_come_out_whole_and_in_order() {
    for seed in 0..20 {
        let mut world = World::new(seed, settings(), 64);
        let (peer, number) = world.connected();
        // In a chunk, at its edge, across it, as large as a place, and larger.
        let sizes = [0, 1, 59, 60, 61, 64, 300, 7 * UNIT, 8 * UNIT - 4, 8 * UNIT - 3, 3000, 5, 0, 10_000, 2];
        let bodies: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(index, &size)| body(index, size)).collect();
        for bytes in &bodies {
            peer.write(&frame(bytes));
        }
        world.runs_until(|world| world.frames_of(number) == sizes.len());
        assert_eq!(world.frames[&number], bodies);
        world.runs_until(|world| world.rooms_count() == 0);
        assert_eq!(world.net.pool().used(), 0, "an idle connection holds no memory");
    }
}

#[test]
fn frames_of_one_chunk_are_handed_out_from_one_receive() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    for index in 0..6 {
        peer.write(&frame(&body(index, 4)));
    }
    world.turns_until(|world| world.frames_of(number) == 6);
    assert_eq!(world.net.counters.moved_size, 0);
    assert!(world.net.counters.receives < 12);
}

#[test]
fn equal_frames_are_received_in_place_once_their_size_is_known() {
    let mut world = World::new(3, NetSettings { turn_size_max: 1 << 20, ..settings() }, 1024);
    let (peer, number) = world.connected();
    let size = 10 * UNIT - 7;
    for index in 0..50 {
        peer.write(&frame(&body(index, size)));
        world.runs_until(|world| world.frames_of(number) == index + 1);
    }
    let moved = world.net.counters.moved_size as usize;
    assert!(moved <= 3 * UNIT, "{moved} bytes of {} moved", 50 * size);
}

#[test]
fn who_has_too_many_under_way_is_not_read() {
    let mut world = World::new(2, NetSettings { in_flight_max: 3, ..settings() }, 64);
    let (peer, number) = world.connected();
    for index in 0..10 {
        peer.write(&frame(&body(index, 100)));
    }
    world.turns(500);
    assert_eq!(world.frames_of(number), 3);
    world.finish_one();
    world.turns(500);
    assert_eq!(world.frames_of(number), 4);
    // What is released and not answered counts all the same.
    let (_, place) = world.held.remove(0);
    world.net.release(place);
    world.turns(500);
    assert_eq!(world.frames_of(number), 4);
    world.net.answered(number);
    world.runs_until(|world| world.frames_of(number) == 10);
}

#[test]
fn one_that_sends_without_end_does_not_starve_the_others() {
    let settings = NetSettings { turn_size_max: 4 * UNIT, in_flight_max: 10_000, ..settings() };
    let mut world = World::new(5, settings, 4096);
    let (heavy, heavy_number) = world.connected();
    let light: Vec<_> = (0..20).map(|_| world.connected()).collect();
    drop(world.sim.take_received());
    for index in 0..2000 {
        heavy.write(&frame(&body(index, 100)));
    }
    for round in 1..=10 {
        light.iter().for_each(|(peer, _)| peer.write(&frame(b"light")));
        let mut turns = 0;
        while !light.iter().all(|(_, number)| world.frames_of(*number) == round) {
            world.turn_with(1000);
            let most = world.sim.take_received().into_iter().max().unwrap_or(0);
            assert!(most <= 4 * UNIT, "{most} bytes of one connection in one turn");
            world.finish_all();
            turns += 1;
            // The simulator holds bytes back for some polls.
            assert!(turns < 40, "the light ones wait for the heavy one");
        }
    }
    assert!(world.frames_of(heavy_number) < 2000, "the heavy one was still sending");
}

#[test]
fn what_is_no_frame_closes_its_connection_with_the_reason() {
    let cases: [(&[u8], Broken, &str); 5] = [
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Broken::Http, r"GET /metrics HTTP/1.1\r\nHost: x\r"),
        (b"\x16\x03\x01\x02\x00\x01", Broken::Tls, r"\x16\x03\x01\x02\x00\x01"),
        (b"\xff\xff\xff\xff", Broken::NegativeSize, r"\xff\xff\xff\xff"),
        (b"\x7f\xff\xff\xff", Broken::TooLarge, r"\x7f\xff\xff\xff"),
        (b"\x00\x10\x00\x01", Broken::TooLarge, r"\x00\x10\x00\x01"),
    ];
    for (bytes, broken, shown) in cases {
        let mut world = World::new(1, settings(), 64);
        let (good, good_number) = world.connected();
        let (peer, number) = world.connected();
        peer.write(bytes);
        world.turns_until(|world| world.reason_of(number).is_some());
        assert_eq!(world.reason_of(number), Some(CloseReason::Broken(broken)));
        let text = world.net.take_broken(number).expect("its first bytes");
        assert!(shown.starts_with(&text) && text.len() >= 4, "{text}");
        assert_eq!(world.net.take_broken(number), None);
        good.write(&frame(b"still here"));
        world.runs_until(|world| world.frames_of(good_number) == 1);
        assert_eq!(world.net.pool().used(), 0);
    }
}

#[test]
fn a_broken_frame_behind_whole_ones_takes_nothing_from_them() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    peer.write(&[frame(b"first"), b"GET / HTTP/1.1".to_vec()].concat());
    world.turns_until(|world| world.reason_of(number).is_some());
    assert_eq!(world.frames[&number], [b"first"]);
    assert_eq!(world.reason_of(number), Some(CloseReason::Broken(Broken::TooLarge)), "HTTP only at the first bytes");
    world.finish_all();
    assert_eq!(world.net.pool().used(), 0);
}

#[test]
fn events_that_have_no_room_wait() {
    let mut world = World::new(4, NetSettings { in_flight_max: 1000, ..settings() }, 64);
    let (peer, number) = world.connected();
    for index in 0..100 {
        peer.write(&frame(&body(index, 3)));
    }
    for _ in 0..2000 {
        world.turn_with(2);
    }
    assert_eq!(world.frames_of(number), 100);
    assert_eq!(world.frames[&number][99], body(99, 3));
    assert!(matches!(world.events.last(), Some(NetEvent::Frame { .. })));
}

#[test]
fn a_frame_that_is_not_whole_needs_nobody() {
    let mut world = World::new(5, NetSettings { idle_ms: 1000, ..settings() }, 64);
    let (peer, number) = world.connected();
    let bytes = frame(&body(1, 8 * UNIT - 4));
    for chunk in bytes[..7 * UNIT].chunks(UNIT / 2) {
        peer.write(chunk);
        world.now_ms += 200;
        (0..50).for_each(|_| assert!(!world.net.pump(world.now_ms)));
    }
    // What came was noticed: nobody is idle.
    world.turns(20);
    assert_eq!((world.frames_of(number), world.reason_of(number)), (0, None));
    peer.write(&bytes[7 * UNIT..]);
    while !world.net.pump(world.now_ms) {}
    world.turn();
    assert_eq!(world.frames[&number], [body(1, 8 * UNIT - 4)]);
}
