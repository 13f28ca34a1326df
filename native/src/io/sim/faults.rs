use super::random::Random;
use crate::io::{IoError, Op};

/// The kinds of operations that a fault can be aimed at. A durable write is a `Write` and, if that went well, a
/// `Sync` of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpKind {
    Open,
    Close,
    Read,
    Write,
    Sync,
    StartWriteback,
    Allocate,
    SetSize,
    MakeDir,
    Rename,
    Unlink,
    RemoveDir,
}

impl OpKind {
    #[must_use]
    pub fn of(op: &Op) -> Self {
        match op {
            Op::Open { .. } => Self::Open,
            Op::Close { .. } => Self::Close,
            Op::Read { .. } => Self::Read,
            Op::Write { .. } => Self::Write,
            Op::Sync { .. } => Self::Sync,
            Op::StartWriteback { .. } => Self::StartWriteback,
            Op::Allocate { .. } => Self::Allocate,
            Op::SetSize { .. } => Self::SetSize,
            Op::MakeDir { .. } => Self::MakeDir,
            Op::Rename { .. } => Self::Rename,
            Op::Unlink { .. } => Self::Unlink,
            Op::RemoveDir { .. } => Self::RemoveDir,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails with this error and does nothing.
    Error(IoError),
    /// A read or a write that ends early: at least one byte less than asked, and at least one byte.
    Short,
    /// A write that puts any subset of its sectors in place and fails with EIO.
    Torn,
    /// A write that reads see and that no sync makes durable: the device forgets it when the power goes.
    Lost,
    /// One bit of what is read (this once) or written (stored) is wrong.
    BitFlip,
    /// A sync that fails with EIO and, as Linux does, marks clean what it did not write.
    SyncDropsDirty,
    /// A sync that reports success and makes nothing durable.
    SyncLies,
}

#[derive(Clone, Debug)]
enum Trigger {
    Chance(f64),
    /// The n-th matching operation, the first being 1.
    Nth(u64),
    From(u64),
}

#[derive(Clone, Debug)]
struct Rule {
    kind: OpKind,
    path_contains: String,
    trigger: Trigger,
    fault: Fault,
    seen: u64,
}

/// Which operations fail and how. The first rule that fires decides; every rule counts every operation it matches.
/// An empty `path_contains` matches all. The path is the one that the file was opened by.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    rules: Vec<Rule>,
}

impl FaultPlan {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each matching operation with this probability.
    #[must_use]
    pub fn chance(self, kind: OpKind, path_contains: &str, probability: f64, fault: Fault) -> Self {
        self.rule(kind, path_contains, Trigger::Chance(probability), fault)
    }

    /// The n-th matching operation from now on, the first being 1.
    #[must_use]
    pub fn nth(self, kind: OpKind, path_contains: &str, n: u64, fault: Fault) -> Self {
        self.rule(kind, path_contains, Trigger::Nth(n), fault)
    }

    /// The n-th matching operation and all after it.
    #[must_use]
    pub fn from_nth(self, kind: OpKind, path_contains: &str, n: u64, fault: Fault) -> Self {
        self.rule(kind, path_contains, Trigger::From(n), fault)
    }

    #[must_use]
    pub fn always(self, kind: OpKind, path_contains: &str, fault: Fault) -> Self {
        self.from_nth(kind, path_contains, 1, fault)
    }

    fn rule(mut self, kind: OpKind, path_contains: &str, trigger: Trigger, fault: Fault) -> Self {
        self.rules.push(Rule { kind, path_contains: path_contains.to_owned(), trigger, fault, seen: 0 });
        self
    }

    pub(super) fn draw(&mut self, kind: OpKind, path: &str, random: &mut Random) -> Option<Fault> {
        let mut fired = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.kind == kind && path.contains(&rule.path_contains)) {
            rule.seen += 1;
            let fires = match rule.trigger {
                Trigger::Chance(probability) => random.chance(probability),
                Trigger::Nth(n) => rule.seen == n,
                Trigger::From(n) => rule.seen >= n,
            };
            if fires && fired.is_none() {
                fired = Some(rule.fault);
            }
        }
        fired
    }
}
