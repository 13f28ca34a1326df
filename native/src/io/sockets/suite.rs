//! One set of tests over all implementations: what `Sockets` promises. Real ones talk over loopback.

use super::sim::{SimPeer, SimSockets};
use super::{is_address_in_use, is_reset, EpollSockets, Readiness, Receive, Send, SendSpan, SocketId, Sockets, UringSockets};
use crate::io::{AlignedBuffer, FileSpan, IoError, IoResult, SharedFile};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

/// Makes a test per implementation of each function here.
macro_rules! over_all {
    ($($test:ident),* $(,)?) => {
        mod epoll { $(#[test] fn $test() { super::$test(&mut super::Bed::epoll()); })* }
        mod uring { $(#[test] fn $test() { super::$test(&mut super::Bed::uring()); })* }
        mod sim { $(#[test] fn $test() { (0..20).for_each(|seed| super::$test(&mut super::Bed::sim(seed))); })* }
    };
}

over_all!(
    bytes_arrive_and_are_told_once,
    a_short_receive_is_followed_by_new_readiness,
    the_end_is_told_behind_the_last_byte,
    a_full_socket_is_told_of_as_writable_when_there_is_room_again,
    gathered_sends_keep_their_order,
    a_file_goes_as_far_as_the_socket_has_room_and_then_on,
    a_reset_is_an_error_of_its_own,
    a_peer_hears_of_a_close,
    a_port_in_use_is_refused,
    many_sockets_move_bytes_in_one_call,
    a_number_is_not_told_after_its_close,
);

/// Waits that end a test that hangs.
const PATIENCE: usize = 4000;

pub struct Bed {
    pub sockets: Box<dyn Sockets>,
    sim: Option<SimSockets>,
    listener: SocketId,
    pub address: SocketAddr,
    next: u64,
    /// What was told and not looked at yet, by number.
    ready: HashMap<u64, Readiness>,
}

enum Peer {
    Real(TcpStream),
    Sim(SimPeer),
}

impl Bed {
    pub fn epoll() -> Self {
        Self::over(Box::new(EpollSockets::new().expect("an epoll")), None)
    }

    /// Where io_uring is forbidden this fails, and with it every test of it: a pass means that it ran.
    pub fn uring() -> Self {
        Self::over(Box::new(UringSockets::new().expect("this machine allows io_uring")), None)
    }

    pub fn sim(seed: u64) -> Self {
        let sim = SimSockets::seeded(seed);
        Self::over(Box::new(sim.clone()), Some(sim))
    }

    fn over(mut sockets: Box<dyn Sockets>, sim: Option<SimSockets>) -> Self {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (listener, address) = sockets.listen(local, false, 1).expect("a free port");
        assert_ne!(address.port(), 0);
        Self { sockets, sim, listener, address, next: 10, ready: HashMap::new() }
    }

    fn connect(&mut self) -> (SocketId, u64, Peer) {
        let peer = match &self.sim {
            Some(sim) => Peer::Sim(sim.connect(self.address, Ipv4Addr::LOCALHOST)),
            None => {
                let stream = TcpStream::connect(self.address).expect("somebody listens");
                stream.set_nonblocking(true).expect("a socket");
                Peer::Real(stream)
            }
        };
        let socket = self.accept();
        self.next += 1;
        self.sockets.watch(socket, self.next).expect("watched");
        (socket, self.next, peer)
    }

    fn accept(&mut self) -> SocketId {
        for _ in 0..PATIENCE {
            match self.sockets.accept(self.listener) {
                Ok((socket, peer)) => {
                    assert_eq!(peer.ip(), self.address.ip());
                    return socket;
                }
                Err(error) => assert_eq!(error, IoError::WOULD_BLOCK),
            }
            self.look();
        }
        panic!("nobody came");
    }

    fn look(&mut self) -> Vec<Readiness> {
        self.sockets.flush();
        let mut ready = Vec::new();
        self.sockets.poll(&mut ready);
        if ready.is_empty() {
            self.sockets.wait(1);
            self.sockets.poll(&mut ready);
        }
        for one in &ready {
            let known = self.ready.entry(one.number).or_insert(*one);
            known.is_readable |= one.is_readable;
            known.is_writable |= one.is_writable;
            known.has_ended |= one.has_ended;
        }
        ready
    }

    /// Until readiness is told that fits; told before counts, once.
    fn wait_for(&mut self, number: u64, fits: impl Fn(&Readiness) -> bool) -> Readiness {
        for _ in 0..PATIENCE {
            if let Some(found) = self.ready.remove(&number).filter(&fits) {
                return found;
            }
            self.look();
        }
        panic!("{number} is never ready");
    }

    fn receive(&mut self, socket: SocketId, size: usize) -> IoResult<Vec<u8>> {
        let memory = AlignedBuffer::new(size);
        let mut receives = [Receive { socket, target: memory.piece(0, size), result: Ok(0) }];
        self.sockets.receive(&mut receives);
        let [Receive { result, .. }] = receives;
        result.map(|count| memory.bytes()[..count].to_vec())
    }

    /// As a reader of the promise would: a receive for each telling, more while they come back full.
    fn receive_all(&mut self, socket: SocketId, number: u64, count: usize, step: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            self.wait_for(number, |ready| ready.is_readable);
            loop {
                match self.receive(socket, step) {
                    Ok(some) if some.len() == step => bytes.extend(some),
                    Ok(some) => {
                        bytes.extend(some);
                        break;
                    }
                    Err(error) => {
                        assert_eq!(error, IoError::WOULD_BLOCK);
                        break;
                    }
                }
            }
        }
        bytes
    }

    fn send(&mut self, socket: SocketId, parts: &[&[u8]]) -> IoResult<usize> {
        self.send_with(socket, parts, false)
    }

    fn send_before_more(&mut self, socket: SocketId, part: &[u8]) -> IoResult<usize> {
        self.send_with(socket, &[part], true)
    }

    fn send_with(&mut self, socket: SocketId, parts: &[&[u8]], has_more: bool) -> IoResult<usize> {
        let memory: Vec<AlignedBuffer> = parts.iter().map(|part| filled(part)).collect();
        let pieces: Vec<_> = memory.iter().zip(parts).map(|(memory, part)| memory.piece(0, part.len())).collect();
        let mut sends = [Send { socket, pieces: 0..pieces.len(), has_more, result: Ok(0) }];
        self.sockets.send(&pieces, &mut sends);
        let [Send { result, .. }] = sends;
        result
    }
}

fn filled(bytes: &[u8]) -> AlignedBuffer {
    let mut memory = AlignedBuffer::new(bytes.len());
    memory.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
    memory
}

impl Peer {
    fn write(&mut self, bytes: &[u8]) {
        match self {
            Self::Real(stream) => stream.write_all(bytes).expect("room for it"),
            Self::Sim(peer) => peer.write(bytes),
        }
    }

    fn read(&mut self) -> Vec<u8> {
        match self {
            Self::Real(stream) => {
                let mut bytes = vec![0; 1 << 16];
                match stream.read(&mut bytes) {
                    Ok(count) => bytes[..count].to_vec(),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Vec::new(),
                    Err(error) => panic!("{error}"),
                }
            }
            Self::Sim(peer) => peer.read(1 << 16),
        }
    }

    fn end_output(&mut self) {
        match self {
            Self::Real(stream) => stream.shutdown(Shutdown::Write).expect("a socket"),
            Self::Sim(peer) => peer.end_output(),
        }
    }

    fn reset(self) {
        match self {
            Self::Real(stream) => {
                let linger = libc::linger { l_onoff: 1, l_linger: 0 };
                let size = size_of::<libc::linger>() as u32;
                let pointer = (&raw const linger).cast();
                // SAFETY: a readable linger.
                let set = unsafe { libc::setsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, pointer, size) };
                assert_eq!(set, 0);
            }
            Self::Sim(peer) => peer.reset(),
        }
    }

    fn sees_end(&mut self) -> bool {
        match self {
            Self::Real(stream) => matches!(stream.read(&mut [0; 16]), Ok(0)),
            Self::Sim(peer) => peer.has_ended(),
        }
    }
}

fn bytes_arrive_and_are_told_once(bed: &mut Bed) {
    let (socket, number, mut peer) = bed.connect();
    peer.write(b"hello");
    assert_eq!(bed.receive_all(socket, number, 5, 64), b"hello");
    assert_eq!(bed.receive(socket, 64), Err(IoError::WOULD_BLOCK));
    if bed.sim.is_none() {
        // The simulator tells of nothing now and then, on purpose.
        bed.look();
        bed.ready.clear();
        assert!(bed.look().iter().all(|ready| ready.number != number), "told of what was received");
    }
}

fn a_short_receive_is_followed_by_new_readiness(bed: &mut Bed) {
    let (socket, number, mut peer) = bed.connect();
    for round in 0..50u8 {
        peer.write(&[round; 300]);
        assert_eq!(bed.receive_all(socket, number, 300, 128), [round; 300]);
    }
}

fn the_end_is_told_behind_the_last_byte(bed: &mut Bed) {
    let (socket, number, mut peer) = bed.connect();
    peer.write(b"last");
    peer.end_output();
    let mut bytes = Vec::new();
    for _ in 0..PATIENCE {
        let ready = bed.wait_for(number, |ready| ready.is_readable);
        // With the end told, only 0 is the last word; without, the end is told later.
        loop {
            match bed.receive(socket, 64) {
                Ok(some) if some.is_empty() => {
                    assert_eq!(bytes, b"last");
                    return;
                }
                Ok(some) => bytes.extend(some),
                Err(error) => {
                    assert_eq!(error, IoError::WOULD_BLOCK);
                    break;
                }
            }
            if !ready.has_ended {
                break;
            }
        }
    }
    panic!("the end never came");
}

fn a_full_socket_is_told_of_as_writable_when_there_is_room_again(bed: &mut Bed) {
    let (socket, number, mut peer) = bed.connect();
    let bytes: Vec<u8> = (0..64 << 10).map(|index| (index % 251) as u8).collect();
    let mut sent = 0;
    while bed.send(socket, &[&bytes]).expect("a live peer") == bytes.len() {
        sent += bytes.len();
        assert!(sent < 1 << 30, "no socket takes this much");
    }
    assert_eq!(bed.send(socket, &[&bytes]), Ok(0), "a full socket takes nothing");
    while !peer.read().is_empty() {}
    bed.wait_for(number, |ready| ready.is_writable);
    for _ in 0..PATIENCE {
        if bed.send(socket, &[b"more"]).expect("a live peer") > 0 {
            return;
        }
        peer.read();
        bed.look();
    }
    panic!("writable, and takes nothing");
}

fn a_file_goes_as_far_as_the_socket_has_room_and_then_on(bed: &mut Bed) {
    let (socket, number, mut peer) = bed.connect();
    let bytes: Vec<u8> = (0..6 << 20).map(|index: u32| (index ^ index >> 8 ^ index >> 16) as u8).collect();
    let path = std::env::temp_dir().join(format!("millrace-span-{}-{}", std::process::id(), bed.address.port()));
    std::fs::write(&path, &bytes).expect("written");
    let file = SharedFile::open(&path).expect("opens");
    std::fs::remove_file(path).expect("the test's own");
    let whole = FileSpan { file: file.number(), position: 0, size: bytes.len() };
    let (mut sent, mut cuts, mut read) = (0, 0, Vec::new());
    assert_eq!(bed.send_before_more(socket, b"head"), Ok(4));
    for _ in 0..PATIENCE {
        if sent < bytes.len() {
            let mut sends = [SendSpan { socket, span: whole.from(sent), sent: 0, result: Ok(()) }];
            bed.sockets.send_spans(&mut sends);
            assert_eq!(sends[0].result, Ok(()), "its bytes are in memory");
            sent += sends[0].sent;
            cuts += usize::from(sent < bytes.len());
        }
        loop {
            let some = peer.read();
            if some.is_empty() {
                break;
            }
            read.extend(some);
        }
        if read.len() == bytes.len() + 4 {
            break;
        }
        if sent < bytes.len() {
            bed.wait_for(number, |ready| ready.is_writable);
        } else {
            bed.look();
        }
    }
    assert!(cuts > 0, "no socket takes this much");
    assert!(read[..4] == *b"head" && read[4..] == bytes, "every byte in order");
}

fn gathered_sends_keep_their_order(bed: &mut Bed) {
    let (socket, _, mut peer) = bed.connect();
    let parts: Vec<Vec<u8>> = (0..100u8).map(|index| vec![index; usize::from(index) + 1]).collect();
    let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let all = parts.concat();
    assert_eq!(bed.send(socket, &slices), Ok(all.len()));
    let mut read = Vec::new();
    for _ in 0..PATIENCE {
        read.extend(peer.read());
        if read.len() == all.len() {
            break;
        }
        bed.look();
    }
    assert_eq!(read, all);
}

fn a_reset_is_an_error_of_its_own(bed: &mut Bed) {
    let (socket, number, peer) = bed.connect();
    bed.look();
    peer.reset();
    bed.wait_for(number, |ready| ready.has_ended && ready.is_readable);
    assert!(bed.receive(socket, 64).is_err_and(is_reset));
    let sent = (0..3).map(|_| bed.send(socket, &[b"to nobody"])).find_map(Result::err);
    assert!(sent.is_some_and(is_reset));
}

fn a_peer_hears_of_a_close(bed: &mut Bed) {
    let (socket, number, mut peer) = bed.connect();
    let (ended, _, mut other) = bed.connect();
    bed.look();
    bed.sockets.close(socket, number);
    bed.sockets.end_output(ended);
    bed.sockets.flush();
    for peer in [&mut peer, &mut other] {
        let hears = (0..PATIENCE).any(|_| {
            bed.look();
            peer.sees_end()
        });
        assert!(hears, "the end of a connection reaches its peer");
    }
}

fn a_port_in_use_is_refused(bed: &mut Bed) {
    let refused = bed.sockets.listen(bed.address, false, 2);
    assert!(refused.is_err_and(is_address_in_use));
}

fn many_sockets_move_bytes_in_one_call(bed: &mut Bed) {
    // More than a submission queue holds.
    let mut lines: Vec<_> = (0..300).map(|_| bed.connect()).collect();
    for (index, (_, _, peer)) in lines.iter_mut().enumerate() {
        peer.write(&(index as u32).to_be_bytes());
    }
    for (_, number, _) in &lines {
        bed.wait_for(*number, |ready| ready.is_readable);
    }
    // The simulator may still hold bytes back.
    let memory = AlignedBuffer::new(lines.len() * 4);
    let mut filled = vec![0; lines.len()];
    for _ in 0..PATIENCE {
        let open: Vec<usize> = (0..lines.len()).filter(|&index| filled[index] < 4).collect();
        if open.is_empty() {
            break;
        }
        let target = |index: usize| memory.piece(index * 4 + filled[index], 4 - filled[index]);
        let mut receives: Vec<Receive> =
            open.iter().map(|&index| Receive { socket: lines[index].0, target: target(index), result: Ok(0) }).collect();
        bed.sockets.receive(&mut receives);
        for (receive, &index) in receives.iter().zip(&open) {
            filled[index] += receive.result.or_else(|error| (error == IoError::WOULD_BLOCK).then_some(0).ok_or(error)).unwrap();
        }
        bed.look();
    }
    let expected: Vec<u8> = (0..lines.len() as u32).flat_map(u32::to_be_bytes).collect();
    assert_eq!(&memory.bytes()[..expected.len()], expected);
    let pieces: Vec<_> = (0..lines.len()).map(|index| memory.piece(index * 4, 4)).collect();
    let send = |(index, line): (usize, &(SocketId, u64, Peer))| Send {
        socket: line.0,
        pieces: index..index + 1,
        has_more: false,
        result: Ok(0),
    };
    let mut sends: Vec<Send> = lines.iter().enumerate().map(send).collect();
    bed.sockets.send(&pieces, &mut sends);
    assert!(sends.iter().all(|send| send.result == Ok(4)));
    for (index, (_, _, peer)) in lines.iter_mut().enumerate() {
        let read = (0..PATIENCE).map(|_| peer.read()).find(|read| !read.is_empty());
        assert_eq!(read.as_deref(), Some(&(index as u32).to_be_bytes()[..]));
    }
}

fn a_number_is_not_told_after_its_close(bed: &mut Bed) {
    for _ in 0..50 {
        let (socket, number, mut peer) = bed.connect();
        peer.write(b"too late");
        bed.sockets.close(socket, number);
        bed.ready.clear();
        let (other, other_number, mut other_peer) = bed.connect();
        other_peer.write(b"in time");
        assert_eq!(bed.receive_all(other, other_number, 7, 64), b"in time");
        assert!(bed.sim.is_some() || !bed.ready.contains_key(&number), "told of a closed socket");
        bed.sockets.close(other, other_number);
    }
}

#[test]
fn what_is_accepted_inherits_its_options() {
    let mut bed = Bed::epoll();
    let (socket, _, _peer) = bed.connect();
    for (level, option) in [(libc::IPPROTO_TCP, libc::TCP_NODELAY), (libc::SOL_SOCKET, libc::SO_KEEPALIVE)] {
        let (mut value, mut size): (libc::c_int, u32) = (0, 4);
        // SAFETY: a writable int.
        let got = unsafe { libc::getsockopt(socket.0, level, option, (&raw mut value).cast(), &raw mut size) };
        assert_eq!((got, value != 0), (0, true));
    }
}

#[test]
fn a_port_is_shared_by_those_who_all_ask_for_it() {
    let mut sockets = EpollSockets::new().unwrap();
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (_, address) = sockets.listen(local, true, 1).unwrap();
    assert!(sockets.listen(address, true, 2).is_ok());
    assert!(sockets.listen(address, false, 3).is_err_and(is_address_in_use));
}

#[test]
fn an_ipv6_address_is_told_as_one() {
    let mut sockets = EpollSockets::new().unwrap();
    let Ok((listener, address)) = sockets.listen("[::1]:0".parse().unwrap(), false, 1) else { return };
    let stream = TcpStream::connect(address).unwrap();
    sockets.wait(1000);
    assert_eq!(sockets.accept(listener).unwrap().1, stream.local_addr().unwrap());
}
