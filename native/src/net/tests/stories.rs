//! Random stories: whatever the pieces, the order and the pressure, exactly the frames come out and all memory comes back.

use super::world::{body, frame, settings, World, UNIT};
use crate::io::sim::Random;
use crate::net::NetSettings;
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Story {
    seed: u64,
    /// Sizes of the frames of each connection.
    lines: Vec<Vec<usize>>,
    units: usize,
    in_flight_max: u32,
    turn_size_max: usize,
    events_max: usize,
    /// How often, of ten, what is handed out stays so for another turn.
    laziness: u64,
}

fn story() -> impl Strategy<Value = Story> {
    let size = prop_oneof![4 => 0..UNIT, 3 => 0..4 * UNIT, 2 => 0..16 * UNIT, 1 => Just(UNIT - 4), 1 => 0..40 * UNIT];
    let lines = prop::collection::vec(prop::collection::vec(size, 0..12), 1..12);
    (any::<u64>(), lines, 16usize..80, 1u32..12, 1usize..6 * UNIT, 1usize..40, 0u64..9).prop_map(
        |(seed, lines, units, in_flight_max, turn_size_max, events_max, laziness)| Story {
            seed,
            lines,
            units,
            in_flight_max,
            turn_size_max,
            events_max,
            laziness,
        },
    )
}

fn live(story: &Story) {
    let limits = NetSettings { in_flight_max: story.in_flight_max, turn_size_max: story.turn_size_max, ..settings() };
    let mut world = World::new(story.seed, limits, story.units);
    let mut random = Random::new(story.seed);
    let lines: Vec<_> = story.lines.iter().map(|_| world.connected()).collect();
    let bodies: Vec<Vec<Vec<u8>>> = story
        .lines
        .iter()
        .enumerate()
        .map(|(line, sizes)| sizes.iter().enumerate().map(|(index, &size)| body(line * 100 + index, size)).collect())
        .collect();
    let mut streams: Vec<Vec<u8>> = bodies.iter().map(|bodies| bodies.iter().flat_map(|bytes| frame(bytes)).collect()).collect();
    let is_told = |world: &World| lines.iter().zip(&bodies).all(|((_, number), bodies)| world.frames_of(*number) == bodies.len());
    let mut turns = 0;
    while !is_told(&world) {
        let line = random.below(lines.len() as u64) as usize;
        let count = random.below(streams[line].len() as u64 + 1) as usize;
        lines[line].0.write(&streams[line].drain(..count).collect::<Vec<u8>>());
        // Between turns everything goes on but what has to be told.
        (0..random.below(3)).for_each(|_| {
            world.net.pump(world.now_ms);
        });
        world.turn_with(story.events_max);
        assert!(world.net.pool().used() <= story.units * UNIT);
        for (_, number) in &lines {
            let under_way = world.held.iter().filter(|(holder, _)| holder == number).count();
            assert!(under_way <= story.in_flight_max as usize);
        }
        while !world.held.is_empty() && random.below(10) >= story.laziness {
            let index = random.below(world.held.len() as u64) as usize;
            let (connection, place) = world.held.swap_remove(index);
            world.net.release(place);
            world.net.answered(connection);
        }
        turns += 1;
        assert!(turns < 200_000, "frames that never come");
    }
    for ((_, number), bodies) in lines.iter().zip(&bodies) {
        assert_eq!(world.frames.get(number).cloned().unwrap_or_default(), *bodies);
    }
    world.finish_all();
    world.turns(20);
    assert_eq!((world.net.pool().used(), world.rooms_count(), world.net.waiting_count()), (0, 0, 0));
    // Every end is told once, and leaves nothing behind.
    for (index, (peer, number)) in lines.iter().enumerate() {
        match index % 3 {
            0 => peer.end_output(),
            1 => peer.reset(),
            _ => world.net.abort(*number),
        }
    }
    world.turns_until(|world| world.closed.len() == lines.len());
    assert_eq!((world.net.connections_count(), world.sim.open_count()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn any_frames_in_any_pieces_come_out_whole(story in story()) {
        live(&story);
    }
}

/// Connections that end in the middle of everything: memory comes back all the same.
#[test]
fn connections_that_end_anywhere_leave_no_memory_behind() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut world = World::new(seed, settings(), 32);
        let mut lines: Vec<_> = (0..12).map(|_| world.connected()).collect();
        for round in 0..60 {
            if lines.is_empty() {
                break;
            }
            let index = random.below(lines.len() as u64) as usize;
            let bytes = frame(&body(round, random.below(12 * UNIT as u64) as usize));
            let cut = random.below(bytes.len() as u64 + 1) as usize;
            match random.below(12) {
                0 => lines.swap_remove(index).0.reset(),
                1 => lines.swap_remove(index).0.end_output(),
                2 => world.net.abort(lines.swap_remove(index).1),
                3 => world.net.close(lines.swap_remove(index).1),
                4 => {
                    lines[index].0.write(&bytes[..cut]);
                    lines.swap_remove(index).0.end_output();
                }
                _ => lines[index].0.write(&bytes),
            }
            if random.coin() {
                world.net.pump(world.now_ms);
            }
            world.turn();
            if random.coin() {
                world.finish_one();
            }
        }
        lines.drain(..).for_each(|(peer, _)| peer.end_output());
        for _ in 0..400 {
            world.now_ms += 100;
            world.turn();
            world.finish_all();
        }
        assert_eq!(world.closed.len(), 12, "seed {seed}");
        assert_eq!((world.net.pool().used(), world.rooms_count(), world.net.waiting_count()), (0, 0, 0), "seed {seed}");
        assert_eq!(world.net.connections_count(), 0);
    }
}
