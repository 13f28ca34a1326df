//! The only file here that names libc: the clocks and counters of the kernel, and what a bare loop is made of.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// User and system time of this process, its ended threads and its io workers included.
#[must_use]
pub fn process_times() -> (Duration, Duration) {
    let usage = usage_of(libc::RUSAGE_SELF);
    (duration_of(usage.ru_utime), duration_of(usage.ru_stime))
}

/// User and system time of the children that were waited for.
#[must_use]
pub fn ended_children_time() -> Duration {
    let usage = usage_of(libc::RUSAGE_CHILDREN);
    duration_of(usage.ru_utime) + duration_of(usage.ru_stime)
}

fn usage_of(whose: libc::c_int) -> libc::rusage {
    // SAFETY: plain bits, filled by the call.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(whose, &raw mut usage);
        usage
    }
}

fn duration_of(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000)
}

const CONTROL_NAME_SIZE: usize = 16;

/// # Panics
/// If the system has none of this name for everybody.
pub fn choose_congestion_control(socket: &impl AsRawFd, name: &str) {
    // SAFETY: so many readable bytes.
    let set = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_CONGESTION, name.as_ptr().cast(), name.len() as u32)
    };
    assert_eq!(set, 0, "{name}: {}", std::io::Error::last_os_error());
}

/// # Panics
/// If it is no socket of TCP.
#[must_use]
pub fn congestion_control_of(socket: &impl AsRawFd) -> String {
    let (mut name, mut size) = ([0u8; CONTROL_NAME_SIZE], CONTROL_NAME_SIZE as u32);
    // SAFETY: so many writable bytes.
    let got = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_CONGESTION, name.as_mut_ptr().cast(), &raw mut size)
    };
    assert_eq!(got, 0, "TCP_CONGESTION: {}", std::io::Error::last_os_error());
    String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned()
}

/// An existing or new file for O_DIRECT.
///
/// # Panics
/// As all of the bare loops: a measurement that fails has no result.
#[must_use]
pub fn open_direct(path: &Path) -> File {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no zero in a path");
    // SAFETY: the string lives during the call, the descriptor is ours.
    unsafe {
        let descriptor = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CREAT | libc::O_DIRECT | libc::O_CLOEXEC, 0o644);
        assert!(descriptor >= 0, "open {path:?}: {}", std::io::Error::last_os_error());
        File::from_raw_fd(descriptor)
    }
}

pub fn write_gathered(file: &File, pieces: &[libc::iovec], position: u64) {
    let size: usize = pieces.iter().map(|piece| piece.iov_len).sum();
    // SAFETY: the callers' vectors name buffers that live longer than the call.
    let count = unsafe { libc::pwritev(file.as_raw_fd(), pieces.as_ptr(), pieces.len() as i32, position as i64) };
    assert_eq!(count, size as isize, "pwritev: {}", std::io::Error::last_os_error());
}

/// Drops the file's clean pages, so that the next read is cold; dirty ones stay.
pub fn forget_pages(file: &File) {
    // SAFETY: concerns only the page cache of this file.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
}

/// Writes back what earlier measurements left in the page cache, so that it is not in the next one's way.
pub fn settle(directory: &Path) {
    let file = File::open(directory).expect("the bench's own directory");
    // SAFETY: a descriptor of ours.
    unsafe { libc::syncfs(file.as_raw_fd()) };
}

/// To the most that this process may have: the bare loops keep a file per partition open.
pub fn raise_descriptor_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: filled by the first call, read by the second.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
}

pub fn kill(process: u32) {
    // SAFETY: a child of ours that was not waited for, so the number is still its own.
    unsafe { libc::kill(process as i32, libc::SIGKILL) };
}

#[must_use]
pub fn raw(file: &File) -> RawFd {
    file.as_raw_fd()
}

/// Blocks until the descriptor is readable or the time is over.
pub fn await_readable(descriptor: RawFd, time_max: Duration) {
    let mut poll = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
    let timeout = libc::timespec { tv_sec: time_max.as_secs() as i64, tv_nsec: i64::from(time_max.subsec_nanos()) };
    // SAFETY: one descriptor of ours and a timeout that both live during the call.
    unsafe { libc::ppoll(&raw mut poll, 1, &raw const timeout, std::ptr::null()) };
}
