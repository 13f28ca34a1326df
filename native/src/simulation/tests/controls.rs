//! Truncation, log start, reset, change of durability and deletion: once answered, no crash undoes them; and what is
//! appended afterwards stays (DURABILITY.md rules 5 and 10).

use super::bed::{batch_of, builder_of, id, replicated, Answer, Bed};
use crate::journal::entry::Durability;
use crate::log::config::LogConfig;
use crate::simulation::rig::small_log;
use crate::store::{Control, StoreError};

type End = fn(&mut Bed, u64);

const ENDS: [(&str, End); 4] = [
    ("a kill", |bed, _| bed.reopen_after_kill()),
    ("a power loss", |bed, seed| bed.reopen_after_power_loss(seed)),
    ("a power loss behind a checkpoint", |bed, seed| {
        bed.checkpoint();
        bed.reopen_after_power_loss(seed);
    }),
    ("a power loss behind a power loss", |bed, seed| {
        bed.reopen_after_power_loss(seed);
        bed.reopen_after_power_loss(seed + 100);
    }),
];

/// Eight batches of four kilobytes, with or without a checkpoint behind the sixth.
fn begin(seed: u64, config: LogConfig) -> Bed {
    let mut bed = Bed::with_partition(seed, config);
    for content in 0..8 {
        bed.append(id(1), &batch_of(content, 4000));
        if content == 5 && seed % 2 == 1 {
            bed.checkpoint();
        }
    }
    bed
}

/// What an unsynced tail may lose is the tail of a `replicated` partition: sync it, so that the tests can be strict.
fn keep(bed: &mut Bed, config: LogConfig) {
    if config.durability == Durability::Replicated {
        bed.checkpoint();
    }
}

#[test]
fn what_a_truncation_dropped_stays_dropped_and_what_came_later_stays() {
    for config in [small_log(), replicated()] {
        for (name, end) in ENDS {
            for seed in 0..6 {
                let mut bed = begin(seed, config);
                bed.truncate(id(1), 3 + seed % 4);
                let kept: Vec<u64> = (0..3 + seed % 4).collect();
                assert_eq!(bed.contents(id(1)), kept, "the dropped ones left the ring before any read");
                bed.append_each(id(1), 20..23, 3000);
                let expected: Vec<u64> = kept.into_iter().chain(20..23).collect();
                assert_eq!(bed.contents(id(1)), expected);
                keep(&mut bed, config);
                end(&mut bed, seed);
                assert_eq!(bed.contents(id(1)), expected, "{:?} after {name}, seed {seed}", config.durability);
            }
        }
    }
}

#[test]
fn a_truncation_alone_is_durable_when_it_is_answered() {
    for config in [small_log(), replicated()] {
        for (name, end) in ENDS {
            for seed in 0..6 {
                let mut bed = begin(seed, config);
                keep(&mut bed, config);
                bed.truncate(id(1), 4);
                end(&mut bed, seed);
                assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3], "{:?} after {name}, seed {seed}", config.durability);
            }
        }
    }
}

#[test]
fn a_log_start_behind_a_truncation_leaves_what_replay_needs() {
    for seed in 0..6 {
        let mut bed = begin(seed, replicated());
        bed.checkpoint();
        bed.truncate(id(1), 3);
        bed.append_each(id(1), 20..44, 3000);
        // The record is still the one from before the cut, so replay begins at the cut and reads on in the files.
        assert_eq!(bed.control(id(1), Control::LogStart { to: 20 }), Answer::Done);
        bed.reopen_after_kill();
        assert_eq!(bed.contents(id(1)), (37..44).collect::<Vec<u64>>(), "seed {seed}");
    }
}

#[test]
fn what_comes_behind_a_cut_to_a_log_start_inside_a_batch_is_found_again() {
    for config in [small_log(), replicated()] {
        let mut bed = Bed::with_partition(1, config);
        bed.append(id(1), &builder_of(0, 100).value(b"second").value(b"third").finish());
        assert_eq!(bed.control(id(1), Control::LogStart { to: 2 }), Answer::Done);
        // The batch goes as a whole: its segment is empty, and the log goes on in it at 2.
        bed.truncate(id(1), 2);
        bed.checkpoint();
        bed.append_each(id(1), 1..4, 100);
        for _ in 0..2 {
            bed.reopen_after_kill();
            assert_eq!(bed.contents(id(1)), vec![1, 2, 3], "{:?}", config.durability);
        }
    }
}

#[test]
fn a_cut_in_the_middle_of_a_checkpoint_is_in_its_record_only_when_it_is_synced() {
    for seed in 0..60 {
        let mut bed = Bed::with_partition(seed, small_log());
        (2..12).for_each(|other| bed.create(id(other), small_log()));
        for content in 0..4 {
            (1..12).for_each(|other| bed.append_each(id(other), content..content + 1, 2000));
        }
        let truncated = bed.ask_control(id(1), Control::Truncate { to: 3 });
        (0..seed % 10).for_each(|_| bed.turn_and_step());
        bed.store().request_checkpoint();
        assert_eq!(bed.answer(truncated), Answer::Done);
        // From here on no entry of the journal cuts the file again, and what it holds is taken over.
        assert_eq!(bed.control(id(1), Control::Durability(Durability::Replicated)), Answer::Done);
        bed.reopen_after_power_loss(seed);
        assert_eq!(bed.contents(id(1)), vec![0, 1, 2], "seed {seed}");
    }
}

#[test]
fn appends_behind_a_truncation_of_a_replicated_partition_survive_a_kill_unsynced() {
    for seed in 0..6 {
        let mut bed = begin(seed, replicated());
        bed.truncate(id(1), 4);
        bed.append(id(1), &batch_of(20, 3000));
        bed.reopen_after_kill();
        assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3, 20], "seed {seed}");
    }
}

#[test]
fn a_raised_log_start_never_goes_back() {
    for config in [small_log(), replicated()] {
        for (name, end) in ENDS {
            for seed in 0..6 {
                let mut bed = begin(seed, config);
                assert_eq!(bed.control(id(1), Control::LogStart { to: 6 }), Answer::Done);
                keep(&mut bed, config);
                end(&mut bed, seed);
                assert_eq!(bed.partition(id(1)).log_start, 6, "{:?} after {name}, seed {seed}", config.durability);
                assert_eq!(bed.contents(id(1)), vec![6, 7], "{:?} after {name}, seed {seed}", config.durability);
            }
        }
    }
}

#[test]
fn a_reset_drops_everything_and_goes_on_at_its_offset() {
    for config in [small_log(), replicated()] {
        for (name, end) in ENDS {
            for seed in 0..6 {
                let mut bed = begin(seed, config);
                assert_eq!(bed.control(id(1), Control::Reset { to: 100 }), Answer::Done);
                bed.raise_leader_epoch(id(1));
                assert_eq!(bed.contents(id(1)), Vec::<u64>::new());
                assert_eq!(bed.append(id(1), &batch_of(30, 500)).base, 100);
                keep(&mut bed, config);
                end(&mut bed, seed);
                let state = bed.partition(id(1));
                assert_eq!((state.log_start, state.end), (100, 101), "{:?} after {name}, seed {seed}", config.durability);
                assert_eq!(bed.contents(id(1)), vec![30]);
            }
        }
    }
}

#[test]
fn a_change_to_fsync_makes_durable_what_was_there() {
    for seed in 0..12 {
        let mut bed = begin(seed, replicated());
        assert_eq!(bed.control(id(1), Control::Durability(Durability::Fsync)), Answer::Done);
        let ack = bed.append(id(1), &batch_of(8, 500));
        assert_eq!(ack.durability, Durability::Fsync);
        bed.reopen_after_power_loss(seed);
        assert_eq!(bed.contents(id(1)), (0..9).collect::<Vec<u64>>(), "seed {seed}");
        assert_eq!(bed.partition(id(1)).durability, Durability::Fsync);
    }
}

#[test]
fn a_change_to_replicated_keeps_what_was_durable_and_survives_a_kill() {
    for seed in 0..12 {
        let mut bed = begin(seed, small_log());
        assert_eq!(bed.control(id(1), Control::Durability(Durability::Replicated)), Answer::Done);
        assert_eq!(bed.append(id(1), &batch_of(8, 500)).durability, Durability::Replicated);
        bed.reopen_after_kill();
        assert_eq!(bed.contents(id(1)), (0..9).collect::<Vec<u64>>(), "seed {seed}");
        bed.reopen_after_power_loss(seed);
        let contents = bed.contents(id(1));
        assert_eq!(contents[..8], (0..8).collect::<Vec<u64>>(), "seed {seed}");
        assert_eq!(bed.partition(id(1)).durability, Durability::Replicated);
    }
}

#[test]
fn a_deleted_partition_is_gone_for_good_and_its_journal_entries_with_it() {
    for (name, end) in ENDS {
        for seed in 0..6 {
            let mut bed = begin(seed, small_log());
            bed.create(id(2), small_log());
            bed.append(id(2), &batch_of(50, 100));
            let ticket = bed.ask_delete(id(1));
            assert_eq!(bed.answer(ticket), Answer::Done);
            assert_eq!(bed.store().handle(&id(1)), None);
            end(&mut bed, seed);
            assert_eq!(bed.store().handle(&id(1)), None, "it came back after {name}, seed {seed}");
            assert_eq!(bed.contents(id(2)), vec![50], "after {name}, seed {seed}");
            bed.checkpoint();
            let root = bed.paths().topics();
            let left = bed
                .disk
                .files()
                .into_keys()
                .any(|path| path.starts_with(&root) && path.to_string_lossy().contains(&id(1).directory()));
            assert!(!left, "files of it are left after {name}, seed {seed}");
        }
    }
}

#[test]
fn one_control_at_a_time_and_none_outside_of_the_log() {
    let mut bed = begin(0, small_log());
    let out_of_range = StoreError::OutOfRange { start: 0, end: 8 };
    assert_eq!(bed.control(id(1), Control::Truncate { to: 9 }), Answer::Failed(out_of_range.clone()));
    assert_eq!(bed.control(id(1), Control::LogStart { to: 9 }), Answer::Failed(out_of_range));
    let first = bed.ask_control(id(1), Control::Truncate { to: 3 });
    let second = bed.ask_control(id(1), Control::Truncate { to: 2 });
    assert_eq!(bed.answer(second), Answer::Failed(StoreError::Busy));
    assert_eq!(bed.answer(first), Answer::Done);
    assert_eq!(bed.contents(id(1)), vec![0, 1, 2]);
}

#[test]
fn a_created_partition_is_durable_before_its_first_ack() {
    for seed in 0..24 {
        let mut bed = Bed::seeded(seed);
        for number in 1..4 {
            bed.create(id(number), small_log());
            bed.append(id(number), &batch_of(u64::from(number), 100));
        }
        bed.reopen_after_power_loss(seed);
        bed.assert_acknowledged_is_there();
    }
}

/// Turns only when something completed or a deadline came, as a thread does that sleeps in between.
fn answer_as_woken(bed: &mut Bed, ticket: u64) -> Answer {
    loop {
        bed.turn();
        if let Some(answer) = bed.answered(ticket) {
            return answer.clone();
        }
        if bed.store().io().in_flight() > 0 {
            bed.disk.step();
            continue;
        }
        let deadline_ms = bed.store().deadline_ms().expect("nothing will ever wake the shard");
        let left_ms = deadline_ms.saturating_sub(bed.rig.now().monotonic_ms).max(1);
        bed.disk.advance(left_ms * 1_000_000);
    }
}

#[test]
fn an_operation_on_a_shard_at_rest_needs_no_turn_that_nobody_asks_for() {
    let operations = [
        Control::Durability(Durability::Replicated),
        Control::Durability(Durability::Fsync),
        Control::LogStart { to: 2 },
        Control::Truncate { to: 5 },
        Control::Reset { to: 20 },
        Control::Delete,
    ];
    for reopen in [true, false] {
        let mut bed = begin(4, small_log());
        for control in operations {
            if reopen && control != Control::Delete {
                bed.reopen_after_close();
            } else {
                bed.settle();
            }
            let ticket = bed.ask_control(id(1), control);
            assert_eq!(answer_as_woken(&mut bed, ticket), Answer::Done, "{control:?}");
        }
    }
}
