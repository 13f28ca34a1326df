use millrace_native::io::probe::Spinners;
use std::io::Read;
use std::process::{Child, ChildStdin, Command, Stdio};

pub const COMMAND: &str = "spin";

/// A SCHED_IDLE spinner per core, in a process of its own: its CPU time is nobody's. Ends with this value, and with this
/// process, whose end closes its standard input.
pub struct SpinnerProcess {
    child: Child,
    input: Option<ChildStdin>,
}

impl SpinnerProcess {
    /// # Panics
    /// If the process can't be started.
    #[must_use]
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("the name of this program");
        let mut child =
            Command::new(program).arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the spinners start");
        let input = child.stdin.take();
        Self { child, input }
    }
}

impl Drop for SpinnerProcess {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// What the process does.
pub fn spin() {
    let _spinners = Spinners::start();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
