//! A disk as it would be after changes that never happen: everything is read from the Io below, everything written
//! stays in memory. So recovery itself can be asked what it would do (`log dump`, `log verify`).
//!
//! Only pages that differ from what is stored take memory. Replay mostly writes again what a page cache has written
//! long ago; at worst, after a power cut, what the journals hold since their checkpoints.

use crate::io::{AlignedBuffer, Blocking, Completion, DirEntry, FileId, Io, IoError, IoResult, Op, OpenMode, Piece, Token};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;

const PAGE_SIZE: usize = 4096;

/// Lives on: the thread of the Io below, which it borrows and leaves as it was: nothing in flight, no file open.
pub(super) struct Overlay<'io> {
    below: &'io mut dyn Io,
    /// Those that were looked into.
    directories: HashMap<PathBuf, BTreeMap<String, Node>>,
    /// Directories that exist below and no longer do here.
    gone: HashSet<PathBuf>,
    handles: HashMap<u32, Handle>,
    handle_next: u32,
    completions: Vec<Completion>,
}

#[derive(Clone)]
enum Node {
    Directory,
    File(Rc<RefCell<File>>),
}

struct File {
    /// Where its unchanged bytes are, and how many of them still count.
    below: Option<PathBuf>,
    below_size: u64,
    size: u64,
    /// By number; each a whole page.
    pages: BTreeMap<u64, Vec<u8>>,
}

struct Handle {
    /// None: a directory.
    file: Option<Rc<RefCell<File>>>,
    below: Option<FileId>,
}

impl<'io> Overlay<'io> {
    pub fn new(below: &'io mut dyn Io) -> Self {
        let (directories, gone, handles) = (HashMap::new(), HashSet::new(), HashMap::new());
        Self { below, directories, gone, handles, handle_next: 0, completions: Vec::new() }
    }

    /// The Io below, for what lies on disk now.
    pub fn below(&mut self) -> &mut dyn Io {
        self.below
    }

    fn entries(&mut self, directory: &Path) -> IoResult<&mut BTreeMap<String, Node>> {
        if !self.directories.contains_key(directory) {
            if self.gone.contains(directory) {
                return Err(IoError::NOT_FOUND);
            }
            let listed = self.below.list(directory)?;
            let entries = listed.into_iter().map(|entry| (entry.name.clone(), node_below(directory, entry))).collect();
            self.directories.insert(directory.to_owned(), entries);
        }
        Ok(self.directories.get_mut(directory).expect("just listed"))
    }

    fn find(&mut self, path: &Path) -> IoResult<Option<Node>> {
        let (directory, name) = split(path)?;
        Ok(self.entries(directory)?.get(name).cloned())
    }

    fn find_or_fail(&mut self, path: &Path) -> IoResult<Node> {
        self.find(path)?.ok_or(IoError::NOT_FOUND)
    }

    fn put(&mut self, path: &Path, node: Node) -> IoResult<()> {
        let (directory, name) = split(path)?;
        self.entries(directory)?.insert(name.to_owned(), node);
        Ok(())
    }

    fn take(&mut self, path: &Path) -> IoResult<Node> {
        let (directory, name) = split(path)?;
        self.entries(directory)?.remove(name).ok_or(IoError::NOT_FOUND)
    }

    fn run(&mut self, op: Op) -> IoResult<u64> {
        match op {
            Op::Open { path, mode } => self.open(&path, mode),
            Op::Close { file } => self.close(file).map(|()| 0),
            Op::Read { file, position, target } => self.read(file, position, target),
            Op::Write { file, position, pieces, durable: _ } => self.write(file, position, &pieces),
            Op::SetSize { file, size } => self.file(file).map(|(file, _)| file.borrow_mut().set_size(size)).map(|()| 0),
            Op::Sync { .. } | Op::StartWriteback { .. } | Op::Allocate { .. } => Ok(0),
            Op::MakeDir { path } => self.make_directory(&path).map(|()| 0),
            Op::Rename { from, to } => self.rename(&from, &to).map(|()| 0),
            Op::Unlink { path } => self.unlink(&path).map(|()| 0),
            Op::RemoveDir { path } => self.remove_directory(&path).map(|()| 0),
        }
    }

    fn open(&mut self, path: &Path, mode: OpenMode) -> IoResult<u64> {
        if mode == OpenMode::Directory {
            self.entries(path)?;
            return Ok(self.handle(Handle { file: None, below: None }));
        }
        let file = match (self.find(path)?, mode) {
            (Some(Node::Directory), _) => return Err(IoError::INVALID),
            (Some(Node::File(_)), OpenMode::CreateNew) => return Err(IoError::EXISTS),
            (Some(Node::File(file)), _) => file,
            (None, OpenMode::Read) => return Err(IoError::NOT_FOUND),
            (None, _) => {
                let file = Rc::new(RefCell::new(File { below: None, below_size: 0, size: 0, pages: BTreeMap::new() }));
                self.put(path, Node::File(file.clone()))?;
                file
            }
        };
        let source = file.borrow().below.clone();
        let below = match source {
            Some(path) => Some(Blocking::new(self.below).open(&path, OpenMode::Read)?),
            None => None,
        };
        Ok(self.handle(Handle { file: Some(file), below }))
    }

    fn handle(&mut self, handle: Handle) -> u64 {
        let id = self.handle_next;
        self.handle_next += 1;
        self.handles.insert(id, handle);
        u64::from(id)
    }

    fn close(&mut self, file: FileId) -> IoResult<()> {
        let handle = self.handles.remove(&file.0).ok_or(IoError::BAD_FILE)?;
        match handle.below {
            Some(below) => Blocking::new(self.below).close(below),
            None => Ok(()),
        }
    }

    fn file(&self, file: FileId) -> IoResult<(Rc<RefCell<File>>, Option<FileId>)> {
        let handle = self.handles.get(&file.0).ok_or(IoError::BAD_FILE)?;
        Ok((handle.file.clone().ok_or(IoError::BAD_FILE)?, handle.below))
    }

    fn read(&mut self, file: FileId, position: u64, target: Piece) -> IoResult<u64> {
        let (file, below) = self.file(file)?;
        let file = file.borrow();
        let size = file.size.saturating_sub(position).min(target.size() as u64) as usize;
        let target = target.cut(0, size);
        self.read_below(&file, below, position, target)?;
        let end = position + size as u64;
        for (number, page) in file.pages.range(position / PAGE_SIZE as u64..end.div_ceil(PAGE_SIZE as u64)) {
            let start = number * PAGE_SIZE as u64;
            let (from, to) = (start.max(position), (start + PAGE_SIZE as u64).min(end));
            target.write((from - position) as usize, &page[(from - start) as usize..(to - start) as usize]);
        }
        Ok(size as u64)
    }

    /// Fills the target with the bytes below, and with zeros where there are none.
    fn read_below(&mut self, file: &File, below: Option<FileId>, position: u64, target: Piece) -> IoResult<()> {
        let size = file.below_size.saturating_sub(position).min(target.size() as u64) as usize;
        let count = match below {
            Some(below) if size > 0 => Blocking::new(self.below).read(below, position, target.cut(0, size))?,
            _ => 0,
        };
        target.write(count, &vec![0; target.size() - count]);
        Ok(())
    }

    fn write(&mut self, file: FileId, position: u64, pieces: &[Piece]) -> IoResult<u64> {
        let (file, below) = self.file(file)?;
        let mut file = file.borrow_mut();
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes().iter().copied()).collect();
        let end = position + bytes.len() as u64;
        let first = position / PAGE_SIZE as u64;
        let pages_count = (end.div_ceil(PAGE_SIZE as u64) - first) as usize;
        let stored = AlignedBuffer::new(pages_count * PAGE_SIZE);
        self.read_below(&file, below, first * PAGE_SIZE as u64, stored.piece(0, pages_count * PAGE_SIZE))?;
        for (number, stored) in (first..).zip(stored.bytes().chunks_exact(PAGE_SIZE).take(pages_count)) {
            let start = number * PAGE_SIZE as u64;
            let (from, to) = (start.max(position), (start + PAGE_SIZE as u64).min(end));
            let part = &bytes[(from - position) as usize..(to - position) as usize];
            let inside = (from - start) as usize..(to - start) as usize;
            if file.pages.contains_key(&number) || stored[inside.clone()] != *part {
                file.pages.entry(number).or_insert_with(|| stored.to_vec())[inside].copy_from_slice(part);
            }
        }
        file.size = file.size.max(end);
        Ok(bytes.len() as u64)
    }

    fn make_directory(&mut self, path: &Path) -> IoResult<()> {
        if self.find(path)?.is_some() {
            return Err(IoError::EXISTS);
        }
        self.put(path, Node::Directory)?;
        self.directories.insert(path.to_owned(), BTreeMap::new());
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> IoResult<()> {
        let node = self.find_or_fail(from)?;
        let replaced = self.find(to)?;
        if from == to {
            return Ok(());
        }
        let is_directory = matches!(node, Node::Directory);
        if replaced.is_some_and(|replaced| is_directory || matches!(replaced, Node::Directory)) {
            return Err(IoError::EXISTS);
        }
        if is_directory {
            if to.starts_with(from) {
                return Err(IoError::INVALID);
            }
            self.move_entries(from, to)?;
        }
        self.take(from)?;
        self.put(to, node)
    }

    /// What lies in a directory that moves is looked into first: its files remember where their bytes are.
    fn move_entries(&mut self, from: &Path, to: &Path) -> IoResult<()> {
        let entries = self.entries(from)?.clone();
        for (name, _) in entries.iter().filter(|(_, node)| matches!(node, Node::Directory)) {
            self.move_entries(&from.join(name), &to.join(name))?;
        }
        self.directories.remove(from);
        self.gone.insert(from.to_owned());
        self.directories.insert(to.to_owned(), entries);
        Ok(())
    }

    fn unlink(&mut self, path: &Path) -> IoResult<()> {
        match self.find_or_fail(path)? {
            Node::Directory => Err(IoError::INVALID),
            Node::File(_) => self.take(path).map(drop),
        }
    }

    fn remove_directory(&mut self, path: &Path) -> IoResult<()> {
        if !self.entries(path)?.is_empty() {
            return Err(IoError::NOT_EMPTY);
        }
        self.take(path)?;
        self.directories.remove(path);
        self.gone.insert(path.to_owned());
        Ok(())
    }
}

impl File {
    fn set_size(&mut self, size: u64) {
        self.below_size = self.below_size.min(size);
        self.size = size;
        let cut = self.pages.split_off(&(size / PAGE_SIZE as u64));
        // The page that holds the new end keeps what is below it; the rest reads as zeros if the file grows again.
        if let Some((number, mut page)) = cut.into_iter().next().filter(|(number, _)| number * (PAGE_SIZE as u64) < size) {
            page[(size % PAGE_SIZE as u64) as usize..].fill(0);
            self.pages.insert(number, page);
        }
    }
}

fn split(path: &Path) -> IoResult<(&Path, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    path.parent().zip(name).ok_or(IoError::INVALID)
}

fn node_below(directory: &Path, entry: DirEntry) -> Node {
    if entry.is_dir {
        return Node::Directory;
    }
    let below = Some(directory.join(entry.name));
    Node::File(Rc::new(RefCell::new(File { below, below_size: entry.size, size: entry.size, pages: BTreeMap::new() })))
}

impl Io for Overlay<'_> {
    fn submit(&mut self, token: Token, op: Op) {
        let result = self.run(op);
        self.completions.push(Completion { token, result });
    }

    fn flush(&mut self) {}

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        self.poll(completions);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        completions.append(&mut self.completions);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        self.poll(completions);
    }

    fn in_flight(&self) -> usize {
        self.completions.len()
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        None
    }

    fn name(&self) -> &'static str {
        self.below.name()
    }

    fn system_calls(&self) -> u64 {
        self.below.system_calls()
    }

    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>> {
        let entries = self.entries(directory)?.iter();
        let described = entries.map(|(name, node)| match node {
            Node::Directory => DirEntry { name: name.clone(), is_dir: true, size: 0 },
            Node::File(file) => DirEntry { name: name.clone(), is_dir: false, size: file.borrow().size },
        });
        Ok(described.collect())
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        match self.find(path) {
            Ok(Some(Node::File(file))) => Ok(Some(file.borrow().size)),
            Ok(Some(Node::Directory)) => Err(IoError::INVALID),
            Ok(None) | Err(IoError::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The caller has taken the lock below, where there is one.
    fn lock(&mut self, _: &Path) -> IoResult<()> {
        Ok(())
    }
}

impl Drop for Overlay<'_> {
    fn drop(&mut self) {
        let open: Vec<FileId> = self.handles.drain().filter_map(|(_, handle)| handle.below).collect();
        for file in open {
            // Nobody is left to hear of an error, and a file that was only read has nothing to lose.
            let _ = Blocking::new(self.below).close(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::sim::{Random, SimDisk, SimIo};

    fn paths(random: &mut Random) -> PathBuf {
        let directory = ["/d", "/d/a", "/d/b"][random.below(3) as usize];
        Path::new(directory).join(["f", "g", "b"][random.below(3) as usize])
    }

    fn write(io: &mut dyn Io, path: &Path, position: u64, bytes: &[u8], size: Option<u64>) -> IoResult<u64> {
        let mut blocking = Blocking::new(io);
        let file = blocking.open(path, OpenMode::Write)?;
        let mut buffer = AlignedBuffer::new(bytes.len());
        buffer.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        let written = blocking.write(file, position, &[buffer.piece(0, bytes.len())], None);
        let sized = size.map(|size| blocking.call(Op::SetSize { file, size }));
        blocking.close(file)?;
        written?;
        sized.unwrap_or(Ok(0))
    }

    /// The same operation on both; whether it went well is the same too.
    fn step(random: &mut Random, ios: [&mut dyn Io; 2]) {
        let (kind, path, other) = (random.below(8), paths(random), paths(random));
        let bytes = vec![random.number() as u8; random.between(1, 9000) as usize];
        let (position, size) = (random.below(20_000), random.coin().then(|| random.below(20_000)));
        let [first, second] = ios.map(|io| match kind {
            0 => Blocking::new(io).call(Op::Unlink { path: path.clone() }).is_ok(),
            1 => Blocking::new(io).call(Op::Rename { from: path.clone(), to: other.clone() }).is_ok(),
            2 => Blocking::new(io).call(Op::MakeDir { path: path.clone() }).is_ok(),
            3 => Blocking::new(io).call(Op::RemoveDir { path: path.clone() }).is_ok(),
            _ => write(io, &path, position, &bytes, size).is_ok(),
        });
        assert_eq!(first, second, "kind {kind} {path:?} {other:?}");
    }

    fn contents(io: &mut dyn Io, directory: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        for entry in io.list(directory).expect("a directory") {
            let path = directory.join(&entry.name);
            if entry.is_dir {
                found.push((path.clone(), None));
                found.extend(contents(io, &path));
            } else {
                assert_eq!(io.file_size(&path), Ok(Some(entry.size)));
                found.push((path.clone(), Blocking::new(io).read_file(&path).expect("readable")));
            }
        }
        found
    }

    #[test]
    fn it_shows_what_the_disk_would_show_and_the_disk_stays_as_it_was() {
        for seed in 0..150 {
            let mut random = Random::new(seed);
            let real = SimDisk::seeded(seed);
            real.put_dir(Path::new("/d/a"));
            let mut direct = SimIo::new(&real);
            for _ in 0..20 {
                let path = paths(&mut random);
                let _ = write(&mut direct, &path, random.below(9000), &[3; 5000], None);
            }
            let below = SimDisk::seeded(seed);
            below.restore(&real.snapshot());
            let before = below.files();
            let mut io = SimIo::new(&below);
            let mut overlay = Overlay::new(&mut io);
            for _ in 0..40 {
                step(&mut random, [&mut direct, &mut overlay]);
            }
            assert_eq!(contents(&mut overlay, Path::new("/d")), contents(&mut direct, Path::new("/d")), "seed {seed}");
            drop(overlay);
            assert_eq!(below.files(), before);
        }
    }

    #[test]
    fn writing_what_is_there_takes_no_memory() {
        let disk = SimDisk::seeded(1);
        disk.put_file(Path::new("/d/f"), &[7; 50_000]);
        let mut io = SimIo::new(&disk);
        let mut overlay = Overlay::new(&mut io);
        write(&mut overlay, Path::new("/d/f"), 100, &[7; 30_000], None).expect("written");
        let Ok(Some(Node::File(file))) = overlay.find(Path::new("/d/f")) else { panic!("a file") };
        assert_eq!(file.borrow().pages.len(), 0);
        write(&mut overlay, Path::new("/d/f"), 100, &[8; 4000], None).expect("written");
        assert_eq!(file.borrow().pages.len(), 2);
    }
}
