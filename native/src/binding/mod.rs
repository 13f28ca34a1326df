//! The only code that names napi. Every exported type is `Binding*`; values in, results out; nothing throws.
#![allow(unsafe_code)]

mod clocks;
pub mod codec;
pub mod consensus;
pub mod data_directory;
pub mod doctor;
pub mod event_words;
pub mod failure;
pub mod inspection;
pub mod lent_words;
pub mod net;
pub mod net_words;
mod poll;
pub mod process;
pub mod ring;
pub mod shared_memory;
pub mod store;
pub mod trace;
mod typed_array;
pub mod wakeup;

use crate::fatal::ExitCode;
use crate::io::exit_immediately;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Every exported function runs inside this. A panic is our own bug: it must neither cross into Node, which would abort
/// without a reason, nor leave a half-changed core behind that goes on serving. The panic hook has told the reason by now.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| exit_immediately(ExitCode::InvariantBroken as i32))
}
