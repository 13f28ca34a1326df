//! From parts that JavaScript queued during its turn to sockets, and what becomes of what they do not take.
//!
//! The parts of a connection, in their order, are its stream. Owned ones are small and are kept when the socket is full. Spans lie
//! in memory that is only lent for the call: of them the remainder of one that was cut is kept, copied, if the budgets allow it,
//! and nothing behind it but owned bytes up to the next span. From there on the parts are the caller's again (`Unfinished`): it
//! goes on after `Writable` with exactly these bytes, or closes the connection.
//!
//! A part may lie in a file (DURABILITY.md rule 18): it is sent from there, and never kept. One that cannot be sent so without
//! waiting is the caller's to read another way, at once.

use super::event::{ConnectionNumber, NetEvent};
use super::{Net, Phase};
use crate::io::sockets::{Send, SendSpan, SocketId, Sockets};
use crate::io::{FileSpan, IoError, IoResult, Piece, PIECES_MAX};

#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub connection: ConnectionNumber,
    pub source: Source,
    /// May be kept as a whole; else only the rest of it once a part was sent.
    pub is_owned: bool,
}

/// Where a part's bytes are.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    Memory(Piece),
    File(FileSpan),
}

impl Source {
    fn size(self) -> usize {
        match self {
            Self::Memory(piece) => piece.size(),
            Self::File(span) => span.size,
        }
    }
}

impl From<Piece> for Source {
    fn from(piece: Piece) -> Self {
        Self::Memory(piece)
    }
}

/// A connection whose socket did not take everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub connection: ConnectionNumber,
    /// So many of its parts in this flush were sent or are kept.
    pub parts_taken: usize,
    /// Bytes of the next part that were sent.
    pub part_size_taken: usize,
    /// Bytes of it that wait here now.
    pub kept: usize,
    /// The socket has room, but the next part cannot be had from its file: no `Writable` will be told.
    pub is_unreadable: bool,
}

/// A connection in the flush under way.
struct Touched {
    number: ConnectionNumber,
    socket: SocketId,
    /// Its next part, and how much of that was sent.
    next: Option<u32>,
    at: usize,
    last: u32,
    parts_taken: usize,
    takes_no_more: bool,
    is_unreadable: bool,
}

#[derive(Default)]
pub(super) struct Flushing {
    touched: Vec<Touched>,
    /// The next part of the same connection.
    links: Vec<Option<u32>>,
    pieces: Vec<Piece>,
    sends: Vec<Send>,
    /// Whose sends they are, as indices into `touched`.
    senders: Vec<usize>,
    spans: Vec<SendSpan>,
    span_senders: Vec<usize>,
}

impl<S: Sockets> Net<S> {
    /// Sends as much as the sockets take now: when this returns no memory of the parts is used any more.
    pub fn flush(&mut self, parts: &[Part], unfinished: &mut Vec<Unfinished>) {
        let mut flushing = std::mem::take(&mut self.flushing);
        self.group(parts, &mut flushing);
        while self.gather(parts, &mut flushing) {
            self.send_gathered(parts, &mut flushing);
        }
        for touched in &mut flushing.touched {
            self.keep_rest(parts, &flushing.links, touched);
            self.conclude(touched, unfinished);
        }
        flushing.touched.clear();
        self.flushing = flushing;
        self.sockets.flush();
    }

    fn send_gathered(&mut self, parts: &[Part], flushing: &mut Flushing) {
        let Flushing { touched, links, pieces, sends, senders, spans, span_senders } = flushing;
        self.counters.sends += (sends.len() + spans.len()) as u64;
        if !sends.is_empty() {
            self.sockets.send(pieces, sends);
        }
        self.sockets.send_spans(spans);
        for (send, index) in sends.drain(..).zip(senders.drain(..)) {
            let asked = pieces[send.pieces].iter().map(|piece| piece.size()).sum();
            self.sent(parts, links, &mut touched[index], asked, send.result);
        }
        for (send, index) in spans.drain(..).zip(span_senders.drain(..)) {
            self.counters.file_size += send.sent as u64;
            let touched = &mut touched[index];
            self.sent(parts, links, touched, send.span.size, Ok(send.sent));
            match send.result {
                Ok(()) => {}
                Err(IoError::WOULD_BLOCK) => {
                    touched.is_unreadable = true;
                    touched.takes_no_more = true;
                }
                Err(error) => self.sent(parts, links, touched, 0, Err(error)),
            }
        }
    }

    /// Chains the parts of each connection. Those of connections that are gone, or are ending, belong to nobody.
    fn group(&mut self, parts: &[Part], flushing: &mut Flushing) {
        let Flushing { touched, links, .. } = flushing;
        links.clear();
        links.resize(parts.len(), None);
        for (index, part) in parts.iter().enumerate() {
            let Some(connection) = self.connections.get_mut(part.connection) else { continue };
            if !matches!(connection.phase, Phase::Open | Phase::Draining) {
                continue;
            }
            let index = index as u32;
            if let Some(known) = connection.touched {
                let known = &mut touched[known as usize];
                links[known.last as usize] = Some(index);
                known.last = index;
            } else {
                connection.touched = Some(touched.len() as u32);
                touched.push(Touched {
                    number: part.connection,
                    socket: connection.socket,
                    next: Some(index),
                    at: 0,
                    last: index,
                    parts_taken: 0,
                    takes_no_more: !connection.kept.is_empty() || connection.is_blocked,
                    is_unreadable: false,
                });
            }
        }
    }

    /// One send for each connection that may take more: of all memory up to its next file, or of that. False: none does.
    fn gather(&mut self, parts: &[Part], flushing: &mut Flushing) -> bool {
        let Flushing { touched, links, pieces, sends, senders, spans, span_senders } = flushing;
        pieces.clear();
        for (index, touched) in touched.iter_mut().enumerate().filter(|(_, touched)| !touched.takes_no_more) {
            // Parts without bytes are sent by being passed over.
            advance(parts, links, touched, 0);
            let Some(first) = touched.next else { continue };
            if let Source::File(span) = parts[first as usize].source {
                spans.push(SendSpan { socket: touched.socket, span: span.from(touched.at), sent: 0, result: Ok(()) });
                span_senders.push(index);
                continue;
            }
            let begin = pieces.len();
            let next = gather_memory(parts, links, touched, pieces);
            sends.push(Send { socket: touched.socket, pieces: begin..pieces.len(), has_more: next.is_some(), result: Ok(0) });
            senders.push(index);
        }
        !sends.is_empty() || !spans.is_empty()
    }

    fn sent(&mut self, parts: &[Part], links: &[Option<u32>], touched: &mut Touched, asked: usize, result: IoResult<usize>) {
        match result {
            Ok(count) => {
                self.counters.sent_size += count as u64;
                touched.takes_no_more = count < asked;
                advance(parts, links, touched, count);
                if count > 0 {
                    let connection = self.connections.get_mut(touched.number).expect("a live connection");
                    connection.last_active_ms = self.now_ms;
                }
            }
            Err(error) => {
                touched.next = None;
                touched.takes_no_more = true;
                self.finish_by(touched.number, error);
            }
        }
    }

    fn keep_rest(&mut self, parts: &[Part], links: &[Option<u32>], touched: &mut Touched) {
        let Some(connection) = self.connections.get_mut(touched.number).filter(|connection| !connection.is_blocked) else {
            return;
        };
        while let Some(index) = touched.next {
            let Part { source: Source::Memory(piece), is_owned, .. } = parts[index as usize] else { return };
            let rest = piece.cut(touched.at, piece.size() - touched.at);
            let memory = connection.kept.memory_for(rest.size());
            let has_room = connection.kept.memory() + memory <= self.settings.kept_max
                && self.kept_memory + memory <= self.settings.kept_total_max;
            if !(is_owned || touched.at > 0) || !has_room {
                return;
            }
            connection.kept.push(rest.bytes());
            self.kept_memory += memory;
            self.counters.kept_size += rest.size() as u64;
            advance(parts, links, touched, rest.size());
        }
    }

    fn conclude(&mut self, touched: &Touched, unfinished: &mut Vec<Unfinished>) {
        let Some(connection) = self.connections.get_mut(touched.number) else { return };
        connection.touched = None;
        connection.is_blocked |= touched.next.is_some() && !touched.is_unreadable;
        if touched.next.is_some() || !connection.kept.is_empty() {
            unfinished.push(Unfinished {
                connection: touched.number,
                parts_taken: touched.parts_taken,
                part_size_taken: touched.at,
                kept: connection.kept.size(),
                is_unreadable: touched.is_unreadable,
            });
        }
    }

    /// To the sockets that have become writable: what is kept for them, then the word to those who have more.
    pub(super) fn send_kept(&mut self) {
        if self.writable.is_empty() {
            return;
        }
        let mut flushing = std::mem::take(&mut self.flushing);
        let mut writable = std::mem::take(&mut self.writable);
        // Told twice in one poll, it is still sent once.
        writable.sort_unstable();
        writable.dedup();
        let Flushing { pieces, sends, .. } = &mut flushing;
        pieces.clear();
        sends.clear();
        writable.retain(|&number| {
            let Some(connection) = self.connections.get(number) else { return false };
            let begin = pieces.len();
            pieces.extend(connection.kept.pieces().take(PIECES_MAX));
            if pieces.len() > begin {
                sends.push(Send { socket: connection.socket, pieces: begin..pieces.len(), has_more: false, result: Ok(0) });
                return true;
            }
            self.emptied(number);
            false
        });
        self.counters.sends += sends.len() as u64;
        self.sockets.send(pieces, sends);
        for (send, number) in sends.drain(..).zip(writable.drain(..)) {
            match send.result {
                Ok(count) => self.sent_kept(number, count),
                Err(error) => self.finish_by(number, error),
            }
        }
        self.writable = writable;
        self.flushing = flushing;
    }

    fn sent_kept(&mut self, number: ConnectionNumber, count: usize) {
        let connection = self.connections.get_mut(number).expect("a live connection");
        let memory = connection.kept.memory();
        connection.kept.consume(count);
        if count > 0 {
            connection.last_active_ms = self.now_ms;
        }
        self.counters.sent_size += count as u64;
        self.kept_memory -= memory - connection.kept.memory();
        if connection.kept.is_empty() {
            self.emptied(number);
        }
    }

    fn emptied(&mut self, number: ConnectionNumber) {
        let connection = self.connections.get_mut(number).expect("a live connection");
        if std::mem::take(&mut connection.is_blocked) {
            self.events.push_back(NetEvent::Writable { connection: number });
        }
        self.settle(number);
    }
}

/// The pieces of one send, up to a file; the part behind them.
fn gather_memory(parts: &[Part], links: &[Option<u32>], touched: &Touched, pieces: &mut Vec<Piece>) -> Option<u32> {
    let begin = pieces.len();
    let (mut next, mut at) = (touched.next, touched.at);
    while let Some(part) = next.filter(|_| pieces.len() - begin < PIECES_MAX) {
        let Source::Memory(piece) = parts[part as usize].source else { break };
        if piece.size() > at {
            pieces.push(piece.cut(at, piece.size() - at));
        }
        (next, at) = (links[part as usize], 0);
    }
    next
}

/// Passes over `count` bytes, and over parts that have none.
fn advance(parts: &[Part], links: &[Option<u32>], touched: &mut Touched, count: usize) {
    let mut left = count;
    while let Some(index) = touched.next {
        let rest = parts[index as usize].source.size() - touched.at;
        if left < rest {
            touched.at += left;
            return;
        }
        left -= rest;
        touched.next = links[index as usize];
        touched.at = 0;
        touched.parts_taken += 1;
    }
}
