//! The exit codes of DESIGN.md §5: one table. A reason that ends the process has exactly one of them.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    Done = 0,
    Failed = 1,
    WrongUsage = 2,
    /// `log verify`: recovery would cut a torn tail.
    TornTail = 3,
    /// `log verify`: corruption.
    VerifyCorrupt = 4,
    DirectoryInUse = 10,
    Corruption = 11,
    DiskFenced = 12,
    InvariantBroken = 13,
    Interrupted = 130,
}
