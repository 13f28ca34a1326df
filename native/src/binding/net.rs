//! Sockets of the Kafka door, on the thread that opened them: two crossings for each wake-up, `turn` and `flush`. What needs no JavaScript
//! is done before it is woken, and often instead (`watch`).
//!
//! Lives on: its data thread, beside the store. JavaScript keeps the memory that it lent (the pool, rooms until they are returned,
//! rings) until `release`.

use super::clocks::Clocks;
use super::event_words::exact;
use super::failure::BindingFailure;
use super::guarded;
use super::lent_words::LentWords;
use super::net_words::{
    encode, encode_unfinished, obey, COMMAND_WORDS, FLUSHED_HEADER_WORDS, NET_EVENT_WORDS, NET_HEADER_WORDS, PART_OF_FILE,
    PART_WORDS,
};
use super::shared_memory::SharedMemory;
use super::wakeup::BindingWakeup;
use crate::io::sockets::{is_address_in_use, open_sockets, OpenedSockets, Sockets, SocketsChoice};
use crate::io::{FileSpan, Piece};
use crate::net::{Net, NetEvent, NetSettings, Part, Source, Unfinished};
use napi::bindgen_prelude::{Either, Env, Function};
use napi_derive::napi;
use std::cell::{Cell, RefCell, RefMut};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

#[napi(object)]
pub struct BindingNetOptions {
    /// "auto", "uring" or "epoll".
    pub sockets: String,
    pub frame_size_max: u32,
    pub chunk_size: u32,
    pub connections_max: u32,
    pub connections_per_address_max: u32,
    pub in_flight_max: u32,
    pub turn_size_max: u32,
    pub idle_ms: f64,
    pub slow_frame_ms: f64,
    pub linger_ms: f64,
    pub kept_max: f64,
    pub kept_total_max: f64,
}

#[napi(object)]
pub struct BindingListener {
    /// By which events name it.
    pub index: u32,
    pub host: String,
    pub port: u32,
}

#[napi(object)]
pub struct BindingNetCounters {
    /// Calls from JavaScript into this net.
    pub crossings: f64,
    pub system_calls: f64,
    pub turns: f64,
    pub accepted: f64,
    pub refused: f64,
    pub closed: f64,
    pub frames: f64,
    pub received_size: f64,
    pub sent_size: f64,
    pub file_size: f64,
    pub trailed_size: f64,
    pub receives: f64,
    pub sends: f64,
    pub moved_size: f64,
    pub kept_size: f64,
    pub waits: f64,
    pub pool_used: f64,
    pub pool_used_max: f64,
    pub waiting: u32,
}

type ThreadNet = Net<Box<dyn Sockets>>;

#[napi]
pub struct BindingNet {
    /// None once it was released. Shared with the event loop of this thread, which pumps it between calls from JavaScript.
    net: Rc<RefCell<Option<ThreadNet>>>,
    clocks: Rc<Cell<Clocks>>,
    name: &'static str,
    fallback_reason: Option<String>,
    /// Rings and the like, by number less one.
    memories: Vec<SharedMemory>,
    events: Vec<NetEvent>,
    parts: Vec<Part>,
    unfinished: Vec<Unfinished>,
    crossings: u64,
}

/// `pool` is all the memory that frames are received into, rooms left out.
#[napi]
pub fn open_net(options: BindingNetOptions, pool: SharedMemory) -> Either<BindingNet, BindingFailure> {
    guarded(|| match open(&options, pool) {
        Ok(net) => Either::A(net),
        Err(failure) => Either::B(failure),
    })
}

fn open(options: &BindingNetOptions, pool: SharedMemory) -> Result<BindingNet, BindingFailure> {
    let choice = match options.sockets.as_str() {
        "auto" => SocketsChoice::Auto,
        "uring" => SocketsChoice::Uring,
        "epoll" => SocketsChoice::Epoll,
        other => return Err(BindingFailure::new("wrong-setting", format!("no sockets by {other}"))),
    };
    let settings = NetSettings {
        frame_size_max: options.frame_size_max,
        chunk_size: options.chunk_size as usize,
        connections_max: options.connections_max as usize,
        connections_per_address_max: options.connections_per_address_max as usize,
        in_flight_max: options.in_flight_max,
        turn_size_max: options.turn_size_max as usize,
        idle_ms: options.idle_ms as u64,
        slow_frame_ms: options.slow_frame_ms as u64,
        linger_ms: options.linger_ms as u64,
        kept_max: options.kept_max as usize,
        kept_total_max: options.kept_total_max as usize,
    };
    let OpenedSockets { sockets, fallback_reason } = open_sockets(choice).map_err(|why| BindingFailure::new("no-io", why))?;
    let name = sockets.name();
    let net = Net::new(sockets, settings, piece_of(pool)).map_err(|why| BindingFailure::new("wrong-setting", why))?;
    Ok(BindingNet {
        net: Rc::new(RefCell::new(Some(net))),
        clocks: Rc::new(Cell::new(Clocks::told(0.0, 0.0))),
        name,
        fallback_reason,
        memories: Vec::new(),
        events: Vec::new(),
        parts: Vec::new(),
        unfinished: Vec::new(),
        crossings: 1,
    })
}

fn piece_of(memory: SharedMemory) -> Piece {
    let size = u32::try_from(memory.size()).expect("a view of less than 4 GiB");
    // SAFETY: JavaScript keeps the memory as the head of this file says, and writes it only where frames are not received to.
    unsafe { Piece::from_raw(memory.pointer(), size) }
}

#[napi]
impl BindingNet {
    fn crossed(&mut self) -> Option<RefMut<'_, ThreadNet>> {
        self.crossings += 1;
        RefMut::filter_map(self.net.borrow_mut(), Option::as_mut).ok()
    }

    /// "uring" or "epoll".
    #[napi(getter)]
    pub fn sockets(&self) -> String {
        self.name.to_owned()
    }

    /// Why they are not the kind that is preferred.
    #[napi(getter)]
    pub fn fallback_reason(&self) -> Option<String> {
        self.fallback_reason.clone()
    }

    /// On an address, not a name. Port 0 picks a free one.
    #[napi]
    pub fn listen(&mut self, host: String, port: u32, shares_port: bool) -> Either<BindingListener, BindingFailure> {
        guarded(|| {
            let Some(mut net) = self.crossed() else { return Either::B(BindingFailure::closed()) };
            let address = match (host.parse::<IpAddr>(), u16::try_from(port)) {
                (Ok(ip), Ok(port)) => SocketAddr::new(ip, port),
                _ => return Either::B(BindingFailure::new("wrong-setting", format!("{host}:{port} is no address to listen on"))),
            };
            match net.listen(address, shares_port) {
                Ok((index, bound)) => {
                    Either::A(BindingListener { index, host: bound.ip().to_string(), port: u32::from(bound.port()) })
                }
                Err(error) if is_address_in_use(error) => {
                    Either::B(BindingFailure::new("in-use", format!("{address} is in use by another listener")))
                }
                Err(error) => Either::B(BindingFailure::io(&format!("listen on {address}"), error)),
            }
        })
    }

    /// One round of work: obeys the commands, then fills `words` as net_words.rs draws it.
    #[napi]
    pub fn turn(&mut self, monotonic_ms: f64, mut commands: LentWords, commands_count: u32, mut words: LentWords) {
        guarded(|| {
            self.crossings += 1;
            self.clocks.set(Clocks::told(monotonic_ms, 0.0));
            let (header, room) = words.words().split_at_mut(NET_HEADER_WORDS);
            header.copy_from_slice(&[0.0, 0.0, -1.0, 0.0, 0.0]);
            let Some(net) = &mut *self.net.borrow_mut() else { return };
            obey(net, &commands.words()[..commands_count as usize * COMMAND_WORDS]);
            let has_more = net.turn(monotonic_ms as u64, room.len() / NET_EVENT_WORDS, &mut self.events);
            header[0] = self.events.len() as f64;
            header[1] = f64::from(u8::from(has_more));
            header[2] = net.deadline_ms().map_or(-1.0, exact);
            header[3] = exact(net.kept_memory() as u64);
            header[4] = exact(net.connections_count() as u64);
            self.events.drain(..).zip(room.chunks_exact_mut(NET_EVENT_WORDS)).for_each(|(event, words)| encode(event, words));
        });
    }

    /// Sends the parts of a turn, then obeys the commands; `words` has room for every connection among the parts.
    #[napi]
    #[allow(clippy::too_many_arguments)] // One crossing, whatever has to cross.
    pub fn flush(
        &mut self,
        mut parts: LentWords,
        parts_count: u32,
        scratch: SharedMemory,
        views: Vec<SharedMemory>,
        mut commands: LentWords,
        commands_count: u32,
        mut words: LentWords,
    ) {
        guarded(|| {
            self.crossings += 1;
            let (header, room) = words.words().split_at_mut(FLUSHED_HEADER_WORDS);
            header.copy_from_slice(&[0.0, 0.0, 0.0, -1.0]);
            let Some(net) = &mut *self.net.borrow_mut() else { return };
            let listed = parts.words().as_chunks::<PART_WORDS>().0.iter().take(parts_count as usize);
            self.parts.clear();
            self.parts.extend(listed.map(|words| part_of(words, scratch, &self.memories, &views)));
            self.unfinished.clear();
            net.flush(&self.parts, &mut self.unfinished);
            obey(net, &commands.words()[..commands_count as usize * COMMAND_WORDS]);
            encode_unfinished(&self.unfinished, room);
            header[0] = self.unfinished.len() as f64;
            header[1] = f64::from(u8::from(net.has_more()));
            header[2] = exact(net.kept_memory() as u64);
            header[3] = net.deadline_ms().map_or(-1.0, exact);
        });
    }

    /// What was left to be sent on from this file is not any more: the next turn tells how far that came.
    #[napi]
    pub fn take_back(&mut self, file: f64) {
        guarded(|| {
            if let Some(mut net) = self.crossed() {
                net.take_back(file as u64);
            }
        });
    }

    /// Memory that parts name by the number it gets.
    #[napi]
    pub fn add_memory(&mut self, memory: SharedMemory) -> u32 {
        guarded(|| {
            self.crossings += 1;
            self.memories.push(memory);
            self.memories.len() as u32
        })
    }

    /// False: nobody needs the room any more.
    #[napi]
    pub fn grant_room(&mut self, room: f64, memory: SharedMemory) -> bool {
        guarded(|| self.crossed().is_some_and(|mut net| net.grant_room(room as u64, piece_of(memory))))
    }

    /// What a connection sent that was closed as broken: its first bytes, printable, once.
    #[napi]
    pub fn take_broken(&mut self, connection: f64) -> Option<String> {
        guarded(|| self.crossed()?.take_broken(connection as u64))
    }

    /// The address of the connection that was refused last for the sake of a limit.
    #[napi]
    pub fn last_refused(&mut self) -> Option<String> {
        guarded(|| self.crossed()?.last_refused().map(|address| address.to_string()))
    }

    #[napi]
    pub fn peer(&mut self, connection: f64) -> Option<String> {
        guarded(|| self.crossed()?.peer(connection as u64).map(|peer| peer.to_string()))
    }

    /// Calls back when a turn has something to do. What needs no JavaScript is done before, whether it is called or not.
    #[napi]
    pub fn watch(&mut self, env: Env, callback: Function<(), ()>) -> Either<BindingWakeup, String> {
        guarded(|| {
            let Some(descriptor) = self.crossed().and_then(|mut net| net.sockets().wakeup_fd()) else {
                return Either::B("it was released".to_owned());
            };
            let (net, clocks) = (Rc::downgrade(&self.net), Rc::clone(&self.clocks));
            let pump = move || {
                let now = clocks.get().now();
                net.upgrade().is_some_and(|net| net.borrow_mut().as_mut().is_some_and(|net| net.pump(now.monotonic_ms)))
            };
            BindingWakeup::pumped(env, descriptor, callback, pump)
        })
    }

    #[napi]
    pub fn counters(&mut self) -> Option<BindingNetCounters> {
        guarded(|| {
            let crossings = self.crossings + 1;
            let mut net = self.crossed()?;
            let (counters, system_calls) = (net.counters, net.sockets().system_calls());
            let pool = net.pool();
            Some(BindingNetCounters {
                crossings: exact(crossings),
                system_calls: exact(system_calls),
                turns: exact(counters.turns),
                accepted: exact(counters.accepted),
                refused: exact(counters.refused),
                closed: exact(counters.closed),
                frames: exact(counters.frames),
                received_size: exact(counters.received_size),
                sent_size: exact(counters.sent_size),
                file_size: exact(counters.file_size),
                trailed_size: exact(counters.trailed_size),
                receives: exact(counters.receives),
                sends: exact(counters.sends),
                moved_size: exact(counters.moved_size),
                kept_size: exact(counters.kept_size),
                waits: exact(counters.waits),
                pool_used: exact(pool.used() as u64),
                pool_used_max: exact(pool.used_max as u64),
                waiting: net.waiting_count() as u32,
            })
        })
    }

    /// Closes every socket at once and lets go of all memory.
    #[napi]
    pub fn release(&mut self) {
        guarded(|| {
            self.crossings += 1;
            *self.net.borrow_mut() = None;
            self.memories.clear();
        });
    }
}

fn part_of(words: &[f64; PART_WORDS], scratch: SharedMemory, memories: &[SharedMemory], views: &[SharedMemory]) -> Part {
    let [connection, source, position, size, kind] = *words;
    if kind == PART_OF_FILE {
        let span = FileSpan { file: source as u64, position: position as u64, size: size as usize };
        return Part { connection: connection as u64, source: Source::File(span), is_owned: false };
    }
    let memory = match source as i64 {
        0 => scratch,
        number if number > 0 => memories[number as usize - 1],
        view => views[(-1 - view) as usize],
    };
    let piece = piece_of(memory).cut(position as usize, size as usize);
    Part { connection: connection as u64, source: piece.into(), is_owned: kind != 0.0 }
}
