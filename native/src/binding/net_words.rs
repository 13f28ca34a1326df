//! What a net and JavaScript tell each other, as numbers in arrays that JavaScript lends: one crossing for all events of a turn,
//! one for all that leaves at its end.
//!
//! ```text
//!   events    word 0   events that follow
//!             word 1   1: there is more to do at once
//!             word 2   when to come back though nothing wakes, in monotonic milliseconds; -1: never
//!             word 3   bytes kept for sockets that did not take them
//!             word 4   connections
//!             word 5   the first event; then one every NET_EVENT_WORDS
//!
//!   event     kind  connection  then by kind
//!     1 accepted       listener
//!     2 frame          place  memory (0 the pool, else a room)  position  size
//!     3 room wanted    room   size
//!     4 room returned  room
//!     5 writable       1: the next part cannot be had from its file
//!     6 ended
//!     7 closed         reason (index into CLOSE_CODES)  errno  bytes that had come of a frame  its size, or 0 where that is not known
//!     8 refused        listener  reason (index into REFUSE_CODES)  errno
//!     9 progress       parts sent on  bytes of the next
//!
//!   command   kind  subject: 1 release (place), 2 answered, 3 close, 4 abort (connection), 5 refuse room (room), 6 drain
//!
//!   part      connection  source (0 scratch, above a memory by its number, below a view: -1 - index; of a kind 2 a file's number)
//!             position  size  kind (0 lent, 1 owned, 2 of a file)
//!
//!   flushed   word 0   connections that follow
//!             word 1   1: there is more to do at once
//!             word 2   bytes kept for sockets that did not take them
//!             word 3   when a turn is due though nothing wakes, as of events
//!             word 4   connection  parts taken  bytes taken of the next  bytes kept of it  1: unreadable; then the next every five
//! ```
//! ts/native/net-words.ts is the other side.

use super::event_words::{exact, index_of};
use super::guarded;
use crate::io::sockets::Sockets;
use crate::net::frame::Broken;
use crate::net::{CloseReason, Net, NetEvent, PlaceId, RefuseReason, Unfinished};
use napi_derive::napi;

pub const NET_HEADER_WORDS: usize = 5;
pub const NET_EVENT_WORDS: usize = 6;
pub const COMMAND_WORDS: usize = 2;
pub const PART_WORDS: usize = 5;
pub const FLUSHED_HEADER_WORDS: usize = 4;
pub const FLUSHED_WORDS: usize = 5;
/// The kind of a part that lies in a file.
pub const PART_OF_FILE: f64 = 2.0;

pub const CLOSE_CODES: [&str; 13] = [
    "peer-closed",
    "cut-frame",
    "peer-reset",
    "io",
    "negative-size",
    "too-large",
    "http",
    "tls",
    "idle",
    "slow-frame",
    "room-refused",
    "asked",
    "drained",
];

pub const REFUSE_CODES: [&str; 3] = ["too-many-connections", "too-many-of-address", "io"];

/// Both lists, as JSON: what ts/native is compared with.
#[napi]
pub fn describe_net_codes() -> String {
    let list = |codes: &[&str]| codes.iter().map(|code| format!("\"{code}\"")).collect::<Vec<_>>().join(",");
    guarded(|| format!("{{\"close\":[{}],\"refuse\":[{}]}}", list(&CLOSE_CODES), list(&REFUSE_CODES)))
}

pub(super) fn encode(event: NetEvent, words: &mut [f64]) {
    words[..NET_EVENT_WORDS].fill(0.0);
    let mut put = |kind: u8, connection: u64, rest: &[u64]| {
        words[0] = f64::from(kind);
        words[1] = exact(connection);
        words[2..].iter_mut().zip(rest).for_each(|(word, value)| *word = exact(*value));
    };
    match event {
        NetEvent::Accepted { connection, listener } => put(1, connection, &[u64::from(listener)]),
        NetEvent::Frame { connection, place, memory, position, size } => {
            put(2, connection, &[place.0, memory, position as u64, size as u64]);
        }
        NetEvent::RoomWanted { connection, room, size } => put(3, connection, &[room, size as u64]),
        NetEvent::RoomReturned { room } => put(4, 0, &[room]),
        NetEvent::Writable { connection, is_unreadable } => put(5, connection, &[u64::from(is_unreadable)]),
        NetEvent::Ended { connection } => put(6, connection, &[]),
        NetEvent::Closed { connection, reason, partial } => {
            let (code, errno) = close_code(reason);
            let (received, total) = partial.map_or((0, 0), |partial| (partial.received, partial.total.unwrap_or(0)));
            put(7, connection, &[index_of(&CLOSE_CODES, code) as u64, errno, received as u64, total as u64]);
        }
        NetEvent::Refused { listener, reason } => {
            let (code, errno) = match reason {
                RefuseReason::TooManyConnections => ("too-many-connections", 0),
                RefuseReason::TooManyOfAddress => ("too-many-of-address", 0),
                RefuseReason::Io(error) => ("io", error.0.unsigned_abs().into()),
            };
            put(8, 0, &[u64::from(listener), index_of(&REFUSE_CODES, code) as u64, errno]);
        }
        NetEvent::Progress { connection, parts_taken, part_size_taken } => {
            put(9, connection, &[parts_taken as u64, part_size_taken as u64]);
        }
    }
}

fn close_code(reason: CloseReason) -> (&'static str, u64) {
    let code = match reason {
        CloseReason::PeerClosed => "peer-closed",
        CloseReason::CutFrame => "cut-frame",
        CloseReason::PeerReset => "peer-reset",
        CloseReason::Io(error) => return ("io", error.0.unsigned_abs().into()),
        CloseReason::Broken(Broken::NegativeSize) => "negative-size",
        CloseReason::Broken(Broken::TooLarge) => "too-large",
        CloseReason::Broken(Broken::Http) => "http",
        CloseReason::Broken(Broken::Tls) => "tls",
        CloseReason::Idle => "idle",
        CloseReason::SlowFrame => "slow-frame",
        CloseReason::RoomRefused => "room-refused",
        CloseReason::Asked => "asked",
        CloseReason::Drained => "drained",
    };
    (code, 0)
}

/// Carries out what JavaScript has said, in its order.
pub(super) fn obey<S: Sockets>(net: &mut Net<S>, commands: &[f64]) {
    for [kind, subject] in commands.as_chunks::<COMMAND_WORDS>().0 {
        let subject = *subject as u64;
        match *kind as u8 {
            1 => net.release(PlaceId(subject)),
            2 => net.answered(subject),
            3 => net.close(subject),
            4 => net.abort(subject),
            5 => net.refuse_room(subject),
            6 => net.drain(),
            other => panic!("no command {other}"),
        }
    }
}

pub(super) fn encode_unfinished(unfinished: &[Unfinished], words: &mut [f64]) {
    for (one, words) in unfinished.iter().zip(words.chunks_exact_mut(FLUSHED_WORDS)) {
        let is_unreadable = u64::from(one.is_unreadable);
        let sizes = [one.parts_taken as u64, one.part_size_taken as u64, one.kept as u64, is_unreadable].map(exact);
        words[0] = exact(one.connection);
        words[1..].copy_from_slice(&sizes);
    }
}
