//! What the kernel calls our words.

use super::{IoError, IoResult, OpenMode, Piece};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Owner reads and writes, group reads: the log holds what clients sent.
pub(super) const FILE_PERMISSIONS: libc::mode_t = 0o640;
pub(super) const DIRECTORY_PERMISSIONS: libc::mode_t = 0o750;

pub(super) fn open_flags(mode: OpenMode) -> libc::c_int {
    match mode {
        OpenMode::Read => libc::O_RDONLY,
        OpenMode::Write => libc::O_RDWR | libc::O_CREAT,
        OpenMode::CreateNew => libc::O_RDWR | libc::O_CREAT | libc::O_EXCL,
        OpenMode::Direct => libc::O_RDWR | libc::O_CREAT | libc::O_DIRECT,
        OpenMode::Directory => libc::O_RDONLY | libc::O_DIRECTORY,
    }
}

pub(super) fn c_string(path: &Path) -> IoResult<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| IoError::INVALID)
}

pub(super) fn iovec(piece: &Piece) -> libc::iovec {
    libc::iovec { iov_base: piece.pointer().cast(), iov_len: piece.size() }
}
