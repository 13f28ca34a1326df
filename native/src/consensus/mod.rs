//! The metadata log: the raft crate's RawNode behind plain propose, step, tick and turn, with its log on the metadata journal.
//! No algorithm of ours.
//!
//! ```text
//!   propose, step, tick ─► RawNode ─► turn: hard state + entries ─► one durable append of the journal ─► committed, messages
//!   compact (a snapshot from above) ─► the journal is written anew: snapshot, hard state, entries behind it
//! ```
//! Nothing is handed out or sent before what it rests on is durable (DURABILITY.md rule 12). A quorum of one commits in the turn
//! in which it proposes. After a restart everything behind the snapshot is handed out again, in the same order.

mod record;
mod storage;
mod stored;
#[cfg(test)]
mod tests;

pub use record::{EngineRecord, Hard, LogEntry, Snapshot};
pub use stored::{StoredLog, UNCLAIMED};

use crate::io::task::{block_on, Files};
use crate::io::{Io, IoError, IoResult};
use crate::journal::metadata::{self, decode_records, MetadataError, MetadataJournal, Record};
use protobuf::Message as _;
use raft::eraftpb::{EntryType, Message};
use raft::{RawNode, StateRole};
use std::future::Future;
use std::path::Path;
use storage::{from_hard_state, from_raft_entry, from_raft_snapshot, LogStorage};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsensusError {
    Io(IoError),
    Corrupt(String),
    NewerFormat(u16),
    /// The directory belongs to another node, or to several.
    Refused(String),
    /// Another node leads, or none: nothing was proposed.
    NotLeader,
    /// More is proposed and not yet committed than is remembered: nothing was proposed.
    Busy,
    /// The message is none of raft's.
    Malformed,
}

impl From<MetadataError> for ConsensusError {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::Io(error) => Self::Io(error),
            MetadataError::Corrupt(what) => Self::Corrupt(what),
            MetadataError::NewerFormat(format) => Self::NewerFormat(format),
        }
    }
}

/// For another node; the bytes are raft's own message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub to: u64,
    pub message: Vec<u8>,
}

/// What a turn brought, durable all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// A leader sent it: it replaces everything that was handed out before, and comes before `committed`.
    pub snapshot: Option<Snapshot>,
    pub committed: Vec<LogEntry>,
    pub outgoing: Vec<Outgoing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsensusState {
    pub node: u64,
    /// 0: none is known.
    pub leader: u64,
    pub is_leader: bool,
    pub term: u64,
    pub last_index: u64,
    pub commit_index: u64,
    pub snapshot_index: u64,
    pub snapshot_size: u64,
    pub journal_size: u64,
}

const ELECTION_TICKS: usize = 10;
/// Of what a leader sends at once, and of what may be proposed and not committed.
const MESSAGE_SIZE_MAX: u64 = 1 << 20;
const UNCOMMITTED_SIZE_MAX: u64 = 64 << 20;
const MESSAGES_IN_FLIGHT_MAX: usize = 256;

/// Lives on: the thread that opened the data directory. Everything blocks; nothing else runs there.
pub struct Consensus {
    node: RawNode<LogStorage>,
    /// Away while an operation on it runs.
    journal: Option<MetadataJournal>,
    /// As raft has it; on the journal is what `written` says.
    hard: Hard,
    written: Hard,
    failed: Option<IoError>,
}

impl Consensus {
    /// Opens the log; its file is closed again, so that another Io may go on. `owner` claims a directory that no broker had before; None opens it as whoever owns it, and
    /// works alone. `is_fresh`: the data directory has never held anything.
    ///
    /// # Errors
    /// Damaged, missing, of a newer format, unreadable, or another node's.
    pub fn open(io: &mut dyn Io, directory: &Path, is_fresh: bool, owner: Option<u64>) -> Result<Self, ConsensusError> {
        let directory = directory.to_owned();
        let opened = block_on(io, |files| async move { MetadataJournal::open(&files, &directory, is_fresh).await });
        let (journal, records) = opened?;
        let found = StoredLog::of(&records).map_err(ConsensusError::Corrupt)?;
        // Before anything is changed: what nobody can read is left as it is.
        found.records().map_err(ConsensusError::Corrupt)?;
        let changed = claimed(&found, owner)?;
        let is_changed = changed.is_some();
        let stored = changed.unwrap_or(found);
        let mut consensus = Self::over(stored, journal, owner)?;
        if is_changed {
            consensus.rewrite(io)?;
        }
        consensus.rest(io)?;
        Ok(consensus)
    }

    /// Reads without changing anything; None if there is no journal. The number is of bytes that opening would cut.
    ///
    /// # Errors
    /// As `open`.
    pub fn read(io: &mut dyn Io, directory: &Path) -> Result<Option<(StoredLog, u64)>, ConsensusError> {
        let directory = directory.to_owned();
        let recovered = block_on(io, |files| async move { metadata::read(&files, &directory).await })?;
        let Some(recovered) = recovered else { return Ok(None) };
        let stored = StoredLog::of(&recovered.records).map_err(ConsensusError::Corrupt)?;
        Ok(Some((stored, recovered.torn_size)))
    }

    fn over(stored: StoredLog, journal: MetadataJournal, owner: Option<u64>) -> Result<Self, ConsensusError> {
        let config = raft::Config {
            id: owner.unwrap_or(stored.snapshot.voters[0]),
            election_tick: ELECTION_TICKS,
            heartbeat_tick: 1,
            applied: stored.snapshot.index,
            max_size_per_msg: MESSAGE_SIZE_MAX,
            max_inflight_msgs: MESSAGES_IN_FLIGHT_MAX,
            max_uncommitted_size: UNCOMMITTED_SIZE_MAX,
            check_quorum: true,
            pre_vote: true,
            ..raft::Config::default()
        };
        let hard = stored.hard;
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, LogStorage { stored }, &logger)
            .map_err(|error| ConsensusError::Corrupt(format!("the metadata log: {error}")))?;
        Ok(Self { node, journal: Some(journal), hard, written: hard, failed: None })
    }

    /// What stands on the journal.
    #[must_use]
    pub fn stored(&self) -> &StoredLog {
        &self.node.store().stored
    }

    #[must_use]
    pub fn state(&self) -> ConsensusState {
        let raft = &self.node.raft;
        let stored = self.stored();
        ConsensusState {
            node: raft.id,
            leader: raft.leader_id,
            is_leader: raft.state == StateRole::Leader,
            term: raft.term,
            last_index: raft.raft_log.last_index(),
            commit_index: raft.raft_log.committed,
            snapshot_index: stored.snapshot.index,
            snapshot_size: stored.snapshot.content.len() as u64,
            journal_size: self.journal.as_ref().map_or(0, MetadataJournal::size),
        }
    }

    /// Stands for election now instead of after some ticks: a quorum of one is its own leader at once.
    ///
    /// # Errors
    /// The journal failed before.
    pub fn campaign(&mut self) -> Result<(), ConsensusError> {
        self.check()?;
        match self.node.campaign() {
            Ok(()) => Ok(()),
            Err(error) => unreachable!("a campaign is always heard: {error}"),
        }
    }

    /// Where the content will stand if it is committed: at this index and term, or never.
    ///
    /// # Errors
    /// Nothing was proposed.
    pub fn propose(&mut self, content: Vec<u8>) -> Result<(u64, u64), ConsensusError> {
        self.check()?;
        if self.node.raft.state != StateRole::Leader {
            return Err(ConsensusError::NotLeader);
        }
        let is_readable = decode_records(&content).is_some_and(|records| !records.is_empty());
        assert!(is_readable, "a content is records, or no later start could read it");
        match self.node.propose(Vec::new(), content) {
            Ok(()) => Ok((self.node.raft.raft_log.last_index(), self.node.raft.term)),
            Err(_) => Err(ConsensusError::Busy),
        }
    }

    /// A message of another node.
    ///
    /// # Errors
    /// It is none, or of a version that changes voters, or the journal failed before.
    pub fn step(&mut self, message: &[u8]) -> Result<(), ConsensusError> {
        self.check()?;
        let message = Message::parse_from_bytes(message).map_err(|_| ConsensusError::Malformed)?;
        if message.get_entries().iter().any(|entry| entry.get_entry_type() != EntryType::EntryNormal) {
            return Err(ConsensusError::Malformed);
        }
        // Of somebody who is no voter any more: raft forgets it, and so do we.
        let _ = self.node.step(message);
        Ok(())
    }

    pub fn tick(&mut self) {
        self.node.tick();
    }

    /// Makes durable what is due and hands out what rests on it.
    ///
    /// # Errors
    /// The device failed: what was proposed may or may not be there after the next start. Nothing works from now on.
    pub fn turn(&mut self, io: &mut dyn Io) -> Result<Turn, ConsensusError> {
        self.check()?;
        let mut turn = Turn::default();
        while self.node.has_ready() {
            self.ready(io, &mut turn)?;
        }
        Ok(turn)
    }

    fn ready(&mut self, io: &mut dyn Io, turn: &mut Turn) -> Result<(), ConsensusError> {
        let mut ready = self.node.ready();
        if let Some(hard) = ready.hs() {
            self.hard = from_hard_state(hard);
        }
        if !ready.snapshot().is_empty() {
            let snapshot = from_raft_snapshot(ready.snapshot());
            self.node.mut_store().stored = StoredLog::from_snapshot(snapshot.clone());
            self.rewrite(io)?;
            turn.committed.clear();
            turn.snapshot = Some(snapshot);
        }
        let entries: Vec<LogEntry> = ready.entries().iter().map(from_raft_entry).collect();
        if ready.must_sync() || !entries.is_empty() {
            self.append(io, &entries)?;
        }
        for entry in entries {
            self.node.mut_store().stored.put(entry).expect("raft appends to what it knows");
        }
        turn.outgoing.extend(ready.take_messages().iter().chain(&ready.take_persisted_messages()).map(outgoing));
        turn.committed.extend(ready.take_committed_entries().iter().map(from_raft_entry));
        let mut light = self.node.advance(ready);
        if let Some(commit) = light.commit_index() {
            self.hard.commit = commit;
        }
        turn.outgoing.extend(light.take_messages().iter().map(outgoing));
        turn.committed.extend(light.take_committed_entries().iter().map(from_raft_entry));
        self.node.advance_apply();
        Ok(())
    }

    /// The commit index alone is never worth a write: it rides along.
    fn append(&mut self, io: &mut dyn Io, entries: &[LogEntry]) -> Result<(), ConsensusError> {
        let entries = entries.iter().map(|entry| EngineRecord::Entry(entry.clone()));
        let hard = (self.hard != self.written).then_some(EngineRecord::Hard(self.hard));
        let records: Vec<Record> = entries.chain(hard).map(|record| record.encode()).collect();
        if records.is_empty() {
            return Ok(());
        }
        self.with_journal(io, |mut journal, files| async move {
            let result = journal.append(&files, &records).await;
            (journal, result)
        })?;
        self.written = self.hard;
        self.node.mut_store().stored.hard = self.hard;
        Ok(())
    }

    /// Replaces everything up to an index by records that make the same image, which bounds the journal. An index that was
    /// handed out; one that a snapshot holds already changes nothing, and a full disk changes nothing either.
    ///
    /// # Errors
    /// As `turn`.
    pub fn compact(&mut self, io: &mut dyn Io, index: u64, content: Vec<u8>) -> Result<(), ConsensusError> {
        self.check()?;
        assert!(index <= self.node.raft.raft_log.applied, "a snapshot of what was not handed out");
        let stored = self.stored();
        if index <= stored.snapshot.index {
            return Ok(());
        }
        let term = stored.term_of(index).expect("what was handed out is stored");
        let snapshot = Snapshot { index, term, content, ..stored.snapshot.clone() };
        let entries = stored.entries[(index - stored.snapshot.index) as usize..].to_vec();
        let compacted = StoredLog { snapshot, hard: self.hard, entries, is_bare: false };
        match self.write_anew(io, &compacted) {
            Ok(()) => self.node.mut_store().stored = compacted,
            Err(ConsensusError::Io(error)) if error.is_no_space() && self.failed.is_none() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn rewrite(&mut self, io: &mut dyn Io) -> Result<(), ConsensusError> {
        self.hard.commit = self.hard.commit.max(self.stored().snapshot.index);
        self.node.mut_store().stored.hard = self.hard;
        let stored = self.stored().clone();
        self.write_anew(io, &stored)
    }

    fn write_anew(&mut self, io: &mut dyn Io, stored: &StoredLog) -> Result<(), ConsensusError> {
        let records = stored.encode();
        let hard = stored.hard;
        self.with_journal(io, |mut journal, files| async move {
            let result = journal.rewrite(&files, &records).await;
            (journal, result)
        })?;
        self.written = hard;
        Ok(())
    }

    /// Proposes and commits at once: for whoever changes metadata without a broker. Closes the file again.
    ///
    /// # Errors
    /// As `turn`; or this node alone is no quorum.
    pub fn commit_alone(&mut self, io: &mut dyn Io, content: Vec<u8>) -> Result<(), ConsensusError> {
        if self.stored().snapshot.voters.len() != 1 {
            return Err(ConsensusError::Refused("its metadata is changed by several nodes together: start the broker".into()));
        }
        if !self.state().is_leader {
            self.campaign()?;
        }
        let place = self.propose(content)?;
        let turn = self.turn(io)?;
        assert!(turn.committed.iter().any(|entry| (entry.index, entry.term) == place), "a quorum of one commits at once");
        self.rest(io)
    }

    /// Due when commands pause, and before the log is left: the last append gets its witness, and the file is closed.
    ///
    /// # Errors
    /// As `turn`; what was handed out is durable all the same.
    pub fn rest(&mut self, io: &mut dyn Io) -> Result<(), ConsensusError> {
        self.check()?;
        self.with_journal(io, |mut journal, files| async move {
            let witnessed = journal.witness(&files).await;
            let closed = journal.close(&files).await;
            (journal, witnessed.and(closed))
        })
    }

    fn check(&self) -> Result<(), ConsensusError> {
        self.failed.map_or(Ok(()), |error| Err(ConsensusError::Io(error)))
    }

    fn with_journal<F>(&mut self, io: &mut dyn Io, work: impl FnOnce(MetadataJournal, Files) -> F) -> Result<(), ConsensusError>
    where
        F: Future<Output = (MetadataJournal, IoResult<()>)> + 'static,
    {
        let journal = self.journal.take().expect("one operation at a time");
        let (journal, result) = block_on(io, |files| work(journal, files));
        self.failed = journal.failure();
        self.journal = Some(journal);
        result.map_err(ConsensusError::Io)
    }
}

fn outgoing(message: &Message) -> Outgoing {
    Outgoing { to: message.to, message: message.write_to_bytes().expect("raft's own message has a form") }
}

/// The log as this owner writes it anew; None: it may stay as it is.
fn claimed(found: &StoredLog, owner: Option<u64>) -> Result<Option<StoredLog>, ConsensusError> {
    let Snapshot { voters, learners, .. } = &found.snapshot;
    let voter = match (owner, &voters[..]) {
        (None, _) if found.is_bare => UNCLAIMED,
        (None, _) => return Ok(None),
        (Some(owner), [UNCLAIMED]) => owner,
        (Some(owner), _) if voters.contains(&owner) || learners.contains(&owner) => return Ok(None),
        (Some(owner), _) => {
            return Err(ConsensusError::Refused(format!("it belongs to node {}, not to node {owner}", voters[0])));
        }
    };
    found.with_voter(voter).map(Some).map_err(ConsensusError::Corrupt)
}
