//! A shard in a box: the shipped store over a simulated disk, a plain model of what it promised, and crashes.
//!
//! ```text
//!   workload (seeded) ─► rig: store + ring over SimDisk ─► events ─► model: what was answered
//!                          │ power cut / kill / fault               │
//!                          └─► recover ─► audit: what is there  ◄───┘ against what was promised
//! ```
//! `npm run sim` runs campaigns of it; a seed is the whole story of a run.

pub mod audit;
pub mod campaign;
pub mod model;
mod moves;
pub mod rig;
pub mod workload;

#[cfg(test)]
mod tests;
