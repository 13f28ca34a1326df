//! Everything that moves a byte. docs/ARCHITECTURE.md tells the life of an append through these modules.
// Only io, ring and binding may hold unsafe code: each of the three allows it for itself.

// The models of the rings (ring/loom.rs) are built of `ring` and what it stands on, or their build would take longer than they do.

#[cfg(feature = "node")]
pub mod binding;
pub mod codec;
#[cfg(not(feature = "loom"))]
pub mod consensus;
pub mod fatal;
#[cfg(not(feature = "loom"))]
pub mod fuzzing;
#[cfg(not(feature = "loom"))]
pub mod images;
pub mod io;
#[cfg(not(feature = "loom"))]
pub mod journal;
#[cfg(not(feature = "loom"))]
pub mod log;
#[cfg(not(feature = "loom"))]
pub mod net;
pub mod ring;
#[cfg(not(feature = "loom"))]
pub mod simulation;
#[cfg(not(feature = "loom"))]
pub mod store;
