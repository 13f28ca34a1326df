//! What the store is compared with: loops that do only the system calls for the same bytes.

pub mod journaled;
pub mod ring;
