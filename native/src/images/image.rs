//! A simulated disk's contents as real files.

use crate::io::sim::{SimDisk, SimIo};
use crate::io::{Io, IoError, BLOCK_SIZE};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Makes `to` hold what `from` holds on the disk, and nothing else. Where the disk has no such directory it is empty.
///
/// # Errors
/// The real file system's.
pub fn write_out(disk: &SimDisk, from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(to)?,
    }
    write_directory(&mut SimIo::new(disk), from, to)
}

fn write_directory(io: &mut SimIo, from: &Path, to: &Path) -> std::io::Result<()> {
    let entries = match io.list(from) {
        Err(IoError::NOT_FOUND) => return Ok(()),
        listed => listed.expect("a directory of the image is listed"),
    };
    for entry in entries {
        let (from, to) = (from.join(&entry.name), to.join(&entry.name));
        if entry.is_dir {
            fs::create_dir(&to)?;
            write_directory(io, &from, &to)?;
        } else {
            let bytes = io.disk().file(&from).expect("a listed file is there");
            write_file(&to, &bytes)?;
        }
    }
    Ok(())
}

/// Leaves out the blocks of zeros, which is most of a journal.
fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let file = File::create_new(path)?;
    file.set_len(bytes.len() as u64)?;
    for (index, block) in bytes.chunks(BLOCK_SIZE).enumerate() {
        if block.iter().any(|byte| *byte != 0) {
            file.write_all_at(block, (index * BLOCK_SIZE) as u64)?;
        }
    }
    Ok(())
}
