//! All connections of a load, served by one thread.

use super::commands::Pace;
use super::connection::{Connection, Incoming};
use super::delivery::{Delivery, RecordLayout, Stamps};
use super::millrace::credit;
use super::options::{Opening, Options, Protocol};
use super::poll::Poll;
use super::publication::Publication;
use super::socket::words;
use crate::latencies::Latencies;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// As many at once as a server's backlog takes easily.
const OPENING_AT_ONCE: usize = 128;
const OPEN_SECONDS_MAX: u64 = 60;
/// What is late by more is not waited for.
const LATE_MAX: Duration = Duration::from_secs(2);
const DRAINED_AFTER: Duration = Duration::from_millis(500);
const DRAIN_MAX: Duration = Duration::from_secs(20);
const PRODUCE_MAX: Duration = Duration::from_secs(60);
const SCRATCH_SIZE: usize = 512 << 10;

pub struct Fleet {
    connections: Vec<Connection>,
    subscribers: usize,
    protocol: Protocol,
    credit_size: u64,
    publication: Option<Publication>,
    layout: RecordLayout,
    stamps: Stamps,
    request_id: u32,
    poll: Poll,
    ready: Vec<usize>,
    scratch: Vec<u8>,
}

impl Fleet {
    /// All subscribers, and behind them the publisher, if there is one.
    ///
    /// # Errors
    /// A sentence.
    pub fn open(options: &Options) -> Result<Self, String> {
        let publication = options.publication.clone();
        let batch = publication.as_ref().and_then(Publication::batch_layout);
        let (size, stamp_at) = match options.protocol {
            Protocol::Millrace => batch.unwrap_or((usize::MAX, 0)),
            Protocol::Raw | Protocol::Nats => (options.record_size, 0),
        };
        let mut fleet = Self {
            connections: Vec::new(),
            subscribers: options.subscribers,
            protocol: options.protocol,
            credit_size: options.credit_size,
            publication,
            layout: RecordLayout { size, stamp_at, are_batches: options.protocol == Protocol::Millrace },
            stamps: Stamps::begin(),
            request_id: 0,
            poll: Poll::new().map_err(words)?,
            ready: Vec::new(),
            scratch: vec![0; SCRATCH_SIZE],
        };
        let mut left = options.subscribers;
        while left > 0 {
            let count = left.min(OPENING_AT_ONCE);
            fleet.open_some(count, options, &options.subscriber)?;
            left -= count;
        }
        if fleet.publication.is_some() {
            fleet.open_some(1, options, &options.publisher)?;
        }
        Ok(fleet)
    }

    fn open_some(&mut self, count: usize, options: &Options, opening: &Opening) -> Result<(), String> {
        let first = self.connections.len();
        for token in first..first + count {
            let connection = Connection::open(options)?;
            self.poll.add(connection.socket.descriptor(), token).map_err(words)?;
            self.connections.push(connection);
        }
        let deadline = Instant::now() + Duration::from_secs(OPEN_SECONDS_MAX);
        self.serve_until(deadline, |fleet| fleet.connections[first..].iter().all(Connection::is_upgraded))?;
        for token in first..first + count {
            for message in &opening.messages {
                self.connections[token].send_message(message)?;
            }
            self.watch_room(token)?;
        }
        self.serve_until(deadline, |fleet| fleet.connections[first..].iter().all(|one| one.answers >= opening.answers))
    }

    fn serve_until(&mut self, deadline: Instant, is_done: impl Fn(&Self) -> bool) -> Result<(), String> {
        while !is_done(self) {
            if Instant::now() > deadline {
                return Err("the server did not answer in time".to_owned());
            }
            self.serve(Duration::from_millis(10), &mut |_, _| ())?;
        }
        Ok(())
    }

    /// Between laps: pings, and what is still on its way.
    ///
    /// # Errors
    /// A sentence.
    pub fn idle(&mut self) -> Result<(), String> {
        self.serve(Duration::from_millis(10), &mut |_, _| ())
    }

    fn serve(&mut self, time_max: Duration, told: &mut impl FnMut(Instant, Incoming)) -> Result<(), String> {
        let mut ready = std::mem::take(&mut self.ready);
        self.poll.wait(time_max, &mut ready);
        for token in &ready {
            let connection = &mut self.connections[*token];
            connection.socket.flush()?;
            let now = Instant::now();
            connection.receive(&mut self.scratch, self.layout.size, &mut |incoming| told(now, incoming))?;
            if connection.taken >= self.credit_size {
                let message = credit(connection.taken);
                connection.taken = 0;
                connection.send_message(&message)?;
            }
            self.watch_room(*token)?;
        }
        self.ready = ready;
        Ok(())
    }

    fn watch_room(&mut self, token: usize) -> Result<(), String> {
        self.poll.watch_room(&mut self.connections[token].socket, token).map_err(words)
    }

    fn publish(&mut self, stamp: u64) -> Result<(), String> {
        let publication = self.publication.as_mut().ok_or("nothing to publish was given")?;
        let token = self.connections.len() - 1;
        self.request_id = self.request_id.wrapping_add(1).max(1);
        publication.stamp(stamp);
        let mut head = Vec::with_capacity(32);
        publication.put_head(self.protocol, self.request_id, &mut head);
        self.connections[token].socket.send(&head, publication.body())?;
        self.watch_room(token)
    }

    /// Publishes in an open loop and waits until every subscriber has everything, or it is too late.
    ///
    /// # Errors
    /// A sentence.
    pub fn deliver(&mut self, pace: Pace) -> Result<Delivery, String> {
        let mut delivery = Delivery::begin(pace, self.subscribers as u64);
        let begin = Instant::now();
        let first_stamp = self.stamps.of(begin);
        let deadline = begin + Duration::from_secs_f64(pace.seconds) + LATE_MAX;
        let mut arrivals = pace.arrivals();
        let layout = self.layout;
        while delivery.delivered < delivery.expected && Instant::now() < deadline {
            while let Some(due) = arrivals.take_due() {
                delivery.behind = delivery.behind.max(due.elapsed());
                delivery.published += 1;
                self.publish(self.stamps.of(due))?;
            }
            let sleep = arrivals.until_next().unwrap_or(Duration::from_millis(10));
            let clock = Stamps::clone(&self.stamps);
            self.serve(sleep, &mut |now, incoming| {
                let Incoming::Records(bytes) = incoming else { return };
                // What is left of an earlier lap counts for none.
                for stamp in layout.stamps(bytes).filter(|stamp| *stamp >= first_stamp) {
                    delivery.delivered += 1;
                    delivery.latencies.note(Duration::from_nanos(clock.of(now).saturating_sub(stamp)));
                }
            })?;
        }
        delivery.wall = begin.elapsed();
        if delivery.delivered < delivery.expected {
            self.drain()?;
        }
        Ok(delivery)
    }

    /// What comes too late must not be in the way of the next lap.
    fn drain(&mut self) -> Result<(), String> {
        let begin = Instant::now();
        let mut last = begin;
        while last.elapsed() < DRAINED_AFTER && begin.elapsed() < DRAIN_MAX {
            self.serve(Duration::from_millis(10), &mut |now, _| last = now)?;
        }
        Ok(())
    }

    /// Sends the publication so often in a closed loop, with so many unanswered at most.
    ///
    /// # Errors
    /// A sentence.
    pub fn produce(&mut self, count: u64, window: u64) -> Result<Delivery, String> {
        let begin = Instant::now();
        let mut sent_at: VecDeque<Instant> = VecDeque::new();
        let (mut sent, mut latencies) = (0, Latencies::default());
        let mut answered = 0;
        while answered < count && begin.elapsed() < PRODUCE_MAX {
            while sent < count && sent - answered < window && !self.connections[self.connections.len() - 1].socket.has_unsent() {
                sent_at.push_back(Instant::now());
                self.publish(0)?;
                sent += 1;
            }
            self.serve(Duration::from_millis(100), &mut |now, incoming| {
                if let Incoming::Answer = incoming {
                    answered += 1;
                    // One partition and one connection: answers come in the order of the requests.
                    latencies.note(sent_at.pop_front().map_or(Duration::ZERO, |at| now.saturating_duration_since(at)));
                }
            })?;
        }
        let wall = begin.elapsed();
        Ok(Delivery { published: sent, expected: count, delivered: answered, latencies, behind: Duration::ZERO, wall })
    }
}
