//! Tests over the simulator, each named after the promise that it would see broken.

mod anomalies;
mod appends;
mod bed;
mod controls;
mod corruption;
mod duplicates;
mod every_crash;
mod faults;
mod fences;
mod full_disk;
mod journal;
mod leading;
mod lending;
mod moves;
mod reads;
mod real_files;
mod tails;

use super::campaign::run_seed;

#[test]
fn a_few_seeds_keep_every_promise() {
    for seed in 0..60 {
        if let Err(broken) = run_seed(seed) {
            panic!("seed {seed}: {broken}");
        }
    }
}
