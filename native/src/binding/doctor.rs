use crate::io::probe;
use napi_derive::napi;

#[napi(object)]
pub struct BindingDoctorReport {
    pub kernel_release: String,
}

#[napi(catch_unwind)]
pub fn probe_system(data_directory: String) -> BindingDoctorReport {
    let _ = data_directory;
    BindingDoctorReport { kernel_release: probe::kernel_release() }
}
