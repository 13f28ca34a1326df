use super::failure::BindingFailure;
use super::guarded;
use super::shared_memory::SharedMemory;
use crate::codec::batch::{BatchHeader, HEADER_SIZE};
use crate::codec::compression::{decompress, Compression};
use crate::codec::records::{RecordError, Records};
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;

#[napi(js_name = "crc32c")]
pub fn crc32c(bytes: &[u8]) -> u32 {
    guarded(|| crate::codec::crc32c::crc32c(bytes))
}

/// The engine copies into shared memory word by word where both sides lie alike, and else byte by byte, which takes five times as
/// long; batches lie wherever their frame has them. False: the target is too small, and nothing was done.
#[napi]
pub fn copy_into(target: SharedMemory, at: u32, source: SharedMemory) -> bool {
    guarded(|| {
        let at = at as usize;
        let fits = target.size().checked_sub(at).is_some_and(|room| source.size() <= room);
        if fits {
            // SAFETY: both views are of memory that lasts for the call, checked to be large enough; what is written belongs to the caller.
            unsafe { std::ptr::copy(source.pointer(), target.pointer().add(at), source.size()) };
        }
        fits
    })
}

/// The records of a whole batch, uncompressed: at most `size_max` bytes of them.
#[napi]
pub fn decompress_records(batch: &[u8], size_max: u32) -> Either<Uint8Array, BindingFailure> {
    guarded(|| match records_of(batch, size_max as usize) {
        Ok(records) => Either::A(records.into()),
        Err(message) => Either::B(BindingFailure::new("corrupt", message)),
    })
}

/// Of a whole batch: -1 if each of its records has a key, else the index of the first that has none. At most `size_max` bytes are
/// decompressed for it.
#[napi]
pub fn first_keyless_record(batch: &[u8], size_max: u32) -> Either<i32, BindingFailure> {
    guarded(|| match keyless_in(batch, size_max as usize) {
        Ok(found) => Either::A(found.map_or(-1, |index| index as i32)),
        Err(error) => Either::B(BindingFailure::new("corrupt", error.to_string())),
    })
}

fn keyless_in(batch: &[u8], size_max: usize) -> Result<Option<usize>, RecordError> {
    for (index, record) in Records::open(batch, size_max)?.iter().enumerate() {
        if record?.key.is_none() {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn records_of(batch: &[u8], size_max: usize) -> Result<Vec<u8>, String> {
    let header = BatchHeader::parse(batch).map_err(|error| error.to_string())?;
    let id = header.attributes.compression_id();
    let compression = Compression::from_id(id).ok_or_else(|| format!("unknown compression type {id}"))?;
    let stored = batch.get(HEADER_SIZE..header.size as usize).ok_or("the batch is cut")?;
    decompress(compression, stored, size_max).map_err(|error| error.to_string())
}
