//! The atomics of the protocol: loom's under its feature, where the model checks every interleaving, core's otherwise.

#[cfg(not(feature = "loom"))]
pub use core::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};
#[cfg(feature = "loom")]
pub use loom::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};

/// The fence on which each handshake of header.rs rests. A parameter there, so that a model can leave it out and fail.
pub fn full_fence() {
    fence(Ordering::SeqCst);
}
