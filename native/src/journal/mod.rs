//! The durable path: commits, checkpoint, superblock, recovery (DURABILITY.md).

pub mod checkpoint;
mod commit_memory;
pub mod entry;
pub mod fields;
pub mod gather;
mod group;
pub mod header;
pub mod metadata;
pub mod scan;
pub mod space;
pub mod superblock;
pub mod twin;
pub mod writer;
