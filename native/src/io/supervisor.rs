//! systemd's readiness protocol: a datagram to the socket that the environment names.

use std::io::Result;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// `socket` as in NOTIFY_SOCKET: a path, or an abstract name behind an `@`.
///
/// # Errors
/// Nobody listens there.
pub fn notify_supervisor(socket: &str, message: &str) -> Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reaches_a_path_and_an_abstract_name() {
        let name = format!("millrace-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let _ = std::fs::remove_file(&path);
        let by_path = UnixDatagram::bind(&path).expect("a free path");
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).expect("a name")).expect("a free name");
        for (socket, receiver) in [(path.display().to_string(), by_path), (format!("@{name}"), by_name)] {
            notify_supervisor(&socket, "READY=1").expect("somebody listens");
            let mut bytes = [0; 64];
            let size = receiver.recv(&mut bytes).expect("it came");
            assert_eq!(&bytes[..size], b"READY=1");
        }
        std::fs::remove_file(&path).expect("it was there");
        assert!(notify_supervisor(&path.display().to_string(), "READY=1").is_err());
    }
}
