//! The proof on real disks (DURABILITY.md rule 25): what a power cut could have left of a real run is rebuilt from the
//! run's trace, opened by the code that ships, and searched for everything that was acknowledged.
//!
//! ```text
//!   workload (a process of its own, real files) ─► trace ─► story: records and acks
//!     ─► TraceDisk at a chosen moment ─► image: one legal state, as real files ─► opening ─► judge
//! ```
//! `without` removes one kind of sync from the workload; a campaign that then finds nothing proves nothing.

pub mod ack_line;
pub mod binary;
pub mod campaign;
pub mod image;
pub mod judge;
pub mod opening;
pub mod story;
pub mod trial;
pub mod watchdog;
pub mod without;
pub mod workload;

#[cfg(test)]
mod tests;
