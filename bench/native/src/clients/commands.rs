use crate::arrivals::Arrivals;
use std::io::BufRead;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

/// When records are published.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    pub rate: f64,
    pub seconds: f64,
    /// 0: evenly spaced. The same seed gives the same times to every side.
    pub seed: u64,
}

impl Pace {
    #[must_use]
    pub fn count(self) -> u32 {
        (self.rate * self.seconds).round() as u32
    }

    #[must_use]
    pub fn arrivals(self) -> Arrivals {
        let gap = Duration::from_secs_f64(1.0 / self.rate);
        match self.seed {
            0 => Arrivals::even(self.count(), gap),
            seed => Arrivals::new(self.count(), gap, seed),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    Deliver(Pace),
    Produce { count: u64, window: u64 },
    End,
}

/// Lines of standard input, read by a thread: whoever has sockets to serve must not wait for them.
pub struct Commands(Receiver<Command>);

impl Commands {
    #[must_use]
    pub fn listen() -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let command = line.ok().and_then(|text| parse(&text)).unwrap_or(Command::End);
                if sender.send(command).is_err() || command == Command::End {
                    return;
                }
            }
        });
        Self(receiver)
    }

    /// None: there is none yet. The end of the input is one.
    #[must_use]
    pub fn next(&self) -> Option<Command> {
        match self.0.try_recv() {
            Ok(command) => Some(command),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Command::End),
        }
    }

    pub fn wait_for_end(&self) {
        while self.wait() != Command::End {}
    }

    #[must_use]
    pub fn wait(&self) -> Command {
        loop {
            match self.0.recv_timeout(Duration::from_secs(3600)) {
                Ok(command) => return command,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Command::End,
            }
        }
    }
}

fn parse(line: &str) -> Option<Command> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["deliver", rate, seconds, seed] => {
            let pace = Pace { rate: rate.parse().ok()?, seconds: seconds.parse().ok()?, seed: seed.parse().ok()? };
            (pace.rate > 0.0 && pace.count() > 0).then_some(Command::Deliver(pace))
        }
        ["produce", count, window] => Some(Command::Produce { count: count.parse().ok()?, window: window.parse().ok()? }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_words() {
        let pace = Pace { rate: 50.0, seconds: 2.0, seed: 0 };
        assert_eq!(parse("deliver 50 2 0"), Some(Command::Deliver(pace)));
        assert_eq!(pace.count(), 100);
        assert_eq!(parse("produce 10 4"), Some(Command::Produce { count: 10, window: 4 }));
        assert_eq!(parse("deliver 0 2 0"), None);
        assert_eq!(parse("deliver"), None);
    }
}
