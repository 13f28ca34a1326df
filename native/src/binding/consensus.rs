//! The metadata log. Everything blocks until it is durable.
//!
//! Lives on: the thread that opened the data directory, as the Io it shares with the directory object does.

use super::data_directory::Directory;
use super::event_words::exact;
use super::failure::BindingFailure;
use super::guarded;
use crate::consensus::{Consensus, ConsensusError, LogEntry, Turn};
use crate::io::Io;
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use std::sync::Arc;

/// A content and where it stands: an index, and the term of the leader that proposed it.
#[napi(object)]
pub struct BindingLogEntry {
    pub index: f64,
    pub quorum_epoch: f64,
    /// Records; empty where a new leader began.
    pub content: Uint8Array,
}

#[napi(object)]
pub struct BindingLogPlace {
    pub index: f64,
    pub quorum_epoch: f64,
}

#[napi(object)]
pub struct BindingOutgoing {
    pub to: f64,
    pub message: Uint8Array,
}

#[napi(object)]
pub struct BindingTurn {
    /// Replaces everything handed out before, and comes before `committed`.
    pub snapshot: Option<BindingLogEntry>,
    pub committed: Vec<BindingLogEntry>,
    pub outgoing: Vec<BindingOutgoing>,
}

#[napi(object)]
pub struct BindingConsensusState {
    pub node: f64,
    /// 0: none is known.
    pub leader: f64,
    pub is_leader: bool,
    pub quorum_epoch: f64,
    pub last_index: f64,
    pub commit_index: f64,
    pub snapshot_index: f64,
    pub snapshot_size: f64,
    pub journal_size: f64,
}

#[napi]
pub struct BindingConsensus {
    open: Option<(Consensus, Arc<Directory>)>,
}

impl BindingConsensus {
    pub(super) fn new(consensus: Consensus, directory: Arc<Directory>) -> Self {
        Self { open: Some((consensus, directory)) }
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Consensus, &mut dyn Io) -> Result<T, ConsensusError>,
    ) -> Result<T, BindingFailure> {
        let (consensus, directory) = self.open.as_mut().ok_or_else(BindingFailure::closed)?;
        directory.with_io(|io| work(consensus, io)).map_err(BindingFailure::from)
    }
}

fn either<T, U>(result: Result<T, BindingFailure>, convert: impl FnOnce(T) -> U) -> Either<U, BindingFailure> {
    match result {
        Ok(value) => Either::A(convert(value)),
        Err(failure) => Either::B(failure),
    }
}

#[napi]
impl BindingConsensus {
    /// None once it is closed.
    #[napi]
    pub fn state(&self) -> Option<BindingConsensusState> {
        guarded(|| {
            let state = self.open.as_ref()?.0.state();
            Some(BindingConsensusState {
                node: exact(state.node),
                leader: exact(state.leader),
                is_leader: state.is_leader,
                quorum_epoch: exact(state.term),
                last_index: exact(state.last_index),
                commit_index: exact(state.commit_index),
                snapshot_index: exact(state.snapshot_index),
                snapshot_size: exact(state.snapshot_size),
                journal_size: exact(state.journal_size),
            })
        })
    }

    /// What stands in front of everything that turns hand out.
    #[napi]
    pub fn snapshot(&self) -> Option<BindingLogEntry> {
        guarded(|| {
            let snapshot = &self.open.as_ref()?.0.stored().snapshot;
            Some(entry_of(snapshot.index, snapshot.term, snapshot.content.clone()))
        })
    }

    #[napi]
    pub fn campaign(&mut self) -> Option<BindingFailure> {
        guarded(|| self.run(|consensus, _| consensus.campaign()).err())
    }

    #[napi]
    pub fn propose(&mut self, content: Uint8Array) -> Either<BindingLogPlace, BindingFailure> {
        guarded(|| {
            let proposed = self.run(|consensus, _| consensus.propose(content.to_vec()));
            either(proposed, |(index, term)| BindingLogPlace { index: exact(index), quorum_epoch: exact(term) })
        })
    }

    #[napi]
    pub fn step(&mut self, message: Uint8Array) -> Option<BindingFailure> {
        guarded(|| self.run(|consensus, _| consensus.step(&message)).err())
    }

    #[napi]
    pub fn tick(&mut self) -> Option<BindingFailure> {
        guarded(|| {
            self.run(|consensus, _| {
                consensus.tick();
                Ok(())
            })
            .err()
        })
    }

    #[napi]
    pub fn turn(&mut self) -> Either<BindingTurn, BindingFailure> {
        guarded(|| either(self.run(Consensus::turn), turn_of))
    }

    #[napi]
    pub fn compact(&mut self, index: f64, content: Uint8Array) -> Option<BindingFailure> {
        guarded(|| self.run(|consensus, io| consensus.compact(io, index as u64, content.to_vec())).err())
    }

    #[napi]
    pub fn rest(&mut self) -> Option<BindingFailure> {
        guarded(|| self.run(Consensus::rest).err())
    }

    /// Rests, and lets go of the directory.
    #[napi]
    pub fn close(&mut self) -> Option<BindingFailure> {
        guarded(|| {
            let rested = if self.open.is_some() { self.run(Consensus::rest).err() } else { None };
            drop(self.open.take());
            rested
        })
    }
}

fn entry_of(index: u64, term: u64, content: Vec<u8>) -> BindingLogEntry {
    BindingLogEntry { index: exact(index), quorum_epoch: exact(term), content: content.into() }
}

fn turn_of(turn: Turn) -> BindingTurn {
    let own = |entry: LogEntry| entry_of(entry.index, entry.term, entry.content);
    let outgoing =
        |message: crate::consensus::Outgoing| BindingOutgoing { to: exact(message.to), message: message.message.into() };
    BindingTurn {
        snapshot: turn.snapshot.map(|snapshot| entry_of(snapshot.index, snapshot.term, snapshot.content)),
        committed: turn.committed.into_iter().map(own).collect(),
        outgoing: turn.outgoing.into_iter().map(outgoing).collect(),
    }
}
