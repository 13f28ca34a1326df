//! The durable path: commits, checkpoint, superblock, recovery (DURABILITY.md).

pub mod entry;
pub mod fields;
pub mod gather;
pub mod header;
