//! NATS' text protocol, as a client reads it.

pub enum Piece<'bytes> {
    /// The number of the subscription and the payload.
    Message(u32, &'bytes [u8]),
    Ping,
    Pong,
    Other,
}

/// The first whole piece and its size; None: more bytes are needed.
///
/// # Errors
/// What the server complains about.
pub fn split(input: &[u8]) -> Result<Option<(Piece<'_>, usize)>, String> {
    let Some(at) = input.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let line = std::str::from_utf8(&input[..at]).map_err(|error| error.to_string())?.trim_end();
    let size = at + 1;
    let mut words = line.split_ascii_whitespace();
    match words.next() {
        Some("MSG") => {
            let words: Vec<&str> = words.collect();
            let numbers =
                words.get(1).zip(words.last()).and_then(|(id, size)| Some((id.parse().ok()?, size.parse::<usize>().ok()?)));
            let Some((id, payload_size)) = numbers else { return Err(format!("not understood: {line}")) };
            let whole = size + payload_size + 2;
            Ok(input.get(size..whole).map(|rest| (Piece::Message(id, &rest[..payload_size]), whole)))
        }
        Some("PING") => Ok(Some((Piece::Ping, size))),
        Some("PONG") => Ok(Some((Piece::Pong, size))),
        Some("-ERR") => Err(line.to_owned()),
        _ => Ok(Some((Piece::Other, size))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_whole_or_not_at_all() {
        let bytes = b"MSG bench 1 reply.to 3\r\nabc\r\nPONG\r\n";
        assert!(split(&bytes[..28]).unwrap().is_none());
        let Some((Piece::Message(1, b"abc"), used)) = split(bytes).unwrap() else { panic!() };
        assert!(matches!(split(&bytes[used..]).unwrap(), Some((Piece::Pong, 6))));
        assert!(split(b"-ERR 'no'\r\n").is_err());
    }
}
