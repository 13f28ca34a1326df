use super::CAPACITY;
use crate::io::AlignedBuffer;
use crate::ring::layout::{allocation_size, HEADER_SIZE, LEASES_MAX};
use crate::ring::{OwnedRing, RingError, RingMemory};

fn initialise(memory: &mut [u8], capacity: usize, leases: usize) -> Result<(), RingError> {
    // SAFETY: exclusive by the borrow.
    unsafe { RingMemory::initialise(memory.as_mut_ptr(), memory.len(), capacity, leases, 0) }
}

fn attach(memory: &mut [u8]) -> Result<u64, RingError> {
    // SAFETY: the result does not leave this function.
    unsafe { RingMemory::attach(memory.as_mut_ptr(), memory.len()).map(|ring| ring.capacity()) }
}

#[test]
fn an_over_allocated_buffer_holds_a_ring_wherever_it_begins() {
    let size = allocation_size(CAPACITY);
    let mut buffer = AlignedBuffer::new(size + 4096);
    for start in [0, 1, 8, 4095] {
        let memory = &mut buffer.bytes_mut()[start..start + size];
        let offset = RingMemory::aligned_offset(memory.as_ptr() as usize);
        initialise(&mut memory[offset..], CAPACITY, 4).unwrap();
        assert_eq!(attach(&mut memory[offset..]), Ok(CAPACITY as u64));
    }
}

#[test]
fn memory_that_is_no_ring_is_refused() {
    let mut buffer = AlignedBuffer::new(HEADER_SIZE + CAPACITY);
    assert_eq!(attach(buffer.bytes_mut()), Err(RingError::BadMagic));
    initialise(buffer.bytes_mut(), CAPACITY, 0).unwrap();
    assert_eq!(attach(&mut buffer.bytes_mut()[8..]), Err(RingError::Misaligned));
    assert_eq!(attach(&mut buffer.bytes_mut()[..HEADER_SIZE + CAPACITY - 1]), Err(RingError::TooSmall));
    assert_eq!(attach(&mut buffer.bytes_mut()[..100]), Err(RingError::TooSmall));
    buffer.bytes_mut()[8] += 1;
    assert_eq!(attach(buffer.bytes_mut()), Err(RingError::UnknownFormat));
    buffer.bytes_mut()[8] -= 1;
    buffer.bytes_mut()[16] = 1;
    assert_eq!(attach(buffer.bytes_mut()), Err(RingError::BadCapacity));
}

#[test]
fn impossible_rings_are_not_made() {
    let mut buffer = AlignedBuffer::new(HEADER_SIZE + CAPACITY);
    assert_eq!(initialise(buffer.bytes_mut(), CAPACITY + 4096, 0), Err(RingError::BadCapacity));
    assert_eq!(initialise(buffer.bytes_mut(), 0, 0), Err(RingError::BadCapacity));
    assert_eq!(initialise(buffer.bytes_mut(), CAPACITY * 2, 0), Err(RingError::TooSmall));
    assert_eq!(initialise(buffer.bytes_mut(), CAPACITY, LEASES_MAX + 1), Err(RingError::BadLease));
    assert_eq!(initialise(&mut buffer.bytes_mut()[1..], CAPACITY, 0), Err(RingError::Misaligned));
    assert_eq!(OwnedRing::new(CAPACITY - 1, 0).err(), Some(RingError::BadCapacity));
    assert_eq!(OwnedRing::new(CAPACITY, LEASES_MAX + 1).err(), Some(RingError::BadLease));
}
