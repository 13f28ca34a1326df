//! Which congestion control connections have (docs/decisions/0021-local-congestion-control.md).
//!
//! A listener has Reno, which whatever it accepts inherits; peers of a network get the system's own choice back. The other way round
//! would leave local ones paced: what BBR has begun for a socket the kernel goes on with after another one is chosen for it.

use super::calls::{checked, own_address};
use crate::io::IoResult;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::LazyLock;

/// Every kernel has it, and anyone may choose it.
const LOCAL: Name = *b"reno\0\0\0\0\0\0\0\0\0\0\0\0";

type Name = [u8; 16];

/// What the operator of this system has set. None: we could not go back to it, so everything is left as it is.
static SYSTEM: LazyLock<Option<Name>> = LazyLock::new(|| {
    // SAFETY: no memory is passed.
    let fd = checked(unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) }).ok()?;
    // SAFETY: just made, owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let name = chosen(socket.as_raw_fd()).ok()?;
    let there_and_back = choose(fd, &LOCAL).and_then(|()| choose(fd, &name));
    there_and_back.ok().map(|()| name)
});

pub(super) fn begin(listener: RawFd) {
    if SYSTEM.is_some() {
        // Where it is refused, nothing changes.
        let _ = choose(listener, &LOCAL);
    }
}

/// For a connection that was just accepted.
pub(super) fn settle(socket: RawFd, peer: SocketAddr, system_calls: &mut u64) {
    let Some(system) = SYSTEM.as_ref().filter(|_| !peer.ip().is_loopback()) else { return };
    *system_calls += 1;
    if own_address(socket).is_ok_and(|own| is_remote(own, peer)) {
        *system_calls += 1;
        // It was possible before.
        let _ = choose(socket, system);
    }
}

/// A peer on this machine is at a loopback address, or at the one that it connected to.
fn is_remote(own: SocketAddr, peer: SocketAddr) -> bool {
    !peer.ip().is_loopback() && own.ip() != peer.ip()
}

fn choose(socket: RawFd, name: &Name) -> IoResult<()> {
    let size = name.iter().position(|byte| *byte == 0).unwrap_or(name.len()) as u32;
    // SAFETY: so many readable bytes.
    checked(unsafe { libc::setsockopt(socket, libc::IPPROTO_TCP, libc::TCP_CONGESTION, name.as_ptr().cast(), size) }).map(drop)
}

fn chosen(socket: RawFd) -> IoResult<Name> {
    let (mut name, mut size) = (Name::default(), size_of::<Name>() as u32);
    let place = name.as_mut_ptr().cast();
    // SAFETY: so many writable bytes.
    checked(unsafe { libc::getsockopt(socket, libc::IPPROTO_TCP, libc::TCP_CONGESTION, place, &raw mut size) })?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn only_who_is_on_this_machine_is_local() {
        let is_remote = |own: &str, peer: &str| is_remote(own.parse().unwrap(), peer.parse().unwrap());
        assert!(!is_remote("127.0.0.1:9092", "127.0.0.1:40000"));
        assert!(!is_remote("[::1]:9092", "[::1]:40000"));
        assert!(!is_remote("10.0.0.5:9092", "10.0.0.5:40000"), "over its own address of the network");
        assert!(is_remote("10.0.0.5:9092", "10.0.0.6:40000"));
        assert!(is_remote("[fd00::5]:9092", "[fd00::6]:40000"));
    }

    /// Whatever the system's default is: nothing of it has begun for what a local peer gets, and others have it.
    #[test]
    fn local_peers_have_it_from_the_listener_on_and_remote_ones_get_the_systems_own() {
        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        let system = chosen(plain.as_raw_fd()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        begin(listener.as_raw_fd());
        assert_eq!(chosen(listener.as_raw_fd()), Ok(LOCAL));
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, peer) = listener.accept().unwrap();
        let mut calls = 0;
        settle(socket.as_raw_fd(), peer, &mut calls);
        assert_eq!((chosen(socket.as_raw_fd()), calls), (Ok(LOCAL), 0));
        settle(socket.as_raw_fd(), "10.0.0.6:40000".parse().unwrap(), &mut calls);
        assert_eq!((chosen(socket.as_raw_fd()), calls), (Ok(system), 2));
    }
}
