//! Sending on without JavaScript: what is kept, then the trail of parts that need nobody, to sockets that have become writable.
//!
//! ```text
//!   flush ── full socket ──► kept, trail ──► pump or turn: sent on ──► in a turn: Progress ──► at its end: Writable
//! ```
//! What a trail has sent may be told when something else wakes JavaScript: within `TOLD_WITHIN_MS`, or at once where a request waits
//! for it or its caller has more to send. A reader that takes nothing wakes nobody. Before the bytes of a file may change `take_back` ends
//! its trails (DURABILITY.md rule 18).

use super::event::{ConnectionNumber, NetEvent};
use super::output::Part;
use super::{Net, Phase};
use crate::io::sockets::Sockets;

/// Leases of parts that were sent are held for so long at most. Shorter, it costs wake-ups: a fifth of them at 100 ms.
pub(super) const TOLD_WITHIN_MS: u64 = 500;

/// Connections of which there is something to tell, and by when.
#[derive(Default)]
pub(super) struct Moved {
    numbers: Vec<ConnectionNumber>,
    /// None: whatever moves next is told at once.
    by_ms: Option<u64>,
    is_urgent: bool,
}

impl Moved {
    pub fn by_ms(&self) -> Option<u64> {
        self.by_ms
    }

    pub fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    /// A trail begins.
    pub fn expect(&mut self, now_ms: u64) {
        self.by_ms.get_or_insert(now_ms + TOLD_WITHIN_MS);
    }
}

impl<S: Sockets> Net<S> {
    /// To the sockets that have become writable.
    pub(super) fn send_on(&mut self) {
        if self.writable.is_empty() {
            return;
        }
        let mut flushing = std::mem::take(&mut self.flushing);
        let mut parts = std::mem::take(&mut self.waiting);
        let mut writable = std::mem::take(&mut self.writable);
        // Told twice in one poll, it is still sent once.
        writable.sort_unstable();
        writable.dedup();
        for number in writable.drain(..) {
            let Some(connection) = self.connections.get(number) else { continue };
            let begin = parts.len();
            let kept = connection.kept.pieces();
            parts.extend(kept.map(|piece| Part { connection: number, source: piece.into(), is_owned: true }));
            connection.trail.list(number, &mut parts);
            if parts.len() == begin {
                self.sent_on(number, 0, false);
            }
        }
        self.group(&parts, &mut flushing, |_| Some(false));
        self.send_grouped(&parts, &mut flushing);
        for touched in flushing.touched.drain(..) {
            self.sent_on(touched.number, touched.size_taken, touched.is_unreadable);
        }
        parts.clear();
        self.waiting = parts;
        self.writable = writable;
        self.flushing = flushing;
    }

    fn sent_on(&mut self, number: ConnectionNumber, count: usize, is_unreadable: bool) {
        // It may have ended over this.
        let Some(connection) = self.connections.get_mut(number) else { return };
        connection.touched = None;
        let memory = connection.memory_kept();
        let of_kept = count.min(connection.kept.size());
        connection.kept.consume(of_kept);
        connection.trail.consume(count - of_kept);
        if is_unreadable {
            connection.trail.end();
            connection.has_rest = true;
        }
        self.kept_memory -= memory - connection.memory_kept();
        self.counters.trailed_size += (count - of_kept) as u64;
        let is_empty = connection.keeps_nothing();
        if count > of_kept {
            self.note_moved(number, false);
        }
        if is_empty {
            self.emptied(number, is_unreadable);
        }
    }

    /// What comes next is its caller's to send; unreadable: from elsewhere.
    fn emptied(&mut self, number: ConnectionNumber, is_unreadable: bool) {
        let connection = self.connections.get_mut(number).expect("a live connection");
        if std::mem::take(&mut connection.is_blocked) {
            connection.word = Some(is_unreadable);
            let is_awaited = connection.in_flight > 0 || connection.phase != Phase::Open;
            let is_urgent = is_unreadable || is_awaited || connection.has_rest;
            self.note_moved(number, is_urgent);
        }
        self.settle(number);
    }

    fn note_moved(&mut self, number: ConnectionNumber, is_urgent: bool) {
        self.moved.is_urgent |= is_urgent || self.moved.by_ms.is_none();
        let connection = self.connections.get_mut(number).expect("a live connection");
        if !std::mem::replace(&mut connection.has_moved, true) {
            self.moved.numbers.push(number);
        }
    }

    pub(super) fn tell_moved(&mut self) {
        if self.moved.by_ms.is_some_and(|by_ms| by_ms <= self.now_ms) {
            self.moved.by_ms = None;
        }
        self.moved.is_urgent = false;
        for number in self.moved.numbers.drain(..) {
            let Some(connection) = self.connections.get_mut(number) else { continue };
            connection.has_moved = false;
            if let Some((parts_taken, part_size_taken)) = connection.trail.take_progress() {
                self.events.push_back(NetEvent::Progress { connection: number, parts_taken, part_size_taken });
            }
            if let Some(is_unreadable) = connection.word.take() {
                self.events.push_back(NetEvent::Writable { connection: number, is_unreadable });
            }
            if !connection.trail.is_empty() {
                self.moved.by_ms = Some(self.now_ms + TOLD_WITHIN_MS);
            }
        }
    }

    /// No trail goes on from this file: the next turn tells how far each came, and what is left of it is its caller's.
    pub fn take_back(&mut self, file: u64) {
        let named = self.connections.iter().filter(|(_, connection)| connection.trail.names(file));
        let named: Vec<ConnectionNumber> = named.map(|(number, _)| number).collect();
        for number in named {
            let connection = self.connections.get_mut(number).expect("numbered just now");
            let memory = connection.memory_kept();
            connection.trail.end();
            connection.has_rest = true;
            self.kept_memory -= memory - connection.memory_kept();
            let is_empty = connection.keeps_nothing();
            self.note_moved(number, true);
            if is_empty {
                self.emptied(number, false);
            }
        }
    }
}
