use crate::io::calls::{c_string, iovec, open_flags, DIRECTORY_PERMISSIONS, FILE_PERMISSIONS};
use crate::io::page_cache::{WriteShape, WriteWay};
use crate::io::strips::{cut_strips, write_strips};
use crate::io::{IoError, IoResult, Op, PageCache, Piece, SyncMethod};
use std::ffi::CString;
use std::os::fd::RawFd;

/// An operation with everything a thread needs to run it.
pub(super) enum Call {
    Open { path: CString, flags: libc::c_int },
    Close { descriptor: RawFd },
    Read { descriptor: RawFd, position: u64, target: Piece },
    Write { descriptor: RawFd, position: u64, pieces: Vec<Piece>, is_linked: bool, flags: libc::c_int },
    WriteStrips { descriptor: RawFd, position: u64, pieces: Vec<Piece> },
    Sync { descriptor: RawFd, is_directory: bool },
    StartWriteback { descriptor: RawFd, position: u64, size: u64 },
    Allocate { descriptor: RawFd, position: u64, size: u64 },
    SetSize { descriptor: RawFd, size: u64 },
    MakeDir { path: CString },
    Rename { from: CString, to: CString },
    Unlink { path: CString },
    RemoveDir { path: CString },
}

/// The file that an operation names.
pub(super) struct On {
    pub descriptor: RawFd,
    pub is_direct: bool,
    pub is_directory: bool,
    pub page_cache: PageCache,
}

impl Call {
    /// A Close is made by hand, when the file is free.
    pub fn new(op: Op, file: Option<On>) -> IoResult<Self> {
        let (is_direct, is_directory) = file.as_ref().map_or((false, false), |file| (file.is_direct, file.is_directory));
        let page_cache = file.as_ref().map_or(PageCache::Keep, |file| file.page_cache);
        let descriptor = file.map(|file| file.descriptor);
        let on = |descriptor: Option<RawFd>| descriptor.ok_or(IoError::BAD_FILE);
        Ok(match op {
            Op::Open { path, mode } => Self::Open { path: c_string(&path)?, flags: open_flags(mode) | libc::O_CLOEXEC },
            Op::Close { .. } => Self::Close { descriptor: on(descriptor)? },
            Op::Read { position, target, .. } => Self::Read { descriptor: on(descriptor)?, position, target },
            Op::Write { position, pieces, durable, .. } => {
                let descriptor = on(descriptor)?;
                let size = pieces.iter().map(|piece| piece.size() as u64).sum();
                let is_linked = durable == Some(SyncMethod::Linked);
                match page_cache.way_of(WriteShape { is_direct, durable, position, size }) {
                    WriteWay::Plain(flags) => Self::Write { descriptor, position, pieces, is_linked, flags },
                    WriteWay::Striped => Self::WriteStrips { descriptor, position, pieces },
                    // A thread here waits for what it writes: the copy into aligned memory would be one more.
                    WriteWay::Direct => Self::Write { descriptor, position, pieces, is_linked, flags: page_cache.flags_of(size) },
                }
            }
            Op::Sync { .. } => Self::Sync { descriptor: on(descriptor)?, is_directory },
            Op::StartWriteback { position, size, .. } => Self::StartWriteback { descriptor: on(descriptor)?, position, size },
            Op::Allocate { position, size, .. } => Self::Allocate { descriptor: on(descriptor)?, position, size },
            Op::SetSize { size, .. } => Self::SetSize { descriptor: on(descriptor)?, size },
            Op::MakeDir { path } => Self::MakeDir { path: c_string(&path)? },
            Op::Rename { from, to } => Self::Rename { from: c_string(&from)?, to: c_string(&to)? },
            Op::Unlink { path } => Self::Unlink { path: c_string(&path)? },
            Op::RemoveDir { path } => Self::RemoveDir { path: c_string(&path)? },
        })
    }

    /// Blocks. Adds the system calls it made to `count`.
    pub fn run(&self, count: &mut u64) -> IoResult<u64> {
        let mut call = |attempt: &dyn Fn() -> libc::ssize_t| retried(count, attempt);
        // SAFETY (for all): descriptors stay open until their last operation ended, strings and pieces live in the
        // call, and the memory of pieces is promised by the submitter until the completion.
        match self {
            Self::Open { path, flags } => {
                call(&|| unsafe { libc::open(path.as_ptr(), *flags, FILE_PERMISSIONS) as libc::ssize_t })
            }
            // Never retried: the descriptor is gone whatever close answers.
            Self::Close { descriptor } => {
                *count += 1;
                checked(unsafe { libc::close(*descriptor) } as libc::ssize_t)
            }
            Self::Read { descriptor, position, target } => {
                call(&|| unsafe { libc::pread(*descriptor, target.pointer().cast(), target.size(), *position as libc::off_t) })
            }
            Self::WriteStrips { descriptor, position, pieces } => {
                let mut iovecs = Vec::with_capacity(pieces.len());
                let strips = cut_strips(*position, pieces, &mut iovecs);
                write_strips(&strips, |strip| {
                    let vectors = &iovecs[strip.iovecs.clone()];
                    let (pointer, count) = (vectors.as_ptr(), vectors.len() as libc::c_int);
                    call(&|| unsafe { libc::pwritev(*descriptor, pointer, count, strip.position as libc::off_t) })
                })
            }
            Self::Write { descriptor, position, pieces, is_linked, flags } => {
                let iovecs: Vec<libc::iovec> = pieces.iter().map(iovec).collect();
                let (pointer, pieces_count) = (iovecs.as_ptr(), iovecs.len() as libc::c_int);
                let position = *position as libc::off_t;
                let written = call(&|| unsafe { libc::pwritev2(*descriptor, pointer, pieces_count, position, *flags) })?;
                let size: usize = pieces.iter().map(|piece| piece.size()).sum();
                if *is_linked && written == size as u64 {
                    call(&|| unsafe { libc::fdatasync(*descriptor) as libc::ssize_t })?;
                }
                Ok(written)
            }
            // fdatasync of a directory may leave out its entries.
            Self::Sync { descriptor, is_directory: true } => call(&|| unsafe { libc::fsync(*descriptor) as libc::ssize_t }),
            Self::Sync { descriptor, .. } => call(&|| unsafe { libc::fdatasync(*descriptor) as libc::ssize_t }),
            Self::StartWriteback { descriptor, position, size } => call(&|| unsafe {
                let (position, size) = (*position as libc::off64_t, *size as libc::off64_t);
                libc::sync_file_range(*descriptor, position, size, libc::SYNC_FILE_RANGE_WRITE) as libc::ssize_t
            }),
            Self::Allocate { descriptor, position, size } => call(&|| unsafe {
                let (position, size) = (*position as libc::off_t, *size as libc::off_t);
                libc::fallocate(*descriptor, libc::FALLOC_FL_KEEP_SIZE, position, size) as libc::ssize_t
            }),
            Self::SetSize { descriptor, size } => {
                call(&|| unsafe { libc::ftruncate(*descriptor, *size as libc::off_t) as libc::ssize_t })
            }
            Self::MakeDir { path } => call(&|| unsafe { libc::mkdir(path.as_ptr(), DIRECTORY_PERMISSIONS) as libc::ssize_t }),
            Self::Rename { from, to } => call(&|| unsafe { libc::rename(from.as_ptr(), to.as_ptr()) as libc::ssize_t }),
            Self::Unlink { path } => call(&|| unsafe { libc::unlink(path.as_ptr()) as libc::ssize_t }),
            Self::RemoveDir { path } => call(&|| unsafe { libc::rmdir(path.as_ptr()) as libc::ssize_t }),
        }
    }
}

fn checked(result: libc::ssize_t) -> IoResult<u64> {
    if result < 0 {
        Err(IoError::last())
    } else {
        Ok(result as u64)
    }
}

fn retried(count: &mut u64, attempt: &dyn Fn() -> libc::ssize_t) -> IoResult<u64> {
    loop {
        *count += 1;
        match checked(attempt()) {
            Err(IoError(libc::EINTR)) => {}
            result => return result,
        }
    }
}
