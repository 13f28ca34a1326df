use std::fmt;

/// An errno. Kept as the number, so that every implementation and the simulator speak of the same errors.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IoError(pub i32);

pub type IoResult<T> = Result<T, IoError>;

impl IoError {
    pub const NOT_FOUND: Self = Self(libc::ENOENT);
    pub const EXISTS: Self = Self(libc::EEXIST);
    pub const NO_SPACE: Self = Self(libc::ENOSPC);
    pub const MEDIA: Self = Self(libc::EIO);
    pub const WOULD_BLOCK: Self = Self(libc::EAGAIN);
    pub const NOT_EMPTY: Self = Self(libc::ENOTEMPTY);
    pub const INVALID: Self = Self(libc::EINVAL);
    pub const BAD_FILE: Self = Self(libc::EBADF);
    /// Whoever asked for it does not want it any more.
    pub const CANCELLED: Self = Self(libc::ECANCELED);
    /// The simulator's power is off: nothing reaches the disk any more.
    pub const POWER_LOST: Self = Self(libc::ENODEV);
    /// A write that ended early. The kernel reports it as success with a smaller count.
    pub const SHORT_WRITE: Self = Self(libc::EMSGSIZE);
    pub const UNEXPECTED_END: Self = Self(libc::ENODATA);

    /// Of the system call that failed just now on this thread.
    #[must_use]
    pub fn last() -> Self {
        std::io::Error::last_os_error().into()
    }

    #[must_use]
    pub fn is_no_space(self) -> bool {
        matches!(self.0, libc::ENOSPC | libc::EDQUOT | libc::EFBIG)
    }

    /// It is the device, or the file system that gave up on it: no other path, right or setting would help.
    #[must_use]
    pub fn is_device(self) -> bool {
        let ends = [libc::EIO, libc::ENODEV, libc::ENXIO, libc::EREMOTEIO, libc::ENOMEDIUM, libc::EUCLEAN, libc::EBADMSG];
        // ext4 takes no more writes after an error of its journal.
        ends.contains(&self.0) || self.0 == libc::EROFS || self == Self::SHORT_WRITE
    }
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", std::io::Error::from_raw_os_error(self.0))
    }
}

impl fmt::Debug for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IoError({}: {})", self.0, self)
    }
}

impl std::error::Error for IoError {}

impl From<std::io::Error> for IoError {
    fn from(error: std::io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}
