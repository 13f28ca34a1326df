use crate::io::{AlignedBuffer, IoError, IoResult, PageCache, SharedFile, BLOCK_SIZE};
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryProbe {
    /// Bytes an unprivileged process may still take.
    pub free_size: u64,
    pub total_size: u64,
    /// Did a block written with O_DIRECT arrive?
    pub direct: IoResult<()>,
    /// What statx says O_DIRECT asks of memory and positions; None where the kernel (before 6.1) or filesystem is silent.
    pub direct_alignment: Option<DirectAlignment>,
    /// Does the kernel say what is in the page cache (since 6.5)?
    pub tells_residency: bool,
    /// What becomes of large writes when nobody says otherwise.
    pub page_cache: PageCache,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectAlignment {
    pub memory: u32,
    pub position: u32,
}

/// The error means that no file could be made here.
pub fn probe_directory(directory: &Path) -> IoResult<DirectoryProbe> {
    let scratch = ScratchFile::create(directory)?;
    let (free_size, total_size) = space(directory)?;
    Ok(DirectoryProbe {
        free_size,
        total_size,
        direct: write_direct(scratch.path()),
        direct_alignment: direct_alignment(&scratch.file),
        tells_residency: tells_residency(&scratch),
        page_cache: PageCache::best_in(directory),
    })
}

fn tells_residency(scratch: &ScratchFile) -> bool {
    let is_written = scratch.file.write_all_at(&[0; BLOCK_SIZE], 0).is_ok();
    is_written && SharedFile::open(scratch.path()).is_ok_and(|file| file.is_resident(0, BLOCK_SIZE))
}

/// A file of ours in a directory that may hold data: named so that nobody takes it for any, gone when this ends.
pub(super) struct ScratchFile {
    path: PathBuf,
    file: File,
}

impl ScratchFile {
    pub(super) fn create(directory: &Path) -> IoResult<Self> {
        let path = directory.join(format!(".millrace-doctor-{}", process::id()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { path, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Bytes of a file system: those that an unprivileged process may still take, and all.
pub fn space(directory: &Path) -> IoResult<(u64, u64)> {
    let path = CString::new(directory.as_os_str().as_bytes()).map_err(|_| IoError::INVALID)?;
    // SAFETY: statvfs is plain numbers, for which zero is a value.
    let mut answer: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a terminated string and a struct of the right type, both alive during the call.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut answer) } != 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok((answer.f_bavail * answer.f_frsize, answer.f_blocks * answer.f_frsize))
}

fn write_direct(path: &Path) -> IoResult<()> {
    let file = OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path)?;
    let block = AlignedBuffer::new(BLOCK_SIZE);
    Ok(file.write_all_at(block.bytes(), 0)?)
}

fn direct_alignment(file: &File) -> Option<DirectAlignment> {
    // SAFETY: statx is plain numbers, for which zero is a value.
    let mut answer: libc::statx = unsafe { std::mem::zeroed() };
    // SAFETY: an open descriptor, an empty terminated path with AT_EMPTY_PATH, and a struct of the right type.
    let status =
        unsafe { libc::statx(file.as_raw_fd(), c"".as_ptr(), libc::AT_EMPTY_PATH, libc::STATX_DIOALIGN, &raw mut answer) };
    let is_told = status == 0 && answer.stx_mask & libc::STATX_DIOALIGN != 0 && answer.stx_dio_offset_align > 0;
    is_told.then_some(DirectAlignment { memory: answer.stx_dio_mem_align, position: answer.stx_dio_offset_align })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary_directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("millrace-probe-{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_writable_directory_is_measured_and_left_as_it_was() {
        let directory = temporary_directory("writable");
        let probe = probe_directory(&directory).unwrap();
        assert!(probe.total_size >= probe.free_size && probe.total_size > 0, "{probe:?}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        fs::remove_dir(&directory).unwrap();
    }

    #[test]
    fn told_alignment_is_one_that_our_block_size_meets() {
        let directory = temporary_directory("alignment");
        let probe = probe_directory(&directory).unwrap();
        if let (Ok(()), Some(alignment)) = (probe.direct, probe.direct_alignment) {
            assert_eq!(BLOCK_SIZE as u32 % alignment.memory, 0, "{probe:?}");
            assert_eq!(BLOCK_SIZE as u32 % alignment.position, 0, "{probe:?}");
        }
        fs::remove_dir(&directory).unwrap();
    }

    #[test]
    fn no_directory_is_an_error_not_a_panic() {
        assert_eq!(probe_directory(Path::new("/proc/self/nothing")), Err(IoError::NOT_FOUND));
        assert!(probe_directory(Path::new("has\0zero")).is_err());
    }
}
