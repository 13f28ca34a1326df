//! Tiny traces, with every image that a power cut may leave of them.

use super::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

const SEEDS: u64 = 400;
const SECTOR: usize = 512;

/// A trace being told. The disk begins with a durable `/d/f` of one page of `-`.
struct Story {
    disk: TraceDisk,
    operation_next: u64,
}

impl Story {
    fn new() -> Self {
        let disk = SimDisk::seeded(0);
        disk.put_file(Path::new("/d/f"), &[b'-'; 4096]);
        Self { disk: TraceDisk::new(disk), operation_next: 0 }
    }

    fn submit(&mut self, op: TracedOp) -> u64 {
        let operation = self.operation_next;
        self.operation_next += 1;
        self.disk.apply(&TraceRecord::Submit { io: 0, operation, op }).expect("can be submitted");
        operation
    }

    fn complete(&mut self, operation: u64, value: u64) {
        self.disk.apply(&TraceRecord::Complete { io: 0, operation, result: Ok(value) }).expect("can complete");
    }

    fn run(&mut self, op: TracedOp, value: u64) {
        let operation = self.submit(op);
        self.complete(operation, value);
    }

    fn open(&mut self, path: &str, mode: OpenMode) -> FileId {
        let file = FileId(self.operation_next as u32);
        self.run(TracedOp::Open { path: path.into(), mode }, u64::from(file.0));
        file
    }

    /// `/d/f` and a second handle on its directory.
    fn open_both(&mut self) -> (FileId, FileId) {
        (self.open("/d/f", OpenMode::Write), self.open("/d", OpenMode::Directory))
    }

    /// What each image holds, as `look` sees it.
    fn images<T: Ord>(&self, look: impl Fn(&SimDisk) -> T) -> BTreeSet<T> {
        (0..SEEDS).map(|seed| look(&self.disk.lose_power(seed))).collect()
    }

    /// The first byte of every sector of `/d/f` in each image.
    fn sectors(&self) -> BTreeSet<String> {
        self.images(|disk| {
            let bytes = disk.file(Path::new("/d/f")).unwrap_or_default();
            bytes.chunks(SECTOR).map(|sector| sector[0] as char).collect()
        })
    }

    fn names(&self) -> BTreeSet<String> {
        self.images(|disk| {
            let names = disk.files().into_keys().map(|path| path.file_name().expect("a file").to_string_lossy().into_owned());
            names.collect::<Vec<_>>().join(" ")
        })
    }
}

fn write(file: FileId, sector: u64, text: &str, durable: Option<SyncMethod>) -> TracedOp {
    let bytes = text.bytes().flat_map(|byte| [byte; SECTOR]).collect();
    TracedOp::Write { file, position: sector * SECTOR as u64, bytes, durable }
}

fn size(text: &str) -> u64 {
    (text.len() * SECTOR) as u64
}

fn strings(strings: &[&str]) -> BTreeSet<String> {
    strings.iter().map(|string| (*string).to_owned()).collect()
}

#[test]
fn of_a_write_without_a_sync_any_sectors_survive() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    story.run(write(file, 1, "ab", None), size("ab"));
    assert_eq!(story.sectors(), strings(&["--------", "-a------", "--b-----", "-ab-----"]));
    // A write in flight is no different, and what the kernel took is torn as well.
    let mut story = Story::new();
    let (file, _) = story.open_both();
    story.submit(write(file, 1, "ab", Some(SyncMethod::Linked)));
    assert_eq!(story.sectors(), strings(&["--------", "-a------", "--b-----", "-ab-----"]));
}

#[test]
fn a_sector_written_twice_has_any_of_its_states() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    story.run(write(file, 0, "a", None), size("a"));
    story.run(write(file, 0, "b", None), size("b"));
    assert_eq!(story.sectors(), strings(&["--------", "a-------", "b-------"]));
}

#[test]
fn a_completed_sync_covers_what_had_completed_before_its_submission_and_no_more() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    let late = story.submit(write(file, 3, "c", None));
    story.run(write(file, 0, "a", None), size("a"));
    let sync = story.submit(TracedOp::Sync { file });
    story.run(write(file, 7, "z", None), size("z"));
    story.complete(late, size("c"));
    let all = ["---", "a--", "-c-", "--z", "ac-", "a-z", "-cz", "acz"];
    let unsynced: BTreeSet<String> =
        story.sectors().into_iter().map(|sectors| [0, 3, 7].map(|at| sectors.as_bytes()[at] as char).iter().collect()).collect();
    assert_eq!(unsynced, strings(&all), "a sync under way promises nothing");
    story.complete(sync, 0);
    assert_eq!(story.sectors(), strings(&["a-------", "a--c----", "a------z", "a--c---z"]));
}

#[test]
fn a_completed_durable_write_is_there_whole() {
    for method in [SyncMethod::Linked, SyncMethod::Dsync] {
        let mut story = Story::new();
        let (file, _) = story.open_both();
        story.run(write(file, 0, "a", None), size("a"));
        story.run(write(file, 4, "xyz", Some(method)), size("xyz"));
        let expected = match method {
            SyncMethod::Linked => strings(&["a---xyz-"]),
            SyncMethod::Dsync => strings(&["----xyz-", "a---xyz-"]),
        };
        assert_eq!(story.sectors(), expected, "{method:?}");
    }
}

#[test]
fn a_short_durable_write_is_not_durable() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    story.run(write(file, 0, "ab", Some(SyncMethod::Linked)), size("a"));
    assert_eq!(story.sectors(), strings(&["--------", "a-------"]));
}

#[test]
fn growing_and_cutting_need_a_sync_and_allocating_changes_nothing() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    story.run(TracedOp::Allocate { file, position: 0, size: 1 << 20 }, 0);
    assert_eq!(story.sectors(), strings(&["--------"]));
    story.run(write(file, 8, "a", None), size("a"));
    assert!(story.sectors().is_superset(&strings(&["--------", "--------\0", "--------a"])));
    story.run(TracedOp::SetSize { file, size: size("---") }, 0);
    assert!(story.sectors().contains("---") && story.sectors().contains("--------a"));
    story.run(TracedOp::Sync { file }, 0);
    assert_eq!(story.sectors(), strings(&["---"]));
}

#[test]
fn names_need_the_sync_of_their_directory() {
    let mut story = Story::new();
    let (_, directory) = story.open_both();
    let new = story.open("/d/new", OpenMode::CreateNew);
    story.run(TracedOp::Sync { file: new }, 0);
    assert_eq!(story.names(), strings(&["f", "f new"]));
    let sync = story.submit(TracedOp::Sync { file: directory });
    story.run(TracedOp::Rename { from: "/d/new".into(), to: "/d/f".into() }, 0);
    assert_eq!(story.names(), strings(&["f", "f new"]));
    story.complete(sync, 0);
    // The creation is durable now; the rename came behind the sync.
    assert_eq!(story.names(), strings(&["f", "f new"]));
    assert_eq!(story.sectors(), strings(&["", "--------"]));
    story.run(TracedOp::Sync { file: directory }, 0);
    assert_eq!(story.names(), strings(&["f"]));
    assert_eq!(story.sectors(), strings(&[""]));
    story.submit(TracedOp::Unlink { path: "/d/f".into() });
    assert_eq!(story.names(), strings(&["", "f"]));
}

#[test]
fn what_lies_in_a_directory_without_a_name_is_gone() {
    let mut story = Story::new();
    story.run(TracedOp::MakeDir { path: "/d/e".into() }, 0);
    let inner = story.open("/d/e", OpenMode::Directory);
    let file = story.open("/d/e/g", OpenMode::Write);
    story.run(write(file, 0, "g", Some(SyncMethod::Linked)), size("g"));
    story.run(TracedOp::Sync { file: inner }, 0);
    assert_eq!(story.names(), strings(&["f", "g f"]));
    let outer = story.open("/d", OpenMode::Directory);
    story.run(TracedOp::Sync { file: outer }, 0);
    assert_eq!(story.names(), strings(&["g f"]));
}

#[test]
fn an_image_does_not_depend_on_the_ones_before_it() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    story.run(write(file, 0, "abcdefgh", None), size("abcdefgh"));
    let files = |seed| story.disk.lose_power(seed).files();
    let first: Vec<_> = (0..20).map(files).collect();
    let again: Vec<_> = (0..20).map(files).collect();
    assert_eq!(first, again);
}

#[test]
fn a_trace_that_cannot_be_is_refused() {
    let mut story = Story::new();
    let (file, _) = story.open_both();
    let submit = |operation, op| TraceRecord::Submit { io: 0, operation, op };
    let complete = |operation, result| TraceRecord::Complete { io: 0, operation, result };
    assert!(story.disk.apply(&complete(77, Ok(0))).is_err(), "never submitted");
    assert!(story.disk.apply(&submit(78, TracedOp::Sync { file: FileId(99) })).is_err(), "never opened");
    story.disk.apply(&submit(79, TracedOp::Open { path: PathBuf::from("/d/none"), mode: OpenMode::Read })).expect("may fail");
    assert!(story.disk.apply(&complete(79, Ok(5))).is_err(), "there is no such file");
    story.disk.apply(&submit(80, TracedOp::Sync { file })).expect("may fail");
    assert!(story.disk.apply(&complete(80, Err(IoError::MEDIA))).is_err(), "what a failed sync leaves is unknown");
    story.disk.apply(&submit(81, TracedOp::MakeDir { path: "/d".into() })).expect("may fail");
    assert_eq!(story.disk.apply(&complete(81, Err(IoError::EXISTS))), Ok(()));
}
