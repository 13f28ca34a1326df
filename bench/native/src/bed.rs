use std::fs;
use std::path::{Path, PathBuf};

/// A directory for one measurement, removed at its end.
pub struct Bed {
    path: PathBuf,
}

impl Bed {
    /// # Panics
    /// If the directory can't be made.
    #[must_use]
    pub fn new(parent: &Path, name: &str) -> Self {
        let path = parent.join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory for the measurement");
        Self { path }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
