/// Ends the process at once. `exit` would run the destructors of a Node whose other threads are still at work.
pub fn exit_immediately(code: i32) -> ! {
    // SAFETY: takes an integer and does not return.
    unsafe { libc::_exit(code) }
}
