use super::millrace;
use super::nats;
use super::options::{Options, Protocol};
use super::poll;
use super::websocket::{self, put_header, BINARY, PONG};
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};

/// What came, in the words of all protocols.
pub enum Incoming<'bytes> {
    /// One record behind the other, each with its time at a place that the publication knows.
    Records(&'bytes [u8]),
    Answer,
}

/// The subscription by which a NATS publisher gets its acknowledgements.
const ACKNOWLEDGEMENTS: u32 = 2;

pub struct Connection {
    stream: TcpStream,
    protocol: Protocol,
    /// The beginning of what has not come whole.
    partial: Vec<u8>,
    unsent: Vec<u8>,
    is_upgraded: bool,
    pub answers: u64,
    /// Bytes of batches since credit was given back.
    pub taken: u64,
    pub waits_for_room: bool,
}

impl Connection {
    /// # Errors
    /// A sentence.
    pub fn open(options: &Options) -> Result<Self, String> {
        let stream = poll::connect(options.port, options.is_stalled).map_err(words)?;
        stream.set_nodelay(true).map_err(words)?;
        stream.set_nonblocking(true).map_err(words)?;
        let is_upgraded = options.protocol == Protocol::Nats;
        let mut connection = Self {
            stream,
            protocol: options.protocol,
            partial: Vec::new(),
            unsent: Vec::new(),
            is_upgraded,
            answers: 0,
            taken: 0,
            waits_for_room: false,
        };
        if !is_upgraded {
            connection.send(&websocket::upgrade(options.port, &options.path, options.subprotocol.as_deref()), &[])?;
        }
        Ok(connection)
    }

    #[must_use]
    pub fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.is_upgraded
    }

    /// # Errors
    /// A sentence.
    pub fn send_message(&mut self, message: &[u8]) -> Result<(), String> {
        let mut head = Vec::new();
        if self.protocol != Protocol::Nats {
            put_header(BINARY, message.len(), &mut head);
        }
        self.send(&head, message)
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

    /// Reads once, into memory that all connections share, and tells what came whole.
    ///
    /// # Errors
    /// A sentence: the connection has ended, or the server says something that no measurement goes on behind.
    pub fn receive(&mut self, scratch: &mut Vec<u8>, record_size: usize, told: &mut impl FnMut(Incoming)) -> Result<(), String> {
        let kept = self.partial.len();
        if scratch.len() < kept * 2 {
            scratch.resize(kept * 2, 0);
        }
        scratch[..kept].copy_from_slice(&self.partial);
        let count = match self.stream.read(&mut scratch[kept..]) {
            Ok(0) => return Err("the server closed a connection".to_owned()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(words(error)),
        };
        self.partial.clear();
        let input = &scratch[..kept + count];
        let mut at = 0;
        while let Some(used) = self.take(&input[at..], record_size, told)? {
            at += used;
        }
        self.partial.extend(&input[at..]);
        Ok(())
    }

    fn take(&mut self, input: &[u8], record_size: usize, told: &mut impl FnMut(Incoming)) -> Result<Option<usize>, String> {
        if !self.is_upgraded {
            let size = websocket::upgraded(input)?;
            self.is_upgraded = size.is_some();
            return Ok(size);
        }
        if self.protocol == Protocol::Nats {
            return self.take_nats(input, told);
        }
        let Some((piece, used)) = websocket::split(input)? else { return Ok(None) };
        match piece {
            websocket::Piece::Message(message) if self.protocol == Protocol::Millrace => self.take_millrace(message, told)?,
            websocket::Piece::Message(record) if record.len() == record_size => told(Incoming::Records(record)),
            websocket::Piece::Message(_) => self.answer(told),
            websocket::Piece::Ping(payload) => {
                let mut head = Vec::new();
                put_header(PONG, payload.len(), &mut head);
                self.send(&head, payload)?;
            }
            websocket::Piece::Pong => {}
            websocket::Piece::Close(code) => return Err(format!("the server closed with {code}")),
        }
        Ok(Some(used))
    }

    fn take_millrace(&mut self, message: &[u8], told: &mut impl FnMut(Incoming)) -> Result<(), String> {
        match millrace::read(message)? {
            millrace::Message::Push(batches) => {
                self.taken += batches.len() as u64;
                told(Incoming::Records(batches));
            }
            millrace::Message::Answer => self.answer(told),
        }
        Ok(())
    }

    fn take_nats(&mut self, input: &[u8], told: &mut impl FnMut(Incoming)) -> Result<Option<usize>, String> {
        let Some((piece, used)) = nats::split(input)? else { return Ok(None) };
        match piece {
            nats::Piece::Message(ACKNOWLEDGEMENTS, _) | nats::Piece::Pong => self.answer(told),
            nats::Piece::Message(_, record) => told(Incoming::Records(record)),
            nats::Piece::Ping => self.send(b"PONG\r\n", &[])?,
            nats::Piece::Other => {}
        }
        Ok(Some(used))
    }

    fn answer(&mut self, told: &mut impl FnMut(Incoming)) {
        self.answers += 1;
        told(Incoming::Answer);
    }
}

pub fn words(error: std::io::Error) -> String {
    error.to_string()
}
