//! Rings in memory that JavaScript allocates. A ring's own ends for JavaScript are in ts/ring; the native ones here let
//! tests and single-ended tools drive a ring from the other language.

use super::guarded;
use super::shared_memory::SharedMemory;
use super::wakeup::BindingDoorbell;
use crate::ring::{layout, ClaimError, RingError, RingMemory, RingReader, RingWriter};
use napi::bindgen_prelude::{BigInt, Either, Uint8Array};
use napi_derive::napi;

/// Every number of the layout by name, as JSON: what ts/ring/layout.ts is compared with.
#[napi]
pub fn describe_ring_layout() -> String {
    guarded(layout::describe_as_json)
}

/// Makes a ring inside the memory, which is larger than it by the slack of layout.rs. Returns the byte offset at which the
/// ring begins, or why there is none. Once, before any other thread knows of the memory.
#[napi]
pub fn initialise_ring(memory: SharedMemory, capacity: u32, lease_count: u32, start: BigInt) -> Either<u32, String> {
    guarded(|| {
        let offset = RingMemory::aligned_offset(memory.pointer() as usize);
        if offset > memory.size() {
            return Either::B(RingError::TooSmall.to_string());
        }
        let (capacity, lease_count) = (capacity as usize, lease_count as usize);
        // SAFETY: inside the view; the caller has not shared it yet.
        let made = unsafe {
            let place = memory.pointer().add(offset);
            RingMemory::initialise(place, memory.size() - offset, capacity, lease_count, start.get_u64().1)
        };
        match made {
            Ok(()) => Either::A(offset as u32),
            Err(error) => Either::B(error.to_string()),
        }
    })
}

/// For the supervisor: a worker that produced into the ring has ended.
#[napi]
pub fn declare_ring_producer_dead(memory: SharedMemory) -> Option<String> {
    with_ring(memory, |ring| ring.declare_producer_dead())
}

/// For the supervisor: a worker that held a lease on the ring has ended.
#[napi]
pub fn drop_dead_ring_lease(memory: SharedMemory, index: u32) -> Option<String> {
    with_ring(memory, |ring| ring.drop_dead_lease(index as usize))
}

fn with_ring(memory: SharedMemory, work: impl FnOnce(RingMemory)) -> Option<String> {
    // SAFETY: used within the call only.
    guarded(|| unsafe { RingMemory::attach(memory.pointer(), memory.size()) }.map(work).err().map(|error| error.to_string()))
}

#[napi(object)]
pub struct BindingSlot {
    pub position: BigInt,
    pub end: BigInt,
    pub target: u32,
    pub flags: u32,
    pub ticket: BigInt,
    /// A copy.
    pub payload: Uint8Array,
}

/// The consumer of a ring whose memory the caller keeps.
#[napi]
pub struct BindingRingReader {
    reader: RingReader,
}

/// `memory` begins where the ring begins.
#[napi]
pub fn attach_ring_reader(memory: SharedMemory, producer: Option<&BindingDoorbell>) -> Either<BindingRingReader, String> {
    // SAFETY: the memory is the caller's to keep, and so is the promise of one consumer.
    guarded(|| match unsafe { RingReader::attach(memory.pointer(), memory.size()) } {
        Ok(reader) => Either::A(BindingRingReader {
            reader: match producer {
                Some(doorbell) => reader.with_doorbell(doorbell.share()),
                None => reader,
            },
        }),
        Err(error) => Either::B(error.to_string()),
    })
}

#[napi]
impl BindingRingReader {
    #[napi]
    #[allow(clippy::should_implement_trait)] // As for the reader itself.
    pub fn next(&mut self) -> Option<BindingSlot> {
        guarded(|| {
            self.reader.next().map(|slot| BindingSlot {
                position: slot.position.into(),
                end: slot.end.into(),
                target: slot.target,
                flags: slot.flags,
                ticket: slot.ticket.into(),
                payload: slot.payload.bytes().to_vec().into(),
            })
        })
    }

    #[napi]
    pub fn advance_floor(&mut self, floor: BigInt) {
        guarded(|| self.reader.advance_floor(floor.get_u64().1));
    }

    #[napi]
    pub fn read_position(&self) -> BigInt {
        self.reader.read_position().into()
    }

    #[napi]
    pub fn head(&self) -> BigInt {
        self.reader.head().into()
    }

    #[napi]
    pub fn before_sleep(&mut self) -> bool {
        guarded(|| self.reader.before_sleep())
    }

    #[napi]
    pub fn awake(&mut self) {
        guarded(|| self.reader.awake());
    }

    #[napi]
    pub fn is_drained(&mut self) -> bool {
        guarded(|| self.reader.is_drained())
    }

    #[napi]
    pub fn close(&mut self) {
        guarded(|| self.reader.close());
    }
}

/// The producer of a ring whose memory the caller keeps.
#[napi]
pub struct BindingRingWriter {
    writer: RingWriter,
}

/// `memory` begins where the ring begins.
#[napi]
pub fn attach_ring_writer(memory: SharedMemory, consumer: Option<&BindingDoorbell>) -> Either<BindingRingWriter, String> {
    // SAFETY: the memory is the caller's to keep, and so is the promise of one producer.
    guarded(|| match unsafe { RingWriter::attach(memory.pointer(), memory.size()) } {
        Ok(writer) => Either::A(BindingRingWriter {
            writer: match consumer {
                Some(doorbell) => writer.with_doorbell(doorbell.share()),
                None => writer,
            },
        }),
        Err(error) => Either::B(error.to_string()),
    })
}

#[napi]
impl BindingRingWriter {
    /// Claim, copy, publish. Nothing, or why the claim was refused.
    #[napi(ts_return_type = "BindingClaimRefusal | null")]
    pub fn put(&mut self, target: u32, flags: u32, ticket: BigInt, payload: &[u8]) -> Option<&'static str> {
        guarded(|| match self.writer.claim(payload.len()) {
            Ok(claim) => {
                claim.payload().write(0, payload);
                self.writer.publish(claim, target, flags, ticket.get_u64().1);
                None
            }
            Err(ClaimError::WouldBlock) => Some("would-block"),
            Err(ClaimError::TooLarge) => Some("too-large"),
            Err(ClaimError::Closed) => Some("closed"),
        })
    }

    /// Claim and abort: a hole, if it fits.
    #[napi]
    pub fn leave_hole(&mut self, size: u32) -> bool {
        guarded(|| self.writer.claim(size as usize).map(|claim| self.writer.abort(claim)).is_ok())
    }

    #[napi]
    pub fn end(&mut self) {
        guarded(|| self.writer.end());
    }
}
