//! Of the protocol of docs/PROTOCOL.md what a subscriber and a publisher have to see, read where it lies.

pub enum Message<'bytes> {
    /// Batches, as stored.
    Push(&'bytes [u8]),
    Answer,
}

const ERROR: u64 = 2;
const PRODUCE: u64 = 10;
const PUSH: u64 = 25;
const UNASKED: [u64; 2] = [5, 26];
const BATCHES: u64 = 15;

/// # Errors
/// An error, an event or a goodbye: nothing that a measurement goes on behind.
pub fn read(message: &[u8]) -> Result<Message<'_>, String> {
    for field in Fields(message) {
        match field {
            (PUSH, Value::Bytes(push)) => return Ok(Message::Push(batches_of(push)?)),
            (ERROR, Value::Bytes(error)) => return Err(format!("the server answers: {}", String::from_utf8_lossy(error))),
            (PRODUCE, Value::Bytes(reply)) => refusal_of(reply)?,
            (number, _) if UNASKED.contains(&number) => return Err(format!("the server sends an event, field {number}")),
            _ => {}
        }
    }
    Ok(Message::Answer)
}

fn batches_of(push: &[u8]) -> Result<&[u8], String> {
    let found = Fields(push).find_map(|field| match field {
        (BATCHES, Value::Bytes(batches)) => Some(batches),
        _ => None,
    });
    found.ok_or_else(|| "a push without batches".to_owned())
}

fn refusal_of(reply: &[u8]) -> Result<(), String> {
    for field in Fields(reply) {
        let (1, Value::Bytes(result)) = field else { continue };
        if let Some((1, Value::Bytes(error))) = Fields(result).next() {
            return Err(format!("a batch was refused: {}", String::from_utf8_lossy(error)));
        }
    }
    Ok(())
}

/// A credit message for subscription 1.
#[must_use]
pub fn credit(size: u64) -> Vec<u8> {
    let mut body = vec![0x08, 1, 0x10];
    put_varint(size, &mut body);
    let mut message = vec![0xb2, 0x01, body.len() as u8];
    message.extend(body);
    message
}

/// The request's id as a field of its own: it may stand before the rest of a message that was encoded without it.
pub fn put_request_id(id: u32, output: &mut Vec<u8>) {
    output.push(0x08);
    put_varint(u64::from(id), output);
}

fn put_varint(mut value: u64, output: &mut Vec<u8>) {
    while value >= 0x80 {
        output.push(value as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

enum Value<'bytes> {
    Number,
    Bytes(&'bytes [u8]),
}

/// The fields of a protobuf message; ends at what it does not understand.
struct Fields<'bytes>(&'bytes [u8]);

impl<'bytes> Fields<'bytes> {
    fn varint(&mut self) -> Option<u64> {
        let size = self.0.iter().position(|byte| *byte < 0x80)? + 1;
        let value = self.0[..size].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
        self.0 = &self.0[size..];
        Some(value)
    }
}

impl<'bytes> Iterator for Fields<'bytes> {
    type Item = (u64, Value<'bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => self.varint().map(|_| Value::Number)?,
            2 => {
                let size = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(size)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_answers_and_refusals() {
        // push { partition 0, base_offset 300, batches "ab" }
        let push = [0xca, 0x01, 7, 0x18, 0xac, 0x02, 0x7a, 2, b'a', b'b'];
        assert!(matches!(read(&push), Ok(Message::Push(b"ab"))));
        assert!(matches!(read(&[0x08, 1, 0x1a, 0]), Ok(Message::Answer)));
        assert!(read(&[0x08, 1, 0x12, 0]).is_err());
        // produce { results { base_offset 5 } }, then { results { error {} } }
        assert!(read(&[0x08, 1, 0x52, 4, 0x0a, 2, 0x10, 5]).is_ok());
        assert!(read(&[0x08, 1, 0x52, 4, 0x0a, 2, 0x0a, 0]).is_err());
    }

    #[test]
    fn credit_is_a_message() {
        assert_eq!(credit(300), [0xb2, 0x01, 5, 0x08, 1, 0x10, 0xac, 0x02]);
    }
}
