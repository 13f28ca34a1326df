use std::fmt;

/// Why memory cannot be used as a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingError {
    /// Not a power of two between the bounds of layout.rs.
    BadCapacity,
    /// Fewer bytes than header and capacity need.
    TooSmall,
    /// The header does not begin at a block boundary.
    Misaligned,
    /// More leases than the header has words for, or the index of a word that this ring does not use.
    BadLease,
    /// Never initialised, or not a ring.
    BadMagic,
    UnknownFormat,
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadCapacity => "a ring's capacity is a power of two from 64 KiB to 1 GiB",
            Self::TooSmall => "the memory is smaller than the ring's header and capacity",
            Self::Misaligned => "the ring does not begin at a block boundary",
            Self::BadLease => "no such lease in this ring",
            Self::BadMagic => "the memory holds no ring",
            Self::UnknownFormat => "the ring has another format",
        })
    }
}

impl std::error::Error for RingError {}

/// Why a claim was refused. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// Does not fit now. The wish is on record: the producer's doorbell rings when it fits.
    WouldBlock,
    /// Can never fit: the batch takes an aligned buffer of its own (DURABILITY.md rule 19).
    TooLarge,
    /// The consumer takes no more.
    Closed,
}

/// The lease was refused: the bytes may already be overwritten. Read them by offset from the segment instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed;
