//! The segment log of one partition.

pub mod config;
pub mod identity;
pub mod ids;
pub mod leader_epochs;
pub mod offset_index;
pub mod open_files;
pub mod partition;
pub mod producer_state;
pub mod retention;
pub mod segment;
pub mod verified;
