//! Opens a data directory with the code that ships, and lists what readers then see.

use crate::codec::batch::{split_batches, validate, BatchHeader, BatchRules};
use crate::io::{open_io, Io, IoChoice, PageCache};
use crate::log::segment::DataPaths;
use crate::simulation::audit::read_at;
use crate::simulation::rig::{handles, small_config, Life, Rig};
use crate::store::inspect::{inspect, VerifyOutcome};
use crate::store::topics::{is_fresh, Topics};
use crate::store::OpenError;
use std::collections::BTreeMap;
use std::path::Path;

/// A batch as a reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenBatch {
    pub base: u64,
    pub last: u64,
    pub crc: u32,
    pub leader_epoch: i32,
}

/// By topic name and partition, in the order of reading. Partitions without batches are left out.
pub type SeenBatches = BTreeMap<(String, u32), Vec<SeenBatch>>;

fn io_of(choice: IoChoice) -> Box<dyn Io> {
    open_io(choice, PageCache::Keep).unwrap_or_else(|why| panic!("this machine has no Io: {why}")).io
}

/// What `log dump` says that recovery would leave; nothing is changed.
///
/// # Errors
/// `log verify` would call the directory corrupt, or it can't be read.
pub fn inspected(choice: IoChoice, data: &Path) -> Result<SeenBatches, String> {
    let mut io = io_of(choice);
    let inspection = inspect(io.as_mut(), data, None).map_err(|error| format!("the inspection failed: {error:?}"))?;
    if inspection.outcome() == VerifyOutcome::Corrupt {
        return Err(format!("the inspection calls it corrupt: {:?}", inspection.findings));
    }
    let mut seen = SeenBatches::new();
    for batch in inspection.batches() {
        let id = batch.partition;
        let name = inspection.name_of(&id.topic).ok_or_else(|| format!("{id:?} is of a topic without a name"))?;
        let (base, last, crc, leader_epoch) = (batch.base, batch.last, batch.crc, batch.leader_epoch);
        seen.entry((name.to_owned(), id.index)).or_default().push(SeenBatch { base, last, crc, leader_epoch });
    }
    Ok(seen)
}

/// Recovers the directory and reads everything. It is left as a kill leaves it: recovered, not closed.
///
/// # Errors
/// Recovery refuses, or a read fails, or what it gives is no whole batch.
pub fn recovered(choice: IoChoice, data: &Path, life: u64) -> Result<SeenBatches, String> {
    let mut rig = Rig::over(Box::new(move || io_of(choice)), data.to_owned(), small_config());
    // The rig makes the incarnation's nonce of it, and no two openings may have the same.
    rig.life_count = life;
    let topics = open_topics(io_of(choice).as_mut(), data).map_err(|error| format!("the catalogue refused: {error:?}"))?;
    rig.catalog = topics.catalog();
    let mut life = rig.open().map_err(|error| format!("recovery refused: {error:?}"))?;
    if !life.report.damaged.is_empty() || !life.report.set_aside.is_empty() {
        return Err(format!("recovery found damage: {:?}", life.report));
    }
    let mut seen = SeenBatches::new();
    for (id, handle) in handles(&life) {
        let name = topics.name_of(&id.topic).ok_or_else(|| format!("{id:?} is of a topic without a name"))?;
        let batches = read_partition(&rig, &mut life, handle).map_err(|error| format!("{name} {}: {error}", id.index))?;
        if !batches.is_empty() {
            seen.insert((name.to_owned(), id.index), batches);
        }
    }
    Ok(seen)
}

/// As a start does it: the catalogue is read under the directory's lock.
///
/// # Errors
/// As `Topics::open`.
pub fn open_topics(io: &mut dyn Io, data: &Path) -> Result<Topics, OpenError> {
    let lock = DataPaths::new(data).lock();
    io.lock(&lock).map_err(|error| OpenError::Io { what: "lock the data directory".into(), error })?;
    let fresh = is_fresh(io, data)?;
    Topics::open(io, data, fresh)
}

fn read_partition(rig: &Rig, life: &mut Life, handle: u32) -> Result<Vec<SeenBatch>, String> {
    let state = life.store.partition(handle).ok_or("no such partition")?;
    let (mut offset, end) = (state.log_start, state.stable_end());
    let mut seen = Vec::new();
    while offset < end {
        let bytes = read_at(rig, life, handle, offset)?;
        let before = offset;
        for batch in split_batches(&bytes) {
            let batch = batch.map_err(|error| format!("at {offset}: {error:?}"))?;
            let header = validate(batch, &BatchRules::replica()).map_err(|error| format!("at {offset}: {error:?}"))?;
            offset = header.next_offset() as u64;
            seen.push(seen_batch(&header));
        }
        if offset == before {
            return Err(format!("nothing at {offset} of {end}"));
        }
    }
    Ok(seen)
}

fn seen_batch(header: &BatchHeader) -> SeenBatch {
    SeenBatch {
        base: header.base_offset as u64,
        last: header.next_offset() as u64 - 1,
        crc: header.crc,
        leader_epoch: header.leader_epoch,
    }
}
