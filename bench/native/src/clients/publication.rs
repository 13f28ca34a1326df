use super::millrace::put_request_id;
use super::options::Protocol;
use super::websocket::{put_header, BINARY};
use millrace_native::codec::crc32c::crc32c;

/// A request that is sent again and again; only the time in its record changes.
#[derive(Clone)]
pub struct Publication {
    bytes: Vec<u8>,
    /// Where the record has eight bytes for the time at which it was due.
    stamp_at: Option<usize>,
    /// Where a batch begins whose checksum covers them.
    batch_at: Option<usize>,
}

const CRC_AT: usize = 17;
const CHECKED_FROM: usize = 21;

impl Publication {
    /// # Errors
    /// A sentence, if a place lies outside of the request.
    pub fn new(bytes: Vec<u8>, stamp_at: Option<usize>, batch_at: Option<usize>) -> Result<Self, String> {
        let is_inside = |at: Option<usize>, size: usize| at.is_none_or(|at| at + size <= bytes.len());
        if !is_inside(stamp_at, 8) || !is_inside(batch_at, CHECKED_FROM) {
            return Err("a stamp or a batch outside of the publication".to_owned());
        }
        Ok(Self { bytes, stamp_at, batch_at })
    }

    pub fn stamp(&mut self, nanoseconds: u64) {
        let Some(at) = self.stamp_at else { return };
        self.bytes[at..at + 8].copy_from_slice(&nanoseconds.to_le_bytes());
        if let Some(batch) = self.batch_at {
            let crc = crc32c(&self.bytes[batch + CHECKED_FROM..]);
            self.bytes[batch + CRC_AT..batch + CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
        }
    }

    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes
    }

    /// What goes before the body on the wire.
    pub fn put_head(&self, protocol: Protocol, request_id: u32, output: &mut Vec<u8>) {
        match protocol {
            Protocol::Nats => {}
            Protocol::Raw => put_header(BINARY, self.bytes.len(), output),
            Protocol::Millrace => {
                let mut field = Vec::with_capacity(6);
                put_request_id(request_id, &mut field);
                put_header(BINARY, field.len() + self.bytes.len(), output);
                output.extend(field);
            }
        }
    }

    /// Of the batch, and where the stamp lies in it.
    #[must_use]
    pub fn batch_layout(&self) -> Option<(usize, usize)> {
        let batch = self.batch_at?;
        Some((self.bytes.len() - batch, self.stamp_at? - batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamped_batch_has_its_checksum() {
        let mut publication = Publication::new(vec![1; 100], Some(60), Some(10)).unwrap();
        publication.stamp(0x0102);
        let body = publication.body();
        assert_eq!(body[60..68], [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(body[27..31], crc32c(&body[31..]).to_be_bytes());
        assert_eq!(publication.batch_layout(), Some((90, 50)));
        assert!(Publication::new(vec![0; 7], Some(0), None).is_err());
    }
}
