//! Leases on segment files: from the bounded cache, or after a task opened the file.

use super::{Finished, Store, UNHEEDED};
use crate::io::{FileId, IoResult, Op, OpenMode};
use crate::log::open_files::FileKey;

/// What goes on when a file is open.
pub(super) enum Waiter {
    Write(u32),
    Read(super::read::FileRead),
}

impl Store {
    /// The file, leased; or None, and the waiter is called when it is open.
    pub(super) fn lease_or_open(&mut self, key: FileKey, waiter: Waiter) -> Option<(FileId, Waiter)> {
        if let Some(file) = self.open_files.lease(key) {
            return Some((file, waiter));
        }
        let waiters = self.opening.entry(key).or_default();
        waiters.push(waiter);
        if waiters.len() == 1 {
            let id = self.live(key.partition).id;
            let path = self.paths.log(&id, key.base);
            let files = self.files.clone();
            self.tasks.spawn(self.io.as_mut(), async move {
                Finished::FileOpened { key, result: files.open(&path, OpenMode::Write).await }
            });
        }
        None
    }

    pub(super) fn file_opened(&mut self, key: FileKey, result: IoResult<FileId>) {
        let waiters = self.opening.remove(&key).unwrap_or_default();
        match result {
            Ok(file) => {
                self.adopt_file(key, file);
                for waiter in waiters {
                    let file = self.open_files.lease(key).expect("just opened");
                    self.resume(waiter, key, file);
                }
                self.open_files.release(key);
                self.evict_files();
            }
            Err(error) => {
                for waiter in waiters {
                    match waiter {
                        Waiter::Write(partition) => self.write_failed(partition, error),
                        Waiter::Read(read) => self.read_failed(&read, error.into()),
                    }
                }
            }
        }
    }

    fn resume(&mut self, waiter: Waiter, key: FileKey, file: FileId) {
        match waiter {
            Waiter::Write(partition) => self.submit_write(partition, key, file),
            Waiter::Read(read) => self.start_read(read, key, file),
        }
    }

    /// Puts an opened file into the cache with one lease; a descriptor too many is closed.
    pub(super) fn adopt_file(&mut self, key: FileKey, file: FileId) {
        if let Some(surplus) = self.open_files.add(key, file) {
            self.close_file(surplus);
        }
    }

    pub(super) fn evict_files(&mut self) {
        for file in self.open_files.evict() {
            self.close_file(file);
        }
    }

    /// None of them is leased.
    pub(super) fn close_files_of(&mut self, handle: u32) {
        for key in self.open_files.keys_of(handle) {
            if let Some(file) = self.open_files.remove(key) {
                self.close_file(file);
            }
        }
    }

    pub(super) fn close_file(&mut self, file: FileId) {
        self.io.submit(UNHEEDED, Op::Close { file });
    }
}
