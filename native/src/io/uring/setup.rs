//! Making a ring, and finding out why there is none.

use super::ring::{COMPLETION_ENTRIES, QUEUE_ENTRIES};
use io_uring::{opcode, IoUring, Probe};

/// A ring and what of the kernel's abilities it has.
pub(in crate::io) struct Made {
    pub ring: IoUring,
    /// Completions wait in the kernel until we enter for them.
    pub is_deferred: bool,
    pub can_set_size: bool,
}

pub(in crate::io) fn make() -> Result<Made, String> {
    let deferred =
        builder().setup_submit_all().setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag().build(QUEUE_ENTRIES);
    match deferred {
        Ok(ring) => probe(ring, true),
        // A kernel before 6.1 does not know these flags.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => make_plain(),
        Err(error) => Err(refusal(&error)),
    }
}

pub(super) fn make_plain() -> Result<Made, String> {
    let ring = builder().build(QUEUE_ENTRIES).map_err(|error| refusal(&error))?;
    probe(ring, false)
}

fn builder() -> io_uring::Builder {
    let mut builder = IoUring::builder();
    builder.dontfork().setup_cqsize(COMPLETION_ENTRIES);
    builder
}

fn refusal(error: &std::io::Error) -> String {
    let why = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "forbidden, by seccomp (a container's default) or by the sysctl kernel.io_uring_disabled"
        }
        Some(libc::ENOSYS) => "not in this kernel, or hidden by seccomp",
        Some(libc::ENOMEM) => "no memory to lock; raise RLIMIT_MEMLOCK (ulimit -l)",
        _ => "refused",
    };
    format!("io_uring_setup: {error}: {why}")
}

fn probe(ring: IoUring, is_deferred: bool) -> Result<Made, String> {
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).map_err(|error| format!("IORING_REGISTER_PROBE: {error}"))?;
    let needed = [
        ("READ", opcode::Read::CODE),
        ("WRITE", opcode::Write::CODE),
        ("WRITEV", opcode::Writev::CODE),
        ("FSYNC", opcode::Fsync::CODE),
        ("SYNC_FILE_RANGE", opcode::SyncFileRange::CODE),
        ("FALLOCATE", opcode::Fallocate::CODE),
        ("OPENAT", opcode::OpenAt::CODE),
        ("CLOSE", opcode::Close::CODE),
        ("RENAMEAT", opcode::RenameAt::CODE),
        ("UNLINKAT", opcode::UnlinkAt::CODE),
        ("MKDIRAT", opcode::MkDirAt::CODE),
    ];
    match needed.iter().find(|(_, code)| !probe.is_supported(*code)) {
        Some((name, _)) => Err(format!("this kernel's io_uring has no {name} (5.15 has all we need)")),
        None if !ring.params().is_feature_nodrop() => Err("this kernel's io_uring may drop completions".to_owned()),
        None => Ok(Made { can_set_size: probe.is_supported(opcode::Ftruncate::CODE), ring, is_deferred }),
    }
}
