//! Pure functions on byte slices: checksums, the record batch and its records, compression. Nothing here does I/O or
//! keeps state between calls.

pub mod batch;
pub mod crc32c;
