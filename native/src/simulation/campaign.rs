//! Many seeds, each a story of several lives that end badly.

use super::audit::{read_all, End};
use super::rig::{handles, small_config, Node, Rig};
use super::workload::{open_until_up, Mix, Workload};
use crate::io::sim::{Random, SimDisk};
use crate::store::OpenError;

/// How a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub lives: u64,
    pub crashes_in_recovery: u64,
    pub acknowledged: u64,
    pub moves: u64,
}

/// One seed: several lives with random work, each ended by a power cut at a random boundary or by a kill; now and
/// then another crash during the recovery.
///
/// # Errors
/// The promise that was broken, in words.
pub fn run_seed(seed: u64) -> Result<Tally, String> {
    let mut random = Random::new(seed);
    let disk = SimDisk::seeded(seed);
    let mut rig = Rig::over_sim(&disk, small_config());
    let mut workload = Workload::new(seed, Mix::default());
    let count = random.between(2, 6) as u32;
    workload.add_partitions(&mut rig, count);
    let mut tally = Tally::default();
    let mut end = End::Closed;
    for life_number in 0..random.between(2, 5) {
        // The number of shards is a setting: every life may have another.
        rig.shards = random.between(1, 3) as u32;
        let mut node = reopen(&mut rig, &disk, &mut random, &mut tally, &mut end)?;
        tally.lives += 1;
        workload
            .settle(end, &rig, &mut node)
            .map_err(|broken| format!("life {life_number} after {end:?}: {broken} {:?}", node.shards[0].report))?;
        if random.below(4) == 0 {
            check_second_open(&mut rig, &disk, &mut workload, &mut node)?;
            node = rig.open_node().map_err(|error| format!("third open: {error:?}"))?;
            workload.settle(End::Killed, &rig, &mut node)?;
        }
        disk.crash_after(random.between(1, 3000));
        let probe = disk.clone();
        workload
            .run(&mut rig, &mut node, random.between(50, 1500) as u32, || probe.has_power())
            .map_err(|broken| format!("life {life_number}: {broken}"))?;
        end = finish_life(&mut rig, &disk, &mut workload, node, &mut random)?;
    }
    let mut node = reopen(&mut rig, &disk, &mut random, &mut tally, &mut end)?;
    workload.settle(end, &rig, &mut node).map_err(|broken| format!("last life: {broken}"))?;
    tally.acknowledged = workload.acknowledged;
    tally.moves = workload.moved();
    Ok(tally)
}

fn finish_life(
    rig: &mut Rig,
    disk: &SimDisk,
    workload: &mut Workload,
    mut node: Node,
    random: &mut Random,
) -> Result<End, String> {
    if disk.has_power() && random.below(3) == 0 {
        disk.crash_never();
        workload.drain(rig, &mut node)?;
        node.close(|| rig.now()).map_err(|error| format!("close: {error:?}"))?;
        workload.take_events(&mut node)?;
        drop(node);
        // A clean stop leaves nothing that a power cut could take.
        disk.restart(random.number());
        return Ok(End::PowerLost);
    }
    let is_killed = disk.has_power() && random.coin();
    if is_killed {
        disk.kill();
    } else {
        disk.cut_power();
    }
    drop(node);
    disk.crash_never();
    if !is_killed {
        disk.restart(random.number());
    }
    Ok(if is_killed { End::Killed } else { End::PowerLost })
}

fn reopen(rig: &mut Rig, disk: &SimDisk, random: &mut Random, tally: &mut Tally, end: &mut End) -> Result<Node, String> {
    let crashes = if random.below(3) == 0 { random.below(3) } else { 0 };
    let mut left = crashes;
    if left > 0 {
        disk.crash_after(random.below(120));
    }
    let opened = open_until_up(rig, || {
        if disk.has_power() {
            return false;
        }
        tally.crashes_in_recovery += 1;
        *end = End::PowerLost;
        disk.restart(random.number());
        disk.crash_never();
        left = left.saturating_sub(1);
        if left > 0 {
            disk.crash_after(random.below(120));
        }
        true
    });
    disk.crash_never();
    opened.map_err(|error: OpenError| format!("recovery refused: {error:?}"))
}

/// Opening what was just recovered gives the same bytes.
fn check_second_open(rig: &mut Rig, disk: &SimDisk, workload: &mut Workload, node: &mut Node) -> Result<(), String> {
    let before = all_batches(rig, node)?;
    disk.kill();
    let mut second = rig.open_node().map_err(|error| format!("second open: {error:?}"))?;
    workload.settle(End::Killed, rig, &mut second)?;
    let after = all_batches(rig, &mut second)?;
    // A partition that the first life was still creating may be missing from it.
    for (id, batches) in before {
        if after.iter().any(|(other, found)| *other == id && *found != batches) {
            return Err(format!("{id:?} reads differently after a second open"));
        }
    }
    disk.kill();
    Ok(())
}

type Contents = Vec<(crate::log::ids::PartitionId, Vec<super::audit::ReadBatch>)>;

fn all_batches(rig: &Rig, node: &mut Node) -> Result<Contents, String> {
    let mut contents = Vec::new();
    for life in &mut node.shards {
        let mut handles: Vec<_> = handles(life).into_iter().collect();
        handles.sort_unstable();
        for (id, handle) in handles {
            contents.push((id, read_all(rig, life, handle)?));
        }
    }
    Ok(contents)
}
