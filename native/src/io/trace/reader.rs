use super::format::{frame, parse, TraceRecord, FRAME_SIZE, HEADER_SIZE, MAGIC, VERSION};
use crate::io::IoError;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Why a trace cannot be read, or not further. Positions are bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceError {
    Io(IoError),
    NotATrace,
    Newer {
        version: u32,
    },
    /// The file ends inside a record that begins here: its writer was killed.
    Truncated {
        position: u64,
    },
    /// The record that begins here fails its checksum or does not follow the format.
    Damaged {
        position: u64,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the trace cannot be read: {error}"),
            Self::NotATrace => write!(f, "the file is no trace"),
            Self::Newer { version } => write!(f, "the trace has version {version}, newer than {VERSION}"),
            Self::Truncated { position } => write!(f, "the trace ends inside the record at position {position}"),
            Self::Damaged { position } => write!(f, "the trace is damaged at position {position}"),
        }
    }
}

impl std::error::Error for TraceError {}

/// The records of a trace, in order. Ends with the file or after the first error.
pub struct TraceReader<R> {
    input: R,
    position: u64,
    has_ended: bool,
}

impl TraceReader<BufReader<File>> {
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let file = File::open(path).map_err(|error| TraceError::Io(error.into()))?;
        Self::new(BufReader::new(file))
    }
}

impl<R: Read> TraceReader<R> {
    pub fn new(mut input: R) -> Result<Self, TraceError> {
        let mut header = Vec::new();
        read_up_to(&mut input, HEADER_SIZE, &mut header)?;
        let Some((magic, rest)) = header.split_first_chunk::<8>().filter(|_| header.len() == HEADER_SIZE) else {
            return Err(TraceError::NotATrace);
        };
        if *magic != MAGIC {
            return Err(TraceError::NotATrace);
        }
        match number(rest) {
            VERSION => Ok(Self { input, position: HEADER_SIZE as u64, has_ended: false }),
            version if version > VERSION => Err(TraceError::Newer { version }),
            _ => Err(TraceError::NotATrace),
        }
    }

    /// Of the next record; after an error, of the record that could not be read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// None at the end of the file.
    fn read(&mut self) -> Result<Option<TraceRecord>, TraceError> {
        let position = self.position;
        let mut head = Vec::new();
        read_up_to(&mut self.input, FRAME_SIZE, &mut head)?;
        if head.is_empty() {
            return Ok(None);
        }
        if head.len() < FRAME_SIZE {
            return Err(TraceError::Truncated { position });
        }
        let size = number(&head) as usize;
        let mut body = Vec::new();
        read_up_to(&mut self.input, size, &mut body)?;
        if body.len() < size {
            return Err(TraceError::Truncated { position });
        }
        if frame(&body) != head[..] {
            return Err(TraceError::Damaged { position });
        }
        self.position += (FRAME_SIZE + size) as u64;
        parse(&body).map(Some).ok_or(TraceError::Damaged { position })
    }
}

impl<R: Read> Iterator for TraceReader<R> {
    type Item = Result<TraceRecord, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let record = self.read();
        self.has_ended = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

/// Fewer only at the end of the input. Grows as it reads: a damaged size reserves nothing.
fn read_up_to(input: &mut impl Read, size: usize, bytes: &mut Vec<u8>) -> Result<(), TraceError> {
    match input.take(size as u64).read_to_end(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(TraceError::Io(error.into())),
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(*bytes.first_chunk().expect("the header is whole"))
}
