//! A decoder with a planted fault. A driver that does not find it finds nothing.

use super::{seed, Seed};

pub fn run(bytes: &[u8]) {
    let [b'm', b'i', b'l', b'l', size, rest @ ..] = bytes else { return };
    let is_believed = rest.starts_with(b"data") && usize::from(*size) > rest.len() + 99;
    assert!(!is_believed, "a size was believed");
}

pub fn seeds() -> Vec<Seed> {
    vec![seed("mill", b"mill\x04data".to_vec())]
}
