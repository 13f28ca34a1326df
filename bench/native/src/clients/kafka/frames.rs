//! Of Kafka's protocol what a producer and a consumer of one partition have to say and to see: Produce 9 and Fetch 12, the newest
//! that name topics. Every frame stands behind its size.

const PRODUCE: (i16, i16) = (0, 9);
const FETCH: (i16, i16) = (1, 12);
const CLIENT: &str = "bench";
const TIMEOUT_MS: i32 = 30_000;
/// A consumer's defaults.
const WAIT_MS: i32 = 500;
const PARTITION_SIZE_MAX: i32 = 1 << 20;
const FETCH_SIZE_MAX: i32 = 50 << 20;

/// A request for partition 0 that asks for an answer when it is stored as the topic wants it.
#[must_use]
pub fn produce(correlation_id: i32, topic: &str, batch: &[u8]) -> Vec<u8> {
    let mut frame = Frame::begin(PRODUCE, correlation_id);
    frame.unsigned(0); // no transactional id
    frame.put(&(-1_i16).to_be_bytes()).put(&TIMEOUT_MS.to_be_bytes());
    frame.unsigned(2).text(topic).unsigned(2).put(&0_i32.to_be_bytes());
    frame.unsigned(batch.len() + 1).put(batch);
    frame.tags(3).finish()
}

/// Without a session: one partition is all there is to tell.
#[must_use]
pub fn fetch(correlation_id: i32, topic: &str, offset: i64) -> Vec<u8> {
    let mut frame = Frame::begin(FETCH, correlation_id);
    let nobody = (-1_i32).to_be_bytes();
    frame.put(&nobody).put(&WAIT_MS.to_be_bytes()).put(&1_i32.to_be_bytes()).put(&FETCH_SIZE_MAX.to_be_bytes()).put(&[0]);
    frame.put(&0_i32.to_be_bytes()).put(&(-1_i32).to_be_bytes());
    frame.unsigned(2).text(topic).unsigned(2);
    frame.put(&0_i32.to_be_bytes()).put(&nobody).put(&offset.to_be_bytes()).put(&nobody);
    frame.put(&(-1_i64).to_be_bytes()).put(&PARTITION_SIZE_MAX.to_be_bytes());
    // Nothing forgotten, no rack.
    frame.tags(2).unsigned(1).unsigned(1).tags(1).finish()
}

/// The first whole frame without its size, and how many bytes it takes; None: more bytes are needed.
#[must_use]
pub fn split(input: &[u8]) -> Option<(&[u8], usize)> {
    let (size, rest) = input.split_first_chunk::<4>()?;
    let size = u32::from_be_bytes(*size) as usize;
    rest.get(..size).map(|frame| (frame, size + 4))
}

/// # Errors
/// Why the batch was not taken.
pub fn read_produced(frame: &[u8]) -> Result<(), String> {
    let mut answer = Answer(frame);
    answer.skip(5)?;
    answer.one()?;
    answer.sized()?;
    answer.one()?;
    answer.skip(4)?;
    answer.error("a batch was refused")
}

/// The batches, perhaps none.
///
/// # Errors
/// Why there are none to have.
pub fn read_fetched(frame: &[u8]) -> Result<&[u8], String> {
    let mut answer = Answer(frame);
    answer.skip(9)?;
    answer.error("a fetch was refused")?;
    answer.skip(4)?;
    answer.one()?;
    answer.sized()?;
    answer.one()?;
    answer.skip(4)?;
    answer.error("a partition was refused")?;
    answer.skip(24)?;
    // Transactions that were given up: nobody began one.
    if answer.unsigned()? > 1 {
        return Err("an aborted transaction".to_owned());
    }
    answer.skip(4)?;
    answer.sized()
}

struct Frame(Vec<u8>);

impl Frame {
    fn begin((key, version): (i16, i16), correlation_id: i32) -> Self {
        let mut frame = Self(vec![0; 4]);
        frame.put(&key.to_be_bytes()).put(&version.to_be_bytes()).put(&correlation_id.to_be_bytes());
        frame.put(&(CLIENT.len() as i16).to_be_bytes()).put(CLIENT.as_bytes()).tags(1);
        frame
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    fn unsigned(&mut self, mut value: usize) -> &mut Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.unsigned(text.len() + 1).put(text.as_bytes())
    }

    /// So many structs end here, none with a tagged field.
    fn tags(&mut self, count: usize) -> &mut Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    fn finish(&mut self) -> Vec<u8> {
        let size = (self.0.len() - 4) as u32;
        self.0[..4].copy_from_slice(&size.to_be_bytes());
        std::mem::take(&mut self.0)
    }
}

/// What is left of an answer.
struct Answer<'bytes>(&'bytes [u8]);

impl<'bytes> Answer<'bytes> {
    fn take(&mut self, size: usize) -> Result<&'bytes [u8], String> {
        let (bytes, rest) = self.0.split_at_checked(size).ok_or("an answer that is cut")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn skip(&mut self, size: usize) -> Result<(), String> {
        self.take(size).map(drop)
    }

    fn unsigned(&mut self) -> Result<usize, String> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a size that never ends".to_owned())
    }

    fn sized(&mut self) -> Result<&'bytes [u8], String> {
        let size = self.unsigned()?;
        self.take(size.saturating_sub(1))
    }

    /// An array of one.
    fn one(&mut self) -> Result<(), String> {
        let count = self.unsigned()?;
        if count == 2 {
            Ok(())
        } else {
            Err(format!("an array of {} where one was asked for", count.saturating_sub(1)))
        }
    }

    fn error(&mut self, what: &str) -> Result<(), String> {
        match self.take(2)? {
            [0, 0] => Ok(()),
            code => Err(format!("{what}: error {}", i16::from_be_bytes([code[0], code[1]]))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_as_kafka_reads_them() {
        let request = produce(7, "t", b"batch");
        let (frame, used) = split(&request).unwrap();
        assert_eq!(used, request.len());
        assert_eq!(frame[..8], [0, 0, 0, 9, 0, 0, 0, 7]);
        assert_eq!(frame[15..], *b"\x00\x00\xff\xff\x00\x00\x75\x30\x02\x02t\x02\0\0\0\0\x06batch\0\0\0");
        assert!(split(&request[..request.len() - 1]).is_none());
        let request = fetch(8, "t", 300);
        assert_eq!(
            request[request.len() - 27..],
            [0, 0, 0, 0, 0, 0, 1, 44, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 16, 0, 0, 0, 0, 1, 1, 0]
                [2..]
        );
    }

    #[test]
    fn answers_and_refusals() {
        let produced = |code: u8| [&b"\0\0\0\x07\0\x02\x02t\x02\0\0\0\0\0"[..], &[code], &[0; 30]].concat();
        assert!(read_produced(&produced(0)).is_ok());
        assert_eq!(read_produced(&produced(3)), Err("a batch was refused: error 3".to_owned()));
        let head = b"\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\x02\x02t\x02\0\0\0\0\0\0";
        let fetched = [&head[..], &[0; 24], &[0], &[255; 4], b"\x04abc\0\0\0"].concat();
        assert_eq!(read_fetched(&fetched), Ok(&b"abc"[..]));
        assert!(read_fetched(&fetched[..40]).is_err());
    }
}
