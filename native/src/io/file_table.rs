use super::{FileId, Token};

const INDEX_BITS: u32 = 20;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// An open file of an Io, and what is under way on it.
pub(super) struct OpenFile<T> {
    target: T,
    pub is_direct: bool,
    is_directory: bool,
    in_flight: u32,
    /// Set when Close was submitted: no new operation finds the file, and it closes after the last one in flight.
    /// An operation that the kernel has not started would else find its file gone.
    closing: Option<Token>,
}

struct Slot<T> {
    generation: u32,
    file: Option<OpenFile<T>>,
}

/// Files by FileId. The upper bits of an id change with every reuse, so that a stale id is an error and not a
/// different file.
pub(super) struct FileTable<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T: Copy> FileTable<T> {
    pub fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub fn insert(&mut self, target: T, is_direct: bool, is_directory: bool) -> FileId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, file: None });
            self.slots.len() as u32 - 1
        });
        assert!(index <= INDEX_MASK, "more open files than a FileId can name");
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1) & (u32::MAX >> INDEX_BITS);
        slot.file = Some(OpenFile { target, is_direct, is_directory, in_flight: 0, closing: None });
        FileId(slot.generation << INDEX_BITS | index)
    }

    fn get(&self, id: FileId) -> Option<&OpenFile<T>> {
        let slot = self.slots.get((id.0 & INDEX_MASK) as usize)?;
        slot.file.as_ref().filter(|_| slot.generation == id.0 >> INDEX_BITS)
    }

    fn get_mut(&mut self, id: FileId) -> Option<&mut OpenFile<T>> {
        let slot = self.slots.get_mut((id.0 & INDEX_MASK) as usize)?;
        slot.file.as_mut().filter(|_| slot.generation == id.0 >> INDEX_BITS)
    }

    /// The file, unless it was closed or is about to be.
    pub fn find(&self, id: FileId) -> Option<&OpenFile<T>> {
        self.get(id).filter(|file| file.closing.is_none())
    }

    /// Where an open file is, also while its Close waits.
    pub fn target(&self, id: FileId) -> T {
        self.get(id).expect("found before").target
    }

    pub fn is_direct(&self, id: FileId) -> bool {
        self.get(id).expect("found before").is_direct
    }

    pub fn is_directory(&self, id: FileId) -> bool {
        self.get(id).expect("found before").is_directory
    }

    pub fn begin(&mut self, id: FileId) {
        self.get_mut(id).expect("found before").in_flight += 1;
    }

    /// One operation on the file less. Answers the token of a Close that may go ahead now.
    pub fn end(&mut self, id: FileId) -> Option<Token> {
        let file = self.get_mut(id).expect("a file outlives its operations");
        file.in_flight -= 1;
        file.closing.filter(|_| file.in_flight == 0)
    }

    /// Takes the id out of use. True if the file can be closed at once, else `end` tells when.
    pub fn begin_close(&mut self, id: FileId, token: Token) -> bool {
        let file = self.get_mut(id).expect("found before");
        file.closing = Some(token);
        file.in_flight == 0
    }

    pub fn remove(&mut self, id: FileId) -> T {
        let index = id.0 & INDEX_MASK;
        let file = self.slots[index as usize].file.take().expect("removed once");
        self.free.push(index);
        file.target
    }

    pub fn targets(&self) -> impl Iterator<Item = T> + '_ {
        self.slots.iter().filter_map(|slot| slot.file.as_ref().map(|file| file.target))
    }
}
