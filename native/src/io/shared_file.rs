//! Files that threads other than their owner send from (DURABILITY.md rule 18), by numbers that are never used twice.
//!
//! A descriptor of another thread may be closed, and its number be another file's, between two looks at it. So what crosses threads is a
//! number of ours, and whoever sends takes a share of the file for the length of the call: the bytes are those of this file, or there are none.

use super::{IoError, IoResult};
use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

static LAST: AtomicU64 = AtomicU64::new(0);
static OPEN: LazyLock<Mutex<HashMap<u64, Arc<File>>>> = LazyLock::new(Mutex::default);

fn open_files() -> MutexGuard<'static, HashMap<u64, Arc<File>>> {
    // Nothing that may fail is done while it is held.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Belongs to who opened it; when it is dropped nobody begins to send from it any more.
pub struct SharedFile {
    number: u64,
    file: Arc<File>,
}

impl SharedFile {
    /// Blocks: of a file that is open elsewhere, and so known to the kernel, not for the disk.
    pub fn open(path: &Path) -> IoResult<Self> {
        let file = Arc::new(File::open(path)?);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        open_files().insert(number, Arc::clone(&file));
        Ok(Self { number, file })
    }

    /// Beyond 2^53 after centuries.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// All of these bytes are in the page cache. False where the kernel does not tell (before 6.5).
    #[must_use]
    pub fn is_resident(&self, position: u64, size: usize) -> bool {
        is_resident(self.file.as_raw_fd(), position, size)
    }

    /// Drops its clean pages, as memory that is short does; `size` 0: up to its end.
    #[cfg(test)]
    pub fn forget_pages(&self, position: i64, size: i64) {
        // SAFETY: concerns only the page cache of this file.
        unsafe { libc::posix_fadvise(self.file.as_raw_fd(), position, size, libc::POSIX_FADV_DONTNEED) };
    }
}

impl Drop for SharedFile {
    fn drop(&mut self) {
        open_files().remove(&self.number);
    }
}

/// Bytes of a shared file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSpan {
    pub file: u64,
    pub position: u64,
    pub size: usize,
}

impl FileSpan {
    #[must_use]
    pub fn from(self, at: usize) -> Self {
        Self { position: self.position + at as u64, size: self.size - at, ..self }
    }

    /// A share of its file for one call; none: its owner has closed it.
    pub(super) fn file(self) -> Option<Arc<File>> {
        open_files().get(&self.file).map(Arc::clone)
    }
}

/// Sends without blocking as much as the socket takes: how much, and as `SendSpan` says, what ended it.
pub(super) fn send_span(socket: RawFd, span: FileSpan, system_calls: &mut u64) -> (usize, IoResult<()>) {
    let Some(file) = span.file() else { return (0, Err(IoError::WOULD_BLOCK)) };
    *system_calls += 1;
    if !is_resident(file.as_raw_fd(), span.position, span.size) {
        return (0, Err(IoError::WOULD_BLOCK));
    }
    let (begin, end) = (span.position as i64, span.position as i64 + span.size as i64);
    let mut at = begin;
    let result = loop {
        *system_calls += 1;
        // SAFETY: two open descriptors, and an offset that the call moves.
        let count = unsafe { libc::sendfile(socket, file.as_raw_fd(), &raw mut at, (end - at) as usize) };
        let error = match count {
            _ if at == end => break Ok(()),
            1.. => continue,
            0 => IoError::UNEXPECTED_END,
            _ => IoError::last(),
        };
        match error {
            IoError(libc::EINTR) => {}
            IoError::WOULD_BLOCK => break Ok(()),
            error if super::sockets::is_reset(error) => break Err(error),
            // The file is shorter than it was, or cannot be read: whoever reads it the other way is told.
            _ => break Err(IoError::WOULD_BLOCK),
        }
    };
    ((at - begin) as usize, result)
}

#[repr(C)]
struct Range {
    position: u64,
    size: u64,
}

#[repr(C)]
#[derive(Default)]
struct CacheState {
    cached: u64,
    dirty: u64,
    in_writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// The same on every architecture.
const CACHESTAT: libc::c_long = 451;

fn is_resident(file: RawFd, position: u64, size: usize) -> bool {
    let range = Range { position, size: size as u64 };
    let mut state = CacheState::default();
    // SAFETY: both live during the call, in the layout that the kernel documents.
    let result = unsafe { libc::syscall(CACHESTAT, file, &raw const range, &raw mut state, 0) };
    let page = page_size();
    let pages = (position + size as u64).div_ceil(page) - position / page;
    result == 0 && state.cached >= pages
}

fn page_size() -> u64 {
    static SIZE: LazyLock<u64> = LazyLock::new(|| {
        // SAFETY: no memory is passed.
        u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    });
    *SIZE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let peer = TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
        let socket = listener.accept().expect("accepts").0;
        socket.set_nonblocking(true).expect("a socket");
        (socket, peer)
    }

    fn written(name: &str, size: usize) -> (std::path::PathBuf, Vec<u8>) {
        let path = std::env::temp_dir().join(format!("millrace-shared-{name}-{}", std::process::id()));
        let bytes: Vec<u8> = (0..size).map(|at| (at ^ at >> 8) as u8).collect();
        File::create(&path).expect("a file").write_all(&bytes).expect("written");
        (path, bytes)
    }

    #[test]
    fn exactly_its_bytes_are_sent_and_none_once_it_is_closed() {
        let (path, bytes) = written("sent", 100_000);
        let file = SharedFile::open(&path).expect("opens");
        let (socket, mut peer) = pair();
        let span = FileSpan { file: file.number(), position: 5000, size: 60_000 };
        let mut calls = 0;
        assert_eq!(send_span(socket.as_raw_fd(), span, &mut calls), (60_000, Ok(())));
        let mut got = vec![0; 60_000];
        peer.read_exact(&mut got).expect("sent");
        assert_eq!(got, bytes[5000..65_000]);
        drop(file);
        // Its number is nobody's, whatever the kernel gave its descriptor to.
        let other = SharedFile::open(&path).expect("opens");
        assert_ne!(other.number(), span.file);
        assert_eq!(send_span(socket.as_raw_fd(), span, &mut calls), (0, Err(IoError::WOULD_BLOCK)));
        std::fs::remove_file(path).expect("the test's own");
    }

    #[test]
    fn a_file_that_was_cut_gives_what_it_has_and_then_refuses() {
        let (path, _) = written("cut", 50_000);
        let file = SharedFile::open(&path).expect("opens");
        File::options().write(true).open(&path).expect("opens").set_len(20_000).expect("cut");
        let (socket, _peer) = pair();
        let mut calls = 0;
        let span = FileSpan { file: file.number(), position: 0, size: 50_000 };
        // Where pages are missing it may not even be tried.
        let (sent, result) = send_span(socket.as_raw_fd(), span, &mut calls);
        assert!(sent == 20_000 || sent == 0, "{sent}");
        assert_eq!(result, Err(IoError::WOULD_BLOCK), "the socket has room, and nobody would tell of it");
        // Inside its last page nothing is missing but bytes.
        let span = FileSpan { position: 19_990, size: 20, ..span };
        assert_eq!(send_span(socket.as_raw_fd(), span, &mut calls), (10, Err(IoError::WOULD_BLOCK)));
        std::fs::remove_file(path).expect("the test's own");
    }
}
