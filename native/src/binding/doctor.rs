use super::guarded;
use crate::io::probe::{probe_directory, probe_uring};
use napi_derive::napi;
use std::path::Path;

/// `error` is empty where the probe succeeded; only then the other fields mean something.
#[derive(Default)]
#[napi(object)]
pub struct BindingUring {
    pub error: String,
    pub has_single_issuer: bool,
    pub has_defer_taskrun: bool,
    pub registered_size_max: f64,
}

#[derive(Default)]
#[napi(object)]
pub struct BindingDirectory {
    pub error: String,
    pub free_size: f64,
    pub total_size: f64,
    pub direct_error: String,
    /// 0: the kernel or the filesystem does not tell.
    pub direct_memory_alignment: u32,
    pub direct_position_alignment: u32,
}

#[napi(js_name = "probeUring")]
pub fn binding_probe_uring() -> BindingUring {
    guarded(|| match probe_uring() {
        Ok(probe) => BindingUring {
            error: String::new(),
            has_single_issuer: probe.has_single_issuer,
            has_defer_taskrun: probe.has_defer_taskrun,
            registered_size_max: probe.registered_size_max as f64,
        },
        Err(error) => BindingUring { error: error.to_string(), ..Default::default() },
    })
}

#[napi(js_name = "probeDirectory")]
pub fn binding_probe_directory(path: String) -> BindingDirectory {
    guarded(|| match probe_directory(Path::new(&path)) {
        Ok(probe) => {
            let alignment = probe.direct_alignment;
            BindingDirectory {
                error: String::new(),
                free_size: probe.free_size as f64,
                total_size: probe.total_size as f64,
                direct_error: probe.direct.err().map(|error| error.to_string()).unwrap_or_default(),
                direct_memory_alignment: alignment.map_or(0, |alignment| alignment.memory),
                direct_position_alignment: alignment.map_or(0, |alignment| alignment.position),
            }
        }
        Err(error) => BindingDirectory { error: error.to_string(), ..Default::default() },
    })
}
