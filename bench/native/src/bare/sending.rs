//! Ways in which the bytes of a file get into a socket, as bare system calls.
#![allow(unsafe_code)]

use crate::system;
use io_uring::types::Fd;
use io_uring::{opcode, squeue::Flags, IoUring};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

pub const COMMAND: &str = "discard";
pub const ASKING_COMMAND: &str = "ask";
/// What a consumer takes to look at 8 MiB of records, about.
const WORK: Duration = Duration::from_millis(8);
/// What an unprivileged pipe may hold.
const PIPE_SIZE: usize = 1 << 20;

/// Another process at the other end of a connection.
pub struct Reader {
    process: Child,
    /// Of children that ended before.
    before: Duration,
}

impl Reader {
    /// Reads and forgets until the end.
    #[must_use]
    pub fn discarding() -> (Self, TcpStream) {
        Self::start(COMMAND, None, None)
    }

    /// Asks for answers of this size one after the other, and works on each, until nobody answers. Who sends has this congestion control from
    /// the listener on; none: the system's own.
    #[must_use]
    pub fn asking(answer_size: usize, control: Option<&str>) -> (Self, TcpStream) {
        Self::start(ASKING_COMMAND, Some(answer_size), control)
    }

    fn start(command: &str, answer_size: Option<usize>, control: Option<&str>) -> (Self, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        if let Some(name) = control {
            system::choose_congestion_control(&listener, name);
        }
        let address = listener.local_addr().expect("bound").to_string();
        let program = std::env::current_exe().expect("the name of this program");
        let process = Command::new(program)
            .arg(command)
            .arg(address)
            .args(answer_size.map(|size| size.to_string()))
            .spawn()
            .expect("the reader starts");
        let (socket, _) = listener.accept().expect("the reader connects");
        socket.set_nodelay(true).expect("a socket's option");
        (Self { process, before: system::ended_children_time() }, socket)
    }

    /// Waits for its end, after that of the connection; the CPU seconds that it took.
    #[must_use]
    pub fn finish(mut self) -> f64 {
        assert!(self.process.wait().expect("a child").success(), "the reader failed");
        (system::ended_children_time() - self.before).as_secs_f64()
    }
}

/// What that process does.
pub fn discard(words: &[String]) -> Result<(), String> {
    let address = words.first().ok_or("discard wants an address")?;
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    let mut buffer = vec![0; 256 << 10];
    while stream.read(&mut buffer).map_err(|error| error.to_string())? > 0 {}
    Ok(())
}

/// What that process does.
pub fn ask(words: &[String]) -> Result<(), String> {
    let [address, size] = words else { return Err("ask wants an address and a size".to_owned()) };
    let size: usize = size.parse().map_err(|_| "a size is a number".to_owned())?;
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    let mut buffer = vec![0; 1 << 20];
    while stream.write_all(&[1]).is_ok() {
        let mut left = size;
        while left > 0 {
            match stream.read(&mut buffer[..left.min(1 << 20)]) {
                // Whoever answers has answered all that there is.
                Ok(0) | Err(_) => return Ok(()),
                Ok(count) => left -= count,
            }
        }
        let begin = Instant::now();
        while begin.elapsed() < WORK {
            std::hint::spin_loop();
        }
    }
    Ok(())
}

/// What follows at once shares its packets.
pub fn send_before_more(socket: &TcpStream, bytes: &[u8]) {
    // SAFETY: readable memory, used within the call.
    let sent = unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_MORE) };
    assert_eq!(sent, bytes.len() as isize, "a socket that blocks takes it all");
}

pub fn send(mut socket: &TcpStream, bytes: &[u8]) {
    socket.write_all(bytes).expect("the reader reads");
}

/// The socket blocks: this ends when all was taken.
pub fn sendfile(socket: &TcpStream, file: &File, position: u64, size: usize) {
    let mut at = position as i64;
    let end = at + size as i64;
    while at < end {
        // SAFETY: two descriptors of ours, and an offset that the call moves.
        let count = unsafe { libc::sendfile(socket.as_raw_fd(), file.as_raw_fd(), &raw mut at, (end - at) as usize) };
        assert!(count > 0, "sendfile: {}", std::io::Error::last_os_error());
    }
}

/// file ─► pipe ─► socket, both halves on a ring.
pub struct Splice {
    ring: IoUring,
    into: OwnedFd,
    out: OwnedFd,
}

impl Splice {
    /// # Panics
    /// Where the machine forbids io_uring or pipes of this size.
    #[must_use]
    pub fn new() -> Self {
        let mut ends = [0; 2];
        // SAFETY: two descriptors, filled by the call, then ours.
        let (out, into) = unsafe {
            assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0, "pipe");
            assert!(libc::fcntl(ends[1], libc::F_SETPIPE_SZ, PIPE_SIZE) > 0, "F_SETPIPE_SZ");
            (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        };
        let mut builder = IoUring::builder();
        builder.setup_single_issuer().setup_defer_taskrun();
        Self { ring: builder.build(8).expect("io_uring"), into, out }
    }

    pub fn send(&mut self, socket: &TcpStream, file: &File, position: u64, size: usize) {
        let mut sent = 0;
        while sent < size {
            let wanted = (size - sent).min(PIPE_SIZE);
            let (into, out) = (Fd(self.into.as_raw_fd()), Fd(self.out.as_raw_fd()));
            let at = (position + sent as u64) as i64;
            let fill = opcode::Splice::new(Fd(file.as_raw_fd()), at, into, -1, wanted as u32).build().flags(Flags::IO_LINK);
            let drain = opcode::Splice::new(out, -1, Fd(socket.as_raw_fd()), -1, wanted as u32).build();
            let [_, drained] = self.run([fill.user_data(0), drain.user_data(1)]);
            let mut left = wanted - drained;
            while left > 0 {
                let rest = opcode::Splice::new(out, -1, Fd(socket.as_raw_fd()), -1, left as u32).build().user_data(1);
                left -= self.run([opcode::Nop::new().build().user_data(0), rest])[1];
            }
            sent += wanted;
        }
    }

    fn run(&mut self, entries: [io_uring::squeue::Entry; 2]) -> [usize; 2] {
        // SAFETY: nothing but descriptors of ours.
        unsafe { self.ring.submission().push_multiple(&entries).expect("room for two") };
        self.ring.submit_and_wait(2).expect("submitted");
        let mut results = [0; 2];
        for completion in self.ring.completion() {
            let result = completion.result();
            // A short first half cancels the second, which then runs again.
            assert!(result >= 0 || result == -libc::ECANCELED, "splice: {}", std::io::Error::from_raw_os_error(-result));
            results[completion.user_data() as usize] = result.max(0) as usize;
        }
        results
    }
}
