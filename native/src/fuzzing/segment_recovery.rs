//! Arbitrary bytes as the segment files of a `replicated` partition, whose tail recovery takes from the files alone.
//!
//! ```text
//! input: segments u8, then per segment: base u64 · size u32 (little-endian), then their bytes one behind the other
//! ```

use super::{seed, Seed};
use crate::codec::batch::BatchHeader;
use crate::codec::build::BatchBuilder;
use crate::codec::crc32c::crc32c;
use crate::io::sim::{SimDisk, SimIo};
use crate::io::BLOCK_SIZE;
use crate::journal::entry::Durability;
use crate::journal::fields::FieldReader;
use crate::journal::writer::JournalConfig;
use crate::log::config::LogConfig;
use crate::log::identity::Identity;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::segment::DataPaths;
use crate::store::{recover, Catalog, OpenError, OpenOptions};
use std::collections::BTreeMap;
use std::path::Path;

const ID: PartitionId = PartitionId { topic: TopicId([5; 16]), index: 0 };
const SEGMENTS_MAX: u8 = 4;

type Segments = BTreeMap<u64, Vec<u8>>;

pub fn run(bytes: &[u8]) {
    let segments = parse(bytes);
    check(&segments);
    check(&segments.iter().map(|(base, bytes)| (*base, make_good(bytes))).collect());
}

fn parse(bytes: &[u8]) -> Segments {
    let mut fields = FieldReader::new(bytes);
    let count = fields.u8().unwrap_or(0).min(SEGMENTS_MAX);
    let places: Vec<(u64, usize)> = (0..count).map_while(|_| Some((fields.u64()? >> 11, fields.u32()? as usize))).collect();
    let cut = |(base, size): (u64, usize)| (base, fields.raw(size.min(fields.left())).expect("no more than there is").to_vec());
    places.into_iter().map(cut).collect()
}

fn check(segments: &Segments) {
    let disk = SimDisk::seeded(0);
    open(&disk).expect("a fresh directory");
    let paths = DataPaths::new(data());
    let identity = Identity { partition: ID, durability: Durability::Replicated, ownership: 1 };
    disk.put_file(&paths.identity(&ID), &identity.encode());
    for (base, bytes) in segments {
        disk.put_file(&paths.log(&ID, *base), bytes);
    }
    match open(&disk) {
        Ok(end) => check_kept(&disk, segments, end),
        // A leader epoch that goes back; but never a panic, an error of the device, or a wrong name.
        Err(OpenError::Corrupt(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// What is left is a beginning of what was there: whole batches, their offsets ascending to the end; and it is
/// recovered once more as it is.
fn check_kept(disk: &SimDisk, segments: &Segments, end: u64) {
    let kept = logs(disk);
    let mut next = 0;
    for (base, bytes) in &kept {
        assert!(segments.get(base).is_some_and(|given| given.starts_with(bytes)), "segment {base} holds what nobody wrote");
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let header = BatchHeader::parse(rest).expect("a batch");
            let batch = rest.get(..header.size as usize).expect("a whole one");
            assert!(crc32c(&batch[21..]) == header.crc && header.base_offset as u64 >= next);
            next = header.next_offset() as u64;
            rest = &rest[batch.len()..];
        }
    }
    assert!(kept.is_empty() || next == end, "the log ends at {end}, its batches at {next}");
    assert_eq!(open(disk), Ok(end));
    assert_eq!(logs(disk), kept);
}

fn logs(disk: &SimDisk) -> Segments {
    let name = |path: &Path| crate::log::segment::base_of_log_name(path.file_name()?.to_str()?);
    disk.files()
        .into_iter()
        .filter_map(|(path, bytes)| Some((name(&path)?, bytes)))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

fn data() -> &'static Path {
    Path::new("/data")
}

/// Recovers; the partition's end, 0 where there is none yet.
fn open(disk: &SimDisk) -> Result<u64, OpenError> {
    disk.put_dir(data());
    let options = OpenOptions {
        data: data().to_owned(),
        journals: None,
        shards: 1,
        journal: JournalConfig { step: BLOCK_SIZE as u64, ..JournalConfig::default() },
        batch_size_max: 1 << 20,
        set_aside_corrupt: false,
        nonce: [1; 16],
        wall_ms: 0,
    };
    let config = LogConfig { durability: Durability::Replicated, ..LogConfig::default() };
    let catalog = Catalog { live: [(ID, config)].into(), ..Catalog::default() };
    let recovered = recover(&mut SimIo::new(disk), &options, &catalog)?;
    Ok(recovered.shards.iter().flat_map(|shard| &shard.partitions).map(|partition| partition.end).sum())
}

/// Each batch, as far as lengths tell them apart, gets the CRC that its bytes ask for.
fn make_good(bytes: &[u8]) -> Vec<u8> {
    let mut good = bytes.to_vec();
    let mut at = 0;
    while let Ok(header) = BatchHeader::parse(&good[at..]) {
        let Some(batch) = good.get_mut(at..at.saturating_add(header.size as usize)) else { break };
        let crc = crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        at += batch.len();
    }
    good
}

pub fn seeds() -> Vec<Seed> {
    let batch =
        |base: u64, epoch| BatchBuilder::new().base_offset(base as i64).leader_epoch(epoch).value(b"a").value(&[7; 40]).finish();
    let input = |segments: &[(u64, Vec<u8>)]| {
        let places = segments
            .iter()
            .flat_map(|(base, bytes)| [&(base << 11).to_le_bytes()[..], &(bytes.len() as u32).to_le_bytes()].concat());
        let mut input: Vec<u8> = [segments.len() as u8].into_iter().chain(places).collect();
        segments.iter().for_each(|(_, bytes)| input.extend_from_slice(bytes));
        input
    };
    let first = [batch(0, 1), batch(2, 1), batch(4, 2)].concat();
    let second = [batch(6, 2), batch(10, 3)].concat();
    vec![
        seed("none", input(&[])),
        seed("one", input(&[(0, first.clone())])),
        seed("two", input(&[(0, first.clone()), (6, second.clone())])),
        seed("torn", input(&[(0, first.clone()), (6, second[..second.len() - 9].to_vec())])),
        seed("gap", input(&[(0, first), (7, second)])),
    ]
}
