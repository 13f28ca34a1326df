use super::*;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

#[test]
fn the_committed_corpus_is_what_the_seeds_give() {
    for target in TARGETS {
        let committed = slice::read_corpus(&directory(), target).unwrap();
        for made in (target.seeds)() {
            assert!(committed.contains(&made), "{}/{}: run fuzz_slice --write-corpus", target.name, made.0);
        }
    }
}

#[test]
fn every_corpus_file_passes_and_the_canary_dies() {
    let options = SliceOptions { seed: 1, duration: Duration::ZERO, target: None, directory: directory() };
    let outcome = run_slice(&options).unwrap();
    assert_eq!(outcome.failed, 0);
    assert!(outcome.run > TARGETS.iter().map(|target| (target.seeds)().len() as u64).sum());
}

#[test]
fn inputs_depend_on_seed_and_number_alone() {
    let corpus = batch_header::seeds();
    let inputs = |seed| (0..50).map(|number| mutate::input(&corpus, seed, number)).collect::<Vec<_>>();
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
    assert_eq!(inputs(1)[49], mutate::input(&corpus, 1, 49));
}

#[test]
fn every_target_has_its_libfuzzer_file() {
    let manifest = std::fs::read_to_string(directory().join("Cargo.toml")).unwrap();
    for target in TARGETS {
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
        let source = std::fs::read_to_string(directory().join("fuzz_targets").join(format!("{}.rs", target.name))).unwrap();
        assert!(source.contains(&format!("run(\"{}\"", target.name)), "{}", target.name);
    }
}
