use super::data_directory::page_cache_name;
use super::guarded;
use crate::io::probe::{measure_sync_latency, probe_directory, probe_uring, space, Spinners, SyncLatency};
use crate::io::sockets::{open_sockets, SocketsChoice};
use crate::io::{open_io, IoChoice, PageCache, SyncMethod};
use napi_derive::napi;
use std::path::Path;
use std::time::Duration;

/// `error` is empty where the probe succeeded; only then the other fields mean something.
#[derive(Default)]
#[napi(object)]
pub struct BindingUring {
    pub error: String,
    pub has_single_issuer: bool,
    pub has_defer_taskrun: bool,
    pub registered_size_max: f64,
}

/// `fallback_reason`: empty where sockets of Kafka clients are of the kind that is preferred.
#[derive(Default)]
#[napi(object)]
pub struct BindingSockets {
    pub error: String,
    pub kind: String,
    pub fallback_reason: String,
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
    pub tells_residency: bool,
    /// "direct", "pass" or "keep": what becomes of large writes when nobody says otherwise.
    pub page_cache: String,
}

#[napi(object)]
pub struct BindingSyncAsk {
    /// "uring" or "fallback".
    pub io: String,
    /// "linked" or "dsync".
    pub method: String,
    pub are_cores_awake: bool,
    pub budget_ms: u32,
}

#[derive(Default)]
#[napi(object)]
pub struct BindingSync {
    pub error: String,
    pub p50_us: f64,
    pub p99_us: f64,
    pub count: u32,
}

/// Of the file system that a path lies on. `error` as above.
#[derive(Default)]
#[napi(object)]
pub struct BindingSpace {
    pub error: String,
    pub free_size: f64,
    pub total_size: f64,
}

/// One system call: what a node asks now and then.
#[napi]
pub fn disk_space(path: String) -> BindingSpace {
    guarded(|| match space(Path::new(&path)) {
        Ok((free_size, total_size)) => {
            BindingSpace { free_size: free_size as f64, total_size: total_size as f64, ..BindingSpace::default() }
        }
        Err(error) => BindingSpace { error: error.to_string(), ..BindingSpace::default() },
    })
}

#[napi(js_name = "probeUring")]
pub fn binding_probe_uring() -> BindingUring {
    // The kernel's answer alone would not tell of a ring that lacks operations we need: so ours is opened too.
    let probed = || {
        let probe = probe_uring().map_err(|error| error.to_string())?;
        open_io(IoChoice::Uring, PageCache::Keep).map(|_| probe)
    };
    guarded(|| match probed() {
        Ok(probe) => BindingUring {
            error: String::new(),
            has_single_issuer: probe.has_single_issuer,
            has_defer_taskrun: probe.has_defer_taskrun,
            registered_size_max: probe.registered_size_max as f64,
        },
        Err(error) => BindingUring { error, ..Default::default() },
    })
}

/// Opens what the Kafka door would.
#[napi(js_name = "probeSockets")]
pub fn binding_probe_sockets() -> BindingSockets {
    guarded(|| match open_sockets(SocketsChoice::Auto) {
        Ok(opened) => BindingSockets {
            error: String::new(),
            kind: opened.sockets.name().to_owned(),
            fallback_reason: opened.fallback_reason.unwrap_or_default(),
        },
        Err(error) => BindingSockets { error, ..Default::default() },
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
                tells_residency: probe.tells_residency,
                page_cache: page_cache_name(probe.page_cache),
            }
        }
        Err(error) => BindingDirectory { error: error.to_string(), ..Default::default() },
    })
}

#[napi(js_name = "measureSync")]
pub fn binding_measure_sync(path: String, ask: BindingSyncAsk) -> BindingSync {
    guarded(|| match measure(Path::new(&path), &ask) {
        Ok(latency) => BindingSync {
            error: String::new(),
            p50_us: latency.p50.as_secs_f64() * 1e6,
            p99_us: latency.p99.as_secs_f64() * 1e6,
            count: latency.count as u32,
        },
        Err(error) => BindingSync { error, ..Default::default() },
    })
}

fn measure(directory: &Path, ask: &BindingSyncAsk) -> Result<SyncLatency, String> {
    let choice = match ask.io.as_str() {
        "uring" => IoChoice::Uring,
        "fallback" => IoChoice::Fallback,
        other => return Err(format!("no io named {other}")),
    };
    let method = match ask.method.as_str() {
        "linked" => SyncMethod::Linked,
        "dsync" => SyncMethod::Dsync,
        other => return Err(format!("no sync method named {other}")),
    };
    let mut opened = open_io(choice, PageCache::Keep)?;
    let _spinners = ask.are_cores_awake.then(Spinners::start);
    let budget = Duration::from_millis(ask.budget_ms.into());
    measure_sync_latency(opened.io.as_mut(), directory, method, budget).map_err(|error| error.to_string())
}
