//! The journal's promises: an ack only behind a complete commit, in order, and nothing that replay needs is overwritten.

use super::bed::{batch_of, id, replicated, sequenced, Answer, Bed};
use crate::io::sim::Random;
use crate::io::BLOCK_SIZE;
use crate::journal::space::{Space, JOURNAL_START};
use crate::journal::writer::JournalConfig;
use crate::log::ids::PartitionId;
use crate::log::partition::AppendOrigin;
use crate::simulation::rig::{small_config, small_log};
use crate::store::{Control, OpenError, StoreConfig};

/// As small as a journal gets: it is full all the time.
fn tiny_journal() -> StoreConfig {
    let journal = JournalConfig { size_max: 64 << 10, step: 64 << 10, commit_size_max: 16 << 10, ..small_config().journal };
    StoreConfig { journal, ..small_config() }
}

#[test]
fn nothing_is_acknowledged_while_its_commit_is_under_way() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(1, 100));
    bed.settle();
    let ticket = bed.offer(id(1), &batch_of(2, 100));
    // No time passes, so nothing completes.
    (0..5).for_each(|_| bed.turn());
    assert!(bed.store().io().in_flight() > 0, "the commit is on its way");
    assert_eq!(bed.answered(ticket), None);
    assert_eq!(bed.partition(id(1)).stable_end(), 1);
    assert!(matches!(bed.answer(ticket), Answer::Appended(_)));
}

#[test]
fn commits_in_flight_together_are_acknowledged_in_order() {
    for seed in 0..30 {
        let mut bed = Bed::with_partition(seed, small_log());
        for content in 0..10 {
            bed.offer(id(1), &batch_of(content, 9 << 10));
            bed.turn();
        }
        bed.settle();
        let bases: Vec<u64> = bed.acks.iter().map(|(_, ack)| ack.base).collect();
        assert_eq!(bases, (0..10).collect::<Vec<u64>>(), "seed {seed}");
    }
}

#[test]
fn space_that_replay_needs_is_not_given_out() {
    let block = BLOCK_SIZE as u64;
    let mut space = Space::new(JOURNAL_START, 1, JOURNAL_START + 7 * block);
    let places: Vec<_> = (0..2).map(|_| space.take(3 * block).expect("room")).collect();
    assert_eq!(places[1].position, places[0].position + places[0].size, "commits lie side by side");
    assert_eq!(space.take(3 * block), None, "the rest is too short, and the start is needed");
    space.free_through(1);
    assert_eq!(space.take(2 * block).map(|place| place.position), Some(JOURNAL_START));
    assert_eq!(space.take(2 * block), None, "it would reach the commit where replay begins");
    space.free_through(2);
    assert!(space.take(2 * block).is_some());
}

/// A workload that fills the tiny journal several times over; ends where the power does.
fn fill_tiny_journal(disk_seed: u64, crash_after: Option<u64>) -> (Bed, u64) {
    let mut bed = Bed::with_config(disk_seed, tiny_journal());
    bed.create(id(1), small_log());
    bed.create(id(2), small_log());
    let first = bed.disk.boundaries();
    if let Some(count) = crash_after {
        bed.disk.crash_after(count);
    }
    let mut random = Random::new(disk_seed);
    for content in 0..60 {
        let partition = id(1 + (content % 2) as u8);
        let bytes = batch_of(content, random.between(500, 6000) as usize);
        let is_taken =
            bed.run_until(|bed| !bed.disk.has_power() || bed.try_offer(partition, &bytes, AppendOrigin::Leader).is_some());
        assert!(is_taken, "the ring never has room again");
        if !bed.disk.has_power() {
            break;
        }
    }
    bed.settle_while_powered();
    let passed = bed.disk.boundaries() - first;
    (bed, passed)
}

#[test]
fn journal_space_is_reused_only_when_a_durable_record_does_without_it() {
    let (mut whole, boundaries) = fill_tiny_journal(5, None);
    whole.assert_acknowledged_is_there();
    assert!(whole.store().counters.checkpoints >= 4, "the journal went round");
    for count in (0..boundaries).step_by(11) {
        let (mut bed, _) = fill_tiny_journal(5, Some(count));
        bed.reopen_after_power_loss(count);
        bed.assert_acknowledged_is_there();
    }
}

#[test]
fn a_starved_journal_is_freed_by_checkpoints_while_controls_wait_for_it() {
    let mut bed = Bed::with_config(3, tiny_journal());
    let ids: Vec<PartitionId> = (1..=12).map(id).collect();
    for (index, id) in ids.iter().enumerate() {
        bed.create(*id, if index % 3 == 0 { replicated() } else { small_log() });
    }
    let mut tickets = Vec::new();
    let mut content = 0;
    for round in 0..8 {
        for (index, id) in ids.iter().enumerate() {
            content += 1;
            let bytes = batch_of(content, 3000);
            let offered = |bed: &mut Bed| {
                let ticket = bed.try_offer(*id, &bytes, AppendOrigin::Leader);
                tickets.extend(ticket);
                ticket.is_some()
            };
            assert!(bed.run_until(offered), "round {round}: the ring never has room again");
            if index % 4 == round % 4 {
                let end = bed.partition(*id).end;
                let control =
                    if index % 2 == 0 { Control::Truncate { to: end.saturating_sub(1) } } else { Control::LogStart { to: 0 } };
                tickets.push(bed.ask_control(*id, control));
            }
        }
    }
    for ticket in tickets {
        bed.answer(ticket);
    }
    bed.settle();
    assert_eq!(bed.fenced, None);
}

#[test]
fn an_older_incarnation_is_never_replayed() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append_each(id(1), 0..4, 100);
    // The second life writes nothing, so the journal still holds the commits of the first, from the same position on.
    bed.reopen_after_kill();
    assert_eq!(bed.rig.life_count, 2);
    bed.reopen_after_power_loss(9);
    assert_eq!(bed.life().report.entries, 0);
    assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3]);
}

#[test]
fn a_clients_payload_does_not_pass_for_a_commit() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(1, 100));
    bed.settle();
    // A copy of the journal's own blocks, offered as a record.
    let journal = bed.disk.file(&bed.journal_path()).expect("a journal");
    let copied = &journal[JOURNAL_START as usize..JOURNAL_START as usize + 4 * BLOCK_SIZE];
    let mut value = 2u64.to_le_bytes().to_vec();
    (0..3).for_each(|_| value.extend_from_slice(copied));
    bed.append(id(1), &crate::codec::build::BatchBuilder::new().value(&value).finish());
    bed.append(id(1), &batch_of(3, 100));
    bed.reopen_after_power_loss(4);
    bed.assert_acknowledged_is_there();
    assert_eq!(bed.contents(id(1)), vec![1, 2, 3]);
}

#[test]
fn what_a_killed_process_left_unsynced_is_acted_on_only_when_it_is_durable() {
    let begin = |seed: u64| {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.append_each(id(1), 0..6, 600);
        bed.checkpoint();
        bed.disk.advance(100_000_000);
        // The commit with the cut is in flight when the process dies.
        bed.ask_control(id(1), Control::Truncate { to: 2 });
        let journal = bed.journal_path();
        while !bed.disk.has_unsynced(&journal) {
            bed.turn();
            assert!(bed.disk.step(), "the commit is written");
        }
        bed.die();
        bed
    };
    for seed in 0..8 {
        let boundaries = {
            let mut bed = begin(seed);
            bed.open();
            bed.disk.boundaries()
        };
        for count in 0..boundaries {
            let mut bed = begin(seed);
            bed.disk.crash_after(count);
            assert!(bed.try_open().is_err(), "the power goes during recovery");
            bed.disk.restart(count);
            bed.open();
            let contents = bed.contents(id(1));
            assert!(contents == [0, 1, 2, 3, 4, 5] || contents == [0, 1], "seed {seed}, crash {count}: {contents:?}");
        }
    }
}

#[test]
fn a_ring_slot_is_free_only_when_journal_and_segment_have_it() {
    // The simulator panics when the memory of a write changes under it.
    let mut bed = Bed::with_partition(2, small_log());
    for sequence in 0..120 {
        let bytes = sequenced(sequence as u64, sequence);
        let is_taken = bed.run_until(|bed| bed.try_offer(id(1), &bytes, AppendOrigin::Leader).is_some());
        assert!(is_taken, "the ring never has room again");
        let large = batch_of(1000 + sequence as u64, 5000);
        let is_taken = bed.run_until(|bed| bed.try_offer(id(1), &large, AppendOrigin::Leader).is_some());
        assert!(is_taken, "the ring never has room again");
    }
    bed.settle();
    bed.assert_acknowledged_is_there();
    assert_eq!(bed.acks.len(), 240);
}

#[test]
fn a_power_cut_at_any_moment_after_the_acks_loses_none() {
    for seed in 0..24 {
        let mut bed = Bed::with_partition(seed, small_log());
        bed.append_each(id(1), 0..6, 3000);
        bed.reopen_after_power_loss(seed);
        bed.assert_acknowledged_is_there();
        assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_journal_that_is_not_this_directorys_is_refused() {
    let mut bed = Bed::with_partition(1, small_log());
    bed.append(id(1), &batch_of(1, 100));
    bed.close();
    // A byte of the directory's name in the journal's first block.
    bed.disk.flip_bit(&bed.journal_path(), 8, 0);
    assert!(matches!(bed.try_open(), Err(OpenError::Corrupt(_))));
}

/// A start that asks for more than the last one finds its journals too short. They may still be needed: until the new
/// superblock is durable, a crash repeats the recovery from them.
#[test]
fn a_journal_that_a_start_makes_longer_is_still_there_if_that_start_crashes() {
    let begin = |count: Option<u64>| {
        let mut bed = Bed::with_partition(5, small_log());
        for content in 0..6 {
            bed.append(id(1), &batch_of(content, 3000));
        }
        bed.lose_power(5);
        let short = bed.rig.config.journal;
        bed.rig.config.journal = JournalConfig { size_max: short.size_max * 2, step: short.step * 2, ..short };
        let first = bed.disk.boundaries();
        if let Some(count) = count {
            bed.disk.crash_after(count);
        }
        let opened = bed.try_open();
        let boundaries = bed.disk.boundaries() - first;
        (bed, opened, boundaries)
    };
    let (_, opened, boundaries) = begin(None);
    assert!(opened.is_ok() && boundaries > 10, "{opened:?}, {boundaries} boundaries");
    for count in 0..boundaries {
        let (mut bed, ..) = begin(Some(count));
        bed.reopen_after_power_loss(count);
        bed.assert_acknowledged_is_there();
        assert_eq!(bed.contents(id(1)), vec![0, 1, 2, 3, 4, 5], "crash at {count}");
    }
}
