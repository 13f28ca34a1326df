//! A process that appends until it is killed: what it leaves behind is a crash's, not a polite end's.

use crate::batches::batch_of;
use crate::load::Load;
use crate::node::{partition_ids, store_config, Node};
use crate::system;
use millrace_native::io::AlignedBuffer;
use millrace_native::log::config::LogConfig;
use millrace_native::store::Catalog;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const COMMAND: &str = "append-until-killed";

/// What it writes, in the words of its command line.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub partitions: u32,
    pub batch_size: usize,
    pub segment_size: u64,
    pub journal_size: u64,
    /// It says so when so many bytes are acknowledged, and goes on.
    pub size: u64,
}

impl Task {
    #[must_use]
    pub fn log_config(&self) -> LogConfig {
        LogConfig { segment_size_max: self.segment_size, ..LogConfig::default() }
    }

    #[must_use]
    pub fn catalog(&self) -> Catalog {
        let live = partition_ids(self.partitions).into_iter().map(|id| (id, self.log_config())).collect();
        Catalog { live, ..Catalog::default() }
    }

    #[must_use]
    pub fn open(&self, data: &Path) -> Node {
        Node::open(data, store_config(self.journal_size), 64 << 20, &self.catalog())
    }

    fn words(&self) -> Vec<String> {
        let numbers = [u64::from(self.partitions), self.batch_size as u64, self.segment_size, self.journal_size, self.size];
        numbers.iter().map(u64::to_string).collect()
    }

    fn from_words(words: &[String]) -> Option<Self> {
        let numbers: Vec<u64> = words.iter().map_while(|word| word.parse().ok()).collect();
        let [partitions, batch_size, segment_size, journal_size, size] = numbers[..] else { return None };
        Some(Self { partitions: partitions as u32, batch_size: batch_size as usize, segment_size, journal_size, size })
    }

    /// Starts the process, waits until it has written enough and kills it.
    ///
    /// # Panics
    /// If it fails first.
    pub fn run_and_kill(&self, data: &Path) {
        let program = std::env::current_exe().expect("the name of this program");
        let mut command = Command::new(program);
        command.arg(COMMAND).arg(data).args(self.words()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the victim starts");
        await_line(&mut child);
        system::kill(child.id());
        let _ = child.wait();
    }
}

fn await_line(child: &mut Child) {
    let mut line = String::new();
    let output = child.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("the victim speaks");
    assert_eq!(line, "enough\n", "the victim failed");
}

/// What the process does. False if the words are not its own, or the disk is too slow for so much.
pub fn append(words: &[String]) -> bool {
    let Some((data, task)) = words.split_first().and_then(|(data, rest)| Some((data, Task::from_words(rest)?))) else {
        return false;
    };
    let mut node = task.open(Path::new(data));
    let ids = partition_ids(task.partitions);
    let known: Vec<u32> = ids.iter().filter_map(|id| node.store.handle(id)).collect();
    let handles = if known.is_empty() { node.create(&ids, task.log_config()) } else { known };
    let epoch = node.store.incarnation() as i32;
    handles.iter().for_each(|handle| node.store.set_leader_epoch(*handle, epoch));
    let batch = batch_of(task.batch_size);
    let mut load = Load::new(node, handles, &batch, 4 << 20);
    if !load.run_until(task.size, Duration::from_secs(120)) {
        return false;
    }
    println!("enough");
    // Whoever started this is slow, or gone.
    load.run_until(u64::MAX, Duration::from_secs(10));
    true
}

/// Offers one batch and waits for its ack.
pub fn append_one(node: &mut Node, handle: u32) {
    let epoch = node.store.incarnation() as i32;
    node.store.set_leader_epoch(handle, epoch);
    let batch = batch_of(200);
    let mut buffer = AlignedBuffer::new(batch.len());
    buffer.bytes_mut()[..batch.len()].copy_from_slice(&batch);
    node.store.append(handle, 1, std::rc::Rc::new(buffer), batch.len(), millrace_native::log::partition::AppendOrigin::Leader);
    while !node.step().iter().any(|event| matches!(event, millrace_native::store::Event::Appended { .. })) {}
}
