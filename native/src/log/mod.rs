//! The segment log of one partition.

pub mod config;
pub mod identity;
pub mod ids;
pub mod open_files;
pub mod segment;
