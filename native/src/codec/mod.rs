//! Pure functions on byte slices: checksums, the record batch and its records, compression, the envelope of our own
//! state files. Nothing here does I/O or keeps state between calls.

pub mod batch;
pub mod build;
pub mod compression;
pub mod crc32c;
#[cfg(test)]
mod golden;
pub mod records;
pub mod sealed;
pub mod varint;
