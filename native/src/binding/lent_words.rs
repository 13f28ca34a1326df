use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{check_status, sys, Result, ValueType};
use std::ptr::null_mut;

/// A Float64Array that JavaScript lends for one call, to be filled.
pub struct LentWords {
    pointer: *mut f64,
    count: usize,
}

impl LentWords {
    pub fn words(&mut self) -> &mut [f64] {
        // SAFETY: alive and nobody else's while JavaScript waits for the call.
        unsafe { std::slice::from_raw_parts_mut(self.pointer, self.count) }
    }
}

impl FromNapiValue for LentWords {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let (mut kind, mut count, mut pointer) = (0, 0, null_mut());
        // SAFETY: a value of the running call; what is not asked for may be null.
        let status = unsafe {
            sys::napi_get_typedarray_info(env, value, &raw mut kind, &raw mut count, &raw mut pointer, null_mut(), null_mut())
        };
        check_status!(status, "not a typed array")?;
        if kind != sys::TypedarrayType::float64_array || count == 0 {
            return Err(napi::Error::new(napi::Status::InvalidArg, "not a Float64Array of at least one word"));
        }
        Ok(Self { pointer: pointer.cast(), count })
    }
}

impl TypeName for LentWords {
    fn type_name() -> &'static str {
        "Float64Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ValidateNapiValue for LentWords {}
