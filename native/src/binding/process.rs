//! This process as others see it: its end, and what its supervisor is told.

use super::guarded;
use crate::io::{exit_immediately, notify_supervisor};
use napi_derive::napi;

/// Ends the process at once: nothing is flushed, no thread is waited for. What was acknowledged is safe at any moment.
#[napi]
pub fn end_process(code: i32) {
    exit_immediately(code);
}

/// Sends a message of systemd's readiness protocol; why it did not arrive, if it did not.
#[napi]
pub fn notify_systemd(socket: String, message: String) -> Option<String> {
    guarded(|| notify_supervisor(&socket, &message).err().map(|error| error.to_string()))
}

/// For the whole process: large buffers that are freed go back to the system.
#[napi]
pub fn return_large_memory() {
    crate::io::return_large_memory();
}
