//! The way batches cross threads: a single-producer single-consumer ring over memory that both map, with claims of any
//! size, leases for readers on other threads, and doorbells that ring only when the other side sleeps.
//!
//! layout.rs draws the bytes, header.rs holds the handshakes, writer.rs and reader.rs the two ends, lease.rs the readers.
//! The TypeScript twins are in ts/ring.
#![allow(unsafe_code)]

mod error;
mod header;
pub mod layout;
mod lease;
#[cfg(all(test, feature = "loom"))]
mod loom;
mod memory;
mod owned;
mod reader;
mod sync;
#[cfg(all(test, not(feature = "loom")))]
mod tests;
mod writer;

pub use error::{ClaimError, Passed, RingError};
pub use lease::LeaseHolder;
pub use memory::RingMemory;
pub use owned::{InternalWriter, OwnedRing, Purpose};
pub use reader::{RingReader, Slot};
pub use writer::{Claim, RingWriter};
