//! What the store is compared with: loops that do only the system calls for the same bytes.

pub mod journaled;
pub mod open_loop;
pub mod page_cache;
pub mod ring;
pub mod sending;
