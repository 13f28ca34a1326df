use super::*;
use crate::codec::batch::Attributes;
use proptest::prelude::*;

const BASE: i64 = 1_000_000_000_000;
/// Small, so that a few hundred batches fill several chunks.
const INTERVAL: u32 = 100;
const SIZE_MAX: u32 = 300;

#[derive(Clone, Copy, Debug)]
struct Batch {
    count: u32,
    size: u32,
    timestamp: i64,
}

fn batches(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Batch>> {
    let batch = (1u32..50, 61..SIZE_MAX, 0i64..10_000).prop_map(|(count, size, timestamp)| Batch { count, size, timestamp });
    prop::collection::vec(batch, count)
}

/// Headers and their positions.
fn log_of(batches: &[Batch]) -> Vec<(BatchHeader, u32)> {
    let (mut offset, mut position) = (BASE, 0);
    let mut log = Vec::new();
    for batch in batches {
        let header = BatchHeader {
            base_offset: offset,
            size: batch.size,
            leader_epoch: 0,
            crc: 0,
            attributes: Attributes(0),
            last_offset_delta: batch.count as i32 - 1,
            first_timestamp: batch.timestamp,
            max_timestamp: batch.timestamp,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            records_count: batch.count as i32,
        };
        log.push((header, position));
        offset = header.next_offset();
        position += header.size;
    }
    log
}

fn note_rest(index: &mut OffsetIndex, log: &[(BatchHeader, u32)]) {
    for (header, position) in log.iter().filter(|(_, position)| *position >= index.covered_to()).copied().collect::<Vec<_>>() {
        index.note(&header, position);
    }
}

fn index_of(log: &[(BatchHeader, u32)]) -> OffsetIndex {
    let mut index = OffsetIndex::new(BASE, INTERVAL);
    note_rest(&mut index, log);
    index
}

/// Many small batches: about 1,000 entries, four chunks.
fn long_log() -> Vec<(BatchHeader, u32)> {
    log_of(&(0..1000).map(|i| Batch { count: 3, size: 120, timestamp: i % 700 }).collect::<Vec<_>>())
}

#[test]
fn a_small_segment_owns_no_memory() {
    let index = index_of(&log_of(&[Batch { count: 1, size: 99, timestamp: 5 }, Batch { count: 1, size: 99, timestamp: 9 }]));
    assert_eq!((index.entries.capacity(), index.entries_count(), index.max_timestamp()), (0, 0, 9));
    assert_eq!(index.find_timestamp(9), Start::Position { position: 0, base_offset: BASE });
    assert_eq!(index.find_timestamp(10), Start::Absent);
    let Loaded { index: loaded, stopped } = OffsetIndex::load(&index.encode_unsaved(), BASE, INTERVAL, 198);
    assert_eq!((loaded, stopped), (index, None));
}

#[test]
fn offsets_and_positions_beyond_32_bits_do_not_fit() {
    let header = log_of(&[Batch { count: 10, size: 100, timestamp: 0 }])[0].0;
    let mut index = OffsetIndex::new(BASE, INTERVAL);
    let last = BASE + i64::from(u32::MAX);
    assert!(index.fits(&BatchHeader { base_offset: last - 9, ..header }));
    assert!(!index.fits(&BatchHeader { base_offset: last - 8, ..header }));
    assert!(!index.fits(&BatchHeader { base_offset: BASE - 10, ..header }));
    index.note(&BatchHeader { size: u32::MAX - 99, ..header }, 0);
    assert!(!index.fits(&header));
    assert_eq!(index.find_offset(last + 1), Start::Absent);
    assert_eq!(index.find_offset(BASE - 1), Start::Position { position: 0, base_offset: BASE });
}

#[test]
fn saving_writes_only_what_changed() {
    let log = long_log();
    let mut index = index_of(&log[..700]);
    let mut file = index.encode_unsaved();
    index.mark_saved();
    assert_eq!((file.len() as u64, index.first_unsaved_chunk()), (index.file_size(), 2));
    note_rest(&mut index, &log);
    let unsaved = index.encode_unsaved();
    assert_eq!(unsaved.len(), 2 * CHUNK_SIZE);
    file.truncate(2 * CHUNK_SIZE);
    file.extend_from_slice(&unsaved);
    assert_eq!(file, index_of(&log).encode_unsaved());
}

#[test]
fn evicted_entries_come_back_from_the_file() {
    let log = long_log();
    let mut index = index_of(&log);
    let whole = index.clone();
    let file = index.encode_unsaved();
    index.evict();
    assert_eq!(index.entries.len(), whole.entries.len(), "nothing is evicted that was not saved");
    index.mark_saved();
    index.evict();
    assert!(index.entries.capacity() * 16 <= CHUNK_SIZE);
    let last = log[999].0;
    assert_eq!(index.find_offset(last.base_offset), whole.find_offset(last.base_offset));
    assert_eq!(index.find_offset(BASE), Start::Evicted);
    assert_eq!(index.find_timestamp(3), Start::Evicted);
    assert_eq!(index.encode_unsaved(), file[3 * CHUNK_SIZE..]);

    let mut rotten = file.clone();
    rotten[CHUNK_SIZE + 100] ^= 1;
    assert_eq!(index.restore(&rotten), Err(ChunkError::Corrupt));
    assert_eq!(index.restore(&file[..CHUNK_SIZE]), Err(ChunkError::Missing));
    assert_eq!(index.restore(&file), Ok(()));
    assert_eq!(index.find_timestamp(3), whole.find_timestamp(3));
    assert_eq!(index.entries, whole.entries);
}

#[test]
fn a_cut_into_evicted_entries_begins_anew() {
    let log = long_log();
    let mut index = index_of(&log);
    index.mark_saved();
    index.evict();
    index.truncate_to(log[10].1);
    assert_eq!((index.covered_to(), index.first_unsaved_chunk()), (0, 0));
    note_rest(&mut index, &log[..10]);
    assert_eq!(index, index_of(&log[..10]));
}

/// The log was cut and went on differently, and the file was not written in time: the chunks of the old story behind the
/// new ones carry good checksums and ascend, but do not continue them.
#[test]
fn chunks_of_another_story_are_not_taken() {
    let log = long_log();
    let old = index_of(&log).encode_unsaved();
    let mut other = long_log();
    other.iter_mut().skip(300).for_each(|(header, _)| header.max_timestamp += 1000);
    let mut file = index_of(&other).encode_unsaved();
    file[2 * CHUNK_SIZE..].copy_from_slice(&old[2 * CHUNK_SIZE..]);
    let Loaded { mut index, stopped } = OffsetIndex::load(&file, BASE, INTERVAL, u32::MAX);
    assert_eq!((stopped, index.entries_count()), (Some(ChunkError::Order), 2 * ENTRIES_PER_CHUNK as u32));
    note_rest(&mut index, &other);
    assert_eq!(index.entries, index_of(&other).entries);
}

/// A first chunk without entries, whose largest timestamp lies below "none": every later entry would be refused.
#[test]
fn a_maximum_below_none_is_not_taken() {
    let mut file = OffsetIndex { max_timestamp: NO_TIMESTAMP - 1, ..OffsetIndex::new(BASE, INTERVAL) }.encode_unsaved();
    assert_eq!(OffsetIndex::load(&file, BASE, INTERVAL, 0).stopped, Some(ChunkError::Order));
    file.truncate(CHUNK_SIZE - 1);
    assert_eq!(OffsetIndex::load(&file, BASE, INTERVAL, 0).stopped, Some(ChunkError::Missing));
}

#[test]
fn no_flipped_bit_of_a_chunk_passes() {
    let mut file = index_of(&long_log()).encode_unsaved();
    for bit in (0..CHUNK_SIZE * 8).step_by(5) {
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(OffsetIndex::load(&file, BASE, INTERVAL, u32::MAX).stopped.is_some(), "bit {bit}");
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_foreign_file_gives_an_empty_index() {
    let file = index_of(&long_log()).encode_unsaved();
    let Loaded { index, stopped } = OffsetIndex::load(&file, BASE + 1, INTERVAL, u32::MAX);
    assert_eq!((index, stopped), (OffsetIndex::new(BASE + 1, INTERVAL), Some(ChunkError::Foreign)));
    let Loaded { index, stopped } = OffsetIndex::load(&file[CHUNK_SIZE..], BASE, INTERVAL, u32::MAX);
    assert_eq!((index, stopped), (OffsetIndex::new(BASE, INTERVAL), Some(ChunkError::Foreign)));
}

/// Where walking the headers from a start finds the first batch that matches.
fn walk(log: &[(BatchHeader, u32)], start: Start, matches: impl Fn(&BatchHeader) -> bool) -> Option<u32> {
    let Start::Position { position: from, base_offset } = start else { return None };
    let at = log.iter().position(|&(_, position)| position == from).expect("a start is the start of a batch");
    assert_eq!(log[at].0.base_offset, base_offset);
    log[at..].iter().find(|(header, _)| matches(header)).map(|&(_, position)| position)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn finds_what_a_walk_from_the_start_finds(batches in batches(1..120), offsets in prop::collection::vec(-5i64..3000, 20), timestamps in prop::collection::vec(-1i64..10_050, 20)) {
        let log = log_of(&batches);
        let index = index_of(&log);
        let origin = Start::Position { position: 0, base_offset: BASE };
        let check = |start: Start, matches: &dyn Fn(&BatchHeader) -> bool| {
            let found = walk(&log, origin, matches);
            assert_eq!(walk(&log, start, matches), found);
            if let (Some(found), Start::Position { position, .. }) = (found, start) {
                assert!(found - position < INTERVAL + SIZE_MAX, "walks from {position} to {found}");
            }
        };
        for offset in offsets {
            check(index.find_offset(BASE + offset), &|header| header.last_offset() >= BASE + offset);
        }
        for timestamp in timestamps {
            check(index.find_timestamp(timestamp), &|header| header.max_timestamp >= timestamp);
        }
    }

    /// Whatever is torn from the file or rots in it, loading and walking the rest of the log give the index that was.
    #[test]
    fn loading_and_walking_give_the_index_that_was(
        batches in batches(1..900),
        saved_at in prop::collection::vec(0usize..900, 0..3),
        damage in prop_oneof![
            Just(None),
            (0usize..5 * CHUNK_SIZE, 1u8..).prop_map(|(at, change)| Some((at, Some(change)))),
            (0usize..5 * CHUNK_SIZE).prop_map(|at| Some((at, None))),
        ],
    ) {
        let log = log_of(&batches);
        let whole = index_of(&log);
        let mut index = OffsetIndex::new(BASE, INTERVAL);
        let mut file: Vec<u8> = Vec::new();
        let mut saved_at: Vec<usize> = saved_at.into_iter().filter(|&at| at < log.len()).collect();
        saved_at.sort_unstable();
        for end in saved_at {
            note_rest(&mut index, &log[..end]);
            file.truncate(index.first_unsaved_chunk() as usize * CHUNK_SIZE);
            file.extend_from_slice(&index.encode_unsaved());
            index.mark_saved();
            index.evict();
        }
        match damage {
            Some((at, Some(change))) if at < file.len() => file[at] ^= change,
            Some((at, None)) => file.truncate(at),
            _ => {}
        }
        let Loaded { index: mut loaded, .. } = OffsetIndex::load(&file, BASE, INTERVAL, u32::MAX);
        note_rest(&mut loaded, &log);
        prop_assert_eq!(&loaded.entries, &whole.entries);
        prop_assert_eq!((loaded.covered_to(), loaded.max_timestamp()), (whole.covered_to(), whole.max_timestamp()));
    }

    #[test]
    fn truncation_and_walking_give_the_shorter_index(batches in batches(1..400), cut in 0usize..400) {
        let log = log_of(&batches);
        let cut = cut.min(log.len() - 1);
        let mut index = index_of(&log);
        index.truncate_to(log[cut].1);
        note_rest(&mut index, &log[..cut]);
        prop_assert_eq!(&index, &index_of(&log[..cut]));
        // A file that reaches beyond a log that was cut is trusted only up to the cut.
        let Loaded { index: mut loaded, stopped } = OffsetIndex::load(&index_of(&log).encode_unsaved(), BASE, INTERVAL, log[cut].1);
        prop_assert_eq!(stopped, Some(ChunkError::BeyondLog));
        note_rest(&mut loaded, &log[..cut]);
        prop_assert_eq!(loaded.entries, index.entries);
    }

    #[test]
    fn arbitrary_bytes_give_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..3 * CHUNK_SIZE)) {
        prop_assert_eq!(OffsetIndex::load(&bytes, BASE, INTERVAL, u32::MAX).index, OffsetIndex::new(BASE, INTERVAL));
    }
}
