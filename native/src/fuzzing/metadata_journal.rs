//! The metadata journal's file, as bytes and as the topic catalogue that opens it.

use super::{seed, Seed};
use crate::codec::crc32c::crc32c;
use crate::io::sim::{SimDisk, SimIo};
use crate::io::BLOCK_SIZE;
use crate::journal::entry::Durability;
use crate::journal::metadata::{journal_path, recover};
use crate::log::config::LogConfig;
use crate::log::segment::DataPaths;
use crate::store::topics::{Topic, Topics};
use std::path::{Path, PathBuf};

pub fn run(bytes: &[u8]) {
    check(bytes);
    check(&make_good(bytes));
}

fn check(bytes: &[u8]) {
    let Ok(recovered) = recover(bytes) else { return };
    assert_eq!(recovered.end + recovered.torn_size, bytes.len() as u64);
    let kept = recover(&bytes[..recovered.end as usize]).expect("what is kept is whole");
    assert_eq!((kept.records, kept.end, kept.torn_size), (recovered.records, recovered.end, 0));
    open(bytes);
}

/// Opening twice tells the same, whatever the first time cut.
fn open(bytes: &[u8]) {
    let disk = SimDisk::seeded(0);
    disk.put_file(&path(), bytes);
    let list =
        || Topics::open(&mut SimIo::new(&disk), data(), false).map(|topics| topics.list().cloned().collect::<Vec<Topic>>());
    let first = list();
    let file = disk.file(&path());
    assert_eq!(list(), first);
    assert_eq!(disk.file(&path()), file);
}

fn data() -> &'static Path {
    Path::new("/data")
}

fn path() -> PathBuf {
    journal_path(&DataPaths::new(data()).metadata())
}

/// Every block that begins like a frame gets the position and the checksums that its bytes ask for.
fn make_good(bytes: &[u8]) -> Vec<u8> {
    let mut good = bytes.to_vec();
    for at in (0..bytes.len()).step_by(BLOCK_SIZE) {
        let Some(header) = good.get(at..at + 48) else { break };
        if header[..4] != bytes[..4] {
            continue;
        }
        let size = u32::from_le_bytes([header[32], header[33], header[34], header[35]]) as usize;
        let payload_crc = good.get(at + 48..at.saturating_add(48).saturating_add(size)).map_or(0, crc32c);
        good[at + 24..at + 32].copy_from_slice(&(at as u64).to_le_bytes());
        good[at + 40..at + 44].copy_from_slice(&payload_crc.to_le_bytes());
        let header_crc = crc32c(&good[at..at + 44]);
        good[at + 44..at + 48].copy_from_slice(&header_crc.to_le_bytes());
    }
    good
}

pub fn seeds() -> Vec<Seed> {
    let disk = SimDisk::seeded(0);
    disk.put_dir(data());
    let mut io = SimIo::new(&disk);
    let mut topics = Topics::open(&mut io, data(), true).expect("a fresh directory");
    let mut seeds = vec![seed("empty", disk.file(&path()).expect("made"))];
    let config = LogConfig { durability: Durability::Replicated, ..LogConfig::default() };
    topics.ensure(&mut io, "clicks", 3, &LogConfig::default(), [1; 16]).expect("created");
    seeds.push(seed("one-topic", disk.file(&path()).expect("there")));
    topics.ensure(&mut io, "clicks", 5, &config, [2; 16]).expect("changed");
    topics.delete(&mut io, "clicks").expect("deleted");
    topics.ensure(&mut io, "clicks", 1, &config, [2; 16]).expect("created again");
    seeds.push(seed("changes", disk.file(&path()).expect("there")));
    seeds
}
