/// A range of memory that I/O reads or fills: ring memory, an aligned buffer, or a target that JavaScript lent.
///
/// A raw pointer on purpose (DURABILITY.md rule 21): whoever makes a `Piece` promises that the memory stays mapped
/// until every operation that names it has completed, and that nobody else writes the bytes meanwhile. With that
/// promise given once, at the unsafe constructor, the rest of the core handles pieces safely.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pointer: *mut u8,
    size: u32,
}

// SAFETY: a Piece is an address. The constructor's promise covers access from the thread that holds it.
unsafe impl Send for Piece {}

impl Piece {
    pub const EMPTY: Self = Self { pointer: std::ptr::NonNull::dangling().as_ptr(), size: 0 };

    /// # Safety
    /// `pointer..pointer+size` stays valid for as long as this piece (or one cut from it) is used, and no thread
    /// writes it meanwhile but through a piece of the same owner.
    #[must_use]
    pub const unsafe fn from_raw(pointer: *mut u8, size: u32) -> Self {
        Self { pointer, size }
    }

    #[must_use]
    pub fn pointer(self) -> *mut u8 {
        self.pointer
    }

    #[must_use]
    pub fn address(self) -> usize {
        self.pointer as usize
    }

    #[must_use]
    pub fn size(self) -> usize {
        self.size as usize
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.size == 0
    }

    /// A part of this piece. Panics outside of it: a wrong range is our bug.
    #[must_use]
    pub fn cut(self, from: usize, size: usize) -> Self {
        assert!(from + size <= self.size(), "cut {from}+{size} of a piece of {}", self.size);
        // SAFETY: inside the range that the constructor was promised.
        unsafe { Self::from_raw(self.pointer.add(from), size as u32) }
    }

    /// The bytes, for reading. Do not keep the slice beyond the call that asked for it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: promised by the constructor.
        unsafe { std::slice::from_raw_parts(self.pointer, self.size()) }
    }

    /// Overwrites bytes in place: the stamp of base offset and leader epoch, or a read's result.
    pub fn write(self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= self.size(), "write {at}+{} into a piece of {}", bytes.len(), self.size);
        // SAFETY: promised by the constructor; source and target cannot overlap, as bytes is a live shared slice.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.pointer.add(at), bytes.len()) }
    }
}

impl Piece {
    /// The same start with another size: a run of neighbours in one ring. The promise given for the first is given
    /// for all of them by whoever lists them as neighbours.
    #[must_use]
    pub fn extended(self, size: usize) -> Self {
        Self { pointer: self.pointer, size: size as u32 }
    }
}
