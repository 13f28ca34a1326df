//! What is lent out of segment files: only what was checked, and it stays as it is until it is given back. Over real files, as they
//! are what can be sent from.

use super::bed::{batch_of, contents_of, id};
use super::real_files::Directory;
use crate::io::{open_io, Io, IoChoice, PageCache, SharedFile};
use crate::journal::entry::Durability;
use crate::log::config::LogConfig;
use crate::simulation::rig::{small_config, Life, Rig};
use crate::store::{Control, Event, LentSlice, ReadError, ReadOutcome};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

const BATCH: usize = 16 << 10;
const BATCHES: u64 = 60;
const READ: usize = 128 << 10;
const WAITS_MAX: usize = 5000;

struct Bed {
    rig: Rig,
    life: Option<Life>,
    handle: u32,
    ticket: u64,
    events: Vec<Event>,
    _directory: Directory,
}

impl Bed {
    /// Four segments and what lies in the ring.
    fn new(name: &str) -> Self {
        let directory = Directory::new(&format!("lending-{name}"));
        let make = || -> Box<dyn Io> { open_io(IoChoice::Auto, PageCache::Keep).expect("an io").io };
        let rig = Rig::over(Box::new(make), directory.path().to_owned(), small_config());
        let mut bed = Self { rig, life: None, handle: 0, ticket: 0, events: Vec::new(), _directory: directory };
        let config = LogConfig {
            segment_size_max: 256 << 10,
            batch_size_max: 64 << 10,
            durability: Durability::Replicated,
            ..LogConfig::default()
        };
        bed.life = Some(bed.rig.open().expect("opens"));
        let epoch = bed.life().store.incarnation() as i32;
        bed.rig.add_to_catalog(id(1), config);
        bed.handle = bed.life().store.create(1, &[(id(1), config, epoch)])[0];
        bed.until(|event| matches!(event, Event::Done { .. }));
        for content in 0..BATCHES {
            bed.append(content);
        }
        bed
    }

    fn life(&mut self) -> &mut Life {
        self.life.as_mut().expect("a life")
    }

    fn append(&mut self, content: u64) {
        let (handle, batch) = (self.handle, batch_of(content, BATCH - 100));
        let claim = self.life().ring.claim(batch.len()).expect("room");
        claim.payload().write(0, &batch);
        self.life().ring.publish(claim, handle, 0, 100);
        self.until(|event| matches!(event, Event::Appended { .. }));
    }

    fn turn(&mut self) {
        let now = self.rig.now();
        self.life().store.turn(now);
        let events = self.life().store.take_events();
        self.events.extend(events);
    }

    fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        for _ in 0..WAITS_MAX {
            self.turn();
            if let Some(at) = self.events.iter().position(&is_it) {
                return self.events.remove(at);
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("it never came: {:?}", self.events);
    }

    fn turns(&mut self) {
        (0..20).for_each(|_| {
            self.turn();
            std::thread::sleep(std::time::Duration::from_millis(1));
        });
    }

    fn ask(&mut self, offset: u64) -> ReadOutcome {
        self.ask_for(offset, READ)
    }

    fn ask_for(&mut self, offset: u64, size_max: usize) -> ReadOutcome {
        self.ticket += 1;
        let (handle, ticket) = (self.handle, self.ticket);
        self.life().store.read_in_place(handle, ticket, offset, u64::MAX, size_max)
    }

    /// What is lent of the first segment, of which one page has left memory since; and where. `meanwhile` gets the file and the place.
    fn with_a_hole(&mut self, meanwhile: impl FnOnce((&std::fs::File, u64))) -> (LentSlice, u64) {
        let ReadOutcome::Lent(whole) = self.ask_for(0, LARGE) else { panic!("not lent") };
        self.give_back(&whole);
        self.checkpoint();
        let hole = (whole.span.position + whole.span.size as u64 / 2) / 4096 * 4096;
        let file = std::fs::File::options().read(true).write(true).open(self.path(0)).expect("opens");
        meanwhile((&file, hole));
        let shared = SharedFile::open(&self.path(0)).expect("opens");
        shared.forget_pages(hole as i64, 4096);
        assert!(!shared.is_resident(hole, 4096), "the file system keeps what it is asked to forget");
        assert!(shared.is_resident(whole.span.position, 4096), "and only that");
        (whole, hole)
    }

    fn lent(&mut self, offset: u64) -> LentSlice {
        match self.ask(offset) {
            ReadOutcome::Lent(slice) => slice,
            other => panic!("at {offset}: {other:?}"),
        }
    }

    /// The other way: by a checked read.
    fn read(&mut self, offset: u64) -> Result<Vec<u8>, ReadError> {
        assert!(matches!(self.ask(offset), ReadOutcome::Pending), "lent at {offset}");
        match self.until(|event| matches!(event, Event::Read { .. })) {
            Event::Read { result, .. } => result.map(|read| read.bytes().to_vec()),
            _ => unreachable!("just matched"),
        }
    }

    fn give_back(&mut self, slice: &LentSlice) {
        self.life().store.give_back(slice.lease);
    }

    fn path(&self, base: u64) -> PathBuf {
        crate::log::segment::DataPaths::new(&self.rig.data).log(&id(1), base)
    }

    fn base_of(&mut self, offset: u64) -> u64 {
        let handle = self.handle;
        let state = self.life().store.partition(handle).expect("a partition");
        state.segments[state.segment_of(offset).expect("a segment")].base
    }

    fn bytes(&mut self, slice: &LentSlice) -> Vec<u8> {
        let base = self.base_of(slice.base);
        let mut bytes = vec![0; slice.span.size];
        let file = std::fs::File::open(self.path(base)).expect("the segment");
        file.read_exact_at(&mut bytes, slice.span.position).expect("all of it is there");
        bytes
    }

    fn checkpoint(&mut self) {
        let count = self.life().store.counters.checkpoints;
        self.life().store.request_checkpoint();
        for _ in 0..WAITS_MAX {
            self.turn();
            if self.life().store.counters.checkpoints > count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("no checkpoint");
    }

    fn reopen(&mut self) {
        let mut life = self.life.take().expect("a life");
        life.store.close(|| self.rig.now()).expect("closes");
        drop(life);
        self.life = Some(self.rig.open().expect("opens"));
        self.handle = self.life().store.handle(&id(1)).expect("recovered");
    }

    fn control(&mut self, control: Control) {
        let handle = self.handle;
        self.life().store.control(handle, 9, control);
    }

    fn has_ended(&mut self) -> bool {
        self.turns();
        self.events.iter().any(|event| matches!(event, Event::Done { ticket: 9, .. }))
    }

    fn is_recalled(&self, slice: &LentSlice) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Recalled { lease, .. } if *lease == slice.lease))
    }
}

#[test]
fn what_this_life_wrote_is_lent_from_end_to_end() {
    let mut bed = Bed::new("written");
    let (mut offset, mut contents) = (0, Vec::new());
    loop {
        match bed.ask(offset) {
            ReadOutcome::Lent(slice) => {
                assert_eq!(slice.base, offset);
                assert!(slice.span.size <= READ);
                contents.extend(contents_of(&bed.bytes(&slice)));
                assert_eq!(contents.len() as u64, slice.next);
                offset = slice.next;
                bed.give_back(&slice);
            }
            ReadOutcome::Hot(_) => break,
            // The last of a segment that is too little to lend.
            ReadOutcome::Pending => {
                let Event::Read { result: Ok(read), .. } = bed.until(|event| matches!(event, Event::Read { .. })) else {
                    panic!("a read");
                };
                contents.extend(contents_of(read.bytes()));
                offset = read.next;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(offset > BATCHES / 2, "most of it was in files: {offset}");
    assert_eq!(contents, (0..offset).collect::<Vec<_>>());
    assert_eq!(bed.life().store.lent_count(), 0);
}

#[test]
fn what_an_earlier_life_wrote_is_checked_before_it_is_lent() {
    let mut bed = Bed::new("checked");
    bed.reopen();
    let first = bed.read(0).expect("whole");
    let slice = bed.lent(0);
    assert_eq!(bed.bytes(&slice), first);
    bed.read(slice.next).expect("nobody has looked at what follows, so it is not lent");
    // Damage in what was not looked at yet: it is found, and never lent.
    let base = bed.base_of(40);
    let file = std::fs::File::options().write(true).open(bed.path(base)).expect("the segment");
    file.write_all_at(&[0xff; 8], (40 - base) * BATCH as u64 + 5000).expect("damaged");
    for _ in 0..2 {
        let result = bed.read(40);
        assert!(matches!(result, Err(ReadError::Corrupt { .. })), "{:?}", result.map(|bytes| bytes.len()));
    }
}

#[test]
fn what_has_left_memory_is_checked_again() {
    let mut bed = Bed::new("evicted");
    let slice = bed.lent(0);
    bed.give_back(&slice);
    bed.checkpoint();
    let file = SharedFile::open(&bed.path(0)).expect("opens");
    file.forget_pages(0, 0);
    assert!(!file.is_resident(slice.span.position, slice.span.size), "the file system keeps what it is asked to forget");
    assert_eq!(bed.read(0).expect("whole").len(), slice.span.size);
    let again = bed.lent(0);
    assert_eq!(again.span.size, slice.span.size);
}

/// Nearly a whole segment: some marks.
const LARGE: usize = 240 << 10;

#[test]
fn of_what_has_a_hole_only_the_hole_is_read_again_and_all_of_it_is_lent() {
    let mut bed = Bed::new("hole");
    let (whole, hole) = bed.with_a_hole(|_| {});
    assert!(matches!(bed.ask_for(0, LARGE), ReadOutcome::Pending));
    let event = bed.until(|event| matches!(event, Event::Lent { .. } | Event::Read { .. }));
    let Event::Lent { slice, .. } = event else { panic!("{event:?}") };
    assert_eq!((slice.base, slice.next, slice.span.size), (whole.base, whole.next, whole.span.size));
    assert_eq!(contents_of(&bed.bytes(&slice)), (0..slice.next).collect::<Vec<_>>());
    assert!(slice.span.position <= hole && hole < slice.span.position + slice.span.size as u64);
    bed.give_back(&slice);
    assert!(matches!(bed.ask_for(0, LARGE), ReadOutcome::Lent(again) if again.span == slice.span), "it is known again");
}

#[test]
fn a_hole_that_came_back_as_other_bytes_is_lent_to_nobody() {
    let mut bed = Bed::new("bad-hole");
    let damage = |(file, at): (&std::fs::File, u64)| {
        file.write_all_at(&[0xa5; 64], at + 100).expect("writes");
        file.sync_all().expect("syncs");
    };
    let (_, hole) = bed.with_a_hole(damage);
    assert!(matches!(bed.ask_for(0, LARGE), ReadOutcome::Pending));
    let event = bed.until(|event| matches!(event, Event::Lent { .. } | Event::Read { .. }));
    let Event::Lent { slice, .. } = event else { panic!("{event:?}") };
    assert!(slice.span.position + slice.span.size as u64 <= hole, "up to it: {slice:?}");
    bed.give_back(&slice);
    let read = bed.read(slice.next).expect("whole ones");
    assert_eq!(contents_of(&read).first(), Some(&slice.next));
    assert!(slice.span.size + read.len() <= hole as usize, "and so is what is read");
}

#[test]
fn a_partition_that_is_cut_while_a_hole_is_read_is_answered_by_what_is_left() {
    let mut bed = Bed::new("cut-hole");
    bed.with_a_hole(|_| {});
    assert!(matches!(bed.ask_for(0, LARGE), ReadOutcome::Pending));
    bed.control(Control::Truncate { to: 3 });
    let Event::Read { result, .. } = bed.until(|event| matches!(event, Event::Lent { .. } | Event::Read { .. })) else {
        panic!("lent while a cut waits");
    };
    assert_eq!(contents_of(result.expect("whole").bytes())[..3], [0, 1, 2]);
    bed.until(|event| matches!(event, Event::Done { ticket: 9, .. }));
}

#[test]
fn whoever_begins_beside_a_mark_is_lent_the_next() {
    let mut bed = Bed::new("beside");
    // Marks stand every four batches.
    let read = bed.read(2).expect("whole");
    let next = contents_of(&read).last().expect("some") + 1;
    bed.lent(next);
}

#[test]
fn a_cut_waits_for_what_is_lent_and_asks_for_it() {
    let mut bed = Bed::new("cut");
    let slice = bed.lent(0);
    let before = bed.bytes(&slice);
    bed.control(Control::Truncate { to: 3 });
    assert!(!bed.has_ended());
    assert!(bed.is_recalled(&slice));
    assert_eq!(bed.bytes(&slice), before, "a reply that began goes on from the same bytes");
    bed.read(0).expect("nothing more is lent meanwhile");
    bed.give_back(&slice);
    bed.until(|event| matches!(event, Event::Done { ticket: 9, .. }));
    // What comes behind the cut is not what was known of it.
    let epoch = bed.life().store.incarnation() as i32 + 1;
    let handle = bed.handle;
    bed.life().store.set_leader_epoch(handle, epoch);
    (0..30).for_each(|content| bed.append(500 + content));
    assert_eq!(contents_of(&bed.read(0).expect("whole"))[..5], [0, 1, 2, 500, 501], "it is looked at again");
    let slice = bed.lent(0);
    assert_eq!(contents_of(&bed.bytes(&slice))[..5], [0, 1, 2, 500, 501]);
}

#[test]
fn retention_waits_for_what_is_lent_and_asks_for_it() {
    let mut bed = Bed::new("retention");
    let slice = bed.lent(0);
    let to = bed.base_of(40);
    bed.control(Control::LogStart { to });
    // It is the file that waits, not the log start.
    bed.until(|event| matches!(event, Event::Done { ticket: 9, .. }));
    bed.checkpoint();
    bed.until(|event| matches!(event, Event::Recalled { lease, .. } if *lease == slice.lease));
    assert!(bed.path(0).exists());
    bed.give_back(&slice);
    for _ in 0..WAITS_MAX {
        if !bed.path(0).exists() {
            return;
        }
        bed.turns();
    }
    panic!("nothing else asks for it again");
}

#[test]
fn a_deletion_waits_for_what_is_lent_and_asks_for_it() {
    let mut bed = Bed::new("deletion");
    let (one, other) = (bed.lent(0), bed.lent(0));
    bed.rig.catalog.live.remove(&id(1));
    bed.rig.catalog.deleted.insert(id(1).topic);
    bed.control(Control::Delete);
    assert!(!bed.has_ended());
    assert!(bed.is_recalled(&one) && bed.is_recalled(&other));
    bed.give_back(&one);
    assert!(!bed.has_ended());
    bed.give_back(&other);
    bed.until(|event| matches!(event, Event::Done { ticket: 9, .. }));
}

#[test]
fn leases_are_bounded_and_the_oldest_makes_room() {
    let mut bed = Bed::new("bounded");
    let mut held = Vec::new();
    while let ReadOutcome::Lent(slice) = bed.ask(0) {
        held.push(slice);
        assert!(held.len() < 1000);
    }
    bed.turns();
    assert!(bed.is_recalled(&held[0]) && !bed.is_recalled(&held[1]));
    bed.give_back(&held[0]);
    bed.lent(0);
}
