use super::file_image::{Effect, FileImage};
use super::namespace::{InodeId, Name, Namespace, ROOT};
use super::random::Random;
use crate::io::{DirEntry, IoError, IoResult, BLOCK_SIZE};
use std::collections::BTreeMap;
use std::path::{Component, Path};

#[derive(Clone)]
enum Node {
    File(FileImage),
    Directory,
}

#[derive(Clone)]
struct Inode {
    node: Node,
    /// Handles and in-flight operations. An unlinked file lives on while there are any.
    users: u32,
}

/// The whole disk: files, directories, capacity. A clone is a snapshot; it shares all unchanged sectors.
#[derive(Clone)]
pub(super) struct FileSystem {
    inodes: BTreeMap<InodeId, Inode>,
    namespace: Namespace,
    next_inode: InodeId,
    effect: Effect,
    /// In bytes; None is endless.
    pub capacity: Option<u64>,
}

/// How a write goes: whole, or with a fault in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteFate {
    Whole,
    /// Any subset of its sectors.
    Torn,
    /// Visible to reads, forgotten by the device.
    Lost,
}

impl FileSystem {
    pub fn new(capacity: Option<u64>) -> Self {
        let root = Inode { node: Node::Directory, users: 0 };
        Self { inodes: [(ROOT, root)].into(), namespace: Namespace::default(), next_inode: ROOT + 1, effect: 0, capacity }
    }

    /// The latest change that took effect.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    pub fn next_effect(&mut self) -> Effect {
        self.effect += 1;
        self.effect
    }

    // Names.

    pub fn find(&self, path: &Path) -> IoResult<InodeId> {
        self.walk(path, |namespace, directory, name| namespace.find(directory, name))
    }

    fn walk(&self, path: &Path, find: impl Fn(&Namespace, InodeId, &str) -> Option<InodeId>) -> IoResult<InodeId> {
        let mut at = ROOT;
        for name in names_of(path)? {
            if !self.is_directory(at) {
                return Err(IoError(libc::ENOTDIR));
            }
            at = find(&self.namespace, at, &name).ok_or(IoError::NOT_FOUND)?;
        }
        Ok(at)
    }

    fn parent(&self, path: &Path) -> IoResult<Name> {
        let mut names = names_of(path)?;
        let last = names.pop().ok_or(IoError::INVALID)?;
        let mut at = ROOT;
        for name in names {
            at = self.namespace.find(at, &name).ok_or(IoError::NOT_FOUND)?;
            if !self.is_directory(at) {
                return Err(IoError(libc::ENOTDIR));
            }
        }
        Ok((at, last))
    }

    pub fn is_directory(&self, inode: InodeId) -> bool {
        matches!(self.inodes.get(&inode), Some(Inode { node: Node::Directory, .. }))
    }

    pub fn list(&self, path: &Path) -> IoResult<Vec<DirEntry>> {
        let directory = self.find(path)?;
        if !self.is_directory(directory) {
            return Err(IoError(libc::ENOTDIR));
        }
        let entries = self.namespace.entries(directory).map(|(name, inode)| {
            let is_dir = self.is_directory(inode);
            DirEntry { name: name.to_owned(), is_dir, size: if is_dir { 0 } else { self.file(inode).size() } }
        });
        Ok(entries.collect())
    }

    pub fn create(&mut self, path: &Path) -> IoResult<InodeId> {
        self.add(path, Node::File(FileImage::default()))
    }

    pub fn make_dir(&mut self, path: &Path) -> IoResult<()> {
        self.add(path, Node::Directory).map(drop)
    }

    fn add(&mut self, path: &Path, node: Node) -> IoResult<InodeId> {
        let name = self.parent(path)?;
        if self.namespace.find(name.0, &name.1).is_some() {
            return Err(IoError::EXISTS);
        }
        if matches!(node, Node::File(_)) && self.free_blocks() == 0 {
            return Err(IoError::NO_SPACE);
        }
        let inode = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(inode, Inode { node, users: 0 });
        let effect = self.next_effect();
        self.namespace.edit(effect, vec![(name, Some(inode))]);
        Ok(inode)
    }

    pub fn unlink(&mut self, path: &Path) -> IoResult<()> {
        let inode = self.find(path)?;
        if self.is_directory(inode) {
            return Err(IoError(libc::EISDIR));
        }
        self.remove_name(path)
    }

    pub fn remove_dir(&mut self, path: &Path) -> IoResult<()> {
        let inode = self.find(path)?;
        if !self.is_directory(inode) {
            return Err(IoError(libc::ENOTDIR));
        }
        if self.namespace.entries(inode).next().is_some() {
            return Err(IoError::NOT_EMPTY);
        }
        self.remove_name(path)
    }

    fn remove_name(&mut self, path: &Path) -> IoResult<()> {
        let name = self.parent(path)?;
        let effect = self.next_effect();
        self.namespace.edit(effect, vec![(name, None)]);
        Ok(())
    }

    /// Replaces a file; a directory is never replaced.
    pub fn rename(&mut self, from: &Path, to: &Path) -> IoResult<()> {
        let (from, to) = (self.parent(from)?, self.parent(to)?);
        let inode = self.namespace.find(from.0, &from.1).ok_or(IoError::NOT_FOUND)?;
        if from == to {
            return Ok(());
        }
        if let Some(target) = self.namespace.find(to.0, &to.1) {
            match (self.is_directory(inode), self.is_directory(target)) {
                (false, false) => {}
                (false, true) => return Err(IoError(libc::EISDIR)),
                (true, _) => return Err(IoError::EXISTS),
            }
        }
        let effect = self.next_effect();
        self.namespace.edit(effect, vec![(from, None), (to, Some(inode))]);
        Ok(())
    }

    // Files.

    pub fn file(&self, inode: InodeId) -> &FileImage {
        match &self.inodes[&inode].node {
            Node::File(image) => image,
            Node::Directory => panic!("inode {inode} is a directory"),
        }
    }

    pub fn file_mut(&mut self, inode: InodeId) -> &mut FileImage {
        match &mut self.inodes.get_mut(&inode).expect("an inode in use exists").node {
            Node::File(image) => image,
            Node::Directory => panic!("inode {inode} is a directory"),
        }
    }

    pub fn write(
        &mut self,
        inode: InodeId,
        position: u64,
        bytes: &[u8],
        fate: WriteFate,
        random: &mut Random,
    ) -> IoResult<Effect> {
        self.reserve(inode, position, bytes.len() as u64)?;
        let effect = self.next_effect();
        let keep = || fate != WriteFate::Torn || random.coin();
        self.file_mut(inode).write(effect, position, bytes, keep, fate == WriteFate::Lost);
        Ok(effect)
    }

    pub fn allocate(&mut self, inode: InodeId, position: u64, size: u64) -> IoResult<()> {
        self.reserve(inode, position, size)?;
        self.next_effect();
        self.file_mut(inode).allocate(position, size);
        Ok(())
    }

    pub fn set_size(&mut self, inode: InodeId, size: u64) {
        let effect = self.next_effect();
        self.file_mut(inode).set_size(effect, size);
    }

    /// fdatasync of a file, fsync of a directory.
    pub fn sync(&mut self, inode: InodeId, until: Effect) {
        if self.is_directory(inode) {
            self.namespace.sync(inode, until);
            self.collect();
        } else {
            self.file_mut(inode).sync(until);
        }
    }

    pub fn sync_all(&mut self) {
        let effect = self.effect;
        self.namespace.sync_all();
        for inode in self.inodes.values_mut() {
            if let Node::File(image) = &mut inode.node {
                image.sync(effect);
            }
        }
    }

    /// What a power cut leaves: one legal image, chosen by the random numbers.
    pub fn cut_power(&mut self, random: &mut Random, sector_size: usize) {
        self.namespace.cut_power(random);
        for inode in self.inodes.values_mut() {
            inode.users = 0;
            if let Node::File(image) = &mut inode.node {
                image.cut_power(random, sector_size);
            }
        }
        self.collect();
    }

    pub fn has_unsynced(&self, inode: InodeId) -> bool {
        !self.is_directory(inode) && self.file(inode).has_unsynced()
    }

    pub fn durable_bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let inode = self.walk(path, |namespace, directory, name| namespace.find_durable(directory, name)).ok()?;
        (!self.is_directory(inode)).then(|| self.file(inode).durable().bytes())
    }

    // Space and lifetime.

    pub fn add_user(&mut self, inode: InodeId) {
        self.inodes.get_mut(&inode).expect("a used inode exists").users += 1;
    }

    pub fn drop_user(&mut self, inode: InodeId) {
        // After a power cut the inode may be gone, and with it all its users.
        if let Some(inode) = self.inodes.get_mut(&inode) {
            inode.users = inode.users.saturating_sub(1);
        }
    }

    /// A killed process leaves no open file behind.
    pub fn drop_all_users(&mut self) {
        self.inodes.values_mut().for_each(|inode| inode.users = 0);
        self.collect();
    }

    fn reserve(&mut self, inode: InodeId, position: u64, size: u64) -> IoResult<()> {
        if self.capacity.is_none() || self.file(inode).blocks_missing(position, size) <= self.free_blocks() {
            return Ok(());
        }
        Err(IoError::NO_SPACE)
    }

    fn free_blocks(&self) -> u64 {
        let Some(capacity) = self.capacity else {
            return u64::MAX;
        };
        let named = self.namespace.named();
        let used = self.inodes.iter().map(|(id, inode)| match &inode.node {
            Node::File(image) if inode.users > 0 || named.contains(id) => image.reserved_blocks(),
            _ => 0,
        });
        (capacity / BLOCK_SIZE as u64).saturating_sub(used.sum())
    }

    /// Forgets inodes that nothing leads to any more.
    fn collect(&mut self) {
        let reachable = self.namespace.reachable();
        self.inodes.retain(|id, inode| inode.users > 0 || reachable.contains(id));
    }
}

/// The names along a path from the root of the disk; relative paths begin there too.
fn names_of(path: &Path) -> IoResult<Vec<String>> {
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(IoError::INVALID);
    }
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_str().ok_or(IoError::INVALID)?.to_owned()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(IoError::INVALID),
        }
    }
    Ok(names)
}
