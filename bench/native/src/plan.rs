use crate::spinners::SpinnerProcess;
use std::path::PathBuf;
use std::time::Duration;

/// What the command line asks for.
pub struct Plan {
    pub directory: PathBuf,
    /// Empty: all of the scenario.
    pub cases: Vec<String>,
    pub spinners: Vec<Spinning>,
    pub is_quick: bool,
}

/// Rule 24 of DURABILITY.md: every synced figure is taken as is, and with the cores kept awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spinning {
    Off,
    On,
}

impl Spinning {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }

    /// The spinners run until the value is dropped.
    #[must_use]
    pub fn start(self) -> Option<SpinnerProcess> {
        (self == Self::On).then(SpinnerProcess::start)
    }
}

impl Plan {
    #[must_use]
    pub fn wants_case(&self, name: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|case| case == name)
    }

    #[must_use]
    pub fn spinner_modes(&self) -> Vec<Spinning> {
        self.spinners.clone()
    }

    /// For one figure; a quarter of it in a quick run.
    #[must_use]
    pub fn time(&self, whole: Duration) -> Duration {
        if self.is_quick {
            whole / 4
        } else {
            whole
        }
    }
}
