//! Parts that a full socket did not take and that nobody is needed for to send them: of files, which are lent for longer than a call,
//! and small ones of ours among them, copied. They are their caller's still: it is told of each that was sent.

use super::event::ConnectionNumber;
use super::kept::Kept;
use super::output::{Part, Source};
use crate::io::{FileSpan, Piece};
use std::collections::VecDeque;

#[derive(Default)]
pub struct Trail {
    parts: VecDeque<Link>,
    /// Of those in memory, what is not sent.
    bytes: Kept,
    /// Of the first part, what was sent; and what of that was told.
    at: usize,
    told_at: usize,
    /// Parts that were sent and not told.
    untold: usize,
}

#[derive(Clone, Copy)]
enum Link {
    File(FileSpan),
    Bytes(usize),
}

impl Link {
    fn size(self) -> usize {
        match self {
            Self::File(span) => span.size,
            Self::Bytes(size) => size,
        }
    }
}

impl Trail {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    #[must_use]
    pub fn names(&self, file: u64) -> bool {
        self.parts.iter().any(|link| matches!(link, Link::File(span) if span.file == file))
    }

    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.memory()
    }

    /// Memory that so many more bytes would take.
    #[must_use]
    pub fn memory_for(&self, size: usize) -> usize {
        self.bytes.memory_for(size)
    }

    pub fn push_file(&mut self, span: FileSpan) {
        self.parts.push_back(Link::File(span));
    }

    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.bytes.push(bytes);
        self.parts.push_back(Link::Bytes(bytes.len()));
    }

    /// What is left of it, in order. Sizes agree, their cuts need not: bytes lie as they were kept.
    pub fn list(&self, connection: ConnectionNumber, parts: &mut Vec<Part>) {
        let mut pieces = self.bytes.pieces();
        let mut piece = Piece::EMPTY;
        let mut at = self.at;
        for link in &self.parts {
            match *link {
                Link::File(span) => {
                    parts.push(Part { connection, source: Source::File(span.from(at)), is_owned: false });
                }
                Link::Bytes(size) => {
                    let mut left = size - at;
                    while left > 0 {
                        if piece.is_empty() {
                            piece = pieces.next().expect("all bytes of its parts");
                        }
                        let count = left.min(piece.size());
                        parts.push(Part { connection, source: piece.cut(0, count).into(), is_owned: true });
                        piece = piece.cut(count, piece.size() - count);
                        left -= count;
                    }
                }
            }
            at = 0;
        }
    }

    /// The socket took so many bytes. Parts without any go with those before them.
    pub fn consume(&mut self, count: usize) {
        let mut left = count;
        while let Some(&first) = self.parts.front() {
            let taken = left.min(first.size() - self.at);
            if matches!(first, Link::Bytes(_)) {
                self.bytes.consume(taken);
            }
            self.at += taken;
            left -= taken;
            if self.at < first.size() {
                break;
            }
            self.parts.pop_front();
            self.untold += 1;
            (self.at, self.told_at) = (0, 0);
        }
        assert_eq!(left, 0, "a socket takes what it was given");
    }

    /// Since the last time: parts that were sent, then bytes of the next.
    pub fn take_progress(&mut self) -> Option<(usize, usize)> {
        let progress = (std::mem::take(&mut self.untold), self.at - self.told_at);
        if self.parts.is_empty() {
            self.at = 0;
        }
        self.told_at = self.at;
        (progress != (0, 0)).then_some(progress)
    }

    /// What was not sent is its caller's again. What was, is still to be told, before anything is pushed.
    pub fn end(&mut self) {
        self.parts.clear();
        self.bytes = Kept::default();
    }
}
