use super::*;
use crate::io::sim::{Random, SimDisk, SimIo};
use crate::simulation::audit::{read_all, End};
use crate::simulation::rig::{handles, small_config, small_log, Life, Rig};
use crate::simulation::workload::{Mix, Workload};
use crate::store::Catalog;
use std::collections::{BTreeMap, BTreeSet};

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
    let mix = Mix { has_controls: seed % 2 == 0, ..Mix::default() };
    let mut workload = Workload::new(seed, mix);
    let count = random.between(1, 6) as u32;
    workload.add_partitions(&mut rig, count);
    let mut end = End::Closed;
    let mut worst = VerifyOutcome::Clean;
    for _ in 0..random.between(1, 3) {
        let mut life = rig.open().map_err(|error| format!("{error:?}"))?;
        workload.settle(end, &rig, &mut life)?;
        disk.crash_after(random.between(20, 2500));
        let probe = disk.clone();
        workload.run(&mut rig, &mut life, random.between(50, 900) as u32, || probe.has_power())?;
        end = if disk.has_power() && random.coin() { End::Killed } else { End::PowerLost };
        if end == End::Killed {
            disk.kill()
        } else {
            disk.cut_power()
        }
        drop(life);
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
        let dbg_before: Vec<_> =
            disk.files().into_iter().map(|(p, b)| (p, b.len())).filter(|(p, _)| p.to_string_lossy().contains(".log")).collect();
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
            let dbg_after: Vec<_> = disk
                .files()
                .into_iter()
                .map(|(p, b)| (p, b.len()))
                .filter(|(p, _)| p.to_string_lossy().contains(".log"))
                .collect();
            eprintln!(
                "before {dbg_before:#?}\n after {dbg_after:#?}\n told {:?} {:?}",
                told.findings,
                told.batches.iter().map(|(k, v)| (k, v.len(), v.last().map(|l| l.0))).collect::<Vec<_>>()
            );
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
