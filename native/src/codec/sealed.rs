//! The envelope of our own small state files: it says what the bytes are and proves that they are whole.
//!
//! ```text
//!   0   4  magic: which kind of file
//!   4   2  version of the body's format
//!   6   2  zero
//!   8   4  body size
//!  12   4  CRC32C of bytes 0..12 and the body
//!  16   …  body, and nothing behind it
//! ```
//! Integers of our own formats are little-endian; only record batches are not.

use super::crc32c::Crc32c;
use std::fmt;

pub const ENVELOPE_SIZE: usize = 16;

/// Why bytes are not a file of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    TooShort {
        size: usize,
        needed: usize,
    },
    WrongMagic {
        expected: [u8; 4],
        found: [u8; 4],
    },
    /// Written by a newer release. Never guessed at.
    NewerVersion {
        newest: u16,
        found: u16,
    },
    /// Version 0 or a reserved field that is not zero: no release ever wrote it.
    InvalidEnvelope,
    TrailingBytes {
        count: usize,
    },
    Corrupt {
        stored: u32,
        computed: u32,
    },
    /// The checksum is right and the content impossible: a bug in the writer. Names the field.
    Invalid(&'static str),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { size, needed } => write!(f, "{needed} bytes needed, there are {size}"),
            Self::WrongMagic { expected, found } => {
                write!(f, "magic is {:?}, not {:?}", found.escape_ascii().to_string(), expected.escape_ascii().to_string())
            }
            Self::NewerVersion { newest, found } => write!(f, "format version {found}; this release knows up to {newest}"),
            Self::InvalidEnvelope => write!(f, "version or reserved field was never written by any release"),
            Self::TrailingBytes { count } => write!(f, "{count} bytes behind the end"),
            Self::Corrupt { stored, computed } => write!(f, "CRC is {stored:#010x}, the bytes give {computed:#010x}"),
            Self::Invalid(what) => write!(f, "impossible {what} behind a good CRC"),
        }
    }
}

impl std::error::Error for FormatError {}

#[must_use]
pub fn seal(magic: [u8; 4], version: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENVELOPE_SIZE + body.len());
    bytes.extend_from_slice(&magic);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(&u32::try_from(body.len()).expect("a small state file").to_le_bytes());
    let crc = checksum(&bytes, body);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn checksum(head: &[u8], body: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(head);
    crc.update(body);
    crc.value()
}

/// The version and the body of a sealed file.
///
/// # Errors
/// Every `FormatError` but `Invalid`.
pub fn open(bytes: &[u8], magic: [u8; 4], newest: u16) -> Result<(u16, Fields<'_>), FormatError> {
    let mut fields = Fields::new(bytes);
    let found: [u8; 4] = fields.array()?;
    if found != magic {
        return Err(FormatError::WrongMagic { expected: magic, found });
    }
    let (version, reserved) = (fields.u16()?, fields.u16()?);
    let (body_size, stored) = (fields.u32()? as usize, fields.u32()?);
    let body = fields.bytes(body_size)?;
    fields.end()?;
    let computed = checksum(&bytes[..12], body);
    if stored != computed {
        return Err(FormatError::Corrupt { stored, computed });
    }
    if version > newest {
        return Err(FormatError::NewerVersion { newest, found: version });
    }
    if version == 0 || reserved != 0 {
        return Err(FormatError::InvalidEnvelope);
    }
    Ok((version, Fields::new(body)))
}

/// Reads little-endian fields one after the other, never beyond the end.
#[derive(Clone, Debug)]
pub struct Fields<'bytes> {
    rest: &'bytes [u8],
}

impl<'bytes> Fields<'bytes> {
    #[must_use]
    pub fn new(bytes: &'bytes [u8]) -> Self {
        Self { rest: bytes }
    }

    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// # Errors
    /// `TooShort`.
    pub fn bytes(&mut self, size: usize) -> Result<&'bytes [u8], FormatError> {
        if self.rest.len() < size {
            return Err(FormatError::TooShort { size: self.rest.len(), needed: size });
        }
        let (taken, rest) = self.rest.split_at(size);
        self.rest = rest;
        Ok(taken)
    }

    /// # Errors
    /// `TooShort`.
    pub fn array<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], FormatError> {
        Ok(self.bytes(SIZE)?.try_into().expect("a slice of SIZE bytes"))
    }

    /// # Errors
    /// `TrailingBytes` unless everything was read.
    pub fn end(&self) -> Result<(), FormatError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(FormatError::TrailingBytes { count: self.rest.len() })
        }
    }
}

macro_rules! integers {
    ($($name:ident),*) => {
        impl Fields<'_> {
            $(
                /// # Errors
                /// `TooShort`.
                pub fn $name(&mut self) -> Result<$name, FormatError> {
                    Ok($name::from_le_bytes(self.array()?))
                }
            )*
        }
    };
}
integers!(u8, u16, u32, u64, i16, i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 4] = *b"TEST";

    #[test]
    fn gives_back_what_was_sealed() {
        let sealed = seal(MAGIC, 3, b"\x01\x02\x00rest");
        let (version, mut fields) = open(&sealed, MAGIC, 4).unwrap();
        assert_eq!((version, fields.u8(), fields.u16()), (3, Ok(1), Ok(2)));
        assert_eq!(fields.end(), Err(FormatError::TrailingBytes { count: 4 }));
        assert_eq!(fields.bytes(4), Ok(b"rest".as_slice()));
        assert_eq!(fields.end(), Ok(()));
        assert_eq!(fields.u8(), Err(FormatError::TooShort { size: 0, needed: 1 }));
    }

    #[test]
    fn every_flipped_bit_is_an_error() {
        let sealed = seal(MAGIC, 1, b"body");
        for bit in 0..sealed.len() * 8 {
            let mut bytes = sealed.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&bytes, MAGIC, 1).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_other_size_is_an_error() {
        let mut bytes = seal(MAGIC, 1, b"body");
        for size in 0..bytes.len() {
            assert!(matches!(open(&bytes[..size], MAGIC, 1), Err(FormatError::TooShort { .. })), "size {size}");
        }
        bytes.push(0);
        assert_eq!(open(&bytes, MAGIC, 1).unwrap_err(), FormatError::TrailingBytes { count: 1 });
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(open(&seal(MAGIC, 2, b""), MAGIC, 1).unwrap_err(), FormatError::NewerVersion { newest: 1, found: 2 });
        assert_eq!(open(&seal(MAGIC, 0, b""), MAGIC, 1).unwrap_err(), FormatError::InvalidEnvelope);
        let wrong = open(&seal(*b"ELSE", 1, b""), MAGIC, 1).unwrap_err();
        assert_eq!(wrong, FormatError::WrongMagic { expected: MAGIC, found: *b"ELSE" });
        assert_eq!(wrong.to_string(), r#"magic is "ELSE", not "TEST""#);
    }
}
