//! System calls that both real implementations make in the same way.

use super::{congestion, SocketId};
use crate::io::{IoError, IoResult};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Connections that the kernel keeps for us until we accept them; it takes its own limit where that is smaller.
const BACKLOG: libc::c_int = 4096;
const ADDRESS_SIZE: usize = size_of::<libc::sockaddr_storage>();

pub(super) fn checked(result: libc::c_int) -> IoResult<libc::c_int> {
    if result < 0 {
        Err(IoError::last())
    } else {
        Ok(result)
    }
}

/// Whatever is accepted inherits the options: no call for each connection.
pub(super) fn listen(address: SocketAddr, shares_port: bool) -> IoResult<(SocketId, SocketAddr)> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: no memory is passed.
    let fd = checked(unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: just made. Closed if anything below fails.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    // A node that starts again finds connections of its last life on the port; one that listens there is an error all the same.
    set(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR)?;
    if shares_port {
        set(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT)?;
    }
    if address.is_ipv6() {
        // An address is one address: `::` with IPv4 behind it would collide with a listener of its own on 0.0.0.0.
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY)?;
    }
    set(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY)?;
    set(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE)?;
    congestion::begin(fd);
    let (storage, size) = to_storage(address);
    // SAFETY: the storage holds an address of this size.
    checked(unsafe { libc::bind(fd, (&raw const storage).cast(), size) })?;
    // SAFETY: no memory is passed.
    checked(unsafe { libc::listen(fd, BACKLOG) })?;
    let bound = own_address(fd)?;
    Ok((SocketId(std::os::fd::IntoRawFd::into_raw_fd(socket)), bound))
}

fn set(fd: RawFd, level: libc::c_int, option: libc::c_int) -> IoResult<()> {
    let one: libc::c_int = 1;
    // SAFETY: a readable int.
    checked(unsafe { libc::setsockopt(fd, level, option, (&raw const one).cast(), size_of::<libc::c_int>() as u32) }).map(drop)
}

pub(super) fn own_address(fd: RawFd) -> IoResult<SocketAddr> {
    // SAFETY: all zeroes are an address of no family.
    let (mut storage, mut size): (libc::sockaddr_storage, u32) = (unsafe { std::mem::zeroed() }, ADDRESS_SIZE as u32);
    // SAFETY: the storage has room for `size` bytes.
    checked(unsafe { libc::getsockname(fd, (&raw mut storage).cast(), &raw mut size) })?;
    from_storage(&storage)
}

pub(super) fn accept(listener: SocketId, system_calls: &mut u64) -> IoResult<(SocketId, SocketAddr)> {
    loop {
        *system_calls += 1;
        // SAFETY: all zeroes are an address of no family.
        let (mut storage, mut size): (libc::sockaddr_storage, u32) = (unsafe { std::mem::zeroed() }, ADDRESS_SIZE as u32);
        let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: the storage has room for `size` bytes.
        match checked(unsafe { libc::accept4(listener.0, (&raw mut storage).cast(), &raw mut size, flags) }) {
            Ok(fd) => {
                // SAFETY: just made, owned by nobody else.
                let socket = unsafe { OwnedFd::from_raw_fd(fd) };
                let peer = from_storage(&storage)?;
                congestion::settle(fd, peer, system_calls);
                return Ok((SocketId(std::os::fd::IntoRawFd::into_raw_fd(socket)), peer));
            }
            // It was reset while it waited: the next one.
            Err(IoError(libc::EINTR | libc::ECONNABORTED)) => {}
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn end_output(socket: SocketId) {
    // SAFETY: no memory is passed. A peer that is gone has no more to be told.
    unsafe { libc::shutdown(socket.0, libc::SHUT_WR) };
}

pub(super) fn close(socket: SocketId) {
    // SAFETY: whoever was given the id closes it once. The descriptor is gone whatever close answers.
    unsafe { libc::close(socket.0) };
}

pub(super) fn wait_readable(descriptor: &impl AsRawFd, bound_ms: i32) {
    let mut poll = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd.
    unsafe { libc::poll(&raw mut poll, 1, bound_ms) };
}

fn to_storage(address: SocketAddr) -> (libc::sockaddr_storage, u32) {
    // SAFETY: all zeroes are an address of no family.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let size = match address {
        SocketAddr::V4(address) => {
            let v4 = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                sin_zero: [0; 8],
            };
            // SAFETY: the storage is large enough for every kind of address, and aligned for it.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_in>().write(v4) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            let v6 = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: address.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                sin6_scope_id: address.scope_id(),
            };
            // SAFETY: as above.
            unsafe { (&raw mut storage).cast::<libc::sockaddr_in6>().write(v6) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, size as u32)
}

fn from_storage(storage: &libc::sockaddr_storage) -> IoResult<SocketAddr> {
    let pointer = &raw const *storage;
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the kernel wrote an address of this family.
            let v4 = unsafe { pointer.cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
            Ok(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let v6 = unsafe { pointer.cast::<libc::sockaddr_in6>().read() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Ok(SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), v6.sin6_flowinfo, v6.sin6_scope_id).into())
        }
        _ => Err(IoError(libc::EAFNOSUPPORT)),
    }
}
