//! The log as the journal's records tell it: what a restart begins with. Pure.

use super::record::{EngineRecord, Hard, LogEntry, Snapshot, ENGINE_KINDS};
use crate::journal::metadata::{decode_records, encode_records, Record};

/// The voter of a directory that no broker has opened yet. No node has an id as large.
pub const UNCLAIMED: u64 = 1 << 32;

/// Terms and indexes cross to JavaScript, and raft counts on from them.
const NUMBER_MAX: u64 = 1 << 52;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLog {
    pub snapshot: Snapshot,
    pub hard: Hard,
    /// Those behind the snapshot, one index after the other.
    pub entries: Vec<LogEntry>,
    /// Its records stand on the journal itself: `log append` wrote them before there was a consensus log.
    pub is_bare: bool,
}

impl StoredLog {
    /// # Errors
    /// The records contradict each other, or mean nothing.
    pub fn of(records: &[Record]) -> Result<Self, String> {
        if records.iter().all(|record| record.kind < ENGINE_KINDS) {
            return Ok(Self::bare(records));
        }
        let mut stored: Option<Self> = None;
        for record in records {
            let decoded = EngineRecord::decode(record)
                .ok_or_else(|| format!("a record of kind {} in the metadata journal has no meaning", record.kind))?;
            match (decoded, &mut stored) {
                (EngineRecord::Snapshot(snapshot), None) => stored = Some(Self::from_snapshot(snapshot)),
                (EngineRecord::Hard(hard), Some(stored)) => stored.hard = hard,
                (EngineRecord::Entry(entry), Some(stored)) => stored.put(entry)?,
                _ => return Err("the metadata journal does not begin with its one snapshot".into()),
            }
        }
        let stored = stored.expect("there is a record");
        stored.check()?;
        Ok(stored)
    }

    fn bare(records: &[Record]) -> Self {
        let snapshot =
            Snapshot { index: 1, term: 1, voters: vec![UNCLAIMED], learners: Vec::new(), content: encode_records(records) };
        Self { is_bare: true, ..Self::from_snapshot(snapshot) }
    }

    pub(super) fn from_snapshot(snapshot: Snapshot) -> Self {
        let hard = Hard { term: snapshot.term, vote: 0, commit: snapshot.index };
        Self { snapshot, hard, entries: Vec::new(), is_bare: false }
    }

    /// A leader of a later term overwrites what was never committed.
    pub(super) fn put(&mut self, entry: LogEntry) -> Result<(), String> {
        if entry.index <= self.snapshot.index || entry.index > self.last_index() + 1 {
            return Err(format!("entry {} of the metadata log does not follow the one before it", entry.index));
        }
        self.entries.truncate((entry.index - self.snapshot.index - 1) as usize);
        self.entries.push(entry);
        Ok(())
    }

    /// What raft counts on, and would otherwise panic over.
    fn check(&self) -> Result<(), String> {
        let Self { snapshot, hard, entries, .. } = self;
        let mut term = snapshot.term;
        let rises = entries.iter().all(|entry| std::mem::replace(&mut term, entry.term) <= entry.term);
        let is_sound = rises
            && (1..NUMBER_MAX).contains(&snapshot.index)
            && snapshot.term >= 1
            && hard.term < NUMBER_MAX
            && term <= hard.term
            && (snapshot.index..=self.last_index()).contains(&hard.commit);
        if !is_sound {
            return Err("the state of the metadata log contradicts its entries".into());
        }
        let mut ids: Vec<u64> = snapshot.voters.iter().chain(&snapshot.learners).copied().collect();
        ids.sort_unstable();
        let are_ids = ids.windows(2).all(|pair| pair[0] != pair[1]) && !ids.contains(&0);
        if snapshot.voters.is_empty() || !are_ids {
            return Err("the voters of the metadata log make no quorum".into());
        }
        Ok(())
    }

    #[must_use]
    pub fn last_index(&self) -> u64 {
        self.snapshot.index + self.entries.len() as u64
    }

    #[must_use]
    pub fn term_of(&self, index: u64) -> Option<u64> {
        match index.checked_sub(self.snapshot.index)? {
            0 => Some(self.snapshot.term),
            behind => self.entries.get(behind as usize - 1).map(|entry| entry.term),
        }
    }

    /// Up to here nothing can be taken back: a quorum of one commits what it has, else what was known to be committed counts.
    #[must_use]
    pub fn certain_index(&self) -> u64 {
        match self.snapshot.voters[..] {
            [_] => self.last_index(),
            _ => self.hard.commit,
        }
    }

    /// All records in their order, each with the index at which it stands.
    ///
    /// # Errors
    /// A content is no sequence of records.
    pub fn records(&self) -> Result<Vec<(u64, Record)>, String> {
        let contents = std::iter::once((self.snapshot.index, &self.snapshot.content))
            .chain(self.entries.iter().map(|entry| (entry.index, &entry.content)));
        let mut all = Vec::new();
        for (index, content) in contents {
            let records =
                decode_records(content).ok_or_else(|| format!("entry {index} of the metadata log holds no whole records"))?;
            all.extend(records.into_iter().map(|record| (index, record)));
        }
        Ok(all)
    }

    /// The same content, begun anew as a snapshot with these voters: for a directory that changes hands.
    ///
    /// # Errors
    /// As `records`.
    pub(super) fn with_voter(&self, voter: u64) -> Result<Self, String> {
        let records: Vec<Record> = self.records()?.into_iter().map(|(_, record)| record).collect();
        let index = self.last_index();
        let term = self.term_of(index).expect("the last entry has a term");
        let content = encode_records(&records);
        let mut stored = Self::from_snapshot(Snapshot { index, term, voters: vec![voter], learners: Vec::new(), content });
        stored.hard.term = self.hard.term;
        Ok(stored)
    }

    /// As the journal holds it when it is written anew.
    #[must_use]
    pub fn encode(&self) -> Vec<Record> {
        let first = [EngineRecord::Snapshot(self.snapshot.clone()), EngineRecord::Hard(self.hard)];
        let entries = self.entries.iter().map(|entry| EngineRecord::Entry(entry.clone()));
        first.into_iter().chain(entries).map(|record| record.encode()).collect()
    }
}
