use super::campaign::run_seed;

#[test]
fn a_few_seeds_keep_every_promise() {
    for seed in 0..60 {
        if let Err(broken) = run_seed(seed) {
            panic!("seed {seed}: {broken}");
        }
    }
}
