//! The leader-epoch history's file.

use super::{seed, Seed};
use crate::codec::sealed::{seal, ENVELOPE_SIZE};
use crate::log::leader_epochs::LeaderEpochs;

pub fn run(bytes: &[u8]) {
    check(bytes);
    if let Some(resealed) = reseal(bytes) {
        check(&resealed);
    }
}

/// The same magic, version and body in an envelope that fits them.
pub(super) fn reseal(bytes: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = bytes.split_at_checked(ENVELOPE_SIZE)?;
    Some(seal([head[0], head[1], head[2], head[3]], u16::from_le_bytes([head[4], head[5]]), body))
}

fn check(bytes: &[u8]) {
    let Ok(epochs) = LeaderEpochs::decode(bytes) else { return };
    assert_eq!(epochs.encode(), bytes);
    let Some(latest) = epochs.latest() else { return };
    let (start, end) = (epochs.entries()[0], latest.start_offset.saturating_add(10));
    for entry in epochs.entries() {
        assert_eq!(epochs.epoch_of(entry.start_offset), Some(entry.leader_epoch));
        let found = epochs.end_offset_for(entry.leader_epoch, end).expect("an epoch of the history");
        assert!(found.leader_epoch == entry.leader_epoch && found.end_offset > entry.start_offset);
    }
    assert_eq!(epochs.divergence_from(end, &epochs, end), Some(end));
    cut(&epochs, start.start_offset / 2 + latest.start_offset / 2);
}

fn cut(epochs: &LeaderEpochs, offset: i64) {
    let mut shorter = epochs.clone();
    shorter.truncate_to(offset);
    let mut later = epochs.clone();
    later.drop_below(offset);
    for cut in [shorter, later] {
        assert_eq!(LeaderEpochs::decode(&cut.encode()), Ok(cut));
    }
}

pub fn seeds() -> Vec<Seed> {
    let history = |entries: &[(i32, i64)]| {
        let mut epochs = LeaderEpochs::new();
        for &(leader_epoch, start_offset) in entries {
            epochs.assign(leader_epoch, start_offset).expect("an ascending history");
        }
        epochs.encode()
    };
    vec![
        seed("empty", history(&[])),
        seed("one", history(&[(0, 0)])),
        seed("many", history(&[(1, 0), (2, 10), (7, 1 << 40), (i32::MAX, (1 << 53) - 2)])),
    ]
}
