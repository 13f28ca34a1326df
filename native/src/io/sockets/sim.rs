//! Sockets with no kernel behind them: seeded, deterministic, and as unkind as TCP may be. Bytes that a peer has sent arrive in
//! pieces of any size, any number of polls later; a socket takes as much as it has room for; readiness may be told for nothing.

use super::{Readiness, Receive, Send, SendSpan, SocketId, SocketNumber, Sockets};
use crate::io::sim::Random;
use crate::io::{AlignedBuffer, FileSpan, IoError, IoResult, Piece};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::RawFd;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;

/// Bytes that lie in a connection on their way to the peer.
const ROOM: usize = 64 << 10;

#[derive(Default)]
struct Line {
    number: Option<SocketNumber>,
    /// Sent by the peer, not yet arrived.
    coming: VecDeque<u8>,
    arrived: VecDeque<u8>,
    /// Behind all that is coming.
    is_ended: bool,
    has_end_arrived: bool,
    is_reset: bool,
    /// To the peer.
    going: VecDeque<u8>,
    is_output_ended: bool,
    /// A send was cut: tell when there is room again.
    wants_room: bool,
    is_closed: bool,
    is_told_to_look: bool,
}

struct Listener {
    address: SocketAddr,
    number: SocketNumber,
    waiting: VecDeque<(SocketId, SocketAddr)>,
}

struct Network {
    random: Random,
    next: i32,
    lines: BTreeMap<i32, Line>,
    listeners: BTreeMap<i32, Listener>,
    /// Errors that the next accepts answer.
    failing_accepts: VecDeque<IoError>,
    system_calls: u64,
    room: usize,
    /// Bytes received and sent in the last call, for each socket: what a test of fairness looks at.
    received: BTreeMap<i32, usize>,
}

#[derive(Clone)]
pub struct SimSockets {
    network: Rc<RefCell<Network>>,
}

/// The other end of a connection.
pub struct SimPeer {
    network: Rc<RefCell<Network>>,
    id: i32,
}

impl SimSockets {
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let network = Network {
            random: Random::new(seed),
            next: 3,
            lines: BTreeMap::new(),
            listeners: BTreeMap::new(),
            failing_accepts: VecDeque::new(),
            system_calls: 0,
            room: ROOM,
            received: BTreeMap::new(),
        };
        Self { network: Rc::new(RefCell::new(network)) }
    }

    /// Connects to whoever listens at the address, as if from an address of its own.
    #[must_use]
    pub fn connect(&self, to: SocketAddr, from: Ipv4Addr) -> SimPeer {
        let mut network = self.network.borrow_mut();
        let id = network.take_id();
        network.lines.insert(id, Line::default());
        let listener = network.listeners.values_mut().find(|listener| listener.address == to).expect("somebody listens");
        listener.waiting.push_back((SocketId(id), SocketAddr::new(IpAddr::V4(from), 40_000)));
        SimPeer { network: Rc::clone(&self.network), id }
    }

    pub fn fail_next_accept(&self, error: IoError) {
        self.network.borrow_mut().failing_accepts.push_back(error);
    }

    /// Bytes that a connection takes before its peer has read any.
    pub fn set_room(&self, room: usize) {
        self.network.borrow_mut().room = room;
    }

    /// Sockets that were given out and not closed, listeners left out.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.network.borrow().lines.values().filter(|line| line.number.is_some() && !line.is_closed).count()
    }

    /// Bytes that each connection received since the last time, in the order of their making.
    #[must_use]
    pub fn take_received(&self) -> Vec<usize> {
        std::mem::take(&mut self.network.borrow_mut().received).into_values().collect()
    }
}

impl Network {
    fn take_id(&mut self) -> i32 {
        self.next += 1;
        self.next
    }

    /// Moves what is coming some way on; what changed for the socket, if anything did.
    fn arrive(random: &mut Random, line: &mut Line, room: usize) -> Option<Readiness> {
        let number = line.number.filter(|_| !line.is_closed)?;
        let all = line.coming.len();
        let count = if random.coin() { all } else { random.below(all as u64 + 1) as usize };
        line.arrived.extend(line.coming.drain(..count));
        let ends = line.is_ended && line.coming.is_empty() && !line.has_end_arrived && random.coin();
        line.has_end_arrived |= ends;
        let has_room = line.wants_room && line.going.len() < room;
        line.wants_room &= !has_room;
        let looks = std::mem::take(&mut line.is_told_to_look) || random.chance(0.02);
        let is_readable = count > 0 || ends || looks;
        let has_ended = line.has_end_arrived || line.is_reset;
        (is_readable || has_room).then_some(Readiness { number, is_readable, is_writable: has_room, has_ended })
    }
}

impl Sockets for SimSockets {
    fn listen(&mut self, address: SocketAddr, _shares_port: bool, number: SocketNumber) -> IoResult<(SocketId, SocketAddr)> {
        let mut network = self.network.borrow_mut();
        let id = network.take_id();
        let port = if address.port() == 0 { 20_000 + id as u16 } else { address.port() };
        let address = SocketAddr::new(address.ip(), port);
        if network.listeners.values().any(|listener| listener.address == address) {
            return Err(IoError(libc::EADDRINUSE));
        }
        network.listeners.insert(id, Listener { address, number, waiting: VecDeque::new() });
        Ok((SocketId(id), address))
    }

    fn accept(&mut self, listener: SocketId) -> IoResult<(SocketId, SocketAddr)> {
        let mut network = self.network.borrow_mut();
        network.system_calls += 1;
        if let Some(error) = network.failing_accepts.pop_front() {
            return Err(error);
        }
        let listener = network.listeners.get_mut(&listener.0).ok_or(IoError::BAD_FILE)?;
        listener.waiting.pop_front().ok_or(IoError::WOULD_BLOCK)
    }

    fn watch(&mut self, socket: SocketId, number: SocketNumber) -> IoResult<()> {
        let mut network = self.network.borrow_mut();
        let line = network.lines.get_mut(&socket.0).ok_or(IoError::BAD_FILE)?;
        line.number = Some(number);
        line.is_told_to_look = true;
        Ok(())
    }

    fn poll(&mut self, ready: &mut Vec<Readiness>) {
        let Network { random, lines, listeners, system_calls, room, .. } = &mut *self.network.borrow_mut();
        *system_calls += 1;
        ready.extend(listeners.values().filter(|listener| !listener.waiting.is_empty()).map(|listener| Readiness {
            number: listener.number,
            is_readable: true,
            is_writable: false,
            has_ended: false,
        }));
        for line in lines.values_mut() {
            if let Some(told) = Network::arrive(random, line, *room) {
                ready.push(told);
                // As io_uring may, when two changes come before one look.
                ready.extend(random.chance(0.1).then_some(told));
            }
        }
    }

    fn receive(&mut self, receives: &mut [Receive]) {
        let network = &mut *self.network.borrow_mut();
        for receive in receives {
            network.system_calls += 1;
            let line = network.lines.get_mut(&receive.socket.0).expect("an open socket");
            let count = receive.target.size().min(line.arrived.len());
            *network.received.entry(receive.socket.0).or_default() += count;
            receive.result = match count {
                0 if line.is_reset => Err(IoError(libc::ECONNRESET)),
                0 if line.has_end_arrived => Ok(0),
                0 => Err(IoError::WOULD_BLOCK),
                _ => {
                    let bytes: Vec<u8> = line.arrived.drain(..count).collect();
                    receive.target.write(0, &bytes);
                    Ok(count)
                }
            };
        }
    }

    fn send(&mut self, pieces: &[Piece], sends: &mut [Send]) {
        let network = &mut *self.network.borrow_mut();
        for send in sends {
            network.system_calls += 1;
            let line = network.lines.get_mut(&send.socket.0).expect("an open socket");
            if line.is_reset || line.is_output_ended {
                send.result = Err(IoError(libc::EPIPE));
                continue;
            }
            let asked: usize = pieces[send.pieces.clone()].iter().map(|piece| piece.size()).sum();
            let count = asked.min(network.room.saturating_sub(line.going.len()));
            line.wants_room = count < asked;
            let mut left = count;
            for piece in &pieces[send.pieces.clone()] {
                let taken = left.min(piece.size());
                line.going.extend(&piece.bytes()[..taken]);
                left -= taken;
            }
            send.result = Ok(count);
        }
    }

    /// Of real files: they are what threads share.
    fn send_spans(&mut self, sends: &mut [SendSpan]) {
        for send in sends {
            let FileSpan { position, size, .. } = send.span;
            let mut memory = AlignedBuffer::new(size);
            let target = memory.piece(0, size);
            let read = |file: Arc<File>| file.read_exact_at(&mut memory.bytes_mut()[..size], position).is_ok();
            if !send.span.file().is_some_and(read) {
                send.result = Err(IoError::WOULD_BLOCK);
                continue;
            }
            let mut one = [Send { socket: send.socket, pieces: 0..1, has_more: false, result: Ok(0) }];
            self.send(&[target], &mut one);
            let [Send { result, .. }] = one;
            send.sent = result.unwrap_or(0);
            send.result = result.map(drop);
        }
    }

    fn end_output(&mut self, socket: SocketId) {
        let mut network = self.network.borrow_mut();
        network.lines.get_mut(&socket.0).expect("an open socket").is_output_ended = true;
    }

    fn close(&mut self, socket: SocketId, _number: SocketNumber) {
        let mut network = self.network.borrow_mut();
        if network.listeners.remove(&socket.0).is_none() {
            let line = network.lines.get_mut(&socket.0).expect("an open socket");
            assert!(!line.is_closed, "closed once");
            line.is_closed = true;
            line.is_output_ended = true;
        }
    }

    fn flush(&mut self) {}

    fn wakeup_fd(&self) -> Option<RawFd> {
        None
    }

    fn wait(&mut self, _bound_ms: i32) {}

    fn name(&self) -> &'static str {
        "sim"
    }

    fn system_calls(&self) -> u64 {
        self.network.borrow().system_calls
    }
}

impl SimPeer {
    fn with<T>(&self, work: impl FnOnce(&mut Line) -> T) -> T {
        work(self.network.borrow_mut().lines.get_mut(&self.id).expect("a line of its own"))
    }

    pub fn write(&self, bytes: &[u8]) {
        self.with(|line| line.coming.extend(bytes));
    }

    /// At most so many of the bytes that came.
    #[must_use]
    pub fn read(&self, count_max: usize) -> Vec<u8> {
        self.with(|line| {
            let count = count_max.min(line.going.len());
            line.going.drain(..count).collect()
        })
    }

    pub fn end_output(&self) {
        self.with(|line| line.is_ended = true);
    }

    pub fn reset(&self) {
        self.with(|line| {
            line.is_reset = true;
            line.coming.clear();
            line.arrived.clear();
            line.is_told_to_look = true;
        });
    }

    /// Nothing more comes: everything that was sent has been read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.with(|line| (line.is_output_ended || line.is_closed) && line.going.is_empty())
    }
}
