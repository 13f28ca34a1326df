use crate::io::{AlignedBuffer, IoError, IoResult};
use io_uring::{cqueue, squeue, Builder, IoUring};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UringProbe {
    /// IORING_SETUP_SINGLE_ISSUER, kernel 6.0.
    pub has_single_issuer: bool,
    /// IORING_SETUP_DEFER_TASKRUN, kernel 6.1.
    pub has_defer_taskrun: bool,
    /// The largest of a few sizes that could be registered as fixed buffers; 0 if none: the memlock limit counts them.
    pub registered_size_max: u64,
}

const ENTRIES: u32 = 8;
const REGISTERED_SIZES: [usize; 4] = [64 << 20, 16 << 20, 4 << 20, 1 << 20];

/// Asks by doing. The error is what the kernel answered: EPERM by sysctl or seccomp, ENOSYS by seccomp or an old kernel.
pub fn probe_uring() -> IoResult<UringProbe> {
    builder().build(ENTRIES)?;
    let has_single_issuer = builder().setup_single_issuer().build(ENTRIES).is_ok();
    let has_defer_taskrun = builder().setup_single_issuer().setup_defer_taskrun().build(ENTRIES).is_ok();
    let registered_size_max = REGISTERED_SIZES.into_iter().find(|&size| can_register(size).is_ok()).unwrap_or(0) as u64;
    Ok(UringProbe { has_single_issuer, has_defer_taskrun, registered_size_max })
}

fn builder() -> Builder<squeue::Entry, cqueue::Entry> {
    IoUring::builder()
}

fn can_register(size: usize) -> IoResult<()> {
    let ring = builder().build(ENTRIES)?;
    let buffer = AlignedBuffer::new(size);
    let range = libc::iovec { iov_base: buffer.piece(0, size).pointer().cast(), iov_len: size };
    // SAFETY: no operation uses the range, and the ring ends before the buffer does.
    unsafe { ring.submitter().register_buffers(&[range]) }.map_err(IoError::from)?;
    drop(ring);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_facts_that_fit_together() {
        match probe_uring() {
            Ok(probe) => assert!(probe.has_single_issuer || !probe.has_defer_taskrun, "{probe:?}"),
            // A container may forbid it: these are the kernel's two ways to say so.
            Err(error) => assert!(error.0 == libc::EPERM || error.0 == libc::ENOSYS, "{error:?}"),
        }
    }
}
