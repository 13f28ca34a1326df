use std::fmt;
use std::str::FromStr;

/// The kinds of notes in a trace. An ack's bytes are its whole line, as `log append` prints it.
pub const ACK_NOTE: u32 = 1;
/// The name of a topic whose acks promise nothing about power cuts (`durability=replicated`).
pub const REPLICATED_TOPIC_NOTE: u32 = 2;

/// What was acknowledged: `ack TOPIC PARTITION BASE LAST CRC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckLine {
    pub topic: String,
    pub partition: u32,
    pub base: u64,
    pub last: u64,
    pub crc: u32,
}

impl fmt::Display for AckLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, partition, base, last, crc } = self;
        write!(f, "ack {topic} {partition} {base} {last} {crc}")
    }
}

impl FromStr for AckLine {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.trim_end_matches('\n').split(' ').collect();
        let parse = || match words[..] {
            ["ack", topic, partition, base, last, crc] => Some(Self {
                topic: topic.to_owned(),
                partition: partition.parse().ok()?,
                base: base.parse().ok()?,
                last: last.parse().ok()?,
                crc: crc.parse().ok()?,
            }),
            _ => None,
        };
        parse().ok_or_else(|| format!("not an ack: {line:?}"))
    }
}
