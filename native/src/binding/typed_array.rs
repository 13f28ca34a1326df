use napi::{check_status, sys, Error, Result, Status};
use std::ffi::c_void;
use std::ptr::null_mut;

/// Where a typed array's elements are and how many there are; an error for a value that is no array of this kind.
///
/// # Safety
/// `env` and `value` are those of the running call.
pub(super) unsafe fn elements_of(
    env: sys::napi_env,
    value: sys::napi_value,
    kind: i32,
    name: &str,
) -> Result<(*mut c_void, usize)> {
    let (mut own_kind, mut count, mut pointer) = (0, 0, null_mut());
    // SAFETY: as promised by the caller; what is not asked for may be null.
    let status = unsafe {
        sys::napi_get_typedarray_info(env, value, &raw mut own_kind, &raw mut count, &raw mut pointer, null_mut(), null_mut())
    };
    check_status!(status, "not a typed array")?;
    if own_kind != kind {
        return Err(Error::new(Status::InvalidArg, format!("not a {name}")));
    }
    Ok((pointer, count))
}
