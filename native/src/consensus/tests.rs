use super::*;
use crate::io::sim::{Fault, FaultPlan, OpKind, SimDisk, SimIo};
use crate::journal::metadata::encode_records;
use proptest::prelude::*;
use raft::eraftpb::MessageType;

const OWNER: Option<u64> = Some(3);

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::seeded(seed);
    disk.put_dir(Path::new("/data"));
    disk
}

fn directory() -> &'static Path {
    Path::new("/data/metadata")
}

fn open(disk: &SimDisk, is_fresh: bool) -> Result<Consensus, ConsensusError> {
    Consensus::open(&mut SimIo::new(disk), directory(), is_fresh, OWNER)
}

fn content(number: u8) -> Vec<u8> {
    encode_records(&[Record { kind: 7, bytes: vec![number; 3] }])
}

/// The contents that were handed out, with those of the snapshot in front.
fn everything(consensus: &Consensus, turns: &[Turn]) -> Vec<u8> {
    let mut all = consensus.stored().snapshot.content.clone();
    let behind = turns.iter().flat_map(|turn| &turn.committed).filter(|entry| entry.index > consensus.stored().snapshot.index);
    behind.for_each(|entry| all.extend(&entry.content));
    all
}

/// A start of a broker: everything that was committed comes out of the first turn.
fn started(disk: &SimDisk, is_fresh: bool) -> (Consensus, Turn) {
    let mut consensus = open(disk, is_fresh).expect("whole");
    consensus.campaign().expect("heard");
    let mut io = SimIo::new(disk);
    let turn = consensus.turn(&mut io).expect("durable");
    consensus.rest(&mut io).expect("closed: a file belongs to its Io");
    (consensus, turn)
}

#[test]
fn a_quorum_of_one_commits_in_the_turn_in_which_it_proposes() {
    let disk = disk(1);
    let mut io = SimIo::new(&disk);
    let mut consensus = open(&disk, true).expect("fresh");
    assert_eq!(consensus.propose(content(1)), Err(ConsensusError::NotLeader));
    consensus.campaign().expect("heard");
    let first = consensus.propose(content(1)).expect("it leads");
    let second = consensus.propose(content(2)).expect("it leads");
    let turn = consensus.turn(&mut io).expect("durable");
    let placed = |(index, term), number| LogEntry { index, term, content: content(number) };
    assert_eq!(turn.committed[1..], [placed(first, 1), placed(second, 2)]);
    assert_eq!(turn.committed[0].content, Vec::<u8>::new());
    assert_eq!((turn.snapshot, turn.outgoing), (None, vec![]));
    assert_eq!(consensus.turn(&mut io), Ok(Turn::default()));
    for _ in 0..50 {
        consensus.tick();
        assert_eq!(consensus.turn(&mut io), Ok(Turn::default()), "one that is alone has nobody to tell");
    }
    assert!(consensus.state().is_leader);
}

#[test]
fn what_a_turn_handed_out_survives_a_crash_at_every_boundary() {
    let work = |disk: &SimDisk, handed: &mut Vec<LogEntry>| -> Result<(), ConsensusError> {
        let mut io = SimIo::new(disk);
        let mut consensus = open(disk, true)?;
        consensus.campaign()?;
        for number in 1..7u8 {
            consensus.propose(content(number))?;
            handed.extend(consensus.turn(&mut io)?.committed);
            if number % 2 == 0 {
                consensus.rest(&mut io)?;
            }
            if number == 4 {
                let index = handed.last().expect("something").index;
                let all: Vec<u8> = handed.iter().flat_map(|entry| entry.content.clone()).collect();
                consensus.compact(&mut io, index, all)?;
            }
        }
        Ok(())
    };
    let whole = disk(5);
    work(&whole, &mut Vec::new()).expect("no crash");
    let asked: Vec<u8> = (1..7).flat_map(content).collect();
    for boundary in 0..whole.boundaries() {
        let disk = disk(5);
        disk.crash_after(boundary);
        let mut handed = Vec::new();
        let _ = work(&disk, &mut handed);
        disk.restart(boundary);
        let answered: Vec<u8> = handed.iter().flat_map(|entry| entry.content.clone()).collect();
        let (consensus, turn) = started(&disk, handed.is_empty());
        let found = everything(&consensus, &[turn]);
        assert!(found.starts_with(&answered) && asked.starts_with(&found), "{boundary}");
        let last = handed.last().map_or((0, 0), |entry| (entry.term, entry.index));
        assert!(consensus.state().term > last.0 && consensus.state().commit_index > last.1, "{boundary}");
    }
}

#[test]
fn a_snapshot_bounds_the_journal_and_changes_nothing() {
    let disk = disk(2);
    let mut io = SimIo::new(&disk);
    let (mut consensus, mut turn) = started(&disk, true);
    let mut turns = vec![];
    for number in 0..100 {
        consensus.propose(content(number)).expect("it leads");
        turns.push(std::mem::replace(&mut turn, consensus.turn(&mut io).expect("durable")));
    }
    turns.push(turn);
    let before = consensus.state();
    // What was handed out behind the snapshot's index stays an entry.
    let index = before.commit_index - 3;
    let below = turns.iter().flat_map(|turn| &turn.committed).filter(|entry| entry.index <= index);
    consensus.compact(&mut io, index, below.flat_map(|entry| entry.content.clone()).collect()).expect("written anew");
    let after = consensus.state();
    assert!(after.journal_size < before.journal_size / 10);
    assert_eq!((after.snapshot_index, after.commit_index), (index, before.commit_index));
    consensus.compact(&mut io, index - 1, Vec::new()).expect("an older one changes nothing");
    consensus.propose(content(200)).expect("it leads");
    turns.push(consensus.turn(&mut io).expect("durable"));
    let all = everything(&consensus, &turns);
    disk.restart(3);
    let (reopened, turn) = started(&disk, false);
    assert_eq!(everything(&reopened, &[turn]), all);
    assert_eq!(all, (0..100).chain([200]).flat_map(content).collect::<Vec<u8>>());
}

#[test]
fn after_a_failed_write_nothing_is_handed_out() {
    let disk = disk(3);
    let mut io = SimIo::new(&disk);
    let (mut consensus, _) = started(&disk, true);
    disk.set_faults(FaultPlan::new().nth(OpKind::Sync, "journal", 1, Fault::Error(IoError::MEDIA)));
    consensus.propose(content(1)).expect("it leads");
    assert_eq!(consensus.turn(&mut io), Err(ConsensusError::Io(IoError::MEDIA)));
    assert_eq!(consensus.turn(&mut io), Err(ConsensusError::Io(IoError::MEDIA)));
    assert_eq!(consensus.propose(content(2)), Err(ConsensusError::Io(IoError::MEDIA)));
    assert_eq!(consensus.campaign(), Err(ConsensusError::Io(IoError::MEDIA)));
    assert_eq!(consensus.rest(&mut io), Err(ConsensusError::Io(IoError::MEDIA)));
}

fn snapshot(voters: &[u64]) -> EngineRecord {
    EngineRecord::Snapshot(Snapshot { index: 4, term: 2, voters: voters.to_vec(), learners: vec![], content: content(1) })
}

fn hard(term: u64, commit: u64) -> EngineRecord {
    EngineRecord::Hard(Hard { term, vote: 0, commit })
}

fn entry(index: u64, term: u64) -> EngineRecord {
    EngineRecord::Entry(LogEntry { index, term, content: content(9) })
}

#[test]
fn a_log_that_contradicts_itself_is_refused() {
    let whole = vec![snapshot(&[3]), hard(2, 5), entry(5, 2)];
    let wrong = [
        vec![hard(2, 4), snapshot(&[3])],
        vec![snapshot(&[3]), snapshot(&[3])],
        vec![snapshot(&[])],
        vec![snapshot(&[3, 3])],
        vec![snapshot(&[0])],
        vec![snapshot(&[3]), entry(4, 2)],
        vec![snapshot(&[3]), entry(6, 2)],
        vec![snapshot(&[3]), entry(5, 1)],
        vec![snapshot(&[3]), entry(5, 3)],
        vec![snapshot(&[3]), hard(2, 3)],
        vec![snapshot(&[3]), hard(2, 5)],
        vec![snapshot(&[3]), hard(1 << 60, 4)],
    ];
    let stored = |records: &[EngineRecord]| StoredLog::of(&records.iter().map(EngineRecord::encode).collect::<Vec<Record>>());
    assert!(stored(&whole).is_ok());
    for records in wrong {
        assert!(stored(&records).is_err(), "{records:?}");
    }
    for (kind, size) in [(256, 3), (259, 0), (1, 20)] {
        let mut records: Vec<Record> = whole.iter().map(EngineRecord::encode).collect();
        records.push(Record { kind, bytes: vec![0; size] });
        assert!(StoredLog::of(&records).is_err(), "{kind}");
    }
}

#[test]
fn a_later_leader_overwrites_what_was_not_committed() {
    let records = [snapshot(&[1, 2, 3]), hard(2, 4), entry(5, 2), entry(6, 2), entry(7, 2), hard(3, 5), entry(6, 3)];
    let stored = StoredLog::of(&records.iter().map(EngineRecord::encode).collect::<Vec<Record>>()).expect("sound");
    assert_eq!((stored.last_index(), stored.term_of(6), stored.term_of(7)), (6, Some(3), None));
    assert_eq!(stored.certain_index(), 5, "among several, only what is known to be committed is certain");
}

/// Three nodes over three disks; messages are carried by hand.
#[test]
fn three_nodes_agree_and_one_that_was_away_gets_a_snapshot() {
    let disks: Vec<SimDisk> = (1..=3).map(disk).collect();
    let mut nodes: Vec<Consensus> = (1..=3u64).map(|id| member(&disks[id as usize - 1], id)).collect();
    let mut ios: Vec<SimIo> = disks.iter().map(SimIo::new).collect();
    let mut seen: Vec<Vec<u8>> = vec![Vec::new(); 3];
    nodes[0].campaign().expect("heard");
    carry(&mut nodes, &mut ios, &disks, &mut seen, &[0, 1, 2]);
    assert!(nodes[0].state().is_leader);
    assert_eq!(nodes[1].propose(content(1)), Err(ConsensusError::NotLeader));
    for number in 1..5 {
        let (index, _) = nodes[0].propose(content(number)).expect("it leads");
        carry(&mut nodes, &mut ios, &disks, &mut seen, &[0, 1]);
        assert_eq!(nodes[0].state().commit_index, index);
    }
    let index = nodes[0].state().commit_index;
    let all = seen[0].clone();
    nodes[0].compact(&mut ios[0], index, all).expect("written anew");
    for _ in 0..5 {
        nodes[0].tick();
        carry(&mut nodes, &mut ios, &disks, &mut seen, &[0, 1, 2]);
    }
    assert_eq!(seen[0], (1..5).flat_map(content).collect::<Vec<u8>>());
    assert_eq!((&seen[1], &seen[2]), (&seen[0], &seen[0]));
    assert_eq!(nodes[2].state().snapshot_index, index);
    disks[2].restart(7);
    let reopened = Consensus::open(&mut SimIo::new(&disks[2]), directory(), false, Some(3)).expect("whole");
    assert_eq!(reopened.stored().snapshot.content, seen[0]);
    assert_eq!(nodes[1].step(b"\xff\xff"), Err(ConsensusError::Malformed));
}

fn member(disk: &SimDisk, id: u64) -> Consensus {
    let first = EngineRecord::Snapshot(Snapshot { index: 1, term: 1, voters: vec![1, 2, 3], learners: vec![], content: vec![] });
    let records = [first, EngineRecord::Hard(Hard { term: 1, vote: 0, commit: 1 })].map(|record| record.encode());
    let written = block_on(&mut SimIo::new(disk), |files| async move {
        let (mut journal, _) = MetadataJournal::open(&files, directory(), true).await.expect("fresh");
        journal.rewrite(&files, &records).await
    });
    written.expect("written");
    Consensus::open(&mut SimIo::new(disk), directory(), false, Some(id)).expect("whole")
}

fn carry(nodes: &mut [Consensus], ios: &mut [SimIo], disks: &[SimDisk], seen: &mut [Vec<u8>], reachable: &[usize]) {
    for _ in 0..50 {
        let mut is_quiet = true;
        for &at in reachable {
            let turn = nodes[at].turn(&mut ios[at]).expect("durable");
            if let Some(snapshot) = &turn.snapshot {
                seen[at].clone_from(&snapshot.content);
            }
            turn.committed.iter().for_each(|entry| seen[at].extend(&entry.content));
            if !turn.outgoing.is_empty() {
                check_promises(&durable_log(&disks[at]), &turn.outgoing);
            }
            for Outgoing { to, message } in turn.outgoing {
                if let Some(target) = reachable.iter().find(|target| **target as u64 + 1 == to) {
                    nodes[*target].step(&message).expect("a message");
                    is_quiet = false;
                }
            }
        }
        if is_quiet {
            return;
        }
    }
}

/// The log as a power cut would leave it at the least.
fn durable_log(disk: &SimDisk) -> StoredLog {
    let bytes = disk.durable_file(&metadata::journal_path(directory())).expect("the journal");
    StoredLog::of(&metadata::recover(&bytes).expect("whole").records).expect("sound")
}

/// A message says nothing that a power cut could take back.
fn check_promises(durable: &StoredLog, outgoing: &[Outgoing]) {
    for Outgoing { to, message } in outgoing {
        let message = Message::parse_from_bytes(message).expect("raft's own");
        match message.get_msg_type() {
            MessageType::MsgRequestPreVote | MessageType::MsgRequestPreVoteResponse => continue,
            MessageType::MsgRequestVoteResponse if !message.reject => assert_eq!(durable.hard.vote, *to),
            MessageType::MsgAppendResponse if !message.reject => assert!(message.index <= durable.last_index()),
            _ => {}
        }
        assert!(message.term <= durable.hard.term, "{message:?}");
        assert!(message.get_entries().iter().all(|entry| entry.index <= durable.last_index()), "{message:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any work, crashes anywhere: what was handed out once is handed out again, in the same order, and no place in the log
    /// ever has two contents.
    #[test]
    fn random_lives_never_take_back_what_was_handed_out(
        lives in proptest::collection::vec((1..40u64, proptest::collection::vec(0..4u8, 1..8)), 1..6),
        seed in 0..1000u64,
    ) {
        let disk = disk(seed);
        let mut history: Vec<LogEntry> = Vec::new();
        for (number, (crash, steps)) in lives.into_iter().enumerate() {
            disk.crash_after(crash);
            let _ = one_life(&disk, &steps, &mut history);
            disk.crash_never();
            disk.restart(seed + number as u64);
        }
        let is_fresh = history.is_empty();
        let (consensus, turn) = started(&disk, is_fresh);
        let answered: Vec<u8> = history.iter().flat_map(|entry| entry.content.clone()).collect();
        prop_assert!(everything(&consensus, &[turn]).starts_with(&answered));
    }
}

fn one_life(disk: &SimDisk, steps: &[u8], history: &mut Vec<LogEntry>) -> Result<(), ConsensusError> {
    let mut io = SimIo::new(disk);
    let mut consensus = open(disk, history.is_empty())?;
    consensus.campaign()?;
    for (number, step) in steps.iter().enumerate() {
        match step {
            0 => consensus.rest(&mut io)?,
            1 => {
                let (index, all) = (consensus.stored().snapshot.index, everything(&consensus, &[]));
                let applied = history.last().map_or(index, |entry| entry.index);
                let behind = history.iter().filter(|entry| entry.index > index);
                let content = all.into_iter().chain(behind.flat_map(|entry| entry.content.clone())).collect();
                if applied <= consensus.state().commit_index {
                    consensus.turn(&mut io).map(|turn| note(turn, history))?;
                    consensus.compact(&mut io, applied, content)?;
                }
            }
            _ => drop(consensus.propose(content(number as u8))?),
        }
        let turn = consensus.turn(&mut io)?;
        note(turn, history);
    }
    Ok(())
}

/// The history goes on with what is new; what comes again must be the same.
fn note(turn: Turn, history: &mut Vec<LogEntry>) {
    for entry in turn.committed {
        match history.iter().find(|known| known.index == entry.index) {
            Some(known) => assert_eq!(*known, entry),
            None => history.push(entry),
        }
    }
}

/// Bytes on somebody's disk: a difference is a change that has to give way.
#[test]
fn every_record_of_the_engine_has_the_bytes_that_it_always_had() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test/golden/consensus-records.txt");
    let golden = std::fs::read_to_string(path).expect("the golden records");
    let records = [
        EngineRecord::Snapshot(Snapshot { index: 7, term: 2, voters: vec![1, 2], learners: vec![9], content: content(1) }),
        EngineRecord::Hard(Hard { term: 3, vote: 1, commit: 7 }),
        EngineRecord::Entry(LogEntry { index: 8, term: 3, content: content(2) }),
    ];
    let lines = records.map(|record| {
        let bytes = encode_records(&[record.encode()]);
        bytes.iter().fold(String::new(), |line, byte| format!("{line}{byte:02x}")) + "\n"
    });
    assert_eq!(golden, lines.concat());
}

#[test]
fn on_a_full_disk_metadata_goes_on_for_a_while_and_then_fails_whole() {
    let disk = disk(21);
    let mut io = SimIo::new(&disk);
    let (mut consensus, mut turn) = started(&disk, true);
    disk.set_capacity(Some(0));
    let mut turns = Vec::new();
    for number in 0..100 {
        consensus.propose(content(number)).expect("it leads");
        turns.push(std::mem::replace(&mut turn, consensus.turn(&mut io).expect("there is room ahead")));
        consensus.rest(&mut io).expect("there is room ahead");
    }
    turns.push(turn);
    let state = consensus.state();
    let all = everything(&consensus, &turns);
    consensus.compact(&mut io, state.commit_index, all.clone()).expect("a full disk only postpones it");
    assert_eq!(consensus.state(), state);
    consensus.propose(content(200)).expect("it leads");
    consensus.turn(&mut io).expect("the old journal goes on");
    let failure = (0..1000).find_map(|_| {
        consensus.propose(content(7)).ok()?;
        consensus.turn(&mut io).err()
    });
    assert_eq!(failure, Some(ConsensusError::Io(IoError::NO_SPACE)));
    disk.set_capacity(None);
    disk.restart(1);
    let (consensus, turn) = started(&disk, false);
    assert!(everything(&consensus, &[turn]).starts_with(&[all, content(200)].concat()));
}
