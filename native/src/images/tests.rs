use super::ack_line::{AckLine, ACK_NOTE, REPLICATED_TOPIC_NOTE};
use super::campaign::{Campaign, Tally};
use super::image::write_out;
use super::judge::judge;
use super::opening::{SeenBatch, SeenBatches};
use super::story::Story;
use super::watchdog::Watchdog;
use super::without::Without;
use super::workload;
use crate::io::sim::SimDisk;
use crate::io::trace::{TraceRecord, TracedOp};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A directory of its own that is removed in the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("millrace-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn campaign(place: &Place) -> Campaign {
    Campaign {
        tell: Box::new(workload::run),
        stories: place.0.clone(),
        images: place.0.join("images"),
        images_per_story: 12,
        images_max: u64::MAX,
        deadline: Instant::now() + Duration::from_secs(3600),
        binary: None,
        watchdog: Watchdog::default(),
    }
}

#[test]
fn nothing_acknowledged_is_missing_from_any_image() {
    let place = Place::new("images");
    let mut tally = Tally::default();
    campaign(&place).run_seed(1, &mut tally);
    assert_eq!((tally.stories, tally.images, tally.failed), (1, 12, 0));
    assert!(tally.acks > 50, "{tally:?}");
}

#[test]
fn without_a_sync_something_is() {
    let place = Place::new("unsafe-images");
    for without in Without::ALL {
        let found = campaign(&place).find_loss(2, without);
        assert!(found.is_ok(), "{found:?}");
    }
}

fn ack(base: u64, last: u64, crc: u32) -> AckLine {
    AckLine { topic: "t".into(), partition: 1, base, last, crc }
}

fn note(ack: &AckLine) -> TraceRecord {
    TraceRecord::Note { kind: ACK_NOTE, bytes: format!("{ack}\n").into_bytes() }
}

fn story(records: Vec<TraceRecord>) -> Story {
    Story::of(records, Path::new("/data")).expect("well-formed notes")
}

fn seen(batches: &[(u64, u64, u32)]) -> SeenBatches {
    let batches = batches.iter().map(|&(base, last, crc)| SeenBatch { base, last, crc, leader_epoch: 1 });
    [(("t".to_owned(), 1), batches.collect())].into()
}

#[test]
fn an_ack_line_is_what_log_append_prints_and_nothing_else() {
    let line = "ack my.topic-1 3 9007199254740990 9007199254740991 4294967295";
    let ack: AckLine = line.parse().expect("well-formed");
    assert_eq!((ack.partition, ack.crc), (3, u32::MAX));
    assert_eq!(ack.to_string(), line);
    for wrong in ["", "ack t 1 2 3", "ack t 1 2 3 4 5", "nak t 1 2 3 4", "ack t -1 2 3 4", "ack t 1 2 3 4294967296"] {
        assert!(wrong.parse::<AckLine>().is_err(), "{wrong}");
    }
}

#[test]
fn what_was_acknowledged_before_the_cut_must_be_there() {
    let story = story(vec![note(&ack(0, 1, 7)), note(&ack(2, 2, 8))]);
    assert_eq!(judge(&story, 0, &SeenBatches::new()), Ok(()));
    assert_eq!(judge(&story, 1, &seen(&[(0, 1, 7)])), Ok(()));
    assert_eq!(judge(&story, 2, &seen(&[(0, 1, 7), (2, 2, 8), (3, 9, 9)])), Ok(()), "more may have survived");
    assert!(judge(&story, 1, &SeenBatches::new()).is_err());
    assert!(judge(&story, 2, &seen(&[(0, 1, 7)])).is_err());
}

#[test]
fn what_is_there_is_whole_in_order_and_never_another() {
    let story = story(vec![note(&ack(0, 1, 7)), note(&ack(2, 2, 8))]);
    assert!(judge(&story, 1, &seen(&[(0, 1, 6)])).is_err(), "another CRC");
    assert!(judge(&story, 0, &seen(&[(0, 1, 7), (2, 2, 9)])).is_err(), "another one than it will be");
    assert!(judge(&story, 0, &seen(&[(0, 0, 7), (1, 1, 7)])).is_err(), "a part of it");
    assert!(judge(&story, 0, &seen(&[(0, 1, 7), (3, 3, 8)])).is_err(), "a gap");
    assert!(judge(&story, 0, &seen(&[(1, 1, 7)])).is_err(), "no beginning");
}

#[test]
fn acks_of_replicated_topics_promise_nothing_about_power() {
    let name = TraceRecord::Note { kind: REPLICATED_TOPIC_NOTE, bytes: b"t".to_vec() };
    let story = story(vec![name, note(&ack(0, 1, 7))]);
    assert_eq!(judge(&story, 2, &SeenBatches::new()), Ok(()));
    assert!(judge(&story, 2, &seen(&[(0, 1, 6)])).is_err());
}

#[test]
fn the_directories_above_the_data_exist_unless_the_run_made_them() {
    let made = |operation, path: &str, result| {
        let op = TracedOp::MakeDir { path: path.into() };
        [TraceRecord::Submit { io: 0, operation, op }, TraceRecord::Complete { io: 0, operation, result }]
    };
    let data = Path::new("/a/b/data");
    let run = [made(0, "/a/b", Ok(0)), made(1, "/a/b/data", Ok(0))].concat();
    let story = Story::of(run, data).expect("no notes");
    let mut disk = story.begin();
    story.records.iter().for_each(|record| disk.apply(record).expect("possible"));
    let run = made(0, "/a/b/data", Err(crate::io::IoError::EXISTS)).to_vec();
    let story = Story::of(run, data).expect("no notes");
    let mut disk = story.begin();
    story.records.iter().for_each(|record| disk.apply(record).expect("possible"));
    let open = TracedOp::Open { path: data.into(), mode: crate::io::OpenMode::Directory };
    disk.apply(&TraceRecord::Submit { io: 0, operation: 1, op: open }).expect("possible");
    assert_eq!(disk.apply(&TraceRecord::Complete { io: 0, operation: 1, result: Ok(0) }), Ok(()));
}

#[test]
fn an_image_on_real_files_holds_what_the_disk_holds_and_nothing_older() {
    let place = Place::new("image");
    let to = place.0.join("image");
    std::fs::create_dir_all(to.join("old")).expect("a directory");
    let disk = SimDisk::seeded(0);
    let bytes: Vec<u8> = (0..20_000).map(|at| if (4096..12_288).contains(&at) { 0 } else { (at % 251) as u8 }).collect();
    disk.put_file(Path::new("/data/topics/t-0/x.log"), &bytes);
    disk.put_file(Path::new("/data/zeros"), &[0; 10_000]);
    disk.put_dir(Path::new("/data/empty"));
    write_out(&disk, Path::new("/data"), &to).expect("written");
    assert_eq!(std::fs::read(to.join("topics/t-0/x.log")).expect("there"), bytes);
    assert_eq!(std::fs::read(to.join("zeros")).expect("there"), [0; 10_000]);
    assert!(to.join("empty").is_dir() && !to.join("old").exists());
}
