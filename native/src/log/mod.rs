//! The segment log of one partition.

pub mod ids;
