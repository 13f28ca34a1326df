//! From parts that JavaScript queued during its turn to sockets, and what becomes of what they do not take.
//!
//! The parts of a connection, in their order, are its stream. Owned ones are small and are kept when the socket is full. Spans lie
//! in memory that is only lent for the call: of them the remainder of one that was cut is kept, copied, if the budgets allow it,
//! and nothing behind it but owned bytes up to the next span. From there on the parts are the caller's again (`Unfinished`): it
//! goes on after `Writable` with exactly these bytes, or closes the connection.
//!
//! A part may lie in a file (DURABILITY.md rule 18): it is sent from there, and never kept. Those that a socket does not take are a trail,
//! with the owned bytes among them: they are sent on (onward.rs) while they are still their caller's. One that cannot be sent so without
//! waiting is the caller's to read another way, at once.

use super::connections::Connection;
use super::event::ConnectionNumber;
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
pub(super) struct Touched {
    pub number: ConnectionNumber,
    socket: SocketId,
    /// Its next part, and how much of that was sent.
    next: Option<u32>,
    at: usize,
    last: u32,
    parts_taken: usize,
    /// Of all its parts.
    pub size_taken: usize,
    takes_no_more: bool,
    pub is_unreadable: bool,
    /// Some of its parts are neither sent, nor kept, nor in its trail.
    has_rest: bool,
}

#[derive(Default)]
pub(super) struct Flushing {
    pub touched: Vec<Touched>,
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
        self.group(parts, &mut flushing, |connection| {
            let is_open = matches!(connection.phase, Phase::Open | Phase::Draining);
            is_open.then(|| !connection.keeps_nothing() || connection.is_blocked || connection.word.is_some())
        });
        self.send_grouped(parts, &mut flushing);
        for touched in &mut flushing.touched {
            self.keep_rest(parts, &flushing.links, touched);
            self.conclude(touched, unfinished);
        }
        flushing.touched.clear();
        self.flushing = flushing;
        self.sockets.flush();
    }

    pub(super) fn send_grouped(&mut self, parts: &[Part], flushing: &mut Flushing) {
        while self.gather(parts, flushing) {
            self.send_gathered(parts, flushing);
        }
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

    /// Chains the parts of each connection. `takes_no_more`: whether it does; nothing if its parts are nobody's.
    pub(super) fn group(&mut self, parts: &[Part], flushing: &mut Flushing, takes_no_more: impl Fn(&Connection) -> Option<bool>) {
        let Flushing { touched, links, .. } = flushing;
        links.clear();
        links.resize(parts.len(), None);
        for (index, part) in parts.iter().enumerate() {
            let Some(connection) = self.connections.get_mut(part.connection) else { continue };
            let Some(takes_no_more) = takes_no_more(connection) else { continue };
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
                    size_taken: 0,
                    takes_no_more,
                    is_unreadable: false,
                    has_rest: false,
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
                touched.size_taken += count;
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

    /// What was cut, and small bytes up to the next span or file, is kept; then what nobody is needed for.
    fn keep_rest(&mut self, parts: &[Part], links: &[Option<u32>], touched: &mut Touched) {
        let Some(connection) = self.connections.get_mut(touched.number) else { return };
        touched.has_rest = touched.next.is_some();
        if connection.is_blocked || connection.word.is_some() {
            return;
        }
        while let Some(index) = touched.next {
            let Part { source: Source::Memory(piece), is_owned, .. } = parts[index as usize] else { break };
            let rest = piece.cut(touched.at, piece.size() - touched.at);
            let memory = connection.kept.memory_for(rest.size());
            if !(is_owned || touched.at > 0) || !self.settings.lets_keep(connection.memory_kept(), self.kept_memory, memory) {
                return;
            }
            connection.kept.push(rest.bytes());
            self.kept_memory += memory;
            self.counters.kept_size += rest.size() as u64;
            advance(parts, links, touched, rest.size());
        }
        touched.has_rest = touched.is_unreadable || self.trail_rest(parts, links, touched);
    }

    /// From a file on, as far as nothing is lent for this call alone. True: something is left behind it.
    fn trail_rest(&mut self, parts: &[Part], links: &[Option<u32>], touched: &Touched) -> bool {
        let connection = self.connections.get_mut(touched.number).expect("a live connection");
        let (mut next, mut at) = (touched.next, touched.at);
        while let Some(index) = next {
            match parts[index as usize] {
                Part { source: Source::File(span), .. } => connection.trail.push_file(span.from(at)),
                Part { source: Source::Memory(piece), is_owned: true, .. } => {
                    let memory = connection.trail.memory_for(piece.size());
                    if !self.settings.lets_keep(connection.memory_kept(), self.kept_memory, memory) {
                        break;
                    }
                    connection.trail.push_bytes(piece.bytes());
                    self.kept_memory += memory;
                }
                Part { .. } => break,
            }
            (next, at) = (links[index as usize], 0);
        }
        if !connection.trail.is_empty() {
            self.moved.expect(self.now_ms);
        }
        next.is_some()
    }

    fn conclude(&mut self, touched: &Touched, unfinished: &mut Vec<Unfinished>) {
        let Some(connection) = self.connections.get_mut(touched.number) else { return };
        connection.touched = None;
        connection.is_blocked |= touched.next.is_some() && !touched.is_unreadable;
        let had_rest = std::mem::replace(&mut connection.has_rest, touched.has_rest);
        if touched.next.is_some() || !connection.kept.is_empty() {
            unfinished.push(Unfinished {
                connection: touched.number,
                parts_taken: touched.parts_taken,
                part_size_taken: touched.at,
                kept: connection.kept.size(),
                is_unreadable: touched.is_unreadable,
            });
        }
        if had_rest && !touched.has_rest {
            self.settle(touched.number);
        }
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
