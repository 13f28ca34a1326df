use super::header::{Header, Identity};
use super::layout::{is_capacity, SlotHeader, CAPACITY_MAX, FORMAT, HEADER_SIZE, LEASES_MAX, MAGIC, SLOT_HEADER_SIZE};
use super::sync::full_fence;
use super::RingError;
use crate::io::{AlignedBuffer, Piece, BLOCK_SIZE};
use std::sync::Arc;

/// A ring's memory as one of its users sees it: the header's words and raw bytes by position. No byte of the data area is
/// ever behind a Rust reference, as another thread may write it (DURABILITY.md rule 21).
#[derive(Clone)]
pub struct RingMemory {
    header: *const Header,
    data: *mut u8,
    capacity: u64,
    /// Memory that Rust allocated; memory that JavaScript lent is kept by its lender.
    _allocation: Option<Arc<Allocation>>,
}

/// Lives on: whichever thread drops the last user. Nobody reads it through this type.
pub struct Allocation {
    _buffer: AlignedBuffer,
}

// SAFETY: the buffer is never touched through Allocation, which exists only to be dropped once.
unsafe impl Sync for Allocation {}

// SAFETY: the header is atomics, and layout.rs says which thread may touch which bytes of the data area at which time.
unsafe impl Send for RingMemory {}

impl RingMemory {
    /// Bytes from the address to the first block boundary: where, in an over-allocated buffer, the ring begins.
    #[must_use]
    pub fn aligned_offset(address: usize) -> usize {
        address.next_multiple_of(BLOCK_SIZE) - address
    }

    /// Writes the header of a new ring whose positions begin at `start`.
    ///
    /// # Safety
    /// `memory..memory+size` is writable, and no other thread knows of it yet.
    pub unsafe fn initialise(
        memory: *mut u8,
        size: usize,
        capacity: usize,
        lease_count: usize,
        start: u64,
    ) -> Result<(), RingError> {
        if !is_capacity(capacity) {
            return Err(RingError::BadCapacity);
        }
        check_place(memory, size, capacity)?;
        if lease_count > LEASES_MAX {
            return Err(RingError::BadLease);
        }
        let identity = Identity { magic: MAGIC, format: FORMAT, lease_count: lease_count as u32, capacity: capacity as u64 };
        // SAFETY: aligned and large enough as just checked; exclusive as promised by the caller.
        unsafe { memory.cast::<Header>().write(Header::new(identity, start)) };
        Ok(())
    }

    /// # Safety
    /// `memory..memory+size` stays mapped as long as the result or a piece of it is used, and is used as a ring only.
    pub unsafe fn attach(memory: *mut u8, size: usize) -> Result<Self, RingError> {
        check_place(memory, size, 0)?;
        let header: *const Header = memory.cast();
        // SAFETY: mapped and aligned; the identity is not written any more once a ring is handed around.
        let identity = unsafe { &(*header).identity };
        if identity.magic != MAGIC {
            return Err(RingError::BadMagic);
        }
        if identity.format != FORMAT {
            return Err(RingError::UnknownFormat);
        }
        if identity.capacity > CAPACITY_MAX as u64 || !is_capacity(identity.capacity as usize) {
            return Err(RingError::BadCapacity);
        }
        check_place(memory, size, identity.capacity as usize)?;
        // SAFETY: the data area follows the header, inside the range.
        let data = unsafe { memory.add(HEADER_SIZE) };
        Ok(Self { header, data, capacity: identity.capacity, _allocation: None })
    }

    /// A new ring in memory of its own, released with its last user.
    pub fn allocate(capacity: usize, lease_count: usize, start: u64) -> Result<Self, RingError> {
        if !is_capacity(capacity) {
            return Err(RingError::BadCapacity);
        }
        let buffer = AlignedBuffer::new(HEADER_SIZE + capacity);
        let (memory, size) = (buffer.piece(0, buffer.size()).pointer(), buffer.size());
        // SAFETY: the buffer is ours alone, and the result keeps it.
        let attached = unsafe {
            Self::initialise(memory, size, capacity, lease_count, start)?;
            Self::attach(memory, size)?
        };
        Ok(Self { _allocation: Some(Arc::new(Allocation { _buffer: buffer })), ..attached })
    }

    /// The supervisor, once the producer's thread has ended: what it left unpublished will never come.
    pub fn declare_producer_dead(&self) {
        self.header().declare_producer_dead();
    }

    /// The supervisor, once a reader's thread has ended: its lease holds nothing any more. The owner's next reclaim sees it.
    pub fn drop_dead_lease(&self, index: usize) {
        self.header().release_lease(index, full_fence);
    }

    #[must_use]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: mapped as long as self, and only atomics are written after initialisation.
        unsafe { &*self.header }
    }

    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    #[must_use]
    pub fn lease_count(&self) -> usize {
        self.header().identity.lease_count as usize
    }

    /// Bytes between the position and the end of the data area.
    #[must_use]
    pub fn size_to_end(&self, position: u64) -> u64 {
        self.capacity - self.offset(position)
    }

    fn offset(&self, position: u64) -> u64 {
        position & (self.capacity - 1)
    }

    /// The whole data area.
    #[must_use]
    pub fn data(&self) -> Piece {
        // SAFETY: inside the memory promised to `attach`.
        unsafe { Piece::from_raw(self.data, self.capacity as u32) }
    }

    /// The bytes that lie at a position. Panics if they would cross the end of the data area: no slot does.
    #[must_use]
    pub fn piece_at(&self, position: u64, size: usize) -> Piece {
        self.data().cut(self.offset(position) as usize, size)
    }

    #[must_use]
    pub fn read_slot_header(&self, position: u64) -> SlotHeader {
        let place = self.piece_at(position, SLOT_HEADER_SIZE).pointer();
        assert!(place.cast::<SlotHeader>().is_aligned(), "a slot at position {position}");
        // SAFETY: in bounds and aligned. The consumer has seen a tail past it, so it is not written any more; or it is the
        // producer's own.
        unsafe { place.cast::<SlotHeader>().read() }
    }

    pub fn write_slot_header(&self, position: u64, header: SlotHeader) {
        let place = self.piece_at(position, SLOT_HEADER_SIZE).pointer();
        assert!(place.cast::<SlotHeader>().is_aligned(), "a slot at position {position}");
        // SAFETY: in bounds and aligned; the producer writes between its tail and head + capacity, where nobody reads.
        unsafe { place.cast::<SlotHeader>().write(header) }
    }
}

fn check_place(memory: *mut u8, size: usize, capacity: usize) -> Result<(), RingError> {
    if !(memory as usize).is_multiple_of(BLOCK_SIZE) {
        return Err(RingError::Misaligned);
    }
    if size < HEADER_SIZE + capacity {
        return Err(RingError::TooSmall);
    }
    Ok(())
}
