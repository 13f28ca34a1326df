//! Machines that allow less: no io_uring, no memory to lock, files that may not grow.

use super::bed::{call, contents, filled, open, Bed};
use crate::io::{open_io, Blocking, IoChoice, Op, OpenMode, SyncMethod, UringIo, BLOCK_SIZE};
use std::os::unix::process::CommandExt;
use std::process::Command;

const CHILD: &str = "MILLRACE_IO_RESTRICTED";
const CAP_IPC_LOCK: libc::c_ulong = 14;
/// Half of what distributions give to a user. The kernel counts the queues of a ring against it, of all rings of the
/// user, and for a moment also of those that are closed.
const MEMLOCK: libc::rlim_t = 4 << 20;

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs tests of this binary again in a process of its own, restricted before it starts. Answers how many passed.
fn run_again(filter: &[&str], restrict: fn() -> std::io::Result<()>) -> usize {
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

fn limit(resource: libc::__rlimit_resource_t, size: libc::rlim_t) -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: size, rlim_max: size };
    // SAFETY: a readable rlimit.
    match unsafe { libc::setrlimit(resource, &limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

fn without_locked_memory() -> std::io::Result<()> {
    // Root regains at exec what the bounding set holds; others have nothing to drop, and may not (EPERM).
    // SAFETY: plain system call.
    unsafe { libc::prctl(libc::PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0) };
    limit(libc::RLIMIT_MEMLOCK, MEMLOCK)
}

/// Also tells that the restriction works at all.
#[test]
fn uring_runs_without_memory_to_lock() {
    if is_child() {
        let size = 2 * MEMLOCK as usize;
        let buffer = filled(size, 1);
        // SAFETY: memory of ours.
        let locked = unsafe { libc::mlock(buffer.bytes().as_ptr().cast(), size) };
        assert_ne!(locked, 0, "this process may lock memory: the test shows nothing");
        assert!(UringIo::new().is_ok());
        return;
    }
    let this = "io::suite::restricted::uring_runs_without_memory_to_lock";
    assert_eq!(run_again(&[this, "--exact"], without_locked_memory), 1);
}

#[test]
fn the_whole_suite_of_uring_runs_without_memory_to_lock() {
    let filter = ["io::suite::files::uring", "io::suite::names::uring", "io::suite::flight::uring", "io::suite::wakeup::uring"];
    assert!(run_again(&filter, without_locked_memory) > 30);
}

fn with_small_files() -> std::io::Result<()> {
    // SAFETY: plain system call. Writing beyond the limit must be an error, not the end of the process.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    limit(libc::RLIMIT_FSIZE, 4 * BLOCK_SIZE as libc::rlim_t)
}

/// Writes across the limit, so that the kernel writes a part, and beyond it, so that it writes nothing.
fn write_across_the_limit(bed: &Bed) {
    let mut io = bed.io();
    let block = BLOCK_SIZE as u64;
    for (mode, durable) in [
        (OpenMode::Write, None),
        (OpenMode::Write, Some(SyncMethod::Linked)),
        (OpenMode::Direct, Some(SyncMethod::Linked)),
        (OpenMode::Direct, Some(SyncMethod::Dsync)),
    ] {
        let path = bed.path(&format!("{mode:?}-{durable:?}"));
        let file = open(&mut *io, &path, mode);
        let buffer = filled(4 * BLOCK_SIZE, 7);
        let mut write = |position, count: usize| {
            let pieces = (0..count).map(|index| buffer.piece(index * BLOCK_SIZE, BLOCK_SIZE)).collect();
            call(&mut *io, Op::Write { file, position, pieces, durable })
        };
        assert_eq!(write(2 * block, 4), Ok(2 * block), "{mode:?} {durable:?}");
        assert!(write(4 * block, 1).is_err_and(|error| error.is_no_space()), "{mode:?} {durable:?}");
        // The file is as usable as before: nothing of the cancelled sync lingers.
        assert_eq!(write(0, 2), Ok(2 * block));
        assert_eq!(Blocking::new(&mut *io).sync(file), Ok(()));
        Blocking::new(&mut *io).close(file).expect("closes");
        assert!(contents(&mut *io, &path).expect("exists") == buffer.bytes());
    }
}

#[test]
fn a_short_write_answers_its_count_and_cancels_its_sync() {
    if is_child() {
        write_across_the_limit(&Bed::uring());
        write_across_the_limit(&Bed::fallback());
        return;
    }
    let this = "io::suite::restricted::a_short_write_answers_its_count_and_cancels_its_sync";
    assert_eq!(run_again(&[this, "--exact"], with_small_files), 1);
}

/// Forbids io_uring to this thread and those it starts, as a container's seccomp profile does.
fn forbid_uring() {
    let instruction = |code, k, jt, jf| libc::sock_filter { code, k, jt, jf };
    let (load, equal, answer) = (0x20, 0x15, 0x06);
    let program = [
        instruction(load, 0, 0, 0),
        instruction(equal, libc::SYS_io_uring_setup as u32, 0, 1),
        instruction(answer, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0),
        instruction(answer, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program outlives the call that reads it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter), 0);
    }
}

#[test]
fn where_uring_is_forbidden_the_fallback_is_chosen_and_says_why() {
    let check = || {
        forbid_uring();
        let mut opened = open_io(IoChoice::Auto).expect("the fallback needs nothing special");
        assert_eq!(opened.io.name(), "fallback");
        let why = opened.why_not_uring.expect("there is something to announce");
        assert!(why.contains("seccomp"), "{why}");
        assert!(open_io(IoChoice::Uring).is_err());
        let bed = Bed::fallback();
        open(&mut *opened.io, &bed.path("f"), OpenMode::Write);
        assert_eq!(opened.io.file_size(&bed.path("f")), Ok(Some(0)));
    };
    std::thread::spawn(check).join().expect("the checks hold");
}

#[test]
fn the_choice_is_kept_where_it_can_be() {
    for (choice, name) in [(IoChoice::Auto, "uring"), (IoChoice::Uring, "uring"), (IoChoice::Fallback, "fallback")] {
        let opened = open_io(choice).expect("this machine allows io_uring");
        assert_eq!(opened.io.name(), name);
        assert_eq!(opened.why_not_uring, None);
    }
}
