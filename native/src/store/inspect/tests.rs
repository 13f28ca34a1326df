use super::*;
use crate::io::sim::{Random, SimDisk, SimIo};
use crate::simulation::audit::{read_all, End};
use crate::simulation::rig::{handles, small_config, small_log, Life, Rig};
use crate::simulation::workload::{Mix, Workload};
use crate::store::Catalog;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const DATA: &str = "/data";

/// Puts what the rig keeps in memory where `inspect` finds it.
fn publish(disk: &SimDisk, catalog: &Catalog) {
    let mut io = SimIo::new(disk);
    let metadata = DataPaths::new(Path::new(DATA)).metadata();
    let mut topics =
        Topics::open(&mut io, Path::new(DATA), disk.file(&metadata.join("journal")).is_none()).expect("a whole catalogue");
    for (id, config) in catalog.live.iter().collect::<BTreeMap<_, _>>() {
        topics.ensure(&mut io, &id.topic.to_string(), id.index + 1, config, id.topic.0).expect("published");
    }
    for id in catalog.deleted.iter().collect::<BTreeSet<_>>() {
        if topics.name_of(id).is_none() {
            topics.ensure(&mut io, &id.to_string(), 1, &small_log(), id.0).expect("published");
        }
        topics.delete(&mut io, &id.to_string()).expect("published");
    }
}

type Listed = BTreeMap<PartitionId, Vec<(InspectedBatch, Vec<u8>)>>;

struct Inspected {
    batches: Listed,
    findings: Vec<Finding>,
    outcome: VerifyOutcome,
}

/// Inspects, and fails if that changed anything.
fn inspected(disk: &SimDisk) -> Inspected {
    let before = disk.files();
    let mut io = SimIo::new(disk);
    let inspection = inspect(&mut io, Path::new(DATA), None).expect("inspected");
    let mut batches = Listed::new();
    for batch in inspection.batches() {
        batches.entry(batch.partition).or_default().push((*batch, inspection.bytes(batch).expect("readable")));
    }
    let (outcome, findings) = (inspection.outcome(), inspection.findings.clone());
    drop(inspection);
    drop(io);
    assert_eq!(disk.files(), before, "nothing changes");
    Inspected { batches, findings, outcome }
}

/// What was foretold is what recovery left, in memory and in the files.
fn compare(foretold: &Listed, disk: &SimDisk, rig: &Rig, life: &mut Life) -> Result<(), String> {
    let mut found = BTreeSet::new();
    for (id, handle) in handles(life) {
        let read = read_all(rig, life, handle)?;
        let told = foretold.get(&id).map_or(&[][..], Vec::as_slice);
        let told_bytes: Vec<&[u8]> = told.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        let read_bytes: Vec<&[u8]> = read.iter().map(|batch| batch.bytes.as_slice()).collect();
        if told_bytes != read_bytes {
            return Err(format!("{id:?}: {} batches foretold, {} read", told_bytes.len(), read_bytes.len()));
        }
        for ((batch, bytes), read) in told.iter().zip(&read) {
            let header = &read.header;
            let ids = (batch.base, batch.last + 1, batch.leader_epoch, batch.crc, batch.size);
            assert_eq!(
                ids,
                (header.base_offset as u64, header.next_offset() as u64, header.leader_epoch, header.crc, header.size)
            );
            let file = disk.file(&DataPaths::new(Path::new(DATA)).log(&id, batch.segment)).ok_or("a segment is missing")?;
            let place = batch.position as usize..batch.position as usize + batch.size as usize;
            if file.get(place) != Some(bytes) {
                return Err(format!("{id:?}: {batch:?} lies elsewhere"));
            }
        }
        found.insert(id);
    }
    match foretold.keys().find(|id| !found.contains(id)) {
        Some(id) => Err(format!("{id:?} was foretold and is not there")),
        None => Ok(()),
    }
}

/// One life that ends in a crash; what was foretold of its end; and the recovery.
fn tell_one(seed: u64) -> Result<VerifyOutcome, String> {
    let mut random = Random::new(seed);
    let disk = SimDisk::seeded(seed);
    let mut rig = Rig::over_sim(&disk, small_config());
    let mix = Mix { has_controls: seed.is_multiple_of(2), ..Mix::default() };
    let mut workload = Workload::new(seed, mix);
    let count = random.between(1, 6) as u32;
    workload.add_partitions(&mut rig, count);
    let mut end = End::Closed;
    let mut worst = VerifyOutcome::Clean;
    for _ in 0..random.between(1, 3) {
        let mut node = rig.open_node().map_err(|error| format!("{error:?}"))?;
        workload.settle(end, &rig, &mut node)?;
        disk.crash_after(random.between(20, 2500));
        let probe = disk.clone();
        workload.run(&mut rig, &mut node, random.between(50, 900) as u32, || probe.has_power())?;
        end = if disk.has_power() && random.coin() { End::Killed } else { End::PowerLost };
        if end == End::Killed {
            disk.kill()
        } else {
            disk.cut_power()
        }
        drop(node);
        disk.crash_never();
        if end == End::PowerLost {
            disk.restart(random.number());
        }
        publish(&disk, &rig.catalog);
        let told = inspected(&disk);
        if told.outcome == VerifyOutcome::Corrupt {
            return Err(format!("a crash is no corruption: {:?}", told.findings));
        }
        worst = worst.max(told.outcome);
        let mut life = rig.open().map_err(|error| format!("recovery refused: {error:?}, foretold {:?}", told.findings))?;
        // A truncation that the journal tells of cuts too, and nothing is torn.
        if life.report.cut_size > 0 && !mix.has_controls && told.outcome == VerifyOutcome::Clean {
            return Err(format!("{} bytes were cut, nothing foretold", life.report.cut_size));
        }
        compare(&told.batches, &disk, &rig, &mut life)?;
        disk.kill();
        drop(life);
        let again = inspected(&disk);
        if again.outcome != VerifyOutcome::Clean || again.batches.len() != told.batches.len() {
            return Err(format!("after the recovery: {:?}", again.findings));
        }
    }
    Ok(worst)
}

#[test]
fn it_foretells_what_recovery_leaves_and_changes_nothing() {
    let mut torn = 0;
    for seed in 0..80 {
        match tell_one(seed) {
            Ok(outcome) => torn += u32::from(outcome == VerifyOutcome::TornTail),
            Err(broken) => panic!("seed {seed}: {broken}"),
        }
    }
    assert!(torn > 5 && torn < 80, "both kinds of ends: {torn} were torn");
}

#[test]
fn each_outcome_has_its_exit_code() {
    let codes = [VerifyOutcome::Clean, VerifyOutcome::TornTail, VerifyOutcome::Corrupt].map(|outcome| outcome.exit_code() as i32);
    assert_eq!(codes, [0, 3, 4]);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Close,
    /// Killed when everything is acknowledged and witnessed: the journal is whole and waits for its replay.
    Kill,
}

/// Two partitions with several segments each; the first one is `fsync`, the second one `replicated`.
fn directory(stop: Stop) -> (SimDisk, [PartitionId; 2]) {
    let disk = SimDisk::seeded(11);
    let mut rig = Rig::over_sim(&disk, small_config());
    let mut workload = Workload::new(13, Mix { has_controls: false, ..Mix::default() });
    workload.add_partitions(&mut rig, 2);
    let mut node = rig.open_node().expect("a fresh directory");
    workload.settle(End::Closed, &rig, &mut node).expect("created");
    workload.run(&mut rig, &mut node, 400, || true).expect("runs");
    workload.drain(&rig, &mut node).expect("drains");
    match stop {
        Stop::Close => node.close(|| rig.now()).expect("closes"),
        Stop::Kill => {
            for _ in 0..50 {
                disk.advance(1_000_000);
                node.shards[0].store.turn(rig.now());
            }
            disk.kill();
        }
    }
    drop(node);
    publish(&disk, &rig.catalog);
    let ids: Vec<PartitionId> = workload.models.keys().copied().collect();
    (disk, ids.try_into().expect("two"))
}

fn segments(disk: &SimDisk, id: &PartitionId) -> Vec<(u64, u64)> {
    let directory = DataPaths::new(Path::new(DATA)).partition(id);
    let files = disk.files().into_iter().filter(|(path, _)| path.parent() == Some(&directory));
    files.filter_map(|(path, bytes)| Some((base_of_log_name(path.file_name()?.to_str()?)?, bytes.len() as u64))).collect()
}

fn paths() -> DataPaths {
    DataPaths::new(Path::new(DATA))
}

#[test]
fn a_directory_that_was_closed_is_clean_and_so_is_a_whole_journal() {
    for stop in [Stop::Close, Stop::Kill] {
        let (disk, ids) = directory(stop);
        let told = inspected(&disk);
        assert_eq!((told.outcome, told.findings), (VerifyOutcome::Clean, vec![]));
        for id in ids {
            assert!(told.batches[&id].len() > 20 && segments(&disk, &id).len() > 2, "{}", told.batches[&id].len());
        }
        let mut io = SimIo::new(&disk);
        let inspection = inspect(&mut io, Path::new(DATA), None).expect("inspected");
        assert_eq!(inspection.name_of(&ids[0].topic), Some(ids[0].topic.to_string().as_str()));
    }
}

#[test]
fn a_stored_batch_that_fails_its_checks_is_named_and_the_others_are_listed() {
    let (disk, [id, _]) = directory(Stop::Close);
    let whole = inspected(&disk).batches.remove(&id).expect("listed");
    let (bad, _) = whole[whole.len() / 2];
    let before = disk.snapshot();
    let finding = Finding::CorruptBatch { partition: id, segment: bad.segment, position: bad.position, offset: bad.base };
    // Its last byte; then its length, after which the rest of its segment can't be told apart.
    for (at, is_rest_readable) in [(u64::from(bad.size) - 1, true), (8, false)] {
        disk.restore(&before);
        disk.flip_bit(&paths().log(&id, bad.segment), bad.position + at, 3);
        let told = inspected(&disk);
        assert_eq!((told.outcome, told.findings), (VerifyOutcome::Corrupt, vec![finding.clone()]));
        let is_lost = |batch: &InspectedBatch| {
            *batch == bad || (!is_rest_readable && batch.segment == bad.segment && batch.base > bad.base)
        };
        let expected: Vec<_> = whole.iter().filter(|(batch, _)| !is_lost(batch)).cloned().collect();
        assert_eq!(told.batches[&id], expected);
    }
}

#[test]
fn a_segment_that_is_short_or_missing_is_corruption_and_a_longer_one_a_torn_tail() {
    let (disk, [id, _]) = directory(Stop::Close);
    let before = disk.snapshot();
    let found = segments(&disk, &id);
    for (base, size) in &found {
        let path = paths().log(&id, *base);
        disk.set_file_size(&path, size - 1);
        assert_eq!(inspected(&disk).outcome, VerifyOutcome::Corrupt, "segment {base} is short");
        disk.restore(&before);
        let unlinked = path.clone();
        block_on(&mut SimIo::new(&disk), |files| async move { files.remove_file(&unlinked).await }).expect("removed");
        assert_eq!(inspected(&disk).outcome, VerifyOutcome::Corrupt, "segment {base} is missing");
        disk.restore(&before);
        let mut bytes = disk.file(&path).expect("there");
        bytes.extend_from_slice(&[7; 100]);
        disk.put_file(&path, &bytes);
        let told = inspected(&disk);
        let finding = Finding::TornTail { partition: id, segment: *base, position: *size, size: 100 };
        assert_eq!((told.outcome, told.findings), (VerifyOutcome::TornTail, vec![finding]));
        disk.restore(&before);
    }
}

#[test]
fn every_bit_of_a_witnessed_journal_counts() {
    let (disk, _) = directory(Stop::Kill);
    let whole = inspected(&disk);
    let path = paths().journals().join("00000.journal");
    let bytes = disk.file(&path).expect("the journal");
    let mut refused = 0;
    for block in (0..bytes.len()).step_by(BLOCK_SIZE).filter(|at| bytes[*at..*at + BLOCK_SIZE] != [0; BLOCK_SIZE]) {
        // In the header's fields; in the first entry; somewhere in a payload.
        for at in [20, 100, 700, 3000] {
            disk.flip_bit(&path, (block + at) as u64, 2);
            let told = inspected(&disk);
            match told.outcome {
                VerifyOutcome::Corrupt => refused += 1,
                _ => assert_eq!(told.batches, whole.batches, "block at {block}, byte {at}: {:?}", told.findings),
            }
            disk.flip_bit(&path, (block + at) as u64, 2);
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn damage_to_what_recovery_needs_is_corruption_and_to_one_of_two_copies_is_told() {
    let (disk, [id, _]) = directory(Stop::Kill);
    let whole = inspected(&disk);
    let before = disk.snapshot();
    let paths = paths();
    let copies = |directory: PathBuf, name: &str| ["a", "b"].map(|copy| directory.join(format!("{name}.{copy}")));
    let superblocks = copies(paths.root.clone(), "superblock");
    let checkpoints = copies(paths.checkpoints(), "00000");
    let metadata = paths.metadata().join("journal");
    for damaged in [&superblocks[..], &checkpoints[..], &[paths.identity(&id)], std::slice::from_ref(&metadata)] {
        for path in damaged {
            disk.flip_bit(path, 20, 1);
        }
        let told = inspected(&disk);
        assert_eq!(told.outcome, VerifyOutcome::Corrupt, "{damaged:?}: {:?}", told.findings);
        disk.restore(&before);
    }
    for path in superblocks {
        disk.flip_bit(&path, 20, 1);
        let told = inspected(&disk);
        assert_eq!(
            (told.outcome, told.findings),
            (VerifyOutcome::Clean, vec![Finding::DamagedCopy { what: "superblock".into() }])
        );
        assert_eq!(told.batches, whole.batches, "both copies are of this incarnation");
        disk.restore(&before);
    }
    for path in checkpoints {
        disk.flip_bit(&path, 20, 1);
        let told = inspected(&disk);
        let is_refused = told.outcome == VerifyOutcome::Corrupt;
        assert!(is_refused || told.batches == whole.batches, "{:?}", told.findings);
        disk.restore(&before);
    }
    block_on(&mut SimIo::new(&disk), |files| async move { files.remove_file(&metadata).await }).expect("removed");
    assert_eq!(inspected(&disk).outcome, VerifyOutcome::Corrupt);
}

#[test]
fn what_the_metadata_does_not_know_is_told_and_harmless() {
    let (disk, _) = directory(Stop::Close);
    let name = PartitionId { topic: TopicId([0xee; 16]), index: 4 }.directory();
    disk.put_file(&paths().topics().join(&name).join("identity"), b"?");
    let told = inspected(&disk);
    assert_eq!((told.outcome, told.findings), (VerifyOutcome::Clean, vec![Finding::Unknown { name }]));
}

#[test]
fn a_directory_in_use_is_refused_and_one_that_never_was_is_left_alone() {
    let (disk, _) = directory(Stop::Close);
    let mut owner = SimIo::new(&disk);
    owner.lock(&paths().lock()).expect("free");
    assert_eq!(inspect(&mut SimIo::new(&disk), Path::new(DATA), None).err(), Some(OpenError::InUse));
    let fresh = SimDisk::seeded(1);
    assert!(matches!(inspect(&mut SimIo::new(&fresh), Path::new(DATA), None).err(), Some(OpenError::Io { .. })));
    fresh.put_dir(Path::new(DATA));
    let told = inspected(&fresh);
    assert_eq!((told.outcome, told.batches), (VerifyOutcome::Clean, Listed::new()));
}

#[test]
fn one_segment_is_inspected_like_the_whole() {
    let (disk, ids) = directory(Stop::Kill);
    let whole = inspected(&disk);
    for id in ids {
        for (base, _) in segments(&disk, &id) {
            let mut io = SimIo::new(&disk);
            let inspection = inspect_segment(&mut io, &paths().log(&id, base), None).expect("inspected");
            let found: Vec<InspectedBatch> = inspection.batches().copied().collect();
            let expected: Vec<InspectedBatch> =
                whole.batches[&id].iter().map(|(batch, _)| *batch).filter(|batch| batch.segment == base).collect();
            assert_eq!(found, expected);
        }
    }
    for wrong in ["/data/lock", "/data/topics/x/00000000000000000000.log", "/data"] {
        assert!(inspect_segment(&mut SimIo::new(&disk), Path::new(wrong), None).is_err(), "{wrong}");
    }
    assert!(inspect_segment(&mut SimIo::new(&disk), &paths().log(&ids[0], 999_999), None).is_err());
}
