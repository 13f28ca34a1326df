//! Names: opening, directories, renaming, removing, listing, locking.

use super::bed::{call, contents, open, write, Bed};
use super::over_all;
use crate::io::{AlignedBuffer, Blocking, DirEntry, Io, IoError, IoResult, Op, OpenMode};
use std::path::Path;

over_all!(
    open_modes_create_or_refuse,
    names_that_are_missing_or_taken,
    a_rename_replaces_a_file_and_moves_a_directory,
    an_unlinked_file_lives_as_long_as_it_is_open,
    directories_are_synced_and_not_read,
    list_answers_names_and_sizes_in_order,
    one_path_is_one_lock,
    a_path_with_a_zero_byte_is_refused,
);

fn try_open(io: &mut dyn Io, path: &Path, mode: OpenMode) -> Result<(), IoError> {
    let file = Blocking::new(io).open(path, mode)?;
    Blocking::new(io).close(file)
}

fn make_dir(io: &mut dyn Io, path: &Path) -> IoResult<u64> {
    call(io, Op::MakeDir { path: path.to_owned() })
}

fn put(io: &mut dyn Io, path: &Path, bytes: &[u8]) {
    let file = open(io, path, OpenMode::CreateNew);
    write(io, file, 0, bytes);
    Blocking::new(io).close(file).expect("closes");
}

fn open_modes_create_or_refuse(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    let (file, directory) = (bed.path("f"), bed.path("d"));
    assert_eq!(try_open(io, &file, OpenMode::Read), Err(IoError::NOT_FOUND));
    assert_eq!(try_open(io, &file, OpenMode::Directory), Err(IoError::NOT_FOUND));
    assert_eq!(try_open(io, &file, OpenMode::CreateNew), Ok(()));
    assert_eq!(try_open(io, &file, OpenMode::CreateNew), Err(IoError::EXISTS));
    for mode in [OpenMode::Read, OpenMode::Write, OpenMode::Direct] {
        assert_eq!(try_open(io, &file, mode), Ok(()), "{mode:?}");
    }
    assert_eq!(try_open(io, &file, OpenMode::Directory), Err(IoError(libc::ENOTDIR)));
    assert_eq!(try_open(io, &bed.path("f/below"), OpenMode::Write), Err(IoError(libc::ENOTDIR)));
    assert_eq!(try_open(io, &bed.path("none/f"), OpenMode::Write), Err(IoError::NOT_FOUND));
    assert_eq!(make_dir(io, &directory), Ok(0));
    assert_eq!(try_open(io, &directory, OpenMode::Directory), Ok(()));
    assert_eq!(try_open(io, &directory, OpenMode::Write), Err(IoError(libc::EISDIR)));
    for mode in [OpenMode::Write, OpenMode::Direct] {
        let path = bed.path(&format!("new-{mode:?}"));
        assert_eq!(try_open(io, &path, mode), Ok(()), "{mode:?}");
        assert_eq!(io.file_size(&path), Ok(Some(0)));
    }
}

fn names_that_are_missing_or_taken(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    let (file, directory, missing) = (bed.path("f"), bed.path("d"), bed.path("none"));
    put(io, &file, b"x");
    assert_eq!(make_dir(io, &directory), Ok(0));
    put(io, &directory.join("inside"), b"y");
    assert_eq!(make_dir(io, &directory), Err(IoError::EXISTS));
    assert_eq!(make_dir(io, &missing.join("d")), Err(IoError::NOT_FOUND));
    assert_eq!(call(io, Op::Unlink { path: missing.clone() }), Err(IoError::NOT_FOUND));
    assert_eq!(call(io, Op::Unlink { path: directory.clone() }), Err(IoError(libc::EISDIR)));
    assert_eq!(call(io, Op::RemoveDir { path: missing.clone() }), Err(IoError::NOT_FOUND));
    assert_eq!(call(io, Op::RemoveDir { path: file.clone() }), Err(IoError(libc::ENOTDIR)));
    assert_eq!(call(io, Op::RemoveDir { path: directory.clone() }), Err(IoError::NOT_EMPTY));
    assert_eq!(call(io, Op::Rename { from: missing.clone(), to: file.clone() }), Err(IoError::NOT_FOUND));
    assert_eq!(contents(io, &file), Some(b"x".to_vec()));
    assert_eq!(call(io, Op::Unlink { path: directory.join("inside") }), Ok(0));
    assert_eq!(call(io, Op::RemoveDir { path: directory.clone() }), Ok(0));
    assert_eq!(call(io, Op::Unlink { path: file.clone() }), Ok(0));
    assert_eq!(io.list(&bed.root), Ok(vec![]));
}

fn a_rename_replaces_a_file_and_moves_a_directory(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    put(io, &bed.path("a"), b"new");
    put(io, &bed.path("b"), b"old");
    assert_eq!(call(io, Op::Rename { from: bed.path("a"), to: bed.path("b") }), Ok(0));
    assert_eq!(contents(io, &bed.path("b")), Some(b"new".to_vec()));
    assert_eq!(contents(io, &bed.path("a")), None);
    assert_eq!(make_dir(io, &bed.path("d")), Ok(0));
    put(io, &bed.path("d/inside"), b"z");
    assert_eq!(call(io, Op::Rename { from: bed.path("d"), to: bed.path("e") }), Ok(0));
    assert_eq!(contents(io, &bed.path("e/inside")), Some(b"z".to_vec()));
    assert_eq!(io.list(&bed.path("d")), Err(IoError::NOT_FOUND));
}

fn an_unlinked_file_lives_as_long_as_it_is_open(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    let file = open(io, &bed.path("f"), OpenMode::Write);
    write(io, file, 0, b"still here");
    assert_eq!(call(io, Op::Unlink { path: bed.path("f") }), Ok(0));
    assert_eq!(io.file_size(&bed.path("f")), Ok(None));
    let target = AlignedBuffer::new(100);
    assert_eq!(Blocking::new(io).read(file, 0, target.piece(0, 100)), Ok(10));
    assert_eq!(target.bytes()[..10], *b"still here");
    put(io, &bed.path("f"), b"another");
    assert_eq!(Blocking::new(io).read(file, 0, target.piece(0, 100)), Ok(10));
}

fn directories_are_synced_and_not_read(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    assert_eq!(Blocking::new(io).sync_directory(&bed.root), Ok(()));
    let target = AlignedBuffer::new(100);
    for mode in [OpenMode::Directory, OpenMode::Read] {
        let directory = open(io, &bed.root, mode);
        let read = Op::Read { file: directory, position: 0, target: target.piece(0, 100) };
        assert_eq!(call(io, read), Err(IoError(libc::EISDIR)));
        let write = Op::Write { file: directory, position: 0, pieces: vec![target.piece(0, 100)], durable: None };
        assert_eq!(call(io, write), Err(IoError::BAD_FILE));
    }
}

fn list_answers_names_and_sizes_in_order(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    assert_eq!(make_dir(io, &bed.path("m")), Ok(0));
    put(io, &bed.path("z"), &[1; 300]);
    put(io, &bed.path("a"), &[]);
    put(io, &bed.path("m/hidden-below"), &[]);
    let entry = |name: &str, is_dir, size| DirEntry { name: name.to_owned(), is_dir, size };
    assert_eq!(io.list(&bed.root), Ok(vec![entry("a", false, 0), entry("m", true, 0), entry("z", false, 300)]));
    assert_eq!(io.list(&bed.path("none")), Err(IoError::NOT_FOUND));
    assert_eq!(io.list(&bed.path("z")), Err(IoError(libc::ENOTDIR)));
    assert_eq!(io.file_size(&bed.path("z")), Ok(Some(300)));
    assert_eq!(io.file_size(&bed.path("none")), Ok(None));
    assert_eq!(io.file_size(&bed.path("m")), Err(IoError(libc::EISDIR)));
}

fn one_path_is_one_lock(bed: &Bed) {
    let (mut first, mut second) = (bed.io(), bed.io());
    let path = bed.path("lock");
    assert_eq!(first.lock(&path), Ok(()));
    assert_eq!(second.lock(&path), Err(IoError::WOULD_BLOCK));
    assert_eq!(second.lock(&bed.path("other")), Ok(()));
    drop(first);
    assert_eq!(second.lock(&path), Ok(()));
    assert_eq!(second.lock(&bed.path("none/lock")), Err(IoError::NOT_FOUND));
}

fn a_path_with_a_zero_byte_is_refused(bed: &Bed) {
    let mut io = bed.io();
    let io = &mut *io;
    let path = bed.path("a\0b");
    assert_eq!(try_open(io, &path, OpenMode::Write), Err(IoError::INVALID));
    assert_eq!(make_dir(io, &path), Err(IoError::INVALID));
    assert_eq!(call(io, Op::Rename { from: bed.path("a"), to: path.clone() }), Err(IoError::INVALID));
    assert_eq!(call(io, Op::Unlink { path }), Err(IoError::INVALID));
    assert_eq!(io.list(&bed.root), Ok(vec![]));
}
