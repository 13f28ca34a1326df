//! A disk that failed (DURABILITY.md rule 9): nothing is acknowledged any more, reads go on, and whoever waits for something
//! that cannot come is told so.
//!
//! ```text
//!   at once:                waits for quiet, a record or the journal ─► failed, fenced
//!   when its task ends:     looks something up, or changes files     ─► done, or failed, fenced
//!   as if nothing happened: lets its readers finish                  ─► released
//! ```
//! An entry that is in the journal's hands may become durable all the same: then the next start applies it. This life never
//! does, as its answer is given.

use super::{Event, FencedBy, Store, StoreError};
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
        self.refuse_all_waiting();
        self.fail_controls();
        for (partition, ticket) in self.handovers.fence() {
            self.events.push(Event::ControlFailed { partition, ticket, error: StoreError::Fenced });
        }
    }

    #[must_use]
    pub fn fenced(&self) -> Option<(IoError, FencedBy)> {
        self.fenced
    }
}
