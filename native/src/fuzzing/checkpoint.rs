//! The checkpoint record inside its two copies.

use super::superblock::read_copies;
use super::{seed, Seed};
use crate::journal::checkpoint::{Checkpoint, PartitionRecord, SegmentRecord, CHECKPOINT_MAGIC};
use crate::journal::entry::Durability;
use crate::journal::header::Incarnation;
use crate::journal::twin::Twin;
use crate::log::ids::{PartitionId, TopicId};
use crate::log::leader_epochs::LeaderEpochs;
use std::path::Path;

pub fn run(bytes: &[u8]) {
    check(bytes);
    let copies = read_copies(CHECKPOINT_MAGIC, bytes);
    copies.whole.iter().for_each(|copy| check(&copy.payload));
}

fn check(payload: &[u8]) {
    if let Some(checkpoint) = Checkpoint::decode(payload) {
        assert_eq!(checkpoint.encode(), payload);
    }
}

pub fn seeds() -> Vec<Seed> {
    let incarnation = Incarnation { number: 5, nonce: [9; 16] };
    let empty = Checkpoint { incarnation, position: 4096, number: 1, sequence_next: 1, ..Checkpoint::default() };
    let partition = |index| PartitionRecord {
        id: PartitionId { topic: TopicId([3; 16]), index },
        durability: if index == 0 { Durability::Fsync } else { Durability::Replicated },
        ownership: 1,
        recovery_point: 77,
        segments: vec![
            SegmentRecord { base: 0, size: 1000, max_timestamp: 5 },
            SegmentRecord { base: 40, size: 900, max_timestamp: -1 },
        ],
        epochs: LeaderEpochs::new().encode(),
        ..PartitionRecord::default()
    };
    let two = Checkpoint {
        position: 8192,
        number: 9,
        sequence_next: 40,
        partitions: vec![partition(0), partition(1)],
        ..empty.clone()
    };
    let (_, copy) = Twin::new(CHECKPOINT_MAGIC, Path::new("/d"), "twin").next(&two.encode());
    vec![seed("empty", empty.encode()), seed("two", two.encode()), seed("copy", copy)]
}
