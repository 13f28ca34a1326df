//! The bytes of a ring, and who writes them. Twin of ts/ring/layout.ts; test/golden/ring-layout.json freezes both.
//!
//! A ring is one aligned block of memory: a header page, then the data area. Both begin at multiples of BLOCK_SIZE, so
//! that the journal can gather whole blocks of the data area into O_DIRECT writes.
//!
//! ```text
//!  byte   word             size  single writer  read by
//!     0   magic             8    initialise     all          ┐ written once,
//!     8   format            4    initialise     all          │ before any other
//!    12   lease_count       4    initialise     all          │ thread knows
//!    16   capacity          8    initialise     all          ┘ the ring
//!   128   tail              8    producer       consumer     end of what is published (release)
//!   136   wanted_head       8    producer       consumer     0, or the head at which the refused claim fits
//!   144   ended             4    producer       consumer     1: nothing more will be published
//!   256   head              8    consumer       producer     freed up to here: may be overwritten (release)
//!   264   sleeping          4    consumer       producer     1: ring the doorbell after publishing
//!   268   closed            4    consumer       producer     1: claims are refused
//!   384   floor             8    consumer       readers      below it a lease cannot be taken any more
//!   512   read_position     8    consumer       inspection   everything below was read; after a restart, where to go on
//!   640   producer_dead     4    supervisor     consumer     1: the producer's thread ended without `ended`
//!  2048   lease[0..32]      8    reader N       consumer     oldest position in use, or NONE; one per 64 bytes
//!  4096   data              capacity
//! ```
//!
//! Words of different writers lie at least 64 bytes apart, most of them 128 (processors prefetch pairs of lines), so that
//! two threads never bounce one line. The consumer is also the owner: the shard thread. The supervisor is the thread that
//! started the producer's thread and learns of its end.
//!
//! A position counts bytes since the ring was made: 64 bits, never reused; its place in the data area is the position
//! modulo capacity, a power of two. At any time `head <= floor <= read_position <= tail <= head + capacity`.
//!
//! ```text
//!  slot:  0 size u32 │ 4 state u32 │ 8 target u32 │ 12 flags u32 │ 16 ticket u64 │ 24 reserved u64 │ 32 payload … │ padding to 32
//! ```
//!
//! `size` counts payload bytes. Slots lie one behind the other and never cross the end of the data area: a slot of state
//! PAD fills the rest. HOLE is an aborted claim. The writer of every slot is the producer, until it moves `tail` past it;
//! then the consumer may stamp the payload, until it moves `head` past it. Behind the tail come the slots from the oldest
//! open claim (CLAIMED) on, which only the producer reads: if it dies in mid-claim, nobody ever looks there.

use crate::io::BLOCK_SIZE;

/// "mill ring" as bytes, little-endian.
pub const MAGIC: u64 = u64::from_le_bytes(*b"millring");
pub const FORMAT: u32 = 1;

pub const HEADER_SIZE: usize = BLOCK_SIZE;
pub const CAPACITY_MIN: usize = 64 << 10;
pub const CAPACITY_MAX: usize = 1 << 30;
/// What a caller allocates beyond header and capacity, so that an aligned start can be found inside.
pub const ALIGNMENT_SLACK: usize = BLOCK_SIZE;

pub const LEASES_MAX: usize = 32;
pub const LEASE_STRIDE: usize = 64;
/// A lease word that holds nothing.
pub const LEASE_NONE: u64 = u64::MAX;

pub const SLOT_HEADER_SIZE: usize = 32;
/// A header always fits before the end of the data area, and payloads begin where vector loads like them.
pub const SLOT_ALIGNMENT: usize = 32;

pub const STATE_CLAIMED: u32 = 0;
pub const STATE_PUBLISHED: u32 = 1;
pub const STATE_HOLE: u32 = 2;
pub const STATE_PAD: u32 = 3;

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SlotHeader {
    pub size: u32,
    pub state: u32,
    pub target: u32,
    pub flags: u32,
    pub ticket: u64,
    pub reserved: u64,
}

const _: () = assert!(std::mem::size_of::<SlotHeader>() == SLOT_HEADER_SIZE);

/// Bytes of the ring that a payload of this size takes.
#[must_use]
pub const fn slot_size(payload_size: usize) -> usize {
    (SLOT_HEADER_SIZE + payload_size).next_multiple_of(SLOT_ALIGNMENT)
}

/// The largest payload that may enter the ring; a larger batch takes a buffer of its own (DURABILITY.md rule 19).
#[must_use]
pub const fn payload_size_max(capacity: usize) -> usize {
    capacity / 4
}

/// Bytes to allocate for a ring, wherever the allocation happens to begin.
#[must_use]
pub const fn allocation_size(capacity: usize) -> usize {
    HEADER_SIZE + capacity + ALIGNMENT_SLACK
}

#[must_use]
pub const fn is_capacity(capacity: usize) -> bool {
    capacity.is_power_of_two() && capacity >= CAPACITY_MIN && capacity <= CAPACITY_MAX
}

/// Every number of the layout by name: what the twin and the golden file are compared with.
fn describe() -> Vec<(&'static str, u64)> {
    let sizes = [
        ("headerSize", HEADER_SIZE),
        ("capacityMin", CAPACITY_MIN),
        ("capacityMax", CAPACITY_MAX),
        ("alignmentSlack", ALIGNMENT_SLACK),
        ("leasesMax", LEASES_MAX),
        ("leaseStride", LEASE_STRIDE),
        ("slotHeaderSize", SLOT_HEADER_SIZE),
        ("slotAlignment", SLOT_ALIGNMENT),
        ("slotPayloadSize", std::mem::offset_of!(SlotHeader, size)),
        ("slotState", std::mem::offset_of!(SlotHeader, state)),
        ("slotTarget", std::mem::offset_of!(SlotHeader, target)),
        ("slotFlags", std::mem::offset_of!(SlotHeader, flags)),
        ("slotTicket", std::mem::offset_of!(SlotHeader, ticket)),
    ];
    let states = [
        ("format", FORMAT),
        ("stateClaimed", STATE_CLAIMED),
        ("statePublished", STATE_PUBLISHED),
        ("stateHole", STATE_HOLE),
        ("statePad", STATE_PAD),
    ];
    let mut all = vec![("magic", MAGIC), ("leaseNone", LEASE_NONE)];
    all.extend(states.map(|(name, value)| (name, u64::from(value))));
    all.extend(sizes.map(|(name, value)| (name, value as u64)));
    all.extend(super::header::Header::describe());
    all
}

/// Numbers as text: JSON's own are doubles.
#[must_use]
pub fn describe_as_json() -> String {
    let lines: Vec<String> = describe().iter().map(|(name, value)| format!("  \"{name}\": \"{value}\"")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    // A number here is a contract between two languages: whoever changes one changes the golden file, FORMAT and the twin.
    #[test]
    fn the_layout_equals_the_golden_file() {
        assert_eq!(describe_as_json(), include_str!("../../../test/golden/ring-layout.json"));
    }

    #[test]
    fn slots_are_whole_multiples_of_the_alignment() {
        assert_eq!(slot_size(0), 32);
        assert_eq!(slot_size(1), 64);
        assert_eq!(slot_size(32), 64);
        assert_eq!(slot_size(33), 96);
    }

    #[test]
    fn capacities_are_powers_of_two_within_bounds() {
        assert!(is_capacity(64 << 10) && is_capacity(1 << 30));
        assert!(!is_capacity(32 << 10) && !is_capacity(2 << 30) && !is_capacity((64 << 10) + 4096));
    }
}
