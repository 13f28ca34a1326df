use super::typed_array::elements_of;
use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{sys, Result, ValueType};

/// A view over memory that JavaScript allocated and shares between threads: a SharedArrayBuffer, seen through a
/// Uint8Array, as napi refuses the bare buffer. Only an address: who made the buffer keeps it until no thread uses it.
#[derive(Clone, Copy)]
pub struct SharedMemory {
    pointer: *mut u8,
    size: usize,
}

impl SharedMemory {
    #[must_use]
    pub fn pointer(self) -> *mut u8 {
        self.pointer
    }

    #[must_use]
    pub fn size(self) -> usize {
        self.size
    }
}

impl FromNapiValue for SharedMemory {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: a value of the running call.
        let (pointer, size) = unsafe { elements_of(env, value, sys::TypedarrayType::uint8_array, "Uint8Array")? };
        Ok(Self { pointer: pointer.cast(), size })
    }
}

impl TypeName for SharedMemory {
    fn type_name() -> &'static str {
        "Uint8Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ValidateNapiValue for SharedMemory {}
