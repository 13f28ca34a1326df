//! A producer and a consumer of one partition, by Kafka's protocol, on one thread and one clock; whose broker it is they do not know.
//!
//! The producer behaves like Kafka's with a linger of nothing: what is due goes out at once, while fewer than five requests are under
//! way; what becomes due meanwhile goes together in the next. The consumer always has one fetch waiting.

mod batches;
mod frames;

use super::commands::{Command, Commands, Pace};
use super::delivery::{Delivery, Stamps};
use super::poll::Poll;
use super::socket::{words, Socket};
use batches::{batch_of, stamps_in};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const UNDER_WAY_MAX: usize = 5;
/// Of 100 bytes a record: below 64 KiB.
const BATCH_RECORDS_MAX: usize = 512;
/// Of a quick schedule several records share a wake-up, or this client would be the limit.
const WAKE_UP_GAP_MIN: Duration = Duration::from_micros(100);
/// What is late by more is not waited for.
const LATE_MAX: Duration = Duration::from_secs(3);
const OPEN_MAX: Duration = Duration::from_secs(10);
const DRAIN_MAX: Duration = Duration::from_secs(20);
const SCRATCH_SIZE: usize = 4 << 20;

const PRODUCER: usize = 0;
const CONSUMER: usize = 1;

/// # Errors
/// A sentence.
pub fn run(words: &[String]) -> Result<(), String> {
    let [port, topic, record_size] = words else { return Err("a port, a topic and a record's size".to_owned()) };
    let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number that fits"));
    let mut clients = Clients::open(port.parse().map_err(|_| format!("{port} is no port"))?, topic, number(record_size)?)?;
    println!("{{\"ready\":true}}");
    let commands = Commands::listen();
    loop {
        match commands.next() {
            Some(Command::Deliver(pace)) => clients.deliver(pace)?.print(),
            Some(Command::Produce { .. } | Command::End) => return Ok(()),
            None => clients.serve(Duration::from_millis(10), &mut |_, _| ())?,
        }
    }
}

struct Clients {
    poll: Poll,
    sockets: [Socket; 2],
    topic: String,
    value: Vec<u8>,
    /// When records were due that no request has taken yet.
    due: VecDeque<u64>,
    under_way: usize,
    correlation_id: i32,
    /// Of the next record to read.
    offset: i64,
    fetches: u64,
    stamps: Stamps,
    ready: Vec<usize>,
    scratch: Vec<u8>,
}

impl Clients {
    /// Resolves with the answer to a first fetch.
    fn open(port: u16, topic: &str, record_size: usize) -> Result<Self, String> {
        if record_size < size_of::<u64>() {
            return Err("a record holds a time of eight bytes".to_owned());
        }
        let mut clients = Self {
            poll: Poll::new().map_err(words)?,
            sockets: [Socket::open(port, false)?, Socket::open(port, false)?],
            topic: topic.to_owned(),
            value: vec![0x5a; record_size],
            due: VecDeque::new(),
            under_way: 0,
            correlation_id: 0,
            offset: 0,
            fetches: 0,
            stamps: Stamps::begin(),
            ready: Vec::new(),
            scratch: vec![0; SCRATCH_SIZE],
        };
        for (token, socket) in clients.sockets.iter().enumerate() {
            clients.poll.add(socket.descriptor(), token).map_err(words)?;
        }
        clients.fetch()?;
        let begin = Instant::now();
        while clients.fetches < 2 {
            if begin.elapsed() > OPEN_MAX {
                return Err("the broker did not answer in time".to_owned());
            }
            clients.serve(Duration::from_millis(10), &mut |_, _| ())?;
        }
        Ok(clients)
    }

    fn fetch(&mut self) -> Result<(), String> {
        self.fetches += 1;
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let request = frames::fetch(self.correlation_id, &self.topic, self.offset);
        self.sockets[CONSUMER].send(&request, &[])
    }

    /// What is due, as far as requests may be under way.
    fn produce(&mut self) -> Result<(), String> {
        while self.under_way < UNDER_WAY_MAX && !self.due.is_empty() {
            let count = self.due.len().min(BATCH_RECORDS_MAX);
            let batch = batch_of(self.due.drain(..count), &mut self.value);
            self.correlation_id = self.correlation_id.wrapping_add(1);
            self.sockets[PRODUCER].send(&frames::produce(self.correlation_id, &self.topic, &batch), &[])?;
            self.under_way += 1;
        }
        Ok(())
    }

    /// Tells when a record came and what its time was.
    fn serve(&mut self, time_max: Duration, told: &mut impl FnMut(Instant, u64)) -> Result<(), String> {
        let mut ready = std::mem::take(&mut self.ready);
        self.poll.wait(time_max, &mut ready);
        for token in &ready {
            self.sockets[*token].flush()?;
            let now = Instant::now();
            let mut scratch = std::mem::take(&mut self.scratch);
            let count = self.sockets[*token].receive(&mut scratch)?;
            let mut rest = &scratch[..count];
            while let Some((frame, used)) = frames::split(rest) {
                self.take(*token, frame, &mut |stamp| told(now, stamp))?;
                rest = &rest[used..];
            }
            self.sockets[*token].keep(rest);
            self.scratch = scratch;
        }
        self.ready = ready;
        self.produce()?;
        for (token, socket) in self.sockets.iter_mut().enumerate() {
            self.poll.watch_room(socket, token).map_err(words)?;
        }
        Ok(())
    }

    fn take(&mut self, token: usize, frame: &[u8], told: &mut impl FnMut(u64)) -> Result<(), String> {
        if token == PRODUCER {
            self.under_way -= 1;
            return frames::read_produced(frame);
        }
        self.offset = stamps_in(frames::read_fetched(frame)?, self.offset, told)?;
        self.fetch()
    }

    /// Publishes in an open loop and waits until everything has come back, or it is too late.
    fn deliver(&mut self, pace: Pace) -> Result<Delivery, String> {
        let mut delivery = Delivery::begin(pace, 1);
        let begin = Instant::now();
        let first_stamp = self.stamps.of(begin);
        let deadline = begin + Duration::from_secs_f64(pace.seconds) + LATE_MAX;
        let mut arrivals = pace.arrivals();
        let clock = Stamps::clone(&self.stamps);
        let gap_min = if pace.rate * WAKE_UP_GAP_MIN.as_secs_f64() > 1.0 { WAKE_UP_GAP_MIN } else { Duration::ZERO };
        while delivery.delivered < delivery.expected && Instant::now() < deadline {
            while let Some(due) = arrivals.take_due() {
                delivery.behind = delivery.behind.max(due.elapsed());
                delivery.published += 1;
                self.due.push_back(self.stamps.of(due));
            }
            self.produce()?;
            let sleep = arrivals.until_next().map_or(Duration::from_millis(10), |gap| gap.max(gap_min));
            self.serve(sleep, &mut |now, stamp| {
                // What is left of an earlier lap counts for none.
                if stamp >= first_stamp {
                    delivery.delivered += 1;
                    delivery.latencies.note(Duration::from_nanos(clock.of(now).saturating_sub(stamp)));
                }
            })?;
        }
        delivery.wall = begin.elapsed();
        self.drain()?;
        Ok(delivery)
    }

    /// What comes too late must not be in the way of the next lap; what nobody has sent yet never comes.
    fn drain(&mut self) -> Result<(), String> {
        self.due.clear();
        let begin = Instant::now();
        while self.under_way > 0 && begin.elapsed() < DRAIN_MAX {
            self.serve(Duration::from_millis(10), &mut |_, _| ())?;
        }
        Ok(())
    }
}
