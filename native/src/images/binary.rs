//! The command as it is installed: it writes stories and opens images.

use super::opening::{SeenBatch, SeenBatches};
use super::trial::same;
use crate::io::sim::Random;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// `log verify` found a torn tail: what recovery will cut, and nothing else.
const TORN_TAIL: i32 = 3;
/// Appended to by the opening itself.
const PROBE_TOPIC: &str = "probe";

pub struct Binary {
    path: PathBuf,
}

impl Binary {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Runs `log append --io-trace` over some random lines.
    ///
    /// # Errors
    /// It could not be started, or ended with anything but 0.
    pub fn append(&self, seed: u64, data: &Path, trace: &Path) -> Result<(), String> {
        let mut random = Random::new(seed);
        let mut lines = String::new();
        for number in 0..random.between(2_000, 12_000) {
            let size = random.between(1, 200) as usize;
            writeln!(lines, "{number} {}", "x".repeat(size)).expect("a string grows");
        }
        let (batch, partitions, shards) = (random.between(1, 60), random.between(1, 4), random.between(1, 2));
        let numbers = [("--batch", batch), ("--partitions", partitions), ("--shards", shards), ("--journal", 1 << 20)];
        let mut command = self.log("append");
        command.arg("--data").arg(data).arg("--io-trace").arg(trace).args(["--topic", "lines"]);
        command.args(numbers.iter().flat_map(|(flag, number)| [(*flag).to_owned(), number.to_string()]));
        run(command, lines.into_bytes(), &[0]).map(drop)
    }

    /// Verifies and lists what recovery would leave; recovers; lists again. `judge` sees both lists.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn open_twice(&self, data: &Path, judge: impl Fn(&SeenBatches) -> Result<(), String>) -> Result<(), String> {
        self.verify(data, &[0, TORN_TAIL])?;
        let first = self.dump(data)?;
        judge(&first)?;
        let mut recover = self.log("append");
        recover.arg("--data").arg(data).args(["--journal", "1048576", "--topic", PROBE_TOPIC]);
        run(recover, b"probe\n".to_vec(), &[0])?;
        self.verify(data, &[0])?;
        let mut second = self.dump(data)?;
        second.remove(&(PROBE_TOPIC.to_owned(), 0));
        same(&first, &second, "log dump gave")
    }

    fn log(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.args(["log", verb]);
        command
    }

    fn verify(&self, data: &Path, codes: &[i32]) -> Result<(), String> {
        let mut command = self.log("verify");
        command.arg(data);
        run(command, Vec::new(), codes).map(drop)
    }

    fn dump(&self, data: &Path) -> Result<SeenBatches, String> {
        let mut command = self.log("dump");
        command.arg(data).arg("--json");
        let mut seen = SeenBatches::new();
        for line in run(command, Vec::new(), &[0])?.lines() {
            let (key, batch) = parse_row(line).ok_or_else(|| format!("log dump printed {line}"))?;
            seen.entry(key).or_default().push(batch);
        }
        Ok(seen)
    }
}

fn parse_row(line: &str) -> Option<((String, u32), SeenBatch)> {
    let field = |name: &str| {
        let rest = line.split_once(&format!("\"{name}\":"))?.1;
        rest.split([',', '}']).next().map(|text| text.trim_matches('"'))
    };
    let batch = SeenBatch {
        base: field("base")?.parse().ok()?,
        last: field("last")?.parse().ok()?,
        crc: field("crc")?.parse().ok()?,
        leader_epoch: field("epoch")?.parse().ok()?,
    };
    Some(((field("topic")?.to_owned(), field("partition")?.parse().ok()?), batch))
}

fn run(mut command: Command, input: Vec<u8>, codes: &[i32]) -> Result<String, String> {
    let output = feed(&mut command, input).map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(code) if codes.contains(&code) => Ok(said.into_owned()),
        _ => Err(format!("{command:?} ended with {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr))),
    }
}

/// From a thread of its own, so that neither side waits for the other with a full pipe.
fn feed(command: &mut Command, input: Vec<u8>) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().expect("asked for");
    let feeder = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output()?;
    // A child that ends early closes the pipe: its exit code says why.
    let _ = feeder.join();
    Ok(output)
}
