use super::*;
use crate::io::sim::{Fault, FaultPlan, OpKind, SimDisk, SimIo};
use crate::io::IoError;
use crate::journal::entry::Durability;
use std::path::PathBuf;

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::seeded(seed);
    disk.put_dir(Path::new("/data"));
    disk
}

fn open(disk: &SimDisk, is_fresh: bool) -> Result<Topics, OpenError> {
    Topics::open(&mut SimIo::new(disk), Path::new("/data"), is_fresh)
}

fn replicated() -> LogConfig {
    LogConfig { durability: Durability::Replicated, retention_ms: None, retention_size: Some(7), ..LogConfig::default() }
}

fn listed(topics: &Topics) -> Vec<Topic> {
    topics.list().cloned().collect()
}

#[test]
fn a_topic_is_created_grown_configured_deleted_and_created_again() {
    let disk = disk(1);
    let mut io = SimIo::new(&disk);
    let mut topics = open(&disk, true).expect("fresh");
    let first = topics.ensure(&mut io, "clicks", 2, &LogConfig::default(), [1; 16]).expect("created");
    assert_eq!(topics.ensure(&mut io, "clicks", 2, &LogConfig::default(), [2; 16]), Ok(first));
    assert_eq!(topics.ensure(&mut io, "clicks", 3, &replicated(), [2; 16]), Ok(first));
    assert_eq!(topics.ensure(&mut io, "clicks", 1, &replicated(), [2; 16]), Ok(first));
    assert_eq!(topics.get("clicks").map(|topic| (topic.partitions_count, topic.config)), Some((3, replicated())));
    assert_eq!(topics.delete(&mut io, "clicks"), Ok(true));
    assert_eq!(topics.delete(&mut io, "clicks"), Ok(false));
    let second = topics.ensure(&mut io, "clicks", 1, &LogConfig::default(), [2; 16]).expect("created");
    assert_ne!(first, second);

    disk.restart(9);
    for reopened in
        [open(&disk, false), Topics::read(&mut SimIo::new(&disk), Path::new("/data")).map(|found| found.expect("there").topics)]
    {
        let reopened = reopened.expect("whole");
        assert_eq!(listed(&reopened), listed(&topics));
        assert_eq!(reopened.name_of(&first), Some("clicks"));
        let catalog = reopened.catalog();
        assert_eq!(catalog.live.keys().copied().collect::<Vec<_>>(), vec![PartitionId { topic: second, index: 0 }]);
        assert_eq!(catalog.deleted.into_iter().collect::<Vec<_>>(), vec![first]);
    }
}

#[test]
fn what_ensure_answered_survives_a_crash_at_every_boundary() {
    let work = |disk: &SimDisk| {
        let mut io = SimIo::new(disk);
        let mut answered = Vec::new();
        let Ok(mut topics) = Topics::open(&mut io, Path::new("/data"), true) else { return answered };
        for id in 1..4u8 {
            match topics.ensure(&mut io, &format!("topic-{id}"), u32::from(id), &replicated(), [id; 16]) {
                Ok(id) => answered.push(id),
                Err(_) => break,
            }
        }
        answered
    };
    let whole = disk(5);
    assert_eq!(work(&whole).len(), 3);
    for boundary in 0..whole.boundaries() {
        let disk = disk(5);
        disk.crash_after(boundary);
        let answered = work(&disk);
        disk.restart(boundary);
        let found: Vec<TopicId> = open(&disk, answered.is_empty()).expect("no corruption").list().map(|topic| topic.id).collect();
        assert!(found.starts_with(&answered) && found.len() <= answered.len() + 1, "{boundary}: {answered:?}, found {found:?}");
    }
}

#[test]
fn a_catalogue_that_is_missing_or_means_nothing_refuses_to_start() {
    let disk = disk(1);
    assert!(matches!(open(&disk, false), Err(OpenError::Corrupt(_))));
    let mut topics = open(&disk, true).expect("fresh");
    let mut io = SimIo::new(&disk);
    topics.ensure(&mut io, "a", 1, &LogConfig::default(), [1; 16]).expect("created");
    let records = [
        Record { kind: 9, bytes: vec![0; 16] },
        Record { kind: 4, bytes: vec![3; 16] },
        Record { kind: 2, bytes: vec![1; 21] },
        TopicRecord::Created { id: TopicId([2; 16]), name: "a".into(), partitions_count: 1, config: LogConfig::default() }
            .encode(),
    ];
    let before = disk.snapshot();
    for record in records {
        disk.restore(&before);
        let mut topics = open(&disk, false).expect("whole");
        let wrong = record.clone();
        let append = |mut journal: MetadataJournal, files: Files| async move {
            let result = journal.append(&files, &[wrong]).await;
            (journal, result)
        };
        topics.with_journal(&mut SimIo::new(&disk), append).expect("appended");
        assert!(matches!(open(&disk, false), Err(OpenError::Corrupt(_))), "{record:?}");
    }
}

#[test]
fn a_topic_that_changes_often_does_not_fill_the_disk() {
    let disk = disk(2);
    let mut io = SimIo::new(&disk);
    let mut topics = open(&disk, true).expect("fresh");
    topics.ensure(&mut io, "deleted", 1, &replicated(), [9; 16]).expect("created");
    topics.delete(&mut io, "deleted").expect("deleted");
    let mut largest = 0;
    for round in 0..400 {
        let config = LogConfig { batch_size_max: round, ..replicated() };
        topics.ensure(&mut io, "restless", 1, &config, [1; 16]).expect("changed");
        largest = largest.max(disk.file(&PathBuf::from("/data/metadata/journal")).expect("there").len());
    }
    assert!(disk.file(&PathBuf::from("/data/metadata/journal")).expect("there").len() < largest / 2);
    let reopened = open(&disk, false).expect("whole");
    assert_eq!(listed(&reopened), listed(&topics));
    assert_eq!(reopened.catalog().deleted.len(), 1);
}

#[test]
fn a_change_that_failed_is_not_believed() {
    let disk = disk(3);
    let mut io = SimIo::new(&disk);
    let mut topics = open(&disk, true).expect("fresh");
    disk.set_faults(FaultPlan::new().nth(OpKind::Sync, "journal", 1, Fault::Error(IoError::MEDIA)));
    assert!(matches!(topics.ensure(&mut io, "a", 1, &replicated(), [1; 16]), Err(OpenError::Io { .. })));
    assert_eq!(listed(&topics), vec![]);
    assert!(topics.ensure(&mut io, "b", 1, &replicated(), [2; 16]).is_err(), "the same file is not tried again");
}
