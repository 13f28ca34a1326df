//! The superblock inside its two copies.

use super::{seed, Seed};
use crate::io::sim::{SimDisk, SimIo};
use crate::io::task::block_on;
use crate::journal::header::Incarnation;
use crate::journal::superblock::{JournalPlace, Superblock, SUPERBLOCK_MAGIC};
use crate::journal::twin::{Copies, Twin};
use std::path::Path;

pub fn run(bytes: &[u8]) {
    check(bytes);
    let copies = read_copies(SUPERBLOCK_MAGIC, bytes);
    copies.whole.iter().for_each(|copy| check(&copy.payload));
}

fn check(payload: &[u8]) {
    if let Some(superblock) = Superblock::decode(payload) {
        assert_eq!(superblock.encode(), payload);
    }
}

/// The bytes as one copy, and the payload of the other one, which the twin itself wrote: that one is never lost.
pub(super) fn read_copies(magic: u32, bytes: &[u8]) -> Copies {
    let disk = SimDisk::seeded(0);
    let directory: &'static Path = Path::new("/d");
    disk.put_dir(directory);
    let twin = move || Twin::new(magic, directory, "twin");
    let payload = bytes.to_vec();
    let mut io = SimIo::new(&disk);
    block_on(&mut io, |files| async move { twin().write(&files, &payload).await }).expect("written");
    disk.put_file(&twin().paths()[0], bytes);
    let copies = block_on(&mut io, |files| async move { twin().read(&files).await }).expect("readable");
    assert!(copies.whole.iter().any(|copy| copy.generation == 1 && copy.payload == bytes));
    copies
}

pub fn seeds() -> Vec<Seed> {
    let journal = |path: &str| JournalPlace { path: path.into(), size: 512 << 20, search_size: 64 << 20 };
    let one = Superblock {
        directory: [1; 16],
        incarnation: Incarnation { number: 5, nonce: [9; 16] },
        journals: vec![journal("journal/00000.journal")],
    };
    let many =
        Superblock { journals: (0..4).map(|shard| journal(&format!("/other/{shard:05}.journal"))).collect(), ..one.clone() };
    let (_, copy) = Twin::new(SUPERBLOCK_MAGIC, Path::new("/d"), "twin").next(&one.encode());
    vec![seed("none", Superblock::default().encode()), seed("one", one.encode()), seed("many", many.encode()), seed("copy", copy)]
}
