//! The calls of start-up and other cold paths. They block.

use super::{DirEntry, IoError, IoResult};
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

pub(super) fn list(directory: &Path) -> IoResult<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A name that is no UTF-8 is not ours.
        let Ok(name) = entry.file_name().into_string() else { continue };
        match fs::metadata(entry.path()) {
            Ok(found) => {
                entries.push(DirEntry { name, is_dir: found.is_dir(), size: if found.is_dir() { 0 } else { found.len() } })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

pub(super) fn file_size(path: &Path) -> IoResult<Option<u64>> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(IoError(libc::EISDIR)),
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Locks held until dropped.
#[derive(Default)]
pub(super) struct Locks {
    files: Vec<(PathBuf, File)>,
}

impl Locks {
    /// Again and again by the same Io: it has it.
    pub fn take(&mut self, path: &Path) -> IoResult<()> {
        if self.files.iter().any(|(taken, _)| taken == path) {
            return Ok(());
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // SAFETY: an open descriptor.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == -1 {
            return Err(IoError::last());
        }
        self.files.push((path.to_owned(), file));
        Ok(())
    }
}
