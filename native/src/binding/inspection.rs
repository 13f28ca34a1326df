//! `log dump` and `log verify`: what recovery would leave of a data directory, found out without changing it.

use super::data_directory::{io_choice, open_traced};
use super::event_words::exact;
use super::failure::BindingFailure;
use super::guarded;
use super::lent_words::LentWords;
use crate::io::Io;
use crate::log::ids::{PartitionId, TopicId};
use crate::store::inspect::{inspect, inspect_segment, Finding, Inspection, VerifyOutcome};
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use std::path::{Path, PathBuf};

/// Words per batch: index of its topic among `topicIds`, partition, base, last, leader epoch, CRC32C, segment, position, size.
const BATCH_WORDS: usize = 9;

#[napi(object)]
pub struct BindingInspectOptions {
    /// A data directory, or one segment file in it.
    pub path: String,
    pub is_segment: bool,
    /// Where the journals lie, if not in the data directory.
    pub journals: Option<String>,
    /// "auto", "uring" or "fallback".
    pub io: String,
}

#[napi(object)]
pub struct BindingFinding {
    /// "torn-tail", "torn-commit", "torn-metadata", "corrupt-batch", "corrupt", "damaged-copy" or "unknown".
    pub kind: String,
    pub message: String,
    /// Its name; empty where the finding is not about one partition.
    pub topic: String,
    pub partition: u32,
}

#[napi(object)]
pub struct BindingTopicName {
    /// 32 hexadecimal digits.
    pub id: String,
    pub name: String,
}

/// What was found, with the Io that it reads batches from.
#[napi]
pub struct BindingInspection {
    /// None once closed.
    inspection: Option<Inspection<'static>>,
    /// What the inspection borrows.
    io: Option<*mut dyn Io>,
    topic_ids: Vec<TopicId>,
    next: usize,
}

impl BindingInspection {
    fn let_go(&mut self) {
        self.inspection = None;
        if let Some(io) = self.io.take() {
            // SAFETY: made by Box::into_raw in `open`, and its only borrower is gone.
            drop(unsafe { Box::from_raw(io) });
        }
    }
}

impl Drop for BindingInspection {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Refused while a process owns the directory.
#[napi]
pub fn inspect_log(options: BindingInspectOptions) -> Either<BindingInspection, BindingFailure> {
    guarded(|| match open(&options) {
        Ok(inspection) => Either::A(inspection),
        Err(failure) => Either::B(failure),
    })
}

fn open(options: &BindingInspectOptions) -> Result<BindingInspection, BindingFailure> {
    let (io, _) = open_traced(io_choice(&options.io)?, None)?;
    let io = Box::into_raw(io);
    // Owned from here on, so that every way out gives the Io back.
    let mut opened = BindingInspection { inspection: None, io: Some(io), topic_ids: Vec::new(), next: 0 };
    // SAFETY: lives until `opened` is dropped, and nobody else uses it while the inspection does.
    let borrowed: &'static mut dyn Io = unsafe { &mut *io };
    let journals = options.journals.as_ref().map(PathBuf::from);
    let path = Path::new(&options.path);
    let inspection = if options.is_segment {
        inspect_segment(borrowed, path, journals.as_deref())?
    } else {
        inspect(borrowed, path, journals.as_deref())?
    };
    opened.topic_ids = topic_ids(&inspection);
    opened.inspection = Some(inspection);
    Ok(opened)
}

fn topic_ids(inspection: &Inspection<'_>) -> Vec<TopicId> {
    let mut ids: Vec<TopicId> = inspection.batches().map(|batch| batch.partition.topic).collect();
    ids.dedup();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[napi]
impl BindingInspection {
    fn inspection(&self) -> &Inspection<'static> {
        self.inspection.as_ref().expect("not closed before")
    }

    /// Lets go of the directory. Nothing else may be asked then.
    #[napi]
    pub fn close(&mut self) {
        guarded(|| self.let_go());
    }

    /// "clean", "torn-tail" or "corrupt": the worst of the findings.
    #[napi]
    pub fn outcome(&self) -> &'static str {
        guarded(|| match self.inspection().outcome() {
            VerifyOutcome::Clean => "clean",
            VerifyOutcome::TornTail => "torn-tail",
            VerifyOutcome::Corrupt => "corrupt",
        })
    }

    #[napi]
    pub fn findings(&self) -> Vec<BindingFinding> {
        guarded(|| self.inspection().findings.iter().map(|finding| self.describe(finding)).collect())
    }

    fn describe(&self, finding: &Finding) -> BindingFinding {
        let (kind, partition, message) = tell(finding);
        BindingFinding {
            kind: kind.to_owned(),
            message,
            topic: partition.map_or_else(String::new, |partition| self.name_of(&partition.topic)),
            partition: partition.map_or(0, |partition| partition.index),
        }
    }

    /// The topics of all batches, by whose index the words name them.
    #[napi]
    pub fn topics(&self) -> Vec<BindingTopicName> {
        guarded(|| self.topic_ids.iter().map(|id| BindingTopicName { id: id.to_string(), name: self.name_of(id) }).collect())
    }

    /// The id stands for a name that the catalogue does not tell.
    fn name_of(&self, id: &TopicId) -> String {
        self.inspection().name_of(id).map_or_else(|| id.to_string(), str::to_owned)
    }

    /// The next batches, by partition and offset, as many as have room; how many.
    #[napi]
    pub fn next_batches(&mut self, mut words: LentWords) -> u32 {
        guarded(|| {
            let inspection = self.inspection.as_ref().expect("not closed before");
            let mut count = 0;
            for (batch, target) in inspection.batches().skip(self.next).zip(words.words().chunks_exact_mut(BATCH_WORDS)) {
                let topic = self.topic_ids.binary_search(&batch.partition.topic).expect("all topics were collected");
                target.copy_from_slice(&[
                    topic as f64,
                    f64::from(batch.partition.index),
                    exact(batch.base),
                    exact(batch.last),
                    f64::from(batch.leader_epoch),
                    f64::from(batch.crc),
                    exact(batch.segment),
                    exact(batch.position),
                    f64::from(batch.size),
                ]);
                count += 1;
            }
            self.next += count;
            count as u32
        })
    }

    /// A whole batch as stored, by its number in the order of `nextBatches`.
    #[napi]
    pub fn batch_bytes(&self, number: u32) -> Either<Uint8Array, BindingFailure> {
        guarded(|| {
            let inspection = self.inspection();
            let Some(batch) = inspection.batches().nth(number as usize) else {
                return Either::B(BindingFailure::new("out-of-range", format!("there is no batch {number}")));
            };
            match inspection.bytes(batch) {
                Ok(bytes) => Either::A(bytes.into()),
                Err(error) => Either::B(error.into()),
            }
        })
    }
}

fn tell(finding: &Finding) -> (&'static str, Option<PartitionId>, String) {
    match *finding {
        Finding::TornTail { partition, segment, position, size } => {
            let message = format!("segment {segment}: {size} bytes from position {position} on would be cut");
            ("torn-tail", Some(partition), message)
        }
        Finding::TornCommit { shard, number, position } => {
            let message =
                format!("journal {shard}: commit {number} at position {position} is not whole and was never acknowledged");
            ("torn-commit", None, message)
        }
        Finding::TornMetadata { size } => {
            ("torn-metadata", None, format!("the metadata journal ends in {size} bytes that were never acknowledged"))
        }
        Finding::CorruptBatch { partition, segment, position, offset } => {
            let message = format!("segment {segment}: the batch of offset {offset} at position {position} is damaged");
            ("corrupt-batch", Some(partition), message)
        }
        Finding::Corrupt { ref what } => ("corrupt", None, what.clone()),
        Finding::DamagedCopy { ref what } => {
            ("damaged-copy", None, format!("{what}: one of two copies is damaged, the other one is used"))
        }
        Finding::Unknown { ref name } => ("unknown", None, format!("{name} is unknown to the metadata and would be set aside")),
    }
}
