//! What this machine offers: read by `millrace doctor` and, at start, by the choice of the io implementation.
//! Runs before a node is up and may block.

use std::fs;

/// "6.1.0-13-amd64".
#[must_use]
pub fn kernel_release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").map_or_else(|_| "unknown".into(), |text| text.trim().into())
}
