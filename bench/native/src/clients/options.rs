use super::publication::Publication;
use std::fs;

/// What lies on the wire around records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A WebSocket whose messages are records: bare uWebSockets.js.
    Raw,
    Millrace,
    Nats,
}

pub struct Options {
    pub port: u16,
    pub protocol: Protocol,
    pub path: String,
    pub subprotocol: Option<String>,
    pub subscribers: usize,
    /// They never read once they are subscribed.
    pub is_stalled: bool,
    /// Given back when that many bytes of batches were read.
    pub credit_size: u64,
    /// Where records are messages: what has another size is an answer.
    pub record_size: usize,
    pub subscriber: Opening,
    pub publisher: Opening,
    /// None: nothing is published.
    pub publication: Option<Publication>,
}

/// What a connection sends first, and how many answers it waits for.
#[derive(Clone, Default)]
pub struct Opening {
    pub messages: Vec<Vec<u8>>,
    pub answers: u64,
}

impl Options {
    /// # Errors
    /// A sentence.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            port: 0,
            protocol: Protocol::Raw,
            path: "/".to_owned(),
            subprotocol: None,
            subscribers: 0,
            is_stalled: false,
            credit_size: u64::MAX,
            record_size: usize::MAX,
            subscriber: Opening::default(),
            publisher: Opening::default(),
            publication: None,
        };
        let mut publication = None;
        let (mut stamp_at, mut batch_at) = (None, None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().map(String::as_str).ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--port" => options.port = number(value()?)?,
                "--protocol" => options.protocol = protocol(value()?)?,
                "--path" => options.path = value()?.to_owned(),
                "--subprotocol" => options.subprotocol = Some(value()?.to_owned()),
                "--subscribers" => options.subscribers = number(value()?)?,
                "--stalled" => options.is_stalled = true,
                "--credit-size" => options.credit_size = number(value()?)?,
                "--record-size" => options.record_size = number(value()?)?,
                "--subscriber-opening" => options.subscriber.messages = messages(&read(value()?)?)?,
                "--subscriber-answers" => options.subscriber.answers = number(value()?)?,
                "--publisher-opening" => options.publisher.messages = messages(&read(value()?)?)?,
                "--publisher-answers" => options.publisher.answers = number(value()?)?,
                "--publication" => publication = Some(read(value()?)?),
                "--stamp-at" => stamp_at = Some(number(value()?)?),
                "--batch-at" => batch_at = Some(number(value()?)?),
                _ => return Err(format!("unknown option {word}")),
            }
        }
        options.publication = publication.map(|bytes| Publication::new(bytes, stamp_at, batch_at)).transpose()?;
        Ok(options)
    }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number that fits"))
}

fn protocol(name: &str) -> Result<Protocol, String> {
    match name {
        "raw" => Ok(Protocol::Raw),
        "millrace" => Ok(Protocol::Millrace),
        "nats" => Ok(Protocol::Nats),
        _ => Err(format!("no protocol {name}: raw, millrace or nats")),
    }
}

/// Each behind its size in four bytes, little-endian.
fn messages(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut rest = bytes;
    let mut messages = Vec::new();
    while let Some((size, behind)) = rest.split_first_chunk::<4>() {
        let Some((message, behind)) = behind.split_at_checked(u32::from_le_bytes(*size) as usize) else {
            return Err("an opening that is cut".to_owned());
        };
        messages.push(message.to_vec());
        rest = behind;
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_behind_their_sizes() {
        assert_eq!(messages(&[1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 9]), Ok(vec![vec![7], vec![8, 9]]));
        assert!(messages(&[2, 0, 0, 0, 7]).is_err());
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(Options::parse(&words("--port 9080 --protocol nats")).is_ok());
        for text in ["--port x", "--port", "--protocol mqtt", "--fast"] {
            assert!(Options::parse(&words(text)).is_err(), "{text}");
        }
    }
}
