//! The log as raft asks for it, in memory. What stands here is on the journal already.

use super::record::{Hard, LogEntry, Snapshot};
use super::stored::StoredLog;
use raft::eraftpb;
use raft::{GetEntriesContext, RaftState, Storage, StorageError};

pub struct LogStorage {
    pub stored: StoredLog,
}

impl Storage for LogStorage {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState { hard_state: to_hard_state(&self.stored.hard), conf_state: to_conf_state(&self.stored.snapshot) })
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> raft::Result<Vec<eraftpb::Entry>> {
        let first = self.stored.snapshot.index + 1;
        if low < first {
            return Err(StorageError::Compacted.into());
        }
        let entries = self.stored.entries.get((low - first) as usize..(high - first) as usize);
        let mut entries: Vec<eraftpb::Entry> = entries.ok_or(StorageError::Unavailable)?.iter().map(to_raft_entry).collect();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index < self.stored.snapshot.index {
            return Err(StorageError::Compacted.into());
        }
        self.stored.term_of(index).ok_or_else(|| StorageError::Unavailable.into())
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.stored.snapshot.index + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.stored.last_index())
    }

    fn snapshot(&self, request_index: u64, _: u64) -> raft::Result<eraftpb::Snapshot> {
        let snapshot = &self.stored.snapshot;
        if snapshot.index < request_index {
            return Err(StorageError::SnapshotTemporarilyUnavailable.into());
        }
        let mut answer = eraftpb::Snapshot { data: snapshot.content.clone().into(), ..Default::default() };
        let metadata = answer.mut_metadata();
        metadata.index = snapshot.index;
        metadata.term = snapshot.term;
        metadata.set_conf_state(to_conf_state(snapshot));
        Ok(answer)
    }
}

fn to_hard_state(hard: &Hard) -> eraftpb::HardState {
    eraftpb::HardState { term: hard.term, vote: hard.vote, commit: hard.commit, ..Default::default() }
}

fn to_conf_state(snapshot: &Snapshot) -> eraftpb::ConfState {
    eraftpb::ConfState::from((snapshot.voters.clone(), snapshot.learners.clone()))
}

fn to_raft_entry(entry: &LogEntry) -> eraftpb::Entry {
    let data = entry.content.clone().into();
    eraftpb::Entry { index: entry.index, term: entry.term, data, ..Default::default() }
}

pub fn from_hard_state(state: &eraftpb::HardState) -> Hard {
    Hard { term: state.term, vote: state.vote, commit: state.commit }
}

pub fn from_raft_entry(entry: &eraftpb::Entry) -> LogEntry {
    LogEntry { index: entry.index, term: entry.term, content: entry.data.to_vec() }
}

pub fn from_raft_snapshot(snapshot: &eraftpb::Snapshot) -> Snapshot {
    let metadata = snapshot.get_metadata();
    let configuration = metadata.get_conf_state();
    Snapshot {
        index: metadata.index,
        term: metadata.term,
        voters: configuration.get_voters().to_vec(),
        learners: configuration.get_learners().to_vec(),
        content: snapshot.data.to_vec(),
    }
}
