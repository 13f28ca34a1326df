use std::fmt;

/// A topic's stable identity. A topic that is deleted and created again has another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TopicId(pub [u8; 16]);

/// Topic id and index: the name of a partition on disk and in the journal, never the topic's name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PartitionId {
    pub topic: TopicId,
    pub index: u32,
}

impl PartitionId {
    /// The partition's directory name.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("{}-{}", self.topic, self.index)
    }

    /// The inverse of `directory`; None for any other name.
    #[must_use]
    pub fn from_directory(name: &str) -> Option<Self> {
        let (topic, index) = name.split_once('-')?;
        let id = Self { topic: TopicId::from_hex(topic)?, index: index.parse().ok()? };
        (id.directory() == name).then_some(id)
    }
}

impl TopicId {
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 16];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.directory())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_name_round_trips_and_nothing_else_is_taken_for_one() {
        let id = PartitionId { topic: TopicId([0xab; 16]), index: 70_000 };
        assert_eq!(PartitionId::from_directory(&id.directory()), Some(id));
        for wrong in ["", "-", "ab-1", "x", &format!("{}-007", id.topic), &format!("{}-1.tombstone", id.topic), &"é".repeat(16)]
        {
            assert_eq!(PartitionId::from_directory(wrong), None, "{wrong}");
        }
    }
}
