//! The implementations give the same results and leave the same files.

use super::bed::{patterned, Bed};
use crate::io::{AlignedBuffer, Blocking, FileId, Io, IoResult, Op, OpenMode, SyncMethod};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Open { name: u8, mode: u8 },
    Close { file: u8 },
    Write { file: u8, position: u16, cuts: Vec<u16>, durable: u8 },
    Read { file: u8, position: u16, size: u16 },
    Sync { file: u8 },
    Allocate { file: u8, size: u16 },
    SetSize { file: u8, size: u16 },
    MakeDir { name: u8 },
    Rename { from: u8, to: u8 },
    Unlink { name: u8 },
    RemoveDir { name: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let (file, name) = (0u8..4, 0u8..6);
    prop_oneof![
        4 => (name.clone(), 0u8..4).prop_map(|(name, mode)| Step::Open { name, mode }),
        1 => file.clone().prop_map(|file| Step::Close { file }),
        6 => (file.clone(), 0u16..9000, prop::collection::vec(0u16..3000, 0..5), 0u8..3)
            .prop_map(|(file, position, cuts, durable)| Step::Write { file, position, cuts, durable }),
        3 => (file.clone(), 0u16..12_000, 0u16..9000).prop_map(|(file, position, size)| Step::Read { file, position, size }),
        1 => file.clone().prop_map(|file| Step::Sync { file }),
        1 => (file.clone(), 0u16..9000).prop_map(|(file, size)| Step::Allocate { file, size }),
        2 => (file, 0u16..9000).prop_map(|(file, size)| Step::SetSize { file, size }),
        1 => name.clone().prop_map(|name| Step::MakeDir { name }),
        1 => (name.clone(), name.clone()).prop_map(|(from, to)| Step::Rename { from, to }),
        1 => name.clone().prop_map(|name| Step::Unlink { name }),
        1 => name.prop_map(|name| Step::RemoveDir { name }),
    ]
}

/// What can be seen of a run: every result, every byte read, and the files at the end.
#[derive(Debug, PartialEq)]
struct Seen {
    results: Vec<IoResult<u64>>,
    read: Vec<Vec<u8>>,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

struct Run<'bed> {
    bed: &'bed Bed,
    io: Box<dyn Io>,
    files: Vec<FileId>,
    seen: Seen,
}

impl<'bed> Run<'bed> {
    fn new(bed: &'bed Bed) -> Self {
        let seen = Seen { results: Vec::new(), read: Vec::new(), files: BTreeMap::new() };
        Self { bed, io: bed.io(), files: Vec::new(), seen }
    }

    /// The first names are files at the top, the last are directories.
    fn path(&self, name: u8) -> std::path::PathBuf {
        self.bed.path(if name < 4 { ["a", "b", "c", "d"][usize::from(name)] } else { ["x", "y"][usize::from(name) - 4] })
    }

    fn file(&self, file: u8) -> FileId {
        self.files.get(usize::from(file)).copied().unwrap_or(FileId(4000))
    }

    fn call(&mut self, op: Op) -> IoResult<u64> {
        Blocking::new(&mut *self.io).call(op)
    }

    fn step(&mut self, index: u64, step: &Step) {
        let result = match step {
            Step::Open { name, mode } => self.open(*name, *mode),
            Step::Close { file } => {
                let file = self.file(*file);
                self.files.retain(|other| *other != file);
                self.call(Op::Close { file })
            }
            Step::Write { file, position, cuts, durable } => self.write(index, *file, *position, cuts, *durable),
            Step::Read { file, position, size } => {
                let target = AlignedBuffer::new(usize::from(*size));
                let piece = target.piece(0, usize::from(*size));
                let result = self.call(Op::Read { file: self.file(*file), position: u64::from(*position), target: piece });
                self.seen.read.push(target.bytes().to_vec());
                result
            }
            Step::Sync { file } => self.call(Op::Sync { file: self.file(*file) }),
            Step::Allocate { file, size } => {
                self.call(Op::Allocate { file: self.file(*file), position: 100, size: u64::from(*size) })
            }
            Step::SetSize { file, size } => self.call(Op::SetSize { file: self.file(*file), size: u64::from(*size) }),
            Step::MakeDir { name } => self.call(Op::MakeDir { path: self.path(*name) }),
            Step::Rename { from, to } if is_rename_of_files(self, *from, *to) => {
                self.call(Op::Rename { from: self.path(*from), to: self.path(*to) })
            }
            Step::Rename { .. } => Ok(0),
            Step::Unlink { name } => self.call(Op::Unlink { path: self.path(*name) }),
            Step::RemoveDir { name } => self.call(Op::RemoveDir { path: self.path(*name) }),
        };
        self.seen.results.push(result);
    }

    /// Answers zero, as the number of a file is the Io's own affair.
    fn open(&mut self, name: u8, mode: u8) -> IoResult<u64> {
        let mode = [OpenMode::Read, OpenMode::Write, OpenMode::CreateNew, OpenMode::Directory][usize::from(mode)];
        let path = self.path(name);
        let file = Blocking::new(&mut *self.io).open(&path, mode)?;
        self.files.insert(0, file);
        Ok(0)
    }

    fn write(&mut self, index: u64, file: u8, position: u16, cuts: &[u16], durable: u8) -> IoResult<u64> {
        let size: usize = cuts.iter().map(|cut| usize::from(*cut)).sum();
        let buffer = patterned(size, index);
        let mut from = 0;
        let mut pieces = Vec::new();
        for cut in cuts {
            pieces.push(buffer.piece(from, usize::from(*cut)));
            from += usize::from(*cut);
        }
        let durable = [None, Some(SyncMethod::Linked), Some(SyncMethod::Dsync)][usize::from(durable)];
        self.call(Op::Write { file: self.file(file), position: u64::from(position), pieces, durable })
    }

    fn finish(mut self) -> Seen {
        for entry in self.io.list(&self.bed.root).expect("lists") {
            let path = self.bed.path(&entry.name);
            let bytes = if entry.is_dir { None } else { Blocking::new(&mut *self.io).read_file(&path).expect("reads") };
            self.seen.files.insert(entry.name, bytes);
        }
        self.seen
    }
}

/// Onto a directory a rename is not promised to fail in one way.
fn is_rename_of_files(run: &mut Run, from: u8, to: u8) -> bool {
    let paths = [run.path(from), run.path(to)];
    paths.iter().all(|path| run.io.file_size(path).is_ok())
}

fn run(bed: &Bed, steps: &[Step]) -> Seen {
    let mut run = Run::new(bed);
    for (index, step) in steps.iter().enumerate() {
        run.step(index as u64, step);
    }
    run.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_operations_have_the_same_results_everywhere(steps in prop::collection::vec(step(), 1..50), seed: u64) {
        let expected = run(&Bed::sim(seed), &steps);
        prop_assert_eq!(&run(&Bed::fallback(), &steps), &expected);
        prop_assert_eq!(&run(&Bed::uring(), &steps), &expected);
        prop_assert_eq!(&run(&Bed::old_uring(), &steps), &expected);
    }
}
