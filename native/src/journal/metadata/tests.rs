use super::*;
use crate::io::sim::{Fault, FaultPlan, OpKind, SimDisk, SimIo};
use crate::io::task::block_on;
use proptest::prelude::*;

const DIRECTORY: &str = "/data/metadata";

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::seeded(seed);
    disk.put_dir(Path::new("/data"));
    disk
}

fn record(kind: u16, size: usize) -> Record {
    Record { kind, bytes: vec![kind as u8; size] }
}

fn open(io: &mut SimIo, is_fresh: bool) -> Result<(MetadataJournal, Vec<Record>), MetadataError> {
    block_on(io, |files| async move { MetadataJournal::open(&files, Path::new(DIRECTORY), is_fresh).await })
}

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Record>),
    Witness,
    Rewrite(Vec<Record>),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let records = |count: std::ops::Range<usize>| prop::collection::vec((1u16..200, 0usize..6000), count);
    let make = |list: Vec<(u16, usize)>| list.into_iter().map(|(kind, size)| record(kind, size)).collect::<Vec<_>>();
    prop_oneof![
        6 => records(1..4).prop_map(move |list| Step::Append(make(list))),
        2 => Just(Step::Witness),
        1 => records(0..3).prop_map(move |list| Step::Rewrite(make(list))),
        1 => Just(Step::Reopen),
    ]
}

/// The records after each step that changes them; the first state is that of a new journal.
fn states(steps: &[Step]) -> Vec<Vec<Record>> {
    let mut states = vec![Vec::new()];
    for step in steps {
        let mut next = states.last().expect("begins with one").clone();
        match step {
            Step::Append(records) => next.extend(records.clone()),
            Step::Rewrite(records) => next = records.clone(),
            Step::Witness | Step::Reopen => {}
        }
        states.push(next);
    }
    states
}

/// Runs the steps until one fails; how many were acknowledged, opening included. None: not even that.
fn run(io: &mut SimIo, steps: Vec<Step>) -> Option<usize> {
    let work = |files: Files| async move {
        let directory = Path::new(DIRECTORY);
        let Ok((mut journal, _)) = MetadataJournal::open(&files, directory, true).await else { return None };
        for (done, step) in steps.iter().enumerate() {
            let result = match step {
                Step::Append(records) => journal.append(&files, records).await,
                Step::Witness => journal.witness(&files).await,
                Step::Rewrite(records) => journal.rewrite(&files, records).await,
                Step::Reopen => {
                    let _ = journal.close(&files).await;
                    match MetadataJournal::open(&files, directory, false).await {
                        Ok((opened, _)) => {
                            journal = opened;
                            Ok(())
                        }
                        Err(_) => return Some(done),
                    }
                }
            };
            if result.is_err() {
                return Some(done);
            }
        }
        Some(steps.len())
    };
    block_on(io, work)
}

/// After a crash with so many steps acknowledged: what is found, and that finding it changes nothing the second time.
fn check_reopened(disk: &SimDisk, done: Option<usize>, states: &[Vec<Record>]) {
    let (_, found) = open(&mut SimIo::new(disk), done.is_none()).expect("a crash is not corruption");
    let acknowledged = done.unwrap_or(0);
    let legal = &states[acknowledged..(acknowledged + 2).min(states.len())];
    assert!(legal.contains(&found), "{acknowledged} steps acknowledged, found {found:?}, legal {legal:?}");
    let first = disk.files();
    disk.restart(7);
    assert_eq!(disk.files(), first, "what was handed out is durable");
    let (_, again) = open(&mut SimIo::new(disk), false).expect("opens again");
    assert_eq!((again, disk.files()), (found, first));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_crash_at_every_boundary_loses_nothing_acknowledged(
        steps in prop::collection::vec(step(), 1..7),
        seed in any::<u64>(),
    ) {
        let states = states(&steps);
        let whole = disk(seed);
        prop_assert_eq!(run(&mut SimIo::new(&whole), steps.clone()), Some(steps.len()));
        check_reopened(&whole, Some(steps.len()), &states);
        for boundary in 0..whole.boundaries().min(400) {
            let disk = disk(seed);
            disk.crash_after(boundary);
            let done = run(&mut SimIo::new(&disk), steps.clone());
            disk.restart(seed ^ boundary);
            check_reopened(&disk, done, &states);
        }
    }

    #[test]
    fn a_crash_while_it_is_recovered_changes_nothing(steps in prop::collection::vec(step(), 1..5), seed in any::<u64>()) {
        let states = states(&steps);
        let disk = disk(seed);
        run(&mut SimIo::new(&disk), steps.clone());
        disk.restart(seed);
        let before = disk.snapshot();
        let _ = open(&mut SimIo::new(&disk), false);
        let boundaries = disk.boundaries();
        for boundary in 0..boundaries {
            disk.restore(&before);
            disk.crash_after(boundary);
            let _ = open(&mut SimIo::new(&disk), false);
            disk.restart(boundary);
            check_reopened(&disk, Some(steps.len()), &states);
        }
    }

    /// A killed process leaves the page cache, and with it an append whose sync never came.
    #[test]
    fn what_a_kill_left_is_made_durable_before_it_is_handed_out(
        steps in prop::collection::vec(step(), 1..6),
        seed in any::<u64>(),
        sync in 1u64..25,
    ) {
        let disk = disk(seed);
        disk.set_faults(FaultPlan::new().from_nth(OpKind::Sync, "journal", sync, Fault::Error(IoError::MEDIA)));
        let done = run(&mut SimIo::new(&disk), steps.clone());
        disk.kill();
        disk.set_faults(FaultPlan::new());
        check_reopened(&disk, done, &states(&steps));
    }
}

fn written(steps: Vec<Step>) -> SimDisk {
    let disk = disk(1);
    let count = steps.len();
    assert_eq!(run(&mut SimIo::new(&disk), steps), Some(count));
    disk
}

#[test]
fn a_flip_of_any_bit_refuses_or_loses_nothing_acknowledged() {
    let appends = (1..5).map(|kind| Step::Append(vec![record(kind, 900 * usize::from(kind)), record(kind + 10, 3)]));
    let disk = written(appends.chain([Step::Witness]).collect());
    let bytes = disk.file(&journal_path(Path::new(DIRECTORY))).expect("the journal");
    let whole = recover(&bytes).expect("whole").records;
    assert_eq!(whole.len(), 8);
    let mut refused = 0;
    let mut flipped = bytes.clone();
    for at in 0..bytes.len() {
        flipped[at] ^= 1 << (at % 8);
        match recover(&flipped) {
            Ok(recovered) => assert_eq!(recovered.records, whole, "byte {at}"),
            Err(MetadataError::Corrupt(_)) => refused += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
        }
        flipped[at] ^= 1 << (at % 8);
    }
    let covered: usize = 5 * 48 + whole.iter().map(|record| record.bytes.len() + 6).sum::<usize>();
    assert_eq!(refused, covered, "every byte of every acknowledged frame counts, the base included");
}

#[test]
fn without_a_witness_the_last_append_cannot_be_told_from_a_torn_one_and_the_others_can() {
    let disk = written((1..4).map(|kind| Step::Append(vec![record(kind, 10)])).collect());
    let path = journal_path(Path::new(DIRECTORY));
    let before = disk.snapshot();
    let size = disk.file(&path).expect("the journal").len() as u64;
    disk.flip_bit(&path, size - BLOCK_SIZE as u64 + 50, 1);
    let (_, found) = open(&mut SimIo::new(&disk), false).expect("a torn tail");
    assert_eq!(found, vec![record(1, 10), record(2, 10)]);
    disk.restore(&before);
    disk.flip_bit(&path, size - 2 * BLOCK_SIZE as u64 + 50, 1);
    assert!(matches!(open(&mut SimIo::new(&disk), false), Err(MetadataError::Corrupt(_))));
}

#[test]
fn a_missing_or_empty_journal_is_no_empty_journal() {
    let disk = written(vec![Step::Append(vec![record(1, 1)]), Step::Witness]);
    let path = journal_path(Path::new(DIRECTORY));
    disk.put_file(&path, &[]);
    assert!(matches!(open(&mut SimIo::new(&disk), false), Err(MetadataError::Corrupt(_))));
    let mut io = SimIo::new(&disk);
    block_on(&mut io, |files| async move { files.remove_file(&journal_path(Path::new(DIRECTORY))).await }).expect("removed");
    assert!(matches!(open(&mut io, false), Err(MetadataError::Corrupt(_))));
    assert_eq!(open(&mut io, true).expect("a fresh directory").1, vec![]);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let disk = written(vec![Step::Append(vec![record(1, 1)])]);
    let path = journal_path(Path::new(DIRECTORY));
    let mut bytes = disk.file(&path).expect("the journal");
    bytes[4] = 3;
    let crc = crate::codec::crc32c::crc32c(&bytes[..44]);
    bytes[44..48].copy_from_slice(&crc.to_le_bytes());
    disk.put_file(&path, &bytes);
    assert_eq!(open(&mut SimIo::new(&disk), false).err(), Some(MetadataError::NewerFormat(3)));
}

#[test]
fn after_a_failed_append_nothing_more_is_accepted() {
    for fault in [Fault::Short, Fault::Torn, Fault::Error(IoError::NO_SPACE)] {
        let disk = disk(3);
        let mut io = SimIo::new(&disk);
        let (mut journal, _) = open(&mut io, true).expect("opens");
        disk.set_faults(FaultPlan::new().nth(OpKind::Write, "journal", 1, fault));
        let (failed, later) = block_on(&mut io, |files| async move {
            let failed = journal.append(&files, &[record(1, 5000)]).await;
            (failed, journal.append(&files, &[record(2, 1)]).await)
        });
        assert!(failed.is_err());
        assert_eq!(failed, later, "{fault:?}");
        assert_eq!(open(&mut io, false).expect("opens").1, vec![], "{fault:?}");
    }
}
