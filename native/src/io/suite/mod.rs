//! One set of tests over every Io. A test here says what all of them promise; what only one has is tested beside it.

mod bed;
mod files;
mod flight;
mod names;
mod passing;
mod registered;
mod restricted;
pub mod run_again;
mod same;
mod wakeup;

pub use bed::Bed;
pub use run_again::BLOCKS_ALLOWED;

/// Makes a test per implementation of each function in a module.
macro_rules! over_all {
    ($($test:ident),* $(,)?) => {
        mod uring { $(#[test] fn $test() { super::$test(&super::Bed::uring()); })* }
        mod old_uring { $(#[test] fn $test() { super::$test(&super::Bed::old_uring()); })* }
        mod fallback { $(#[test] fn $test() { super::$test(&super::Bed::fallback()); })* }
        mod sim { $(#[test] fn $test() { (0..5).for_each(|seed| super::$test(&super::Bed::sim(seed))); })* }
    };
}

/// As `over_all`, for what needs a real descriptor.
macro_rules! over_real {
    ($($test:ident),* $(,)?) => {
        mod uring { $(#[test] fn $test() { super::$test(&super::Bed::uring()); })* }
        mod old_uring { $(#[test] fn $test() { super::$test(&super::Bed::old_uring()); })* }
        mod fallback { $(#[test] fn $test() { super::$test(&super::Bed::fallback()); })* }
    };
}

use {over_all, over_real};
