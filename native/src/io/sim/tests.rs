use super::*;
use crate::io::{AlignedBuffer, Blocking, FileId, OpenMode, SyncMethod};
use proptest::prelude::*;
use std::collections::BTreeSet;

const SEEDS: u64 = 60;

fn filled(size: usize, value: u8) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::new(size);
    buffer.bytes_mut().fill(value);
    buffer
}

fn open(io: &mut SimIo, path: &str, mode: OpenMode) -> FileId {
    Blocking::new(io).open(Path::new(path), mode).expect("opens")
}

fn write(io: &mut SimIo, file: FileId, position: u64, size: usize, value: u8, durable: Option<SyncMethod>) {
    let buffer = filled(size, value);
    Blocking::new(io).write(file, position, &[buffer.piece(0, size)], durable).expect("writes");
}

fn sync(io: &mut SimIo, file: FileId) {
    Blocking::new(io).sync(file).expect("syncs");
}

/// Runs the same story on fresh disks, restarts each with its own seed, and collects what is found.
fn endings<T: Ord>(story: impl Fn(&SimDisk), judge: impl Fn(&SimDisk) -> T) -> BTreeSet<T> {
    let one = |seed| {
        let disk = SimDisk::seeded(seed);
        disk.put_dir(Path::new("/d"));
        story(&disk);
        disk.restart(seed ^ 0xABCD);
        judge(&disk)
    };
    (0..SEEDS).map(one).collect()
}

fn found(disk: &SimDisk) -> Option<Vec<u8>> {
    disk.file(Path::new("/d/f"))
}

#[test]
fn unsynced_bytes_may_survive_whole_torn_or_not_at_all() {
    let images = endings(
        |disk| {
            disk.put_file(Path::new("/d/f"), &[0; 16384]);
            let mut io = SimIo::new(disk);
            let file = open(&mut io, "/d/f", OpenMode::Write);
            write(&mut io, file, 0, 16384, 7, None);
        },
        |disk| found(disk).expect("the name is durable"),
    );
    assert!(images.contains(&vec![0; 16384]), "nothing survived in no image");
    assert!(images.contains(&vec![7; 16384]), "everything survived in no image");
    assert!(images.len() > 10, "too few torn images: {}", images.len());
    for image in &images {
        assert!(image.chunks(512).all(|sector| sector == [0; 512] || sector == [7; 512]), "a sector is whole");
    }
}

#[test]
fn synced_bytes_survive_by_every_way_of_syncing() {
    for durable in [None, Some(SyncMethod::Linked), Some(SyncMethod::Dsync)] {
        let images = endings(
            |disk| {
                disk.put_file(Path::new("/d/f"), &[]);
                let mut io = SimIo::new(disk);
                let file = open(&mut io, "/d/f", OpenMode::Direct);
                write(&mut io, file, 0, 8192, 7, durable);
                if durable.is_none() {
                    sync(&mut io, file);
                }
            },
            found,
        );
        assert_eq!(images, [Some(vec![7; 8192])].into(), "{durable:?}");
    }
}

#[test]
fn dsync_covers_its_own_write_and_linked_covers_the_file() {
    let story = |method| {
        move |disk: &SimDisk| {
            disk.put_file(Path::new("/d/f"), &[0; 8192]);
            let mut io = SimIo::new(disk);
            let file = open(&mut io, "/d/f", OpenMode::Direct);
            write(&mut io, file, 0, 4096, 7, None);
            write(&mut io, file, 4096, 4096, 8, Some(method));
        }
    };
    let halves = |disk: &SimDisk| {
        let bytes = found(disk).expect("the name is durable");
        (bytes[..4096] == [7; 4096], bytes[4096..] == [8; 4096])
    };
    assert_eq!(endings(story(SyncMethod::Linked), halves), [(true, true)].into());
    assert_eq!(endings(story(SyncMethod::Dsync), halves), [(false, true), (true, true)].into());
}

#[test]
fn the_size_of_an_extended_file_is_durable_only_with_a_sync() {
    let sizes = endings(
        |disk| {
            disk.put_file(Path::new("/d/f"), &[1; 100]);
            let mut io = SimIo::new(disk);
            let file = open(&mut io, "/d/f", OpenMode::Write);
            write(&mut io, file, 100, 900, 2, None);
        },
        |disk| found(disk).expect("the name is durable").len(),
    );
    assert_eq!(sizes, [100, 1000].into());
}

#[test]
fn a_new_name_needs_the_sync_of_its_directory() {
    let story = |with_directory: bool| {
        move |disk: &SimDisk| {
            let mut io = SimIo::new(disk);
            let file = open(&mut io, "/d/f", OpenMode::CreateNew);
            write(&mut io, file, 0, 512, 7, None);
            sync(&mut io, file);
            if with_directory {
                Blocking::new(&mut io).sync_directory(Path::new("/d")).expect("syncs");
            }
        }
    };
    assert_eq!(endings(story(false), found), [None, Some(vec![7; 512])].into());
    assert_eq!(endings(story(true), found), [Some(vec![7; 512])].into());
}

#[test]
fn a_file_in_an_unsynced_directory_is_lost_with_it() {
    let images = endings(
        |disk| {
            let mut io = SimIo::new(disk);
            let mut blocking = Blocking::new(&mut io);
            blocking.call(Op::MakeDir { path: "/d/sub".into() }).expect("makes");
            blocking.open(Path::new("/d/sub/f"), OpenMode::Write).expect("opens");
            blocking.sync_directory(Path::new("/d/sub")).expect("syncs");
        },
        |disk| disk.file(Path::new("/d/sub/f")).is_some(),
    );
    assert_eq!(images, [false, true].into());
}

#[test]
fn a_rename_happens_whole_or_not_at_all() {
    let names = |disk: &SimDisk| (disk.file(Path::new("/d/a")), disk.file(Path::new("/d/b")));
    let images = endings(
        |disk| {
            disk.put_file(Path::new("/d/a"), b"new");
            disk.put_file(Path::new("/d/b"), b"old");
            let mut io = SimIo::new(disk);
            Blocking::new(&mut io).call(Op::Rename { from: "/d/a".into(), to: "/d/b".into() }).expect("renames");
        },
        names,
    );
    let before = (Some(b"new".to_vec()), Some(b"old".to_vec()));
    let after = (None, Some(b"new".to_vec()));
    assert_eq!(images, [before, after].into());
}

#[test]
fn an_unlinked_file_comes_back_whole_unless_the_directory_was_synced() {
    let story = |with_directory: bool| {
        move |disk: &SimDisk| {
            disk.put_file(Path::new("/d/f"), &[5; 700]);
            let mut io = SimIo::new(disk);
            Blocking::new(&mut io).call(Op::Unlink { path: "/d/f".into() }).expect("unlinks");
            if with_directory {
                Blocking::new(&mut io).sync_directory(Path::new("/d")).expect("syncs");
            }
        }
    };
    assert_eq!(endings(story(false), found), [None, Some(vec![5; 700])].into());
    assert_eq!(endings(story(true), found), [None].into());
}

#[test]
fn nothing_behind_a_lost_truncation_survives_and_a_kept_one_leaves_zeros() {
    let images = endings(
        |disk| {
            disk.put_file(Path::new("/d/f"), &[1; 2048]);
            let mut io = SimIo::new(disk);
            let file = open(&mut io, "/d/f", OpenMode::Write);
            Blocking::new(&mut io).call(Op::SetSize { file, size: 512 }).expect("cuts");
            write(&mut io, file, 1024, 512, 2, None);
        },
        |disk| found(disk).expect("the name is durable"),
    );
    let with = |sectors: &[u8]| -> Vec<u8> { sectors.iter().flat_map(|value| [*value; 512]).collect() };
    assert_eq!(images, [with(&[1, 1, 1, 1]), with(&[1]), with(&[1, 0, 0]), with(&[1, 0, 2])].into());
}

#[test]
fn every_boundary_can_be_the_last_and_acknowledged_writes_survive_them_all() {
    let workload = |disk: &SimDisk| -> u8 {
        let mut io = SimIo::new(disk);
        let mut blocking = Blocking::new(&mut io);
        let Ok(file) = blocking.open(Path::new("/d/f"), OpenMode::Write) else { return 0 };
        if blocking.sync_directory(Path::new("/d")).is_err() {
            return 0;
        }
        for value in 1..=3 {
            let buffer = filled(4096, value);
            let method = if value == 2 { SyncMethod::Dsync } else { SyncMethod::Linked };
            let position = u64::from(value - 1) * 4096;
            if blocking.write(file, position, &[buffer.piece(0, 4096)], Some(method)).is_err() {
                return value - 1;
            }
        }
        3
    };
    let fresh = |seed| {
        let disk = SimDisk::seeded(seed);
        disk.put_dir(Path::new("/d"));
        disk
    };
    let disk = fresh(1);
    assert_eq!(workload(&disk), 3);
    let boundaries = disk.boundaries();
    assert_eq!(boundaries, 2 + 2 + 3 * 4, "create, directory sync, three durable writes");
    let mut acknowledged_seen = BTreeSet::new();
    let mut durable_but_unacknowledged = 0;
    for point in 0..boundaries {
        let disk = fresh(1);
        disk.crash_after(point);
        let acknowledged = workload(&disk);
        assert!(!disk.has_power(), "crash point {point} was not reached");
        acknowledged_seen.insert(acknowledged);
        let crashed = disk.snapshot();
        for seed in 0..20 {
            disk.restore(&crashed);
            disk.restart(seed);
            let bytes = found(&disk).unwrap_or_default();
            for value in 1..=acknowledged {
                let at = usize::from(value - 1) * 4096;
                assert!(bytes[at..at + 4096] == [value; 4096], "point {point} seed {seed}: write {value} is lost");
            }
            let next = usize::from(acknowledged) * 4096;
            let has_next = bytes.get(next..next + 4096).is_some_and(|bytes| bytes == [acknowledged + 1; 4096]);
            durable_but_unacknowledged += usize::from(has_next);
        }
    }
    assert_eq!(acknowledged_seen, [0, 1, 2].into());
    assert!(durable_but_unacknowledged > 0);
}

#[test]
fn after_the_power_is_lost_everything_fails_and_the_next_life_works() {
    let disk = SimDisk::seeded(3);
    disk.put_file(Path::new("/d/f"), &[1; 4096]);
    let mut old = SimIo::new(&disk);
    let file = open(&mut old, "/d/f", OpenMode::Write);
    let buffer = filled(4096, 9);
    old.submit(1, Op::Write { file, position: 0, pieces: vec![buffer.piece(0, 4096)], durable: None });
    old.flush();
    old.submit(2, Op::Sync { file });
    disk.cut_power();
    let mut completions = Vec::new();
    while old.in_flight() > 0 {
        old.wait(&mut completions);
    }
    assert!(completions.iter().all(|completion| completion.result == Err(IoError::POWER_LOST)));
    assert_eq!(completions.len(), 2);
    assert_eq!(old.file_size(Path::new("/d/f")), Err(IoError::POWER_LOST));
    disk.restart(4);
    assert_eq!(Blocking::new(&mut old).sync(file), Err(IoError::POWER_LOST), "an earlier life stays dead");
    let mut new = SimIo::new(&disk);
    assert_eq!(new.file_size(Path::new("/d/f")), Ok(Some(4096)));
    assert_eq!(Blocking::new(&mut new).sync(file), Err(IoError::BAD_FILE), "an old FileId means nothing");
}

#[test]
fn a_write_in_flight_when_the_power_goes_may_be_torn() {
    let images = endings(
        |disk| {
            disk.put_file(Path::new("/d/f"), &[0; 8192]);
            let mut io = SimIo::new(disk);
            let file = open(&mut io, "/d/f", OpenMode::Direct);
            let buffer = filled(8192, 7);
            let durable = Some(SyncMethod::Linked);
            io.submit(1, Op::Write { file, position: 0, pieces: vec![buffer.piece(0, 8192)], durable });
            io.flush();
            disk.cut_power();
            io.wait(&mut Vec::new());
        },
        |disk| found(disk).expect("the name is durable"),
    );
    assert!(images.contains(&vec![0; 8192]));
    assert!(images.contains(&vec![7; 8192]));
    assert!(images.len() > 4, "only {} images", images.len());
}

#[test]
fn a_killed_process_leaves_the_page_cache_whole() {
    let disk = SimDisk::seeded(5);
    disk.put_dir(Path::new("/d"));
    let mut io = SimIo::new(&disk);
    let file = open(&mut io, "/d/f", OpenMode::Write);
    write(&mut io, file, 0, 3000, 7, None);
    io.lock(Path::new("/d/lock")).expect("locks");
    disk.kill();
    assert_eq!(found(&disk), Some(vec![7; 3000]));
    let mut next = SimIo::new(&disk);
    assert_eq!(next.lock(Path::new("/d/lock")), Ok(()), "the lock died with its process");
    assert_eq!(disk.durable_file(Path::new("/d/f")), None);
}

#[test]
fn two_ios_share_the_disk_and_exclude_each_other_by_lock() {
    let disk = SimDisk::seeded(6);
    disk.put_dir(Path::new("/d"));
    let (mut first, mut second) = (SimIo::new(&disk), SimIo::new(&disk));
    let file = open(&mut first, "/d/f", OpenMode::Write);
    write(&mut first, file, 0, 10, 7, None);
    assert_eq!(second.file_size(Path::new("/d/f")), Ok(Some(10)));
    assert_eq!(first.lock(Path::new("/d/lock")), Ok(()));
    assert_eq!(second.lock(Path::new("/d/lock")), Err(IoError::WOULD_BLOCK));
    drop(first);
    assert_eq!(second.lock(Path::new("/d/lock")), Ok(()));
}

fn finishing_order(seed: u64) -> (Vec<Token>, u64) {
    let disk = SimDisk::seeded(seed);
    disk.put_file(Path::new("/d/f"), &[1; 4096]);
    let mut io = SimIo::new(&disk);
    let file = open(&mut io, "/d/f", OpenMode::Write);
    (0..20).for_each(|token| io.submit(token, Op::Sync { file }));
    let mut completions = Vec::new();
    while io.in_flight() > 0 {
        io.wait(&mut completions);
    }
    (completions.iter().map(|completion| completion.token).collect(), disk.now_ns())
}

#[test]
fn one_seed_is_one_run_and_operations_overtake_each_other() {
    assert_eq!(finishing_order(1), finishing_order(1));
    assert_ne!(finishing_order(1), finishing_order(2));
    assert_ne!(finishing_order(1).0, (0..20).collect::<Vec<_>>());
}

#[test]
fn poll_lets_no_time_pass_and_the_harness_does() {
    let disk = SimDisk::seeded(1);
    let mut io = SimIo::new(&disk);
    io.submit(1, Op::MakeDir { path: "/d".into() });
    io.flush();
    let mut completions = Vec::new();
    io.poll(&mut completions);
    assert!(completions.is_empty());
    disk.advance(10_000_000);
    io.poll(&mut completions);
    assert_eq!(completions.len(), 1);
    assert!(!disk.step());
}

fn faulty(plan: FaultPlan) -> (SimDisk, SimIo, FileId) {
    let disk = SimDisk::seeded(9);
    disk.put_file(Path::new("/d/f"), &[1; 4096]);
    let mut io = SimIo::new(&disk);
    let file = open(&mut io, "/d/f", OpenMode::Write);
    disk.set_faults(plan);
    (disk, io, file)
}

fn write_once(io: &mut SimIo, file: FileId, durable: Option<SyncMethod>) -> IoResult<u64> {
    let buffer = filled(4096, 7);
    Blocking::new(io).call(Op::Write { file, position: 0, pieces: vec![buffer.piece(0, 4096)], durable })
}

#[test]
fn a_scheduled_fault_hits_the_nth_operation_on_its_path_only() {
    let plan = FaultPlan::new().nth(OpKind::Write, "/f", 2, Fault::Error(IoError::MEDIA)).always(
        OpKind::Write,
        "other",
        Fault::Error(IoError::INVALID),
    );
    let (_disk, mut io, file) = faulty(plan);
    assert_eq!(write_once(&mut io, file, None), Ok(4096));
    assert_eq!(write_once(&mut io, file, None), Err(IoError::MEDIA));
    assert_eq!(write_once(&mut io, file, None), Ok(4096));
}

#[test]
fn a_short_write_cancels_its_sync() {
    let (disk, mut io, file) = faulty(FaultPlan::new().always(OpKind::Write, "", Fault::Short));
    let count = write_once(&mut io, file, Some(SyncMethod::Linked)).expect("short is no error");
    assert!((1..4096).contains(&count));
    assert!(disk.has_unsynced(Path::new("/d/f")));
}

#[test]
fn a_failed_sync_of_a_durable_write_fails_the_write() {
    for method in [SyncMethod::Linked, SyncMethod::Dsync] {
        let (_disk, mut io, file) = faulty(FaultPlan::new().always(OpKind::Sync, "", Fault::SyncDropsDirty));
        assert_eq!(write_once(&mut io, file, Some(method)), Err(IoError::MEDIA));
    }
}

#[test]
fn after_a_failed_sync_the_next_one_succeeds_and_means_nothing() {
    let (disk, mut io, file) = faulty(FaultPlan::new().nth(OpKind::Sync, "", 1, Fault::SyncDropsDirty));
    write_once(&mut io, file, None).expect("writes");
    assert_eq!(Blocking::new(&mut io).sync(file), Err(IoError::MEDIA));
    assert_eq!(Blocking::new(&mut io).sync(file), Ok(()));
    assert_eq!(found(&disk), Some(vec![7; 4096]), "reads still see the new bytes");
    disk.restart(1);
    assert_ne!(found(&disk), Some(vec![7; 4096]));
}

#[test]
fn a_lying_sync_and_a_lost_write_report_success_and_keep_nothing() {
    for plan in
        [FaultPlan::new().always(OpKind::Sync, "", Fault::SyncLies), FaultPlan::new().always(OpKind::Write, "", Fault::Lost)]
    {
        let (disk, mut io, file) = faulty(plan);
        assert_eq!(write_once(&mut io, file, Some(SyncMethod::Linked)), Ok(4096));
        assert_eq!(found(&disk), Some(vec![7; 4096]));
        assert_eq!(disk.durable_file(Path::new("/d/f")), Some(vec![1; 4096]));
    }
}

#[test]
fn torn_writes_and_flipped_bits_show() {
    let (disk, mut io, file) =
        faulty(FaultPlan::new().nth(OpKind::Write, "", 1, Fault::Torn).nth(OpKind::Write, "", 2, Fault::BitFlip));
    assert_eq!(write_once(&mut io, file, None), Err(IoError::MEDIA));
    let torn = found(&disk).expect("exists");
    assert!(torn.contains(&1) && torn.contains(&7));
    assert_eq!(write_once(&mut io, file, None), Ok(4096));
    let flipped = found(&disk).expect("exists");
    assert_eq!(flipped.iter().map(|byte| (byte ^ 7).count_ones()).sum::<u32>(), 1);
    disk.flip_bit(Path::new("/d/f"), 10, 3);
    assert_eq!(found(&disk).expect("exists")[10], flipped[10] ^ 8);
}

#[test]
fn reads_can_end_early_or_fail() {
    let plan = FaultPlan::new().nth(OpKind::Read, "", 1, Fault::Short).nth(OpKind::Read, "", 2, Fault::Error(IoError::MEDIA));
    let (_disk, mut io, file) = faulty(plan);
    let buffer = AlignedBuffer::new(4096);
    let mut read = || Blocking::new(&mut io).call(Op::Read { file, position: 0, target: buffer.piece(0, 4096) });
    assert!((1..4096).contains(&read().expect("short is no error")));
    assert_eq!(read(), Err(IoError::MEDIA));
    assert_eq!(read(), Ok(4096));
}

#[test]
fn a_full_disk_refuses_and_allocated_space_is_kept() {
    let disk = SimDisk::seeded(2);
    disk.put_dir(Path::new("/d"));
    disk.set_capacity(Some(8 * 4096));
    let mut io = SimIo::new(&disk);
    let reserved = open(&mut io, "/d/reserved", OpenMode::Write);
    let other = open(&mut io, "/d/other", OpenMode::Write);
    let mut blocking = Blocking::new(&mut io);
    blocking.call(Op::Allocate { file: reserved, position: 0, size: 6 * 4096 }).expect("fits");
    assert_eq!(blocking.call(Op::Allocate { file: other, position: 0, size: 3 * 4096 }), Err(IoError::NO_SPACE));
    let buffer = filled(6 * 4096, 1);
    assert_eq!(blocking.write(other, 0, &[buffer.piece(0, 3 * 4096)], None), Err(IoError::NO_SPACE));
    assert_eq!(blocking.write(other, 0, &[buffer.piece(0, 2 * 4096)], None), Ok(()));
    assert_eq!(blocking.write(reserved, 0, &[buffer.piece(0, 6 * 4096)], None), Ok(()));
    assert_eq!(blocking.open(Path::new("/d/third"), OpenMode::Write), Err(IoError::NO_SPACE));
    blocking.call(Op::Unlink { path: "/d/reserved".into() }).expect("unlinks");
    assert_eq!(blocking.open(Path::new("/d/third"), OpenMode::Write), Err(IoError::NO_SPACE), "still open");
    blocking.close(reserved).expect("closes");
    blocking.open(Path::new("/d/third"), OpenMode::Write).expect("space is back");
}

#[test]
#[should_panic(expected = "the memory of a write changed between submit and completion")]
fn changing_the_memory_of_a_write_in_flight_is_caught() {
    let disk = SimDisk::seeded(1);
    disk.put_file(Path::new("/d/f"), &[0; 4096]);
    let mut io = SimIo::new(&disk);
    let file = open(&mut io, "/d/f", OpenMode::Write);
    let buffer = AlignedBuffer::new(4096);
    io.submit(1, Op::Write { file, position: 0, pieces: vec![buffer.piece(0, 4096)], durable: None });
    buffer.piece(100, 1).write(0, &[1]);
    io.wait(&mut Vec::new());
}

#[derive(Clone, Debug)]
enum Step {
    Write { sector: u8, count: u8 },
    Sync,
    Durable { sector: u8, dsync: bool },
    SetSize { sectors: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..12, 1u8..4).prop_map(|(sector, count)| Step::Write { sector, count }),
        1 => Just(Step::Sync),
        1 => (0u8..12, any::<bool>()).prop_map(|(sector, dsync)| Step::Durable { sector, dsync }),
        1 => (0u8..14).prop_map(|sectors| Step::SetSize { sectors }),
    ]
}

/// Per sector, every value it may legally hold after a power cut: the last synced one and all since.
#[derive(Default)]
struct Shadow {
    sectors: [Vec<u8>; 16],
}

impl Shadow {
    fn new() -> Self {
        Self { sectors: std::array::from_fn(|_| vec![0]) }
    }

    fn settle(&mut self, sector: usize) {
        let last = *self.sectors[sector].last().expect("never empty");
        self.sectors[sector] = vec![last];
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_power_cut_leaves_only_what_was_written_since_the_last_sync(steps in prop::collection::vec(step(), 1..30), seed: u64) {
        let disk = SimDisk::new(SimOptions { sector_size: Some(512), ..SimOptions::seeded(seed) });
        disk.put_file(Path::new("/d/f"), &[]);
        let mut io = SimIo::new(&disk);
        let file = open(&mut io, "/d/f", OpenMode::Write);
        let mut shadow = Shadow::new();
        for (index, step) in steps.iter().enumerate() {
            let value = index as u8 + 1;
            match *step {
                Step::Write { sector, count } => {
                    write(&mut io, file, u64::from(sector) * 512, usize::from(count) * 512, value, None);
                    (sector..sector + count).for_each(|sector| shadow.sectors[usize::from(sector)].push(value));
                }
                Step::Sync => {
                    sync(&mut io, file);
                    (0..16).for_each(|sector| shadow.settle(sector));
                }
                Step::Durable { sector, dsync } => {
                    let method = if dsync { SyncMethod::Dsync } else { SyncMethod::Linked };
                    write(&mut io, file, u64::from(sector) * 512, 512, value, Some(method));
                    shadow.sectors[usize::from(sector)].push(value);
                    if dsync { shadow.settle(usize::from(sector)) } else { (0..16).for_each(|sector| shadow.settle(sector)) }
                }
                Step::SetSize { sectors } => {
                    Blocking::new(&mut io).call(Op::SetSize { file, size: u64::from(sectors) * 512 }).expect("sets");
                    (usize::from(sectors)..16).for_each(|sector| shadow.sectors[sector].push(0));
                }
            }
        }
        let visible = disk.file(Path::new("/d/f")).expect("exists");
        for (sector, values) in shadow.sectors.iter().enumerate() {
            let seen = visible.get(sector * 512).copied().unwrap_or(0);
            prop_assert_eq!(seen, *values.last().expect("never empty"), "sector {} before the cut", sector);
        }
        disk.restart(seed.wrapping_add(1));
        let bytes = disk.file(Path::new("/d/f")).expect("exists");
        for (sector, values) in shadow.sectors.iter().enumerate() {
            let stored = bytes.get(sector * 512..sector * 512 + 512).unwrap_or(&[0; 512]);
            prop_assert!(stored.iter().all(|byte| *byte == stored[0]), "sector {} is torn", sector);
            // A sector may also read as zeros where the size survived and the bytes did not, or the size did not.
            let is_legal = values.contains(&stored[0]) || (stored[0] == 0 && values.len() > 1);
            prop_assert!(is_legal, "sector {} holds {} and not one of {:?}", sector, stored[0], values);
        }
    }
}
