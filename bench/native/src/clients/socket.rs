use super::poll;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};

/// A socket that never blocks: what it does not take waits here, and so does the beginning of what has not come whole.
pub struct Socket {
    stream: TcpStream,
    partial: Vec<u8>,
    unsent: Vec<u8>,
    pub waits_for_room: bool,
}

impl Socket {
    /// To a port of this machine; one that is to stall takes little.
    ///
    /// # Errors
    /// A sentence.
    pub fn open(port: u16, is_to_stall: bool) -> Result<Self, String> {
        let stream = poll::connect(port, is_to_stall).map_err(words)?;
        stream.set_nodelay(true).map_err(words)?;
        stream.set_nonblocking(true).map_err(words)?;
        Ok(Self { stream, partial: Vec::new(), unsent: Vec::new(), waits_for_room: false })
    }

    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Copies only what the socket does not take.
    ///
    /// # Errors
    /// A sentence.
    pub fn send(&mut self, head: &[u8], body: &[u8]) -> Result<(), String> {
        let mut sent = 0;
        if self.unsent.is_empty() {
            sent = match self.stream.write_vectored(&[IoSlice::new(head), IoSlice::new(body)]) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Err(words(error)),
            };
        }
        let of_head = sent.min(head.len());
        self.unsent.extend(&head[of_head..]);
        self.unsent.extend(&body[sent - of_head..]);
        Ok(())
    }

    #[must_use]
    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// # Errors
    /// A sentence.
    pub fn flush(&mut self) -> Result<(), String> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        match self.stream.write(&self.unsent) {
            Ok(count) => drop(self.unsent.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(words(error)),
        }
        Ok(())
    }

    /// Reads once, into memory that all sockets share: so many bytes lie there now, those that were kept before them.
    ///
    /// # Errors
    /// A sentence: the connection has ended.
    pub fn receive(&mut self, scratch: &mut Vec<u8>) -> Result<usize, String> {
        let kept = self.partial.len();
        if scratch.len() < kept * 2 {
            scratch.resize(kept * 2, 0);
        }
        scratch[..kept].copy_from_slice(&self.partial);
        let count = match self.stream.read(&mut scratch[kept..]) {
            Ok(0) => return Err("the server closed a connection".to_owned()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(words(error)),
        };
        Ok(kept + count)
    }

    /// What of it did not come whole.
    pub fn keep(&mut self, rest: &[u8]) {
        self.partial.clear();
        self.partial.extend(rest);
    }
}

pub fn words(error: std::io::Error) -> String {
    error.to_string()
}
