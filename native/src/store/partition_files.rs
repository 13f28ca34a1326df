//! What is done to a partition's directory and files: made, renamed, cut, removed. Straight-line tasks.

use crate::io::task::Files;
use crate::io::{AlignedBuffer, FileId, IoError, IoResult, Op, OpenMode};
use std::path::PathBuf;

/// Files that a creation holds open together.
const GROUP_MAX: usize = 256;

pub(super) async fn create_directories(files: &Files, directories: Vec<(PathBuf, Vec<u8>)>, topics: PathBuf) -> IoResult<()> {
    let made = files.all(directories.iter().map(|(path, _)| Op::MakeDir { path: path.clone() }).collect()).await;
    for result in made {
        if let Err(error) = result {
            if error != IoError::EXISTS {
                return Err(error);
            }
        }
    }
    for group in directories.chunks(GROUP_MAX) {
        create_identities(files, group).await?;
    }
    for group in directories.chunks(GROUP_MAX) {
        let opens = group.iter().map(|(path, _)| Op::Open { path: path.clone(), mode: OpenMode::Directory }).collect();
        let opened = open_all(files, opens).await?;
        let synced = sync_opened(files, &opened).await;
        close_all(files, &opened).await?;
        synced?;
    }
    files.sync_directory(&topics).await
}

/// All of them are written before the first one is synced: the filesystem then makes many durable with one commit of its own.
async fn create_identities(files: &Files, group: &[(PathBuf, Vec<u8>)]) -> IoResult<()> {
    let opens = group.iter().map(|(path, _)| Op::Open { path: path.join("identity"), mode: OpenMode::Write }).collect();
    let opened = open_all(files, opens).await?;
    let mut result = write_identities(files, group, &opened).await;
    if result.is_ok() {
        result = sync_opened(files, &opened).await;
    }
    close_all(files, &opened).await?;
    result
}

async fn write_identities(files: &Files, group: &[(PathBuf, Vec<u8>)], opened: &[FileId]) -> IoResult<()> {
    let buffers: Vec<_> = group
        .iter()
        .map(|(_, bytes)| {
            let mut buffer = AlignedBuffer::new(bytes.len());
            buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
            (buffer, bytes.len())
        })
        .collect();
    let writes = opened.iter().zip(&buffers).map(|(file, (buffer, size))| Op::Write {
        file: *file,
        position: 0,
        pieces: vec![buffer.piece(0, *size)],
        durable: None,
    });
    let written = files.all_ok(writes.collect()).await?;
    if written.iter().zip(&buffers).any(|(count, (_, size))| *count != *size as u64) {
        return Err(IoError::SHORT_WRITE);
    }
    Ok(())
}

/// All or none: a creation that found no room is tried again, and must not keep what it opened.
async fn open_all(files: &Files, opens: Vec<Op>) -> IoResult<Vec<FileId>> {
    let results = files.all(opens).await;
    let opened: Vec<FileId> = results.iter().flatten().map(|id| FileId(*id as u32)).collect();
    match results.into_iter().find_map(Result::err) {
        Some(error) => {
            close_all(files, &opened).await?;
            Err(error)
        }
        None => Ok(opened),
    }
}

async fn sync_opened(files: &Files, opened: &[FileId]) -> IoResult<()> {
    files.all_ok(opened.iter().map(|file| Op::Sync { file: *file }).collect()).await.map(drop)
}

async fn close_all(files: &Files, opened: &[FileId]) -> IoResult<()> {
    files.all_ok(opened.iter().map(|file| Op::Close { file: *file }).collect()).await.map(drop)
}

pub(super) async fn rename_durably(files: &Files, from: PathBuf, to: PathBuf, parent: PathBuf) -> IoResult<()> {
    files.call(Op::Rename { from, to }).await?;
    files.sync_directory(&parent).await
}

/// Removes files and cuts one; with a directory given, all of it is durable at the end.
pub(super) async fn cut_files(
    files: &Files,
    unlinks: Vec<PathBuf>,
    cut: Option<(PathBuf, u64)>,
    synced_directory: Option<PathBuf>,
) -> IoResult<()> {
    for path in &unlinks {
        files.remove_file(path).await?;
    }
    if let Some((path, size)) = cut {
        let file = files.open(&path, OpenMode::Write).await?;
        let mut result = files.call(Op::SetSize { file, size }).await.map(drop);
        if result.is_ok() && synced_directory.is_some() {
            result = files.sync(file).await;
        }
        files.close(file).await?;
        result?;
    }
    match synced_directory {
        Some(directory) => files.sync_directory(&directory).await,
        None => Ok(()),
    }
}
