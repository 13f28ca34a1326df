//! The records of the consensus log: bytes as the records of a journal, as the content of an entry, and the log that opens with
//! them and goes on.

use super::{seed, Seed};
use crate::consensus::{Consensus, EngineRecord, Hard, LogEntry, Snapshot, StoredLog};
use crate::io::sim::{SimDisk, SimIo};
use crate::io::task::block_on;
use crate::journal::entry::Durability;
use crate::journal::metadata::{decode_records, encode_records, MetadataJournal, Record};
use crate::log::config::LogConfig;
use crate::log::ids::TopicId;
use crate::log::segment::DataPaths;
use crate::store::topics::{TopicRecord, Topics};
use std::path::{Path, PathBuf};

pub fn run(bytes: &[u8]) {
    let Some(records) = decode_records(bytes) else { return };
    assert_eq!(encode_records(&records), bytes);
    for record in &records {
        if let Some(decoded) = EngineRecord::decode(record) {
            assert_eq!(decoded.encode(), *record);
        }
        if let Ok(Some(decoded)) = TopicRecord::decode(record) {
            assert_eq!(TopicRecord::decode(&decoded.encode()), Ok(Some(decoded)));
        }
    }
    check_log(&records);
    let content =
        EngineRecord::Snapshot(Snapshot { index: 1, term: 1, voters: vec![1], learners: vec![], content: bytes.to_vec() });
    check_log(&[content.encode()]);
}

/// What opens says the same when it is written anew, and goes on.
fn check_log(records: &[Record]) {
    let Ok(stored) = StoredLog::of(records) else { return };
    if !stored.is_bare {
        assert_eq!(StoredLog::of(&stored.encode()), Ok(stored.clone()));
    }
    let disk = SimDisk::seeded(0);
    disk.put_dir(data());
    let mut io = SimIo::new(&disk);
    let records = records.to_vec();
    let written = block_on(&mut io, |files| async move {
        let (mut journal, _) = MetadataJournal::open(&files, &directory(), true).await.expect("a fresh directory");
        journal.rewrite(&files, &records).await
    });
    written.expect("written");
    let Ok(topics) = Topics::open(&mut io, data(), false) else { return };
    let mut consensus = Consensus::open(&mut io, &directory(), false, None).expect("the topics' log opened");
    consensus.campaign().expect("heard");
    let term = consensus.state().term;
    consensus.turn(&mut io).expect("durable");
    if consensus.state().is_leader {
        let content = encode_records(&[Record { kind: 99, bytes: vec![1] }]);
        let place = consensus.propose(content).expect("it leads");
        let turn = consensus.turn(&mut io).expect("durable");
        assert_eq!(turn.committed.last().map(|entry| (entry.index, entry.term)), Some(place));
        assert_eq!(place.1, term);
    }
    consensus.rest(&mut io).expect("durable");
    let reopened = Topics::open(&mut io, data(), false).expect("it opened before");
    assert!(reopened.list().eq(topics.list()));
}

fn data() -> &'static Path {
    Path::new("/data")
}

fn directory() -> PathBuf {
    DataPaths::new(data()).metadata()
}

pub fn seeds() -> Vec<Seed> {
    let id = TopicId([1; 16]);
    let config = LogConfig { durability: Durability::Replicated, ..LogConfig::default() };
    let created = TopicRecord::Created { id, name: "clicks".into(), partitions_count: 3, config: LogConfig::default() };
    let changes =
        [TopicRecord::Grown { id, partitions_count: 5 }, TopicRecord::Configured { id, config }, TopicRecord::Deleted { id }];
    let content = |records: &[TopicRecord]| encode_records(&records.iter().map(TopicRecord::encode).collect::<Vec<Record>>());
    let snapshot = |voters: &[u64]| {
        EngineRecord::Snapshot(Snapshot {
            index: 7,
            term: 2,
            voters: voters.to_vec(),
            learners: vec![9],
            content: content(std::slice::from_ref(&created)),
        })
    };
    let entry = |index, term, content| EngineRecord::Entry(LogEntry { index, term, content });
    let hard = |term, commit| EngineRecord::Hard(Hard { term, vote: 1, commit });
    let log = |records: &[EngineRecord]| encode_records(&records.iter().map(EngineRecord::encode).collect::<Vec<Record>>());
    vec![
        seed("bare", content(&[created.clone(), changes[0].clone()])),
        seed("snapshot", log(&[snapshot(&[1]), hard(2, 7)])),
        seed("entries", log(&[snapshot(&[1]), hard(3, 7), entry(8, 3, Vec::new()), entry(9, 3, content(&changes))])),
        seed(
            "overwritten",
            log(&[
                snapshot(&[1, 2, 3]),
                hard(4, 8),
                entry(8, 3, Vec::new()),
                entry(9, 3, content(&changes[..1])),
                entry(9, 4, Vec::new()),
            ]),
        ),
    ]
}
