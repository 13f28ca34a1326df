//! A partition on its way from one shard of a node to another while both live (DURABILITY.md rule 11). Whoever owns the
//! shards carries the messages between their threads.
//!
//! ```text
//!   old shard                                             new shard
//!   Control::Release: held ─► quiet ─► in a record
//!     ─► fence entry durable ─► Released(handover) ─────► adopt: held ─► adopt entry durable ─► Done; appends go on
//!   forget ◄──────────────────────────────────────────── Settled: a record of its own is durable
//!     ─► a record without it is durable ─► Forgotten ───► settle: may be deleted or go on to a third
//! ```
//! At every moment a durable record contains the partition up to the last change of its owner: first only the old
//! shard's, then both, then only the new one's. Recovery believes the highest ownership, in whatever order it reads
//! the journals, and a crash anywhere in between leaves the partition with one of the two.

use super::replay::Replay;
use super::{Event, Listed, ReadError, Store, StoreError};
use crate::journal::checkpoint::PartitionRecord;
use crate::journal::entry::{Entry, EntryKind};
use crate::log::config::LogConfig;
use crate::log::ids::PartitionId;
use crate::log::partition::{Mark, Partition};
use std::collections::BTreeMap;

/// All that the next owner needs to know of a partition; its files stay where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    pub record: PartitionRecord,
    pub config: LogConfig,
    /// The epoch under which this node leads the partition: the owner changes, the leader does not.
    pub leader_epoch: i32,
    pub is_led: bool,
    pub leader_epoch_min: i32,
}

/// What the other shard has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandoverStep {
    Released {
        ticket: u64,
        handover: Box<Handover>,
    },
    Settled {
        id: PartitionId,
    },
    Forgotten {
        ticket: u64,
    },
    /// This shard is fenced: in this life no record of its own will hold what it adopted, so the last owner keeps its own.
    Unsettled {
        id: PartitionId,
    },
    /// This shard is fenced: its records name the partition until the next start, and it stays where it is.
    Unforgotten {
        ticket: u64,
    },
}

#[derive(Default)]
pub(super) struct Handovers {
    /// Records of partitions that another shard has or will have.
    released: BTreeMap<PartitionId, PartitionRecord>,
    /// Their adoption is listed, and not durable: handle and ticket.
    arriving: Vec<(u32, u64)>,
    /// Adopted, and not in a durable record of this shard.
    unsettled: Vec<(u32, PartitionId)>,
    /// Those who want to know when no record has the partition any more: before and since the checkpoint under way began.
    forgetting: Vec<u64>,
    forgetting_next: Vec<u64>,
    steps: Vec<HandoverStep>,
}

impl Handovers {
    pub fn release(&mut self, record: PartitionRecord) {
        self.released.insert(record.id, PartitionRecord { is_released: true, ..record });
    }

    /// What every record of this shard holds besides its own partitions.
    pub fn records(&self) -> impl Iterator<Item = PartitionRecord> + '_ {
        self.released.values().cloned()
    }

    /// Whatever was listed up to now is behind the point where replay will begin.
    pub fn record_begins(&mut self) {
        self.forgetting.append(&mut self.forgetting_next);
    }

    /// The shard fenced: no step that waits for its journal or its record will come. Those whose adoption failed.
    pub fn fence(&mut self) -> Vec<(u32, u64)> {
        let unsettled = self.unsettled.drain(..).map(|(_, id)| HandoverStep::Unsettled { id });
        self.steps.extend(unsettled);
        let unforgotten = self.forgetting.drain(..).chain(self.forgetting_next.drain(..));
        self.steps.extend(unforgotten.map(|ticket| HandoverStep::Unforgotten { ticket }));
        std::mem::take(&mut self.arriving)
    }

    pub fn recorded(&mut self, is_recorded: impl Fn(u32) -> bool) {
        let (settled, unsettled): (Vec<_>, Vec<_>) = self.unsettled.drain(..).partition(|(handle, _)| is_recorded(*handle));
        self.unsettled = unsettled;
        self.steps.extend(settled.into_iter().map(|(_, id)| HandoverStep::Settled { id }));
        self.steps.extend(self.forgetting.drain(..).map(|ticket| HandoverStep::Forgotten { ticket }));
    }
}

impl Store {
    pub fn take_handover_steps(&mut self) -> Vec<HandoverStep> {
        std::mem::take(&mut self.handovers.steps)
    }

    /// Nobody reads or syncs it any more, nothing of it is in memory but what the record says.
    pub(super) fn hand_over(&mut self, handle: u32, ticket: u64) {
        self.close_files_of(handle);
        self.drop_indexes_of(handle);
        self.fail_parked_reads(handle, &ReadError::UnknownPartition);
        let state = self.partitions[handle as usize].take().expect("a live partition");
        self.by_id.remove(&state.id);
        let record = self.handovers.released[&state.id].clone();
        let Partition { config, leader_epoch, is_led, leader_epoch_min, .. } = state;
        let handover = Handover { record, config, leader_epoch, is_led, leader_epoch_min };
        self.handovers.steps.push(HandoverStep::Released { ticket, handover: Box::new(handover) });
    }

    /// Takes a partition over. Its appends wait until that is durable, which `Done` with the ticket says.
    ///
    /// # Errors
    /// This shard is fenced, or the record is none that a shard gave away.
    pub fn adopt(&mut self, ticket: u64, handover: &Handover) -> Result<u32, StoreError> {
        if self.fenced.is_some() {
            return Err(StoreError::Fenced);
        }
        let replay = Replay::from_record(&handover.record, handover.config, &[], self.now.wall_ms);
        let mut partition = replay.map_err(|_| StoreError::Damaged)?.into_partition(handover.leader_epoch);
        partition.leader_epoch_min = handover.leader_epoch_min;
        partition.is_led = handover.is_led;
        partition.ownership += 1;
        partition.is_held = true;
        partition.is_arriving = true;
        partition.is_settling = true;
        let now_ms = self.now.monotonic_ms;
        partition.segments.iter_mut().for_each(|segment| segment.began_ms = now_ms);
        let entry = Entry {
            ownership: partition.ownership,
            value: partition.log_start,
            ..Entry::control(EntryKind::Adopt, partition.id, partition.end, partition.end)
        };
        let after = Mark { sequence: self.journal.sequence_next(), ..partition.listed };
        partition.listed = after;
        // What it was here before, if it was, is in the record that it comes with.
        self.handovers.released.remove(&partition.id);
        let handle = self.add(partition);
        self.handovers.arriving.push((handle, ticket));
        self.journal.stage(entry, None, Listed::Adopted { partition: handle, ticket, after });
        Ok(handle)
    }

    pub(super) fn adopted(&mut self, handle: u32, ticket: u64, after: Mark) {
        // Answered when the shard fenced.
        if self.fenced.is_some() {
            return;
        }
        self.handovers.arriving.retain(|(arriving, _)| *arriving != handle);
        self.note_sequence(handle, after.sequence);
        let state = self.live(handle);
        // All up to here is synced: by its last owner.
        state.synced.sequence = after.sequence;
        state.is_held = false;
        state.is_arriving = false;
        let id = state.id;
        self.handovers.unsettled.push((handle, id));
        self.retry.push_back(handle);
        self.checkpointer.note_change();
        self.request_checkpoint();
        self.events.push(Event::Done { partition: handle, ticket });
    }

    /// The next owner has a record of its own: this shard's do without it from now on.
    pub fn forget(&mut self, ticket: u64, id: &PartitionId) {
        if self.fenced.is_some() {
            return self.handovers.steps.push(HandoverStep::Unforgotten { ticket });
        }
        self.handovers.released.remove(id);
        self.handovers.forgetting_next.push(ticket);
        self.checkpointer.note_change();
        self.request_checkpoint();
    }

    /// No record of another shard names the partition any more.
    pub fn settle(&mut self, id: &PartitionId) {
        if let Some(handle) = self.handle(id) {
            self.live(handle).is_settling = false;
        }
    }
}
