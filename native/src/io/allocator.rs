/// Above this, memory that is freed goes back to the system at once.
#[cfg(target_env = "gnu")]
const MAPPED_SIZE_MIN: libc::c_int = 256 << 10;

/// The C library learns from the first large buffer that is freed to keep such memory for itself: a broker that once moved large
/// batches would hold their room for ever, beyond its budgets, in every thread's arena.
pub fn return_large_memory() {
    // SAFETY: sets a number of the allocator, which may be done at any time.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_SIZE_MIN);
    }
}
