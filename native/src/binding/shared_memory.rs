use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{check_status, sys, Result, ValueType};
use std::ptr::null_mut;

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
        let (mut kind, mut size, mut pointer) = (0, 0, null_mut());
        // SAFETY: a value of the running call; what is not asked for may be null.
        let status = unsafe {
            sys::napi_get_typedarray_info(env, value, &raw mut kind, &raw mut size, &raw mut pointer, null_mut(), null_mut())
        };
        check_status!(status, "not a typed array")?;
        if kind != sys::TypedarrayType::uint8_array {
            return Err(napi::Error::new(napi::Status::InvalidArg, "not a Uint8Array"));
        }
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
