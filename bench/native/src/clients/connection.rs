use super::millrace;
use super::nats;
use super::options::{Options, Protocol};
use super::socket::Socket;
use super::websocket::{self, put_header, BINARY, PONG};

/// What came, in the words of all protocols.
pub enum Incoming<'bytes> {
    /// One record behind the other, each with its time at a place that the publication knows.
    Records(&'bytes [u8]),
    Answer,
}

/// The subscription by which a NATS publisher gets its acknowledgements.
const ACKNOWLEDGEMENTS: u32 = 2;

pub struct Connection {
    pub socket: Socket,
    protocol: Protocol,
    is_upgraded: bool,
    pub answers: u64,
    /// Bytes of batches since credit was given back.
    pub taken: u64,
}

impl Connection {
    /// # Errors
    /// A sentence.
    pub fn open(options: &Options) -> Result<Self, String> {
        let is_upgraded = options.protocol == Protocol::Nats;
        let socket = Socket::open(options.port, options.is_stalled)?;
        let mut connection = Self { socket, protocol: options.protocol, is_upgraded, answers: 0, taken: 0 };
        if !is_upgraded {
            connection.socket.send(&websocket::upgrade(options.port, &options.path, options.subprotocol.as_deref()), &[])?;
        }
        Ok(connection)
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
        self.socket.send(&head, message)
    }

    /// Reads once, into memory that all connections share, and tells what came whole.
    ///
    /// # Errors
    /// A sentence: the connection has ended, or the server says something that no measurement goes on behind.
    pub fn receive(&mut self, scratch: &mut Vec<u8>, record_size: usize, told: &mut impl FnMut(Incoming)) -> Result<(), String> {
        let count = self.socket.receive(scratch)?;
        let input = &scratch[..count];
        let mut at = 0;
        while let Some(used) = self.take(&input[at..], record_size, told)? {
            at += used;
        }
        self.socket.keep(&input[at..]);
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
                self.socket.send(&head, payload)?;
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
            nats::Piece::Ping => self.socket.send(b"PONG\r\n", &[])?,
            nats::Piece::Other => {}
        }
        Ok(Some(used))
    }

    fn answer(&mut self, told: &mut impl FnMut(Incoming)) {
        self.answers += 1;
        told(Incoming::Answer);
    }
}
