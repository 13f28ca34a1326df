use super::typed_array::elements_of;
use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{sys, Result, ValueType};

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
        // SAFETY: a value of the running call.
        let (pointer, count) = unsafe { elements_of(env, value, sys::TypedarrayType::float64_array, "Float64Array")? };
        if count == 0 {
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
