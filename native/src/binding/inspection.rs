//! `log dump` and `log verify`: what recovery would leave of a data directory, found out without changing it.
//!
//! ```text
//!   JavaScript                          a thread of its own
//!   inspectLog ───────────────────────► looks at everything: the Io and what borrows it never leave this thread
//!   isRunning, readSize, cancel ◄─────► Watch
//!   findings, nextBatches ◄──────────── Found, once
//!   batchBytes ───────────────────────► reads a batch, and answers
//! ```

use super::data_directory::{io_choice, open_traced};
use super::event_words::exact;
use super::failure::BindingFailure;
use super::guarded;
use super::lent_words::LentWords;
use crate::io::{PageCache, Watch, WatchedIo};
use crate::log::ids::{PartitionId, TopicId};
use crate::store::inspect::{inspect, inspect_segment, Finding, InspectedBatch, Inspection, VerifyOutcome};
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use std::path::Path;
use std::sync::mpsc::{channel, Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;

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
#[derive(Clone)]
pub struct BindingFinding {
    /// "torn-tail", "torn-commit", "torn-metadata", "corrupt-batch", "corrupt", "damaged-copy" or "unknown".
    pub kind: String,
    pub message: String,
    /// Its name; empty where the finding is not about one partition.
    pub topic: String,
    pub partition: u32,
}

#[napi(object)]
#[derive(Clone)]
pub struct BindingTopicName {
    /// 32 hexadecimal digits.
    pub id: String,
    pub name: String,
}

type Outcome<T> = Result<T, BindingFailure>;

/// What the thread tells at its end, as it is told to JavaScript.
struct Found {
    outcome: VerifyOutcome,
    findings: Vec<BindingFinding>,
    topic_ids: Vec<TopicId>,
    topics: Vec<BindingTopicName>,
    batches: Vec<InspectedBatch>,
}

/// For the bytes of a batch, once all is found.
struct Ask {
    batch: InspectedBatch,
    answer: Sender<Outcome<Vec<u8>>>,
}

/// An inspection under way, and what it has found.
#[napi]
pub struct BindingInspection {
    watch: Watch,
    ended: Receiver<Outcome<Found>>,
    found: Option<Outcome<Found>>,
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
    next: usize,
}

impl Drop for BindingInspection {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Begins; refused, when it ends, where a process owns the directory.
#[napi]
pub fn inspect_log(options: BindingInspectOptions) -> BindingInspection {
    guarded(|| {
        let watch = Watch::default();
        let (found, ended) = channel();
        let (asks, asked) = channel();
        let watched = watch.clone();
        let thread = std::thread::spawn(move || guarded(|| work(&options, &watched, &found, &asked)));
        BindingInspection { watch, ended, found: None, asks: Some(asks), thread: Some(thread), next: 0 }
    })
}

/// Who hears of nothing any more has let go: then nothing is left to do.
fn work(options: &BindingInspectOptions, watch: &Watch, found: &Sender<Outcome<Found>>, asked: &Receiver<Ask>) {
    let opened = io_choice(&options.io).and_then(|choice| open_traced(choice, PageCache::Keep, None));
    let mut io = match opened {
        Ok((io, _)) => WatchedIo::new(io, watch.clone()),
        Err(failure) => return drop(found.send(Err(failure))),
    };
    let journals = options.journals.as_ref().map(Path::new);
    let path = Path::new(&options.path);
    let inspected = if options.is_segment { inspect_segment(&mut io, path, journals) } else { inspect(&mut io, path, journals) };
    let mut inspection = match inspected {
        // A file that could not be read may have been taken for one that is damaged.
        Ok(_) | Err(_) if watch.is_cancelled() => {
            return drop(found.send(Err(BindingFailure::new("cancelled", "it was not to go on"))));
        }
        Ok(inspection) => inspection,
        Err(error) => return drop(found.send(Err(error.into()))),
    };
    let told = told(&mut inspection);
    if found.send(Ok(told)).is_err() {
        return;
    }
    for Ask { batch, answer } in asked {
        let _ = answer.send(inspection.bytes(&batch).map_err(BindingFailure::from));
    }
}

fn told(inspection: &mut Inspection<'_>) -> Found {
    let topic_ids = topic_ids(inspection);
    Found {
        outcome: inspection.outcome(),
        findings: inspection.findings.iter().map(|finding| describe(inspection, finding)).collect(),
        topics: topic_ids.iter().map(|id| BindingTopicName { id: id.to_string(), name: name_of(inspection, id) }).collect(),
        topic_ids,
        batches: inspection.take_batches(),
    }
}

fn topic_ids(inspection: &Inspection<'_>) -> Vec<TopicId> {
    let mut ids: Vec<TopicId> = inspection.batches().map(|batch| batch.partition.topic).collect();
    ids.dedup();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn describe(inspection: &Inspection<'_>, finding: &Finding) -> BindingFinding {
    let (kind, partition, message) = tell(finding);
    BindingFinding {
        kind: kind.to_owned(),
        message,
        topic: partition.map_or_else(String::new, |partition| name_of(inspection, &partition.topic)),
        partition: partition.map_or(0, |partition| partition.index),
    }
}

/// The id stands for a name that the catalogue does not tell.
fn name_of(inspection: &Inspection<'_>, id: &TopicId) -> String {
    inspection.name_of(id).map_or_else(|| id.to_string(), str::to_owned)
}

#[napi]
impl BindingInspection {
    fn let_go(&mut self) {
        self.watch.cancel();
        self.asks = None;
        // It ends with the operation that it is at, and lets go of the directory.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn found(&self) -> &Found {
        let found = self.found.as_ref().expect("it has ended");
        found.as_ref().unwrap_or_else(|failure| panic!("it has failed: {}", failure.message))
    }

    /// False: it has ended, and `failure` tells how.
    #[napi]
    pub fn is_running(&mut self) -> bool {
        guarded(|| {
            if self.found.is_none() {
                self.found = match self.ended.try_recv() {
                    Ok(found) => Some(found),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => unreachable!("it tells before it ends"),
                };
            }
            self.found.is_none()
        })
    }

    /// Bytes that were looked at so far.
    #[napi]
    pub fn read_size(&self) -> f64 {
        guarded(|| exact(self.watch.read_size()))
    }

    /// It ends as soon as what is in flight has, and has failed then.
    #[napi]
    pub fn cancel(&self) {
        guarded(|| self.watch.cancel());
    }

    /// Why there is nothing to be asked. None: there is.
    #[napi]
    pub fn failure(&self) -> Option<BindingFailure> {
        guarded(|| match self.found.as_ref().expect("it has ended") {
            Ok(_) => None,
            Err(BindingFailure { code, message }) => Some(BindingFailure { code: code.clone(), message: message.clone() }),
        })
    }

    /// Lets go of the directory. Nothing else may be asked then.
    #[napi]
    pub fn close(&mut self) {
        guarded(|| self.let_go());
    }

    /// "clean", "torn-tail" or "corrupt": the worst of the findings.
    #[napi]
    pub fn outcome(&self) -> &'static str {
        guarded(|| match self.found().outcome {
            VerifyOutcome::Clean => "clean",
            VerifyOutcome::TornTail => "torn-tail",
            VerifyOutcome::Corrupt => "corrupt",
        })
    }

    #[napi]
    pub fn findings(&self) -> Vec<BindingFinding> {
        guarded(|| self.found().findings.clone())
    }

    /// The topics of all batches, by whose index the words name them.
    #[napi]
    pub fn topics(&self) -> Vec<BindingTopicName> {
        guarded(|| self.found().topics.clone())
    }

    /// The next batches, by partition and offset, as many as have room; how many.
    #[napi]
    pub fn next_batches(&mut self, mut words: LentWords) -> u32 {
        guarded(|| {
            let Found { batches, topic_ids, .. } = self.found();
            let mut count = 0;
            for (batch, target) in batches[self.next..].iter().zip(words.words().chunks_exact_mut(BATCH_WORDS)) {
                let topic = topic_ids.binary_search(&batch.partition.topic).expect("all topics were collected");
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
        guarded(|| match self.fetch(number) {
            Ok(bytes) => Either::A(bytes.into()),
            Err(failure) => Either::B(failure),
        })
    }

    fn fetch(&self, number: u32) -> Outcome<Vec<u8>> {
        let batch = self.found().batches.get(number as usize);
        let batch = *batch.ok_or_else(|| BindingFailure::new("out-of-range", format!("there is no batch {number}")))?;
        let asks = self.asks.as_ref().ok_or_else(BindingFailure::closed)?;
        let (answer, answered) = channel();
        asks.send(Ask { batch, answer }).map_err(|_| BindingFailure::closed())?;
        answered.recv().unwrap_or_else(|_| Err(BindingFailure::closed()))
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
