use super::guarded;
use crate::io::probe;
use napi_derive::napi;

#[napi(object)]
pub struct BindingDoctorReport {
    pub kernel_release: String,
}

#[napi]
pub fn probe_system(data_directory: String) -> BindingDoctorReport {
    guarded(|| {
        let _ = data_directory;
        BindingDoctorReport { kernel_release: probe::kernel_release() }
    })
}
