//! What a net tells whoever decides.

use super::frame::Broken;
use super::pool::PlaceId;
use crate::io::IoError;

/// By which a connection is named on both sides. Never used twice.
pub type ConnectionNumber = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetEvent {
    /// `listener`: which one, in the order of the calls of `listen`.
    Accepted { connection: ConnectionNumber, listener: u32 },
    /// A whole frame, its prefix left out: `size` bytes from `position` on, in the pool (`memory` 0) or in a room. Its bytes stay
    /// until `release(place)`; the connection counts it as under way until `answered`.
    Frame { connection: ConnectionNumber, place: PlaceId, memory: u64, position: usize, size: usize },
    /// The frame that comes, with its prefix, is too large for the pool: `grant_room` or `refuse_room`, now or later.
    RoomWanted { connection: ConnectionNumber, room: u64, size: usize },
    /// Nobody uses a granted room any more.
    RoomReturned { room: u64 },
    /// Of what the last flush did not take so many parts were sent on, and then so many bytes of the next.
    Progress { connection: ConnectionNumber, parts_taken: usize, part_size_taken: usize },
    /// Nothing waits here any more: go on with what the last flush did not take, less all progress. Unreadable: the next part cannot be had
    /// from its file.
    Writable { connection: ConnectionNumber, is_unreadable: bool },
    /// The peer sends no more while frames of its are under way; answers still reach it if it only ended its side.
    Ended { connection: ConnectionNumber },
    /// The last word about a connection.
    Closed { connection: ConnectionNumber, reason: CloseReason, partial: Option<Partial> },
    /// A connection was closed before it became one.
    Refused { listener: u32, reason: RefuseReason },
}

/// What had come of a frame when its connection ended. Prefix included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    pub received: usize,
    /// Of the whole frame, once its prefix is there.
    pub total: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer ended it, and everything was answered.
    PeerClosed,
    /// The peer ended it inside a frame.
    CutFrame,
    PeerReset,
    Io(IoError),
    Broken(Broken),
    /// No bytes for too long.
    Idle,
    /// Its frame came too slowly while others waited for the memory that it held.
    SlowFrame,
    RoomRefused,
    /// As asked, what was queued sent before, or not.
    Asked,
    Drained,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefuseReason {
    TooManyConnections,
    TooManyOfAddress,
    /// Among these: no descriptors left. Accepting goes on a little later.
    Io(IoError),
}
