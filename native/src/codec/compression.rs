//! The four compressions of record batches. The broker's data path never calls this: batches pass as they came. Used
//! where records are looked into: `log dump --records`, compaction, tests.

use flate2::{read::MultiGzDecoder, write::GzEncoder};
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};
use std::fmt;
use std::io::{Read, Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

impl Compression {
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// As numbered in a batch's attributes; None for 5 to 7, which no version defines.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompressionError {
    /// Not what this compression writes, or cut.
    Corrupt { compression: Compression, reason: String },
    /// Decompresses to more than the caller allows. Found out after that many bytes, not after all of them.
    TooLarge { size_max: usize },
}

impl fmt::Display for CompressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { compression, reason } => write!(f, "corrupt {} data: {reason}", compression.name()),
            Self::TooLarge { size_max } => write!(f, "decompresses to more than {size_max} bytes"),
        }
    }
}

impl std::error::Error for CompressionError {}

/// What Java's snappy stream begins with: a magic, then version 1, compatible with version 1. Blocks follow, each with
/// its size in front. Readers also meet raw snappy, a single block without any of this.
const XERIAL_HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
const XERIAL_MAGIC_SIZE: usize = 8;
const XERIAL_BLOCK_SIZE: usize = 32 * 1024;

/// Compresses as Kafka's own clients do: their block sizes, their framing.
#[must_use]
pub fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    const TO_MEMORY: &str = "writing to memory cannot fail";
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).expect(TO_MEMORY);
            encoder.finish().expect(TO_MEMORY)
        }
        Compression::Snappy => compress_xerial(bytes),
        Compression::Lz4 => {
            let frame = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
            encoder.write_all(bytes).expect(TO_MEMORY);
            encoder.finish().expect(TO_MEMORY)
        }
        Compression::Zstd => zstd::stream::encode_all(bytes, zstd::DEFAULT_COMPRESSION_LEVEL).expect(TO_MEMORY),
    }
}

fn compress_xerial(bytes: &[u8]) -> Vec<u8> {
    let mut framed = XERIAL_HEADER.to_vec();
    for block in bytes.chunks(XERIAL_BLOCK_SIZE) {
        let compressed = snap::raw::Encoder::new().compress_vec(block).expect("32 KiB is below snappy's limit");
        framed.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
        framed.extend_from_slice(&compressed);
    }
    framed
}

/// Decompresses at most `size_max` bytes. Memory beyond them: a window of up to 128 MiB (zstd, and only as far as it is
/// really filled) or two blocks of up to 8 MiB (lz4).
///
/// # Errors
/// `Corrupt`, `TooLarge`.
pub fn decompress(compression: Compression, bytes: &[u8], size_max: usize) -> Result<Vec<u8>, CompressionError> {
    match compression {
        Compression::None if bytes.len() > size_max => Err(CompressionError::TooLarge { size_max }),
        Compression::None => Ok(bytes.to_vec()),
        Compression::Gzip => read_all(compression, MultiGzDecoder::new(bytes), size_max),
        Compression::Snappy => decompress_snappy(bytes, size_max),
        Compression::Lz4 => read_all(compression, FrameDecoder::new(bytes), size_max),
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|error| corrupt(compression, &error))?;
            read_all(compression, decoder, size_max)
        }
    }
}

fn corrupt(compression: Compression, reason: &dyn fmt::Display) -> CompressionError {
    CompressionError::Corrupt { compression, reason: reason.to_string() }
}

fn read_all(compression: Compression, decoder: impl Read, size_max: usize) -> Result<Vec<u8>, CompressionError> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells "exactly full" from "too large".
    decoder.take(size_max as u64 + 1).read_to_end(&mut bytes).map_err(|error| corrupt(compression, &error))?;
    if bytes.len() > size_max {
        return Err(CompressionError::TooLarge { size_max });
    }
    Ok(bytes)
}

fn decompress_snappy(bytes: &[u8], size_max: usize) -> Result<Vec<u8>, CompressionError> {
    let mut decompressed = Vec::new();
    if !bytes.starts_with(&XERIAL_HEADER[..XERIAL_MAGIC_SIZE]) {
        decompress_snappy_block(bytes, size_max, &mut decompressed)?;
        return Ok(decompressed);
    }
    let cut = || corrupt(Compression::Snappy, &"cut block");
    // Versions beyond the magic carry no meaning: Java's reader only asks for a compatible version of at least 1.
    let mut rest = bytes.get(XERIAL_HEADER.len()..).ok_or_else(cut)?;
    while !rest.is_empty() {
        let (size, behind) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (block, behind) = behind.split_at_checked(u32::from_be_bytes(*size) as usize).ok_or_else(cut)?;
        decompress_snappy_block(block, size_max, &mut decompressed)?;
        rest = behind;
    }
    Ok(decompressed)
}

fn decompress_snappy_block(block: &[u8], size_max: usize, target: &mut Vec<u8>) -> Result<(), CompressionError> {
    let failed = |error: snap::Error| corrupt(Compression::Snappy, &error);
    let size = snap::raw::decompress_len(block).map_err(failed)?;
    let from = target.len();
    // The size is the block's own claim: nothing is allocated for it before it is seen to fit.
    if size > size_max - from {
        return Err(CompressionError::TooLarge { size_max });
    }
    target.resize(from + size, 0);
    snap::raw::Decoder::new().decompress(block, &mut target[from..]).map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(size: usize) -> Vec<u8> {
        (0..size).map(|i| (i / 100 % 7 + i % 13) as u8).collect()
    }

    #[test]
    fn gives_back_what_was_compressed() {
        for compression in Compression::ALL {
            for size in [0, 1, 100, XERIAL_BLOCK_SIZE, XERIAL_BLOCK_SIZE + 1, 300_000] {
                let bytes = text(size);
                let compressed = compress(compression, &bytes);
                assert_eq!(decompress(compression, &compressed, size), Ok(bytes), "{compression:?} of {size}");
                if size > 0 {
                    let too_large = Err(CompressionError::TooLarge { size_max: size - 1 });
                    assert_eq!(decompress(compression, &compressed, size - 1), too_large, "{compression:?} of {size}");
                }
            }
        }
    }

    #[test]
    fn ids_are_those_of_the_attributes() {
        assert_eq!((0..5).map(|id| Compression::from_id(id).unwrap() as u8).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(Compression::from_id(5), None);
    }

    #[test]
    fn raw_snappy_is_read_too() {
        let bytes = text(1000);
        let raw = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        assert_eq!(decompress(Compression::Snappy, &raw, 1000), Ok(bytes));
    }

    #[test]
    fn linked_and_checked_lz4_is_read_too() {
        let bytes = text(200_000);
        let frame = FrameInfo::new().block_mode(BlockMode::Linked).content_checksum(true).block_checksums(true);
        let mut encoder = FrameEncoder::with_frame_info(frame, Vec::new());
        encoder.write_all(&bytes).unwrap();
        assert_eq!(decompress(Compression::Lz4, &encoder.finish().unwrap(), 200_000), Ok(bytes));
    }

    /// A block that claims four gigabytes in five bytes.
    #[test]
    fn a_claimed_size_is_not_believed() {
        let claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        assert_eq!(decompress(Compression::Snappy, &claim, 1 << 20), Err(CompressionError::TooLarge { size_max: 1 << 20 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn damage_gives_an_error_or_bytes_within_the_limit(at in 0usize..400, change in 1u8.., size in 0usize..2000) {
            for compression in Compression::ALL {
                let mut compressed = compress(compression, &text(size));
                let at = at % compressed.len().max(1);
                if let Some(byte) = compressed.get_mut(at) {
                    *byte ^= change;
                }
                if let Ok(bytes) = decompress(compression, &compressed, 2000) {
                    prop_assert!(bytes.len() <= 2000);
                }
            }
        }
    }
}
