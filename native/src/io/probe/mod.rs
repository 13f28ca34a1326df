//! What this machine offers: read by `millrace doctor` and, at start, by the choice of the io implementation.
//! Everything here may block, and answers "no, because" rather than fail.

mod directory;
mod spinners;
mod sync_latency;
mod uring;

pub use directory::{probe_directory, space, DirectoryProbe};
pub use spinners::Spinners;
pub use sync_latency::{measure_sync_latency, SyncLatency};
pub use uring::{probe_uring, UringProbe};
