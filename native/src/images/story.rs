use super::ack_line::{AckLine, ACK_NOTE, REPLICATED_TOPIC_NOTE};
use crate::io::sim::{Random, SimDisk, TraceDisk};
use crate::io::trace::{TraceError, TraceReader, TraceRecord, TracedOp};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// What a run did and what it promised meanwhile. A point is a number of records: power goes when so many are past.
pub struct Story {
    /// The data directory, as the trace names it.
    pub data: PathBuf,
    pub records: Vec<TraceRecord>,
    /// Each with the point from which on it is promised.
    pub acks: Vec<(usize, AckLine)>,
    replicated: BTreeSet<String>,
}

impl Story {
    /// A trace that ends inside a record is one whose process was killed: what is whole counts.
    ///
    /// # Errors
    /// The trace is damaged or of something else.
    pub fn load(trace: &Path, data: &Path) -> Result<Self, String> {
        let complain = |error: &dyn std::fmt::Display| format!("{}: {error}", trace.display());
        let mut records = Vec::new();
        for record in TraceReader::open(trace).map_err(|error| complain(&error))? {
            match record {
                Ok(record) => records.push(record),
                Err(TraceError::Truncated { .. }) => break,
                Err(error) => return Err(complain(&error)),
            }
        }
        Self::of(records, data).map_err(|error| complain(&error))
    }

    /// # Errors
    /// A note that is none of ours.
    pub fn of(records: Vec<TraceRecord>, data: &Path) -> Result<Self, String> {
        let mut acks = Vec::new();
        let mut replicated = BTreeSet::new();
        for (index, record) in records.iter().enumerate() {
            let TraceRecord::Note { kind, bytes } = record else { continue };
            let text = std::str::from_utf8(bytes).map_err(|error| format!("a note that is no text: {error}"))?;
            match *kind {
                ACK_NOTE => acks.push((index + 1, text.parse()?)),
                REPLICATED_TOPIC_NOTE => drop(replicated.insert(text.to_owned())),
                kind => return Err(format!("a note of the unknown kind {kind}")),
            }
        }
        Ok(Self { data: data.to_owned(), records, acks, replicated })
    }

    /// Acks of this topic promise nothing about power cuts.
    pub fn excuse(&mut self, topic: &str) {
        self.replicated.insert(topic.to_owned());
    }

    /// Whether an ack of this topic outlives a power cut.
    #[must_use]
    pub fn is_power_safe(&self, topic: &str) -> bool {
        !self.replicated.contains(topic)
    }

    /// Acks that had been given when so many records were past.
    pub fn acks_before(&self, point: usize) -> impl Iterator<Item = &AckLine> {
        let count = self.acks.partition_point(|(from, _)| *from <= point);
        self.acks[..count].iter().map(|(_, ack)| ack)
    }

    /// The disk before the first record: the directories that the run did not make itself.
    #[must_use]
    pub fn begin(&self) -> TraceDisk {
        let disk = SimDisk::seeded(0);
        let made = self.made_directories();
        let found = self.data.ancestors().filter(|path| !path.as_os_str().is_empty()).find(|path| !made.contains(*path));
        disk.put_dir(found.unwrap_or(Path::new("/")));
        TraceDisk::new(disk)
    }

    fn made_directories(&self) -> BTreeSet<&Path> {
        let mut asked: HashMap<u64, &Path> = HashMap::new();
        let mut made = BTreeSet::new();
        for record in &self.records {
            match record {
                TraceRecord::Submit { operation, op: TracedOp::MakeDir { path }, .. } => drop(asked.insert(*operation, path)),
                TraceRecord::Complete { operation, result: Ok(_), .. } => made.extend(asked.remove(operation)),
                _ => {}
            }
        }
        made
    }

    /// Moments to cut the power at, ascending: half of them anywhere, half right behind an ack, when most is promised
    /// that nothing but a sync protects.
    #[must_use]
    pub fn points(&self, count: usize, random: &mut Random) -> Vec<usize> {
        let anywhere = |random: &mut Random| random.below(self.records.len() as u64 + 1) as usize;
        let mut points: Vec<usize> = (0..count)
            .map(|_| match self.acks.get(random.below(self.acks.len() as u64) as usize) {
                Some((point, _)) if random.coin() => *point,
                _ => anywhere(random),
            })
            .collect();
        points.sort_unstable();
        points
    }
}
