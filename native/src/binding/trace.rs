//! A trace of everything an Io does, and of what was told to the outside in between (DURABILITY.md rule 25).

use super::failure::BindingFailure;
use super::guarded;
use crate::io::trace::Trace;
use napi::bindgen_prelude::Either;
use napi_derive::napi;
use std::path::Path;

#[napi]
pub struct BindingTrace {
    trace: Trace,
}

impl BindingTrace {
    pub(super) fn share(&self) -> Trace {
        self.trace.clone()
    }
}

#[napi]
pub fn create_trace(path: String) -> Either<BindingTrace, BindingFailure> {
    guarded(|| match Trace::create(Path::new(&path)) {
        Ok(trace) => Either::A(BindingTrace { trace }),
        Err(error) => Either::B(BindingFailure::io(&path, error)),
    })
}

#[napi]
impl BindingTrace {
    /// Marks this moment: everything the Ios did before stands before it in the file, which the kernel has by then.
    #[napi]
    pub fn note(&self, kind: u32, bytes: &[u8]) {
        guarded(|| self.trace.note(kind, bytes));
    }

    #[napi]
    pub fn flush(&self) -> Option<BindingFailure> {
        guarded(|| self.trace.flush().err().map(|error| BindingFailure::io("the trace", error)))
    }
}
