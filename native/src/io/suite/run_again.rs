//! Running a test again in a process of its own, restricted before it starts: limits hold for whole processes.

use crate::io::BLOCK_SIZE;
use std::io::{Error, Result};
use std::os::unix::process::CommandExt;
use std::process::Command;

const CHILD: &str = "MILLRACE_IO_RESTRICTED";
const CAP_IPC_LOCK: libc::c_ulong = 14;
/// Half of what distributions give to a user. The kernel counts the queues of a ring against it, of all rings of the
/// user, and for a moment also of those that are closed.
pub const MEMLOCK_ALLOWED: libc::rlim_t = 4 << 20;
pub const BLOCKS_ALLOWED: u64 = 4;
pub const DESCRIPTORS_ALLOWED: libc::rlim_t = 40;

pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the tests of this binary that match. Answers how many passed; all of them did.
pub fn without_locked_memory(filter: &[&str]) -> usize {
    run(filter, || {
        // Root regains at exec what the bounding set holds; others have nothing to drop, and may not (EPERM).
        // SAFETY: plain system call.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0) };
        limit(libc::RLIMIT_MEMLOCK, MEMLOCK_ALLOWED)
    })
}

/// False in the restricted process, where the test goes on; true where it has done so and passed.
pub fn with_small_files(test: &str) -> bool {
    once(test, || {
        // SAFETY: plain system call. Writing beyond the limit must be an error, not the end of the process.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
        limit(libc::RLIMIT_FSIZE, BLOCKS_ALLOWED * BLOCK_SIZE as u64)
    })
}

/// As `with_small_files`.
pub fn with_few_descriptors(test: &str) -> bool {
    once(test, || limit(libc::RLIMIT_NOFILE, DESCRIPTORS_ALLOWED))
}

fn once(test: &str, restrict: fn() -> Result<()>) -> bool {
    if is_child() {
        return false;
    }
    assert_eq!(run(&[test, "--exact"], restrict), 1, "the test was found");
    true
}

fn run(filter: &[&str], restrict: fn() -> Result<()>) -> usize {
    let mut command = Command::new(std::env::current_exe().expect("a test binary has a path"));
    command.args(filter).args(["--test-threads", "2"]).env(CHILD, "1");
    // SAFETY: only system calls between fork and exec.
    unsafe { command.pre_exec(restrict) };
    let output = command.output().expect("the test binary starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let passed = text.split("test result: ok. ").nth(1).and_then(|rest| rest.split(' ').next());
    passed.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no result in {text}"))
}

fn limit(resource: libc::__rlimit_resource_t, size: libc::rlim_t) -> Result<()> {
    let limit = libc::rlimit { rlim_cur: size, rlim_max: size };
    // SAFETY: a readable rlimit.
    match unsafe { libc::setrlimit(resource, &limit) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}
