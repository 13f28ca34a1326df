mod crossing;
mod ends;
mod internal;
mod leases;
mod memory;
mod model;

use super::{Claim, RingReader, RingWriter};

const CAPACITY: usize = 64 << 10;

/// Fills a claim with bytes that depend on the ticket, so that a slot read in the wrong place is seen.
fn fill(claim: &Claim, ticket: u64) {
    claim.payload().write(0, &pattern(claim.payload().size(), ticket));
}

fn pattern(size: usize, ticket: u64) -> Vec<u8> {
    (0..size).map(|index| (index as u64).wrapping_mul(31).wrapping_add(ticket.wrapping_mul(7)) as u8).collect()
}

fn put(writer: &mut RingWriter, size: usize, ticket: u64) -> bool {
    let claim = writer.claim(size).expect("space");
    fill(&claim, ticket);
    writer.publish(claim, 0, 0, ticket)
}

fn take(reader: &mut RingReader) -> Option<u64> {
    let slot = reader.next()?;
    assert_eq!(slot.payload.bytes(), pattern(slot.payload.size(), slot.ticket));
    Some(slot.ticket)
}

fn free_all(reader: &mut RingReader) {
    reader.advance_floor(reader.read_position());
}
