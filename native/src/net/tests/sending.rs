use super::caller::Caller;
use super::onward::{of_file, owned, shared};
use super::world::{body, frame, lent, settings, World};
use crate::net::{CloseReason, NetEvent, NetSettings, Part, Unfinished};

fn slow(room: usize, settings: NetSettings) -> World {
    let world = World::new(7, settings, 64);
    world.sim.set_room(room);
    world
}

#[test]
fn many_parts_of_many_connections_leave_in_one_flush() {
    let mut world = World::new(1, settings(), 64);
    let lines: Vec<_> = (0..5).map(|_| world.connected()).collect();
    let memory = lent(&body(1, 3000));
    let sends = world.net.counters.sends;
    let mut parts = Vec::new();
    // More than one gathered send takes, mixed, with empty ones in between.
    for round in 0..2500 {
        for (_, number) in &lines {
            let size = [1, 0, 2][round % 3];
            parts.push(crate::net::Part { connection: *number, source: memory.piece(round, size).into(), is_owned: false });
        }
    }
    let mut unfinished = Vec::new();
    world.net.flush(&parts, &mut unfinished);
    assert_eq!(unfinished, []);
    assert_eq!(world.net.counters.sends - sends, 5 * 2);
    let expected: Vec<u8> = (0..2500).flat_map(|round| body(1, 3000)[round..round + [1, 0, 2][round % 3]].to_vec()).collect();
    lines.iter().for_each(|(peer, _)| assert_eq!(peer.read(usize::MAX), expected));
}

#[test]
fn of_the_span_that_was_cut_the_rest_is_kept_and_what_is_behind_is_the_callers() {
    let mut world = slow(100, settings());
    let (peer, number) = world.connected();
    let (head, first, tail, second) = (lent(b"head"), lent(&body(1, 200)), lent(b"tail"), lent(&body(2, 50)));
    let parts = [(&head, 4, true), (&first, 200, false), (&tail, 4, true), (&second, 50, false), (&tail, 4, true)];
    let unfinished = world.flush(number, &parts);
    // 100 bytes went; of the cut span 104 are kept, and the small bytes behind it.
    assert_eq!(
        unfinished,
        [Unfinished { connection: number, parts_taken: 3, part_size_taken: 0, kept: 108, is_unreadable: false }]
    );
    assert_eq!(world.net.counters.kept_size, 108);
    // Until it is writable nothing passes what the caller still has.
    assert_eq!(world.flush(number, &[(&head, 4, true)])[0].parts_taken, 0);
    let mut read = Vec::new();
    let writable = NetEvent::Writable { connection: number, is_unreadable: false };
    while !world.events.contains(&writable) {
        world.turn();
        read.extend(peer.read(30));
        assert!(read.len() <= 208);
    }
    assert_eq!(world.net.kept_memory(), 0);
    while !peer.read(30).is_empty() {}
    let unfinished = world.flush(number, &[(&second, 50, false), (&tail, 4, true)]);
    assert_eq!(unfinished, []);
}

#[test]
fn a_reader_that_is_slow_gets_every_byte_in_order() {
    for seed in 0..20 {
        let mut world = World::new(seed, NetSettings { kept_max: 8192, ..settings() }, 64);
        world.sim.set_room(37 + seed as usize * 50);
        let (peer, number) = world.connected();
        let spans: Vec<Vec<u8>> = (0..30).map(|index| body(index, 10 + index * 37)).collect();
        let memory: Vec<_> = spans.iter().map(|span| lent(span)).collect();
        let expected = spans.concat();
        let part = |(index, memory): (usize, &crate::io::AlignedBuffer)| Part {
            connection: number,
            source: memory.piece(0, spans[index].len()).into(),
            is_owned: index % 3 == 0,
        };
        let mut caller = Caller::new(&world, number, memory.iter().enumerate().map(part).collect());
        let mut read = Vec::new();
        for _ in 0..20_000 {
            caller.flush(&mut world);
            world.turn();
            caller.learn(&world);
            read.extend(peer.read(1 + read.len() % 90));
            if read.len() == expected.len() {
                break;
            }
        }
        assert_eq!(read, expected, "seed {seed}");
        assert_eq!(world.net.kept_memory(), 0);
    }
}

#[test]
fn what_no_budget_keeps_is_told_to_the_byte() {
    let mut world = slow(100, NetSettings { kept_max: 4096, kept_total_max: 8192, ..settings() });
    let lines: Vec<_> = (0..3).map(|_| world.connected()).collect();
    let large = lent(&body(1, 9000));
    let small = lent(&body(2, 3000));
    // Too much for one connection.
    let unfinished = world.flush(lines[0].1, &[(&large, 9000, false)]);
    assert_eq!(
        unfinished,
        [Unfinished { connection: lines[0].1, parts_taken: 0, part_size_taken: 100, kept: 0, is_unreadable: false }]
    );
    // Two fill what all of them may keep.
    assert_eq!(world.flush(lines[1].1, &[(&small, 3000, true)])[0].kept, 2900);
    assert_eq!(world.flush(lines[2].1, &[(&small, 3000, true)])[0].kept, 2900);
    assert_eq!(world.net.kept_memory(), 8192);
    let (_, other) = world.connected();
    assert_eq!(world.flush(other, &[(&small, 3000, true)])[0].part_size_taken, 100);
    // The memory comes back with the connection.
    world.net.abort(lines[1].1);
    assert_eq!(world.net.kept_memory(), 4096);
    // One that keeps nothing is told when it may go on, and until then nothing passes what its caller still has.
    assert_eq!(lines[0].0.read(100).len(), 100);
    let early = world.flush(lines[0].1, &[(&small, 10, true)]);
    assert_eq!(early, [Unfinished { connection: lines[0].1, parts_taken: 0, part_size_taken: 0, kept: 0, is_unreadable: false }]);
    assert_eq!(lines[0].0.read(100), b"");
    let writable = NetEvent::Writable { connection: lines[0].1, is_unreadable: false };
    world.turns_until(|world| world.events.contains(&writable));
}

#[test]
fn parts_of_connections_that_are_gone_go_nowhere() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    let (other, other_number) = world.connected();
    let memory = lent(b"bytes");
    peer.reset();
    assert_eq!(world.flush(number, &[(&memory, 5, true)]), []);
    world.turns_until(|world| world.reason_of(number).is_some());
    assert_eq!(world.reason_of(number), Some(CloseReason::PeerReset));
    assert_eq!(world.flush(number, &[(&memory, 5, true)]), []);
    assert_eq!(world.flush(other_number, &[(&memory, 5, true)]), []);
    assert_eq!(other.read(10), b"bytes");
    other.write(&frame(b"x"));
    world.runs_until(|world| world.frames_of(other_number) == 1);
}

#[test]
fn parts_of_files_leave_in_their_order_among_others_and_are_not_kept() {
    for seed in 0..20 {
        let mut world = World::new(seed, settings(), 64);
        world.sim.set_room(50 + seed as usize * 40);
        let (peer, number) = world.connected();
        let bytes = body(7, 5000);
        let file = shared(&format!("order-{seed}"), &bytes);
        let head = lent(b"head");
        let spans: Vec<(usize, usize)> = (0..12).map(|index| (index * 100, 1 + index * 83)).collect();
        let parts = spans.iter().flat_map(|&(at, size)| [owned(number, &head, 4), of_file(number, &file, at, size)]).collect();
        let expected: Vec<u8> = spans.iter().flat_map(|&(at, size)| [b"head", &bytes[at..at + size]].concat()).collect();
        let (mut caller, mut read) = (Caller::new(&world, number, parts), Vec::new());
        for _ in 0..20_000 {
            if let Some(one) = caller.flush(&mut world) {
                assert!(one.kept <= 4 && !one.is_unreadable, "of a file nothing is kept: {one:?}");
            }
            world.turn();
            caller.learn(&world);
            read.extend(peer.read(1 + read.len() % 90));
            if read.len() == expected.len() {
                break;
            }
        }
        assert_eq!(read, expected, "seed {seed}");
    }
}

#[test]
fn a_file_that_cannot_be_sent_from_is_the_callers_to_read_at_once() {
    let mut world = World::new(1, settings(), 64);
    let (peer, number) = world.connected();
    let bytes = body(3, 100);
    let file = shared("gone", &bytes);
    let head = lent(b"head");
    let parts = [owned(number, &head, 4), of_file(number, &file, 0, 100)];
    drop(file);
    let mut unfinished = Vec::new();
    world.net.flush(&parts, &mut unfinished);
    let expected = Unfinished { connection: number, parts_taken: 1, part_size_taken: 0, kept: 0, is_unreadable: true };
    assert_eq!(unfinished, [expected]);
    // The socket has room: the same bytes go on without waiting.
    let read = lent(&bytes);
    assert_eq!(world.flush(number, &[(&read, 100, false)]), []);
    assert_eq!(peer.read(1000), [b"head", &bytes[..]].concat());
    assert_eq!(world.reason_of(number), None, "its connection lives on");
}
