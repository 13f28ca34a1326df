//! The end of the process from JavaScript, whatever its other threads do.

use crate::io::exit_immediately;
use napi_derive::napi;

/// Ends the process at once: nothing is flushed, no thread is waited for. What was acknowledged is safe at any moment.
#[napi]
pub fn end_process(code: i32) {
    exit_immediately(code);
}
