//! Which leader epoch wrote which offsets of one partition. Fencing, truncation after a leader change and the answer
//! to OffsetsForLeaderEpoch all read it. Pure: who saves it, and when, is the log's affair.
//!
//! No (leader epoch, offset) pair ever has two values (DURABILITY.md rule 15), and a follower takes a leader's log
//! from the first offset on where they differ. Hence two logs that both hold an epoch agree on everything before it.

use crate::codec::batch::OFFSET_MAX;
use crate::codec::sealed::{open, seal, FormatError};
use std::fmt;

const MAGIC: [u8; 4] = *b"MREP";
const VERSION: u16 = 1;
const ENTRY_SIZE: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    pub leader_epoch: i32,
    /// The first offset written under this epoch that is still kept.
    pub start_offset: i64,
}

/// The end of an epoch as OffsetsForLeaderEpoch answers it: the epoch found is the asked one, or the largest below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    pub leader_epoch: i32,
    pub end_offset: i64,
}

/// An epoch or its start lies behind what the history holds. On the append path that is a bug or a fenced leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochWentBack {
    pub latest: EpochStart,
    pub given: EpochStart,
}

impl fmt::Display for EpochWentBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latest, given } = self;
        write!(
            f,
            "leader epoch {} from offset {} after epoch {} from offset {}",
            given.leader_epoch, given.start_offset, latest.leader_epoch, latest.start_offset
        )
    }
}

impl std::error::Error for EpochWentBack {}

/// Epochs and their starts both ascend strictly. Empty, it owns no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<EpochStart>,
}

impl LeaderEpochs {
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    #[must_use]
    pub fn entries(&self) -> &[EpochStart] {
        &self.entries
    }

    #[must_use]
    pub fn latest(&self) -> Option<EpochStart> {
        self.entries.last().copied()
    }

    /// Offsets from `start_offset` on belong to `leader_epoch`. Says whether the history changed (and must be saved):
    /// the epoch that is already the latest one changes nothing. An epoch that wrote nothing before the next one began
    /// disappears.
    ///
    /// # Errors
    /// `EpochWentBack`, and nothing changed.
    pub fn assign(&mut self, leader_epoch: i32, start_offset: i64) -> Result<bool, EpochWentBack> {
        let given = EpochStart { leader_epoch, start_offset };
        if let Some(latest) = self.latest() {
            if leader_epoch < latest.leader_epoch || start_offset < latest.start_offset {
                return Err(EpochWentBack { latest, given });
            }
            if leader_epoch == latest.leader_epoch {
                return Ok(false);
            }
            if start_offset == latest.start_offset {
                self.entries.pop();
            }
        }
        self.entries.push(given);
        Ok(true)
    }

    /// Under which epoch the offset was written; None before the history's first start.
    #[must_use]
    pub fn epoch_of(&self, offset: i64) -> Option<i32> {
        let after = self.entries.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|index| self.entries[index].leader_epoch)
    }

    /// Where the log of an epoch ends: at the start of the next one, or at the log's end. None for an epoch that is
    /// newer than all of ours: we cannot know. An epoch older than all of ours ends where ours begin.
    #[must_use]
    pub fn end_offset_for(&self, leader_epoch: i32, log_end: i64) -> Option<EpochEnd> {
        let after = self.entries.partition_point(|entry| entry.leader_epoch <= leader_epoch);
        let at_or_below = after.checked_sub(1).map(|index| self.entries[index].leader_epoch);
        match self.entries.get(after) {
            Some(next) => Some(EpochEnd { leader_epoch: at_or_below.unwrap_or(leader_epoch), end_offset: next.start_offset }),
            None if at_or_below == Some(leader_epoch) => Some(EpochEnd { leader_epoch, end_offset: log_end }),
            None => None,
        }
    }

    /// The log now ends at this offset. Says whether the history changed.
    pub fn truncate_to(&mut self, offset: i64) -> bool {
        let kept = self.entries.partition_point(|entry| entry.start_offset < offset);
        let has_changed = kept < self.entries.len();
        self.entries.truncate(kept);
        has_changed
    }

    /// The log now starts at this offset: the epoch that covers it starts there too. Says whether the history changed.
    pub fn drop_below(&mut self, log_start: i64) -> bool {
        let started = self.entries.partition_point(|entry| entry.start_offset <= log_start);
        let Some(covering) = started.checked_sub(1) else { return false };
        let has_changed = covering > 0 || self.entries[covering].start_offset < log_start;
        self.entries.drain(..covering);
        self.entries[0].start_offset = log_start;
        has_changed
    }

    /// Up to where this log (which ends at `log_end`) agrees with another: what lies from the returned offset on must
    /// be cut before the other log can be followed. None if they share no epoch, so that nothing is known to agree.
    #[must_use]
    pub fn divergence_from(&self, log_end: i64, other: &Self, other_log_end: i64) -> Option<i64> {
        let shared = self.entries.iter().rev().find(|entry| other.holds(entry.leader_epoch))?.leader_epoch;
        let ours = self.end_offset_for(shared, log_end)?.end_offset;
        let theirs = other.end_offset_for(shared, other_log_end)?.end_offset;
        Some(ours.min(theirs))
    }

    fn holds(&self, leader_epoch: i32) -> bool {
        self.entries.binary_search_by_key(&leader_epoch, |entry| entry.leader_epoch).is_ok()
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.entries.len() * ENTRY_SIZE);
        for entry in &self.entries {
            body.extend_from_slice(&entry.leader_epoch.to_le_bytes());
            body.extend_from_slice(&entry.start_offset.to_le_bytes());
        }
        seal(MAGIC, VERSION, &body)
    }

    /// # Errors
    /// Anything but what `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let (_, mut fields) = open(bytes, MAGIC, VERSION)?;
        let mut epochs = Self { entries: Vec::with_capacity(fields.remaining() / ENTRY_SIZE) };
        while fields.remaining() > 0 {
            let entry = EpochStart { leader_epoch: fields.i32()?, start_offset: fields.i64()? };
            if entry.leader_epoch < 0 || !(0..=OFFSET_MAX + 1).contains(&entry.start_offset) {
                return Err(FormatError::Invalid("leader epoch entry"));
            }
            let ascends =
                |latest: EpochStart| latest.leader_epoch < entry.leader_epoch && latest.start_offset < entry.start_offset;
            if !epochs.latest().is_none_or(ascends) {
                return Err(FormatError::Invalid("order of leader epochs"));
            }
            epochs.entries.push(entry);
        }
        Ok(epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::new();
        for &(leader_epoch, start_offset) in entries {
            epochs.assign(leader_epoch, start_offset).unwrap();
        }
        epochs
    }

    fn end(leader_epoch: i32, end_offset: i64) -> Option<EpochEnd> {
        Some(EpochEnd { leader_epoch, end_offset })
    }

    #[test]
    fn an_epoch_without_offsets_disappears() {
        let mut epochs = history(&[(1, 0), (3, 10), (4, 10)]);
        assert_eq!(epochs, history(&[(1, 0), (4, 10)]));
        assert_eq!(epochs.assign(4, 25), Ok(false));
        assert_eq!(epochs.latest(), Some(EpochStart { leader_epoch: 4, start_offset: 10 }));
        assert_eq!((epochs.epoch_of(9), epochs.epoch_of(10), epochs.epoch_of(-1)), (Some(1), Some(4), None));
    }

    #[test]
    fn neither_epoch_nor_offset_goes_back() {
        let mut epochs = history(&[(5, 100)]);
        assert!(epochs.assign(4, 120).is_err());
        assert!(epochs.assign(6, 99).is_err());
        assert_eq!(epochs, history(&[(5, 100)]));
    }

    #[test]
    fn ends_of_epochs() {
        let epochs = history(&[(2, 10), (5, 20), (7, 30)]);
        assert_eq!(epochs.end_offset_for(1, 40), end(1, 10));
        assert_eq!(epochs.end_offset_for(2, 40), end(2, 20));
        assert_eq!(epochs.end_offset_for(4, 40), end(2, 20));
        assert_eq!(epochs.end_offset_for(6, 40), end(5, 30));
        assert_eq!(epochs.end_offset_for(7, 40), end(7, 40));
        assert_eq!(epochs.end_offset_for(8, 40), None);
        assert_eq!(LeaderEpochs::new().end_offset_for(0, 40), None);
    }

    #[test]
    fn truncation_drops_what_starts_at_or_behind_the_cut() {
        let mut epochs = history(&[(2, 10), (5, 20), (7, 30)]);
        assert!(!epochs.truncate_to(31));
        assert!(epochs.truncate_to(30));
        assert_eq!(epochs, history(&[(2, 10), (5, 20)]));
        assert!(epochs.truncate_to(0));
        assert_eq!(epochs, LeaderEpochs::new());
    }

    #[test]
    fn the_epoch_that_covers_the_log_start_stays() {
        let mut epochs = history(&[(2, 10), (5, 20), (7, 30)]);
        assert!(!epochs.drop_below(5));
        assert!(epochs.drop_below(25));
        assert_eq!(epochs, history(&[(5, 25), (7, 30)]));
        assert!(!epochs.drop_below(25));
        assert!(epochs.drop_below(30));
        assert_eq!(epochs, history(&[(7, 30)]));
        assert!(epochs.drop_below(99));
        assert_eq!(epochs, history(&[(7, 99)]));
    }

    #[test]
    fn divergence_is_where_the_last_shared_epoch_ends_first() {
        let follower = history(&[(1, 0), (2, 40)]);
        let leader = history(&[(1, 0), (3, 35)]);
        assert_eq!(follower.divergence_from(50, &leader, 60), Some(35));
        assert_eq!(leader.divergence_from(60, &follower, 50), Some(35));
        // A follower that is only behind cuts nothing.
        assert_eq!(history(&[(1, 0)]).divergence_from(20, &leader, 60), Some(20));
        assert_eq!(history(&[(9, 70)]).divergence_from(80, &leader, 60), None);
    }

    #[test]
    fn decoding_is_strict() {
        let bytes = history(&[(2, 10), (5, 20)]).encode();
        assert_eq!(LeaderEpochs::decode(&bytes), Ok(history(&[(2, 10), (5, 20)])));
        let entry = |epoch: i32, start: i64| [&epoch.to_le_bytes()[..], &start.to_le_bytes()[..]].concat();
        let sealed = |body: Vec<u8>| LeaderEpochs::decode(&seal(MAGIC, VERSION, &body));
        assert_eq!(sealed([entry(5, 10), entry(5, 20)].concat()), Err(FormatError::Invalid("order of leader epochs")));
        assert_eq!(sealed([entry(5, 20), entry(6, 20)].concat()), Err(FormatError::Invalid("order of leader epochs")));
        assert_eq!(sealed(entry(1, OFFSET_MAX + 1)), Ok(history(&[(1, OFFSET_MAX + 1)])));
        assert_eq!(sealed(entry(1, OFFSET_MAX + 2)), Err(FormatError::Invalid("leader epoch entry")));
        assert_eq!(sealed(entry(-1, 20)), Err(FormatError::Invalid("leader epoch entry")));
        assert!(matches!(sealed(entry(1, 20)[..11].to_vec()), Err(FormatError::TooShort { .. })));
    }

    /// The same history as a plain list with the epoch of every offset.
    #[derive(Clone, Debug, Default)]
    struct Model {
        start: usize,
        epochs: Vec<i32>,
    }

    #[derive(Clone, Debug)]
    enum Operation {
        Append { bump: bool, count: usize },
        Truncate(usize),
        DropBelow(usize),
    }

    fn operation() -> impl Strategy<Value = Operation> {
        prop_oneof![
            3 => (any::<bool>(), 0usize..5).prop_map(|(bump, count)| Operation::Append { bump, count }),
            1 => (0usize..8).prop_map(Operation::Truncate),
            1 => (0usize..4).prop_map(Operation::DropBelow),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn agrees_with_a_list_of_every_offset(operations in proptest::collection::vec(operation(), 1..40)) {
            let mut model = Model::default();
            let mut epochs = LeaderEpochs::new();
            let mut leader_epoch = 0;
            for operation in operations {
                match operation {
                    Operation::Append { bump, count } => {
                        leader_epoch += i32::from(bump);
                        epochs.assign(leader_epoch, model.epochs.len() as i64).unwrap();
                        model.epochs.extend(std::iter::repeat_n(leader_epoch, count));
                    }
                    // A cut is followed by a new epoch: no offset is ever written twice under the same one.
                    Operation::Truncate(count) => {
                        let end = model.epochs.len().saturating_sub(count).max(model.start);
                        model.epochs.truncate(end);
                        epochs.truncate_to(end as i64);
                        leader_epoch += 1;
                    }
                    Operation::DropBelow(count) => {
                        model.start = (model.start + count).min(model.epochs.len());
                        epochs.drop_below(model.start as i64);
                    }
                }
                for offset in model.start..model.epochs.len() {
                    prop_assert_eq!(epochs.epoch_of(offset as i64), Some(model.epochs[offset]), "offset {}", offset);
                }
                let ascends = |pair: &[EpochStart]| pair[0].leader_epoch < pair[1].leader_epoch && pair[0].start_offset < pair[1].start_offset;
                prop_assert!(epochs.entries().windows(2).all(ascends));
                prop_assert_eq!(LeaderEpochs::decode(&epochs.encode()), Ok(epochs.clone()));
            }
        }

        /// Two logs with a common past, each continued by its own leaders.
        #[test]
        fn divergence_is_the_length_of_the_common_part(
            common in proptest::collection::vec(1i64..5, 0..4),
            ours in proptest::collection::vec(1i64..5, 0..4),
            theirs in proptest::collection::vec(1i64..5, 0..4),
        ) {
            let (mut left, mut right) = (LeaderEpochs::new(), LeaderEpochs::new());
            let (mut left_end, mut right_end) = (0, 0);
            for (index, count) in common.iter().enumerate() {
                left.assign(index as i32, left_end).unwrap();
                right.assign(index as i32, left_end).unwrap();
                left_end += count;
            }
            let common_end = left_end;
            right_end += common_end;
            for (index, count) in ours.iter().enumerate() {
                left.assign(100 + 2 * index as i32, left_end).unwrap();
                left_end += count;
            }
            for (index, count) in theirs.iter().enumerate() {
                right.assign(101 + 2 * index as i32, right_end).unwrap();
                right_end += count;
            }
            let expected = (!common.is_empty()).then_some(common_end);
            prop_assert_eq!(left.divergence_from(left_end, &right, right_end), expected);
        }
    }
}
