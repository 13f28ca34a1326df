use super::caller::Caller;
use super::world::{body, frame, lent, settings, World};
use crate::io::sim::Random;
use crate::io::{AlignedBuffer, FileSpan, SharedFile};
use crate::net::onward::TOLD_WITHIN_MS;
use crate::net::{CloseReason, ConnectionNumber, NetEvent, NetSettings, Part, Source};

/// A file of so many bytes that goes with the test.
pub fn shared(name: &str, bytes: &[u8]) -> SharedFile {
    let path = std::env::temp_dir().join(format!("millrace-net-{name}-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("written");
    let file = SharedFile::open(&path).expect("opens");
    std::fs::remove_file(path).expect("the test's own");
    file
}

pub fn owned(connection: ConnectionNumber, memory: &AlignedBuffer, size: usize) -> Part {
    Part { connection, source: memory.piece(0, size).into(), is_owned: true }
}

pub fn of_file(connection: ConnectionNumber, file: &SharedFile, position: usize, size: usize) -> Part {
    let span = FileSpan { file: file.number(), position: position as u64, size };
    Part { connection, source: Source::File(span), is_owned: false }
}

/// Whether JavaScript has to be told of what was sent. Sockets of the simulator say now and then that there may be something to read.
fn pumped(world: &mut World) -> bool {
    world.net.pump(world.now_ms);
    world.net.moved.is_urgent()
}

/// A connection whose socket takes `room` bytes at once.
fn narrow(seed: u64, room: usize) -> (World, crate::io::sockets::sim::SimPeer, ConnectionNumber) {
    let mut world = World::new(seed, NetSettings { kept_max: 8192, ..settings() }, 64);
    world.sim.set_room(room);
    let (peer, number) = world.connected();
    (world, peer, number)
}

#[test]
fn what_needs_nobody_is_sent_on_between_turns() {
    let (mut world, peer, number) = narrow(3, 100);
    let (bytes, head) = (body(7, 5000), lent(b"head"));
    let file = shared("between", &bytes);
    let parts: Vec<Part> =
        (0..4).flat_map(|index| [owned(number, &head, 4), of_file(number, &file, index * 1000, 1000)]).collect();
    let expected: Vec<u8> = bytes[..4000].chunks(1000).flat_map(|chunk| [b"head", chunk].concat()).collect();
    let mut caller = Caller::new(&world, number, parts);
    let unfinished = caller.flush(&mut world).expect("its socket is narrow");
    assert_eq!((unfinished.parts_taken, unfinished.part_size_taken, unfinished.kept), (1, 96, 0));
    let mut read = Vec::new();
    let sends = world.net.counters.turns;
    for _ in 0..2000 {
        read.extend(peer.read(60));
        // Nobody waits for it: JavaScript sleeps on.
        assert!(!pumped(&mut world));
    }
    assert_eq!((read, world.net.counters.turns), (expected, sends));
    assert_eq!((world.net.kept_memory(), world.net.counters.trailed_size), (0, 4016 - 100));
    // All of it is told at last, by the time that was promised.
    assert_eq!(world.net.moved.by_ms(), Some(world.now_ms + TOLD_WITHIN_MS));
    world.now_ms += TOLD_WITHIN_MS;
    world.turn();
    assert!(!caller.learn(&world) && caller.is_done() && !caller.is_blocked);
    assert_eq!(world.net.moved.by_ms(), None);
}

#[test]
fn who_reads_nothing_wakes_nobody_and_who_reads_slowly_is_told_of_now_and_then() {
    let (mut world, peer, number) = narrow(5, 100);
    let file = shared("slow", &body(1, 4000));
    let mut caller = Caller::new(&world, number, vec![of_file(number, &file, 0, 4000)]);
    caller.flush(&mut world);
    world.now_ms += TOLD_WITHIN_MS;
    world.turn();
    assert_eq!(world.net.moved.by_ms(), None, "a reader that stands still");
    // Its first progress is told at once, what follows a little later.
    assert!(!peer.read(100).is_empty());
    while !pumped(&mut world) {}
    world.turn();
    caller.learn(&world);
    assert_eq!((caller.next, caller.at), (0, 200));
    assert_eq!(world.net.moved.by_ms(), Some(world.now_ms + TOLD_WITHIN_MS));
    assert!(!peer.read(100).is_empty());
    (0..50).for_each(|_| assert!(!pumped(&mut world)));
    world.turn();
    caller.learn(&world);
    assert_eq!((caller.next, caller.at), (0, 300), "each turn tells what there is");
}

#[test]
fn who_waits_for_an_answer_to_leave_is_told_at_once() {
    for has_request in [false, true] {
        let (mut world, peer, number) = narrow(1, 100);
        let file = shared("awaited", &body(1, 300));
        if has_request {
            peer.write(&frame(b"another request"));
            world.turns_until(|world| world.frames_of(number) == 1);
        }
        let mut caller = Caller::new(&world, number, vec![of_file(number, &file, 0, 300)]);
        caller.flush(&mut world);
        let mut is_awaited = false;
        for _ in 0..200 {
            let _ = peer.read(100);
            is_awaited |= pumped(&mut world);
        }
        assert_eq!(is_awaited, has_request);
    }
}

/// Files, small bytes and memory that is lent for a call, in any order; readers of any speed; turns now and then.
#[test]
fn whatever_the_parts_and_the_turns_every_byte_leaves_once_and_in_order() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let (mut world, peer, number) = narrow(seed, 20 + random.below(900) as usize);
        let bytes = body(seed as usize, 6000);
        let mut file = shared(&format!("any-{seed}"), &bytes);
        let memory = lent(&bytes);
        let cuts: Vec<(usize, usize)> =
            (0..1 + random.below(30)).map(|_| (random.below(4000) as usize, random.below(1500) as usize)).collect();
        let expected: Vec<u8> = cuts.iter().flat_map(|&(from, size)| bytes[from..from + size].to_vec()).collect();
        let parts: Vec<Part> = cuts
            .iter()
            .map(|&(from, size)| match random.below(4) {
                0 => Part { connection: number, source: memory.piece(from, size).into(), is_owned: false },
                1 => Part { connection: number, source: memory.piece(from, size).into(), is_owned: true },
                _ => of_file(number, &file, from, size),
            })
            .collect();
        let mut caller = Caller::new(&world, number, parts.clone());
        let mut read = Vec::new();
        for _ in 0..30_000 {
            caller.flush(&mut world);
            read.extend(peer.read(random.below(200) as usize));
            match random.below(100) {
                // Somebody wants the file: it is given back, and is another one.
                0 => {
                    let lost = file.number();
                    world.net.take_back(lost);
                    file = shared(&format!("other-{seed}"), &bytes);
                    assert_ne!(lost, file.number());
                    world.turn();
                    assert!(!caller.learn(&world), "it was not read since");
                    let renewed = parts[caller.next..].iter().map(|part| match part.source {
                        Source::File(span) => of_file(number, &file, span.position as usize, span.size),
                        Source::Memory(_) => *part,
                    });
                    let renewed: Vec<Part> = parts[..caller.next].iter().copied().chain(renewed).collect();
                    caller.renew(renewed);
                }
                1..20 => {
                    world.now_ms += random.below(300);
                    world.turn();
                    caller.learn(&world);
                }
                _ => {
                    if world.net.pump(world.now_ms) {
                        world.turn();
                        caller.learn(&world);
                    }
                }
            }
            if read.len() == expected.len() && caller.is_done() {
                break;
            }
        }
        assert_eq!(read.len(), expected.len(), "seed {seed}");
        assert!(read == expected, "seed {seed}");
        assert_eq!((caller.is_blocked, world.net.kept_memory()), (false, 0), "seed {seed}");
    }
}

#[test]
fn what_was_taken_back_is_not_sent_though_it_is_still_there() {
    let (mut world, peer, number) = narrow(2, 100);
    let (bytes, tail) = (body(1, 1000), lent(b"tail"));
    let file = shared("back", &bytes);
    let mut caller = Caller::new(&world, number, vec![of_file(number, &file, 0, 1000), owned(number, &tail, 4)]);
    caller.flush(&mut world);
    world.net.take_back(file.number() + 1);
    assert!(!world.net.moved.is_urgent(), "another file");
    world.net.take_back(file.number());
    assert!(world.net.has_more(), "its caller has to be told");
    let sent = peer.read(1000);
    (0..100).for_each(|_| {
        world.net.pump(world.now_ms);
    });
    assert_eq!((sent.len(), peer.read(1000).len(), world.net.kept_memory()), (100, 0, 0));
    world.turn();
    assert!(!caller.learn(&world) && !caller.is_blocked);
    assert_eq!((caller.next, caller.at), (0, 100));
    // From elsewhere.
    let (again, mut read) = (lent(&bytes), sent);
    caller.replace(vec![
        Part { connection: number, source: again.piece(100, 900).into(), is_owned: false },
        owned(number, &tail, 4),
    ]);
    while read.len() < 1004 {
        caller.flush(&mut world);
        world.turn();
        caller.learn(&world);
        read.extend(peer.read(50));
    }
    assert_eq!(read, [&bytes[..], b"tail"].concat());
}

#[test]
fn a_file_that_is_gone_under_its_trail_is_the_callers_to_read() {
    let (mut world, peer, number) = narrow(2, 100);
    let file = shared("lost", &body(1, 1000));
    let mut caller = Caller::new(&world, number, vec![of_file(number, &file, 0, 1000)]);
    caller.flush(&mut world);
    drop(file);
    assert!(!peer.read(100).is_empty());
    while !pumped(&mut world) {}
    world.turn();
    assert!(caller.learn(&world), "it cannot be had");
    assert_eq!((caller.at, caller.is_blocked, world.net.kept_memory()), (100, false, 0));
    assert_eq!(world.reason_of(number), None, "its connection lives on");
}

/// A connection that is drained while its caller has the rest of an answer: because it was lent for a call, or a file of it was lost or taken
/// back.
#[test]
fn what_its_caller_still_has_is_sent_before_a_drained_connection_ends() {
    for trouble in ["none", "lost", "taken back"] {
        let (mut world, peer, number) = narrow(4, 100);
        peer.write(&frame(b"request"));
        world.turns_until(|world| world.frames_of(number) == 1);
        let (memory, bytes) = (lent(&body(1, 9000)), body(1, 9000));
        let mut file = Some(shared("drained", &bytes));
        let span =
            |from: usize, size: usize| Part { connection: number, source: memory.piece(from, size).into(), is_owned: false };
        let first = file.as_ref().map(|file| of_file(number, file, 0, 3000)).expect("a file");
        let parts = if trouble == "none" { vec![first, span(3000, 3000), span(6000, 3000)] } else { vec![first] };
        let mut caller = Caller::new(&world, number, parts);
        caller.flush(&mut world);
        world.finish_all();
        world.net.drain();
        if let Some(file) = file.take_if(|_| trouble != "none") {
            if trouble == "taken back" {
                world.net.take_back(file.number());
            }
        }
        let (mut read, mut is_whole) = (Vec::new(), trouble == "none");
        for _ in 0..20_000 {
            world.turn();
            caller.learn(&world);
            if !is_whole && !caller.is_blocked {
                let at = caller.at;
                caller.replace(vec![span(at, 9000 - at)]);
                is_whole = true;
            }
            caller.flush(&mut world);
            read.extend(peer.read(50));
        }
        assert!(read == bytes, "{trouble}: {} bytes", read.len());
        peer.end_output();
        world.turns_until(|world| world.reason_of(number) == Some(CloseReason::Drained));
    }
}

#[test]
fn a_closed_connection_sends_its_trail_and_an_aborted_one_forgets_it() {
    for is_closed in [true, false] {
        let (mut world, peer, number) = narrow(4, 100);
        let (bytes, head) = (body(1, 2000), lent(b"head"));
        let file = shared("closed", &bytes);
        let parts = vec![owned(number, &head, 4), of_file(number, &file, 0, 2000), owned(number, &head, 4)];
        let mut caller = Caller::new(&world, number, parts);
        caller.flush(&mut world);
        if is_closed {
            world.net.close(number);
        } else {
            world.net.abort(number);
        }
        let mut read = Vec::new();
        for _ in 0..2000 {
            world.net.pump(world.now_ms);
            read.extend(peer.read(60));
        }
        let expected = [b"head", &bytes[..], b"head"].concat();
        assert_eq!(read, expected[..if is_closed { 2008 } else { 100 }]);
        assert_eq!(world.net.kept_memory(), 0);
        peer.end_output();
        world.turns_until(|world| world.reason_of(number) == Some(CloseReason::Asked));
        assert!(!world.events.iter().any(|event| matches!(event, NetEvent::Writable { .. })));
    }
}

#[test]
fn small_bytes_of_trails_count_as_kept() {
    let mut world = World::new(7, NetSettings { kept_max: 4096, kept_total_max: 8192, ..settings() }, 64);
    world.sim.set_room(10);
    let head = lent(&body(2, 3000));
    let file = shared("budget", &body(1, 100));
    let lines: Vec<_> = (0..3).map(|_| world.connected()).collect();
    let mut callers: Vec<Caller> = lines
        .iter()
        .map(|&(_, number)| {
            let parts = vec![of_file(number, &file, 0, 100), owned(number, &head, 3000), owned(number, &head, 3000)];
            Caller::new(&world, number, parts)
        })
        .collect();
    for caller in &mut callers {
        caller.flush(&mut world);
    }
    // Of two connections one part each, of the third none: the file goes on all the same.
    assert_eq!(world.net.kept_memory(), 8192);
    let mut sizes = [0; 3];
    for _ in 0..20_000 {
        world.turn();
        for ((caller, (peer, _)), size) in callers.iter_mut().zip(&lines).zip(&mut sizes) {
            caller.learn(&world);
            caller.flush(&mut world);
            *size += peer.read(10).len();
        }
        assert!(world.net.kept_memory() <= 8192);
    }
    assert_eq!((sizes, world.net.kept_memory()), ([6100; 3], 0));
}
