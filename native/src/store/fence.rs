//! A disk that failed (DURABILITY.md rule 9): nothing is acknowledged any more, reads go on, and whoever waits for something
//! that cannot come is told so.
//!
//! ```text
//!   at once:                an append that waits, or comes later     ─► refused, fenced: nothing of it is written
//!                           an append that is listed                 ─► refused, unconfirmed
//!                           waits for quiet, a record or the journal ─► failed, fenced
//!   when its task ends:     looks something up, or changes files     ─► done, or failed, fenced
//!   as if nothing happened: lets its readers finish                  ─► released
//! ```
//! An entry that is in the journal's hands may become durable all the same: then the next start applies it. This life never
//! does, as its answer is given.

use super::{AppendError, Event, FencedBy, Listed, Store, StoreError};
use crate::io::IoError;

impl Store {
    /// Stops accepting appends for good. A failed journal still lets what was acknowledged reach its segments.
    pub(super) fn fence(&mut self, error: IoError, path_kind: FencedBy) {
        if self.fenced.is_some() {
            return;
        }
        self.fenced = Some((error, path_kind));
        self.flush_all();
        self.events.push(Event::Fenced { error, path_kind });
        self.leave_unconfirmed();
        self.refuse_all_waiting();
        self.fail_controls();
        for (partition, ticket) in self.handovers.fence() {
            self.events.push(Event::ControlFailed { partition, ticket, error: StoreError::Fenced });
        }
    }

    /// What is listed has its answer now, and no other later: it may become stable all the same.
    fn leave_unconfirmed(&mut self) {
        let journaled = self.journal.pending().filter_map(|listed| match listed {
            Listed::Batch { partition, ack, .. } => Some((*partition, ack.ticket)),
            Listed::Control { .. } | Listed::Adopted { .. } => None,
        });
        let mut open: Vec<(u32, u64)> = journaled.collect();
        for (handle, state) in self.partitions.iter_mut().enumerate() {
            let Some(state) = state else { continue };
            let written = state.unwritten.iter_mut().filter_map(|batch| batch.ack.take());
            let answered_late = written.chain(state.duplicates.drain(..));
            open.extend(answered_late.map(|ack| (handle as u32, ack.ticket)));
        }
        let refused = |(partition, ticket)| Event::Refused { partition, ticket, error: AppendError::Unconfirmed };
        self.events.extend(open.into_iter().map(refused));
    }

    #[must_use]
    pub fn fenced(&self) -> Option<(IoError, FencedBy)> {
        self.fenced
    }
}
