//! Everything that moves a byte. docs/ARCHITECTURE.md tells the life of an append through these modules.
// Only io, ring and binding may hold unsafe code: each of the three allows it for itself.

#[cfg(feature = "node")]
pub mod binding;
pub mod codec;
pub mod consensus;
pub mod fatal;
pub mod fuzzing;
pub mod images;
pub mod io;
pub mod journal;
pub mod log;
pub mod ring;
pub mod simulation;
pub mod store;
