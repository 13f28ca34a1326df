//! Partitions on their way between the shards of a simulated node: the messages that whoever owns the shards carries.

use super::rig::Node;
use crate::log::ids::PartitionId;
use crate::store::{Handover, HandoverStep};
use std::collections::{BTreeMap, VecDeque};

/// What a shard was asked to do for a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Release { id: PartitionId, to: usize },
    Adopt { id: PartitionId },
    Forget { id: PartitionId, settled_at: usize },
    Settle,
}

/// For one shard, of another.
pub(super) enum Message {
    Adopt { at: usize, handover: Box<Handover> },
    Forget { at: usize, id: PartitionId },
    Settle { at: usize, id: PartitionId },
}

impl Message {
    /// True if there will be an answer to the ticket.
    pub fn deliver(self, node: &mut Node, ticket: u64) -> bool {
        match self {
            Self::Adopt { at, handover } => node.shards[at].store.adopt(ticket, &handover).is_ok(),
            Self::Forget { at, id } => {
                node.shards[at].store.forget(ticket, &id);
                true
            }
            Self::Settle { at, id } => {
                node.shards[at].store.settle(&id);
                false
            }
        }
    }
}

#[derive(Default)]
pub(super) struct Moves {
    /// Of partitions that no shard has right now, and where they came from; kept until the old shard may forget them.
    origins: BTreeMap<PartitionId, usize>,
    /// Between release and adoption.
    homeless: Vec<PartitionId>,
    messages: VecDeque<(Move, Message)>,
    pub adopted: u64,
}

impl Moves {
    /// The process is gone, and with it what was on its way.
    pub fn forget(&mut self) {
        *self = Self { adopted: self.adopted, ..Self::default() };
    }

    /// No message is on its way. What a shard still does comes back as a step.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.origins.is_empty()
    }

    pub fn is_under_way(&self, id: &PartitionId) -> bool {
        self.homeless.contains(id)
    }

    /// The oldest, with what its answer will be an answer to.
    pub fn take_message(&mut self) -> Option<(Move, Message)> {
        self.messages.pop_front()
    }

    /// What a shard says, and what it was asked to do.
    pub fn note(&mut self, at: usize, step: HandoverStep, asked: Option<Move>) {
        match (step, asked) {
            (HandoverStep::Released { handover, .. }, Some(Move::Release { id, to })) => {
                self.origins.insert(id, at);
                self.homeless.push(id);
                self.messages.push_back((Move::Adopt { id }, Message::Adopt { at: to, handover }));
            }
            (HandoverStep::Settled { id }, _) => {
                let origin = self.origins.remove(&id).expect("it came from somewhere");
                self.messages.push_back((Move::Forget { id, settled_at: at }, Message::Forget { at: origin, id }));
            }
            (HandoverStep::Forgotten { .. }, Some(Move::Forget { id, settled_at })) => {
                self.messages.push_back((Move::Settle, Message::Settle { at: settled_at, id }));
            }
            // The shard is fenced: who owns it ends the life.
            (HandoverStep::Unsettled { .. } | HandoverStep::Unforgotten { .. }, _) => {}
            (step, asked) => unreachable!("{step:?} answers {asked:?}"),
        }
    }

    /// The new shard has it.
    pub fn done(&mut self, asked: Move) {
        if let Move::Adopt { id } = asked {
            self.homeless.retain(|other| *other != id);
            self.adopted += 1;
        }
    }
}
