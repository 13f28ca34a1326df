use crate::io::sim::{SimDisk, SimIo};
use crate::io::{AlignedBuffer, Blocking, Completion, FallbackIo, FileId, Io, IoResult, Op, OpenMode, PageCache, UringIo};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

enum Kind {
    Uring,
    OldUring,
    Fallback,
    Sim(SimDisk),
}

/// An empty directory, and Ios of one kind over it.
pub struct Bed {
    kind: Kind,
    pub root: PathBuf,
}

impl Bed {
    pub fn uring() -> Self {
        Self { kind: Kind::Uring, root: real_directory() }
    }

    /// io_uring with what a kernel of 5.15 offers.
    pub fn old_uring() -> Self {
        Self { kind: Kind::OldUring, root: real_directory() }
    }

    pub fn fallback() -> Self {
        Self { kind: Kind::Fallback, root: real_directory() }
    }

    pub fn sim(seed: u64) -> Self {
        let disk = SimDisk::seeded(seed);
        disk.put_dir(Path::new("/bed"));
        Self { kind: Kind::Sim(disk), root: "/bed".into() }
    }

    /// Where io_uring is forbidden this fails, and with it every test of it: a pass means that it ran.
    pub fn io(&self) -> Box<dyn Io> {
        self.io_with(PageCache::Keep)
    }

    pub fn io_with(&self, page_cache: PageCache) -> Box<dyn Io> {
        match &self.kind {
            Kind::Uring => Box::new(UringIo::new().expect("this machine allows io_uring").with_page_cache(page_cache)),
            Kind::OldUring => Box::new(UringIo::on_an_old_kernel().with_page_cache(page_cache)),
            Kind::Fallback => Box::new(FallbackIo::new().expect("threads start").with_page_cache(page_cache)),
            Kind::Sim(disk) => Box::new(SimIo::new(disk)),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if !matches!(self.kind, Kind::Sim(_)) {
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

/// Beside the test binary: on the disk that holds the build, which takes O_DIRECT where /tmp may not.
fn real_directory() -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let binary = std::env::current_exe().expect("a test binary has a path");
    let name = format!("io-suite-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let root = binary.parent().expect("a file is in a directory").join(name);
    std::fs::create_dir_all(&root).expect("the build directory is writable");
    root
}

pub fn call(io: &mut dyn Io, op: Op) -> IoResult<u64> {
    Blocking::new(io).call(op)
}

pub fn open(io: &mut dyn Io, path: &Path, mode: OpenMode) -> FileId {
    Blocking::new(io).open(path, mode).expect("opens")
}

pub fn filled(size: usize, value: u8) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::new(size);
    buffer.bytes_mut().fill(value);
    buffer
}

/// Bytes that tell their place.
pub fn patterned(size: usize, seed: u64) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::new(size);
    for (index, byte) in buffer.bytes_mut().iter_mut().enumerate() {
        *byte = ((index as u64).wrapping_mul(0x9E37_79B9).wrapping_add(seed) >> 7) as u8;
    }
    buffer
}

pub fn write(io: &mut dyn Io, file: FileId, position: u64, bytes: &[u8]) {
    let mut buffer = AlignedBuffer::new(bytes.len());
    buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
    Blocking::new(io).write(file, position, &[buffer.piece(0, bytes.len())], None).expect("writes");
}

pub fn contents(io: &mut dyn Io, path: &Path) -> Option<Vec<u8>> {
    Blocking::new(io).read_file(path).expect("reads")
}

/// Waits for everything in flight.
pub fn finish(io: &mut dyn Io) -> Vec<Completion> {
    let mut completions = Vec::new();
    while io.in_flight() > 0 {
        io.wait(&mut completions);
    }
    completions
}
