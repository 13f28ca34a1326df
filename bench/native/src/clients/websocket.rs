//! As much of RFC 6455 as a client needs that trusts its server. Frames are masked with zero, which changes no byte: the
//! client's work would only stand in the way of what is measured. The server unmasks all the same.

pub enum Piece<'bytes> {
    Message(&'bytes [u8]),
    Ping(&'bytes [u8]),
    Pong,
    Close(u16),
}

/// The first whole frame and its size; None: more bytes are needed.
///
/// # Errors
/// A sentence: what this client does not read.
pub fn split(input: &[u8]) -> Result<Option<(Piece<'_>, usize)>, String> {
    let [first, second, ..] = *input else { return Ok(None) };
    let (at, size) = match second {
        126 if input.len() >= 4 => (4, usize::from(u16::from_be_bytes([input[2], input[3]]))),
        127 if input.len() >= 10 => (10, u64::from_be_bytes(input[2..10].try_into().expect("eight bytes")) as usize),
        126 | 127 => return Ok(None),
        small if small < 126 => (2, usize::from(small)),
        _ => return Err("a masked frame from a server".to_owned()),
    };
    let Some(payload) = input.get(at..at + size) else { return Ok(None) };
    let piece = match first {
        0x81 | 0x82 => Piece::Message(payload),
        0x89 => Piece::Ping(payload),
        0x8a => Piece::Pong,
        0x88 => Piece::Close(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))),
        other => return Err(format!("a frame that begins with {other:#x}")),
    };
    Ok(Some((piece, at + size)))
}

pub const BINARY: u8 = 0x82;
pub const PONG: u8 = 0x8a;

/// What stands before a payload of that size.
pub fn put_header(kind: u8, size: usize, output: &mut Vec<u8>) {
    output.push(kind);
    match size {
        0..126 => output.push(0x80 | size as u8),
        126..65536 => {
            output.push(0x80 | 126);
            output.extend((size as u16).to_be_bytes());
        }
        _ => {
            output.push(0x80 | 127);
            output.extend((size as u64).to_be_bytes());
        }
    }
    output.extend([0; 4]);
}

#[must_use]
pub fn upgrade(port: u16, path: &str, protocol: Option<&str>) -> Vec<u8> {
    let protocol = protocol.map_or(String::new(), |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// The size of the answer to an upgrade; None: more bytes are needed.
///
/// # Errors
/// The answer, if it is a refusal.
pub fn upgraded(input: &[u8]) -> Result<Option<usize>, String> {
    let Some(at) = input.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
    if input.starts_with(b"HTTP/1.1 101") {
        return Ok(Some(at + 4));
    }
    Err(format!("the upgrade failed: {}", String::from_utf8_lossy(&input[..at])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_whole_or_not_at_all() {
        for size in [0, 125, 126, 65535, 65536] {
            let mut frame = Vec::new();
            put_header(BINARY, size, &mut frame);
            // A server's: without the mask.
            frame.truncate(frame.len() - 4);
            frame[1] &= 0x7f;
            frame.resize(frame.len() + size, 7);
            assert!(split(&frame[..frame.len() - 1]).unwrap().is_none(), "{size}");
            let Some((Piece::Message(payload), used)) = split(&frame).unwrap() else { panic!("{size}") };
            assert_eq!((payload.len(), used), (size, frame.len()));
        }
    }

    #[test]
    fn a_refused_upgrade_is_told() {
        assert_eq!(upgraded(b"HTTP/1.1 101 S").unwrap(), None);
        assert_eq!(upgraded(b"HTTP/1.1 101 S\r\n\r\nrest").unwrap(), Some(18));
        assert!(upgraded(b"HTTP/1.1 403 F\r\n\r\n").unwrap_err().contains("403"));
    }
}
