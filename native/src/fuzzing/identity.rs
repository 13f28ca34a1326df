//! A partition directory's identity file.

use super::{seed, Seed};
use crate::codec::crc32c::crc32c;
use crate::journal::entry::Durability;
use crate::log::identity::Identity;
use crate::log::ids::{PartitionId, TopicId};

pub fn run(bytes: &[u8]) {
    check(bytes);
    if let Some((body, _)) = bytes.split_last_chunk::<4>() {
        check(&[body, &crc32c(body).to_le_bytes()].concat());
    }
}

fn check(bytes: &[u8]) {
    let Ok(identity) = Identity::decode(bytes) else { return };
    let encoded = identity.encode();
    assert_eq!(Identity::decode(&encoded), Ok(identity));
    // The same fields in the same places; only the format may have been an older one.
    assert_eq!(&encoded[6..encoded.len() - 4], &bytes[6..encoded.len() - 4]);
}

pub fn seeds() -> Vec<Seed> {
    let identity =
        |durability, index| Identity { partition: PartitionId { topic: TopicId([7; 16]), index }, durability, ownership: 1 };
    vec![
        seed("fsync", identity(Durability::Fsync, 0).encode()),
        seed("replicated", identity(Durability::Replicated, u32::MAX).encode()),
    ]
}
