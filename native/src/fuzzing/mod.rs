//! What the fuzzers run. A target is a plain function over bytes that panics when a promise is broken, and a list of
//! seeds. Two drivers call it: libFuzzer for campaigns (native/fuzz), and `slice` on any stable toolchain.
//!
//! To add a target: a file here with `run` and `seeds`, a row in `TARGETS`, a four-line file in native/fuzz/fuzz_targets
//! with its `[[bin]]`, and `cargo run --no-default-features --example fuzz_slice -- --write-corpus`.
//!
//! A checksum in front of a decoder would stop nearly every mutated input at the door. So a target runs the bytes as
//! they are, and once more with the checksum made good.

mod batch_header;
mod canary;
mod checkpoint;
mod consensus_log;
mod framing;
mod identity;
mod journal_recovery;
mod leader_epochs;
mod metadata_journal;
mod mutate;
mod offset_index;
mod producer_state;
mod records;
mod segment_recovery;
mod slice;
mod superblock;

pub use slice::{run_slice, write_corpus, Outcome, SliceOptions};

/// A seed's file name and its bytes.
pub type Seed = (String, Vec<u8>);

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// The same every time: they are committed under native/fuzz/corpus.
    pub seeds: fn() -> Vec<Seed>,
    /// It must fail: that tests the fuzzing itself.
    pub is_canary: bool,
}

pub const TARGETS: &[Target] = &[
    Target { name: "batch_header", run: batch_header::run, seeds: batch_header::seeds, is_canary: false },
    Target { name: "canary", run: canary::run, seeds: canary::seeds, is_canary: true },
    Target { name: "checkpoint", run: checkpoint::run, seeds: checkpoint::seeds, is_canary: false },
    Target { name: "consensus_log", run: consensus_log::run, seeds: consensus_log::seeds, is_canary: false },
    Target { name: "framing", run: framing::run, seeds: framing::seeds, is_canary: false },
    Target { name: "identity", run: identity::run, seeds: identity::seeds, is_canary: false },
    Target { name: "journal_recovery", run: journal_recovery::run, seeds: journal_recovery::seeds, is_canary: false },
    Target { name: "leader_epochs", run: leader_epochs::run, seeds: leader_epochs::seeds, is_canary: false },
    Target { name: "metadata_journal", run: metadata_journal::run, seeds: metadata_journal::seeds, is_canary: false },
    Target { name: "offset_index", run: offset_index::run, seeds: offset_index::seeds, is_canary: false },
    Target { name: "producer_state", run: producer_state::run, seeds: producer_state::seeds, is_canary: false },
    Target { name: "records", run: records::run, seeds: records::seeds, is_canary: false },
    Target { name: "segment_recovery", run: segment_recovery::run, seeds: segment_recovery::seeds, is_canary: false },
    Target { name: "superblock", run: superblock::run, seeds: superblock::seeds, is_canary: false },
];

/// What libFuzzer calls. Panics for a name that no target has.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(bytes);
}

fn seed(name: &str, bytes: Vec<u8>) -> Seed {
    (name.to_owned(), bytes)
}

#[cfg(test)]
mod tests;
