//! What a ring costs: `cargo run --release --no-default-features --example ring`. One line of JSON per figure.
//!
//! - throughput: slots per second from one thread to another, 64-byte and 64 KiB payloads (the large ones copied in)
//! - hop: from publish to the consumer that a doorbell wakes, the consumer asleep every time

use millrace_native::io::Doorbell;
use millrace_native::ring::{ClaimError, OwnedRing, RingReader, RingWriter};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    throughput("64 B", 64, 5_000_000);
    throughput("64 KiB", 64 << 10, 100_000);
    hop(20_000);
}

struct Bells {
    consumer: Arc<Doorbell>,
    producer: Arc<Doorbell>,
}

fn ring() -> (RingWriter, RingReader, Bells) {
    let bells =
        Bells { consumer: Arc::new(Doorbell::new().expect("eventfd")), producer: Arc::new(Doorbell::new().expect("eventfd")) };
    let (writer, reader) = OwnedRing::new(8 << 20, 16).expect("memory").split();
    (writer.with_doorbell(Arc::clone(&bells.consumer)), reader.with_doorbell(Arc::clone(&bells.producer)), bells)
}

fn sleep_on(bell: &Doorbell) {
    assert!(bell.event().wait(10_000), "a wake-up was lost");
    bell.answer();
}

fn put(writer: &mut RingWriter, bell: &Doorbell, payload: &[u8], ticket: u64) {
    loop {
        match writer.claim(payload.len()) {
            Ok(claim) => {
                claim.payload().write(0, payload);
                writer.publish(claim, 0, 0, ticket);
                return;
            }
            Err(ClaimError::WouldBlock) => sleep_on(bell),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Calls `each` with every ticket until the producer has ended.
fn drain(reader: &mut RingReader, bell: &Doorbell, mut each: impl FnMut(u64)) {
    loop {
        while let Some(slot) = reader.next() {
            each(slot.ticket);
            if reader.used() > reader.capacity() / 2 {
                reader.advance_floor(reader.read_position());
            }
        }
        reader.advance_floor(reader.read_position());
        if reader.is_drained() {
            return;
        }
        if reader.before_sleep() {
            sleep_on(bell);
            reader.awake();
        }
    }
}

fn throughput(name: &str, size: usize, count: u64) {
    let (mut writer, mut reader, bells) = ring();
    let begin = Instant::now();
    let producer = thread::spawn(move || {
        let payload = vec![7; size];
        (0..count).for_each(|ticket| put(&mut writer, &bells.producer, &payload, ticket));
        writer.end();
    });
    drain(&mut reader, &bells.consumer, |_| ());
    producer.join().expect("the producer");
    let seconds = begin.elapsed().as_secs_f64();
    let (slots, bytes) = (count as f64 / seconds, count as f64 * size as f64 / seconds);
    let reclaims = reader.reclaim_count() as f64 / (count as f64 * size as f64 / 1e6);
    println!(
        r#"{{"figure":"throughput","payload":"{name}","slotsPerSecond":{slots:.0},"bytesPerSecond":{bytes:.0},"reclaimsPerMegabyte":{reclaims:.2}}}"#
    );
}

fn hop(count: u64) {
    let (mut writer, mut reader, bells) = ring();
    let begin = Instant::now();
    let producer = thread::spawn(move || {
        for _ in 0..count {
            thread::sleep(Duration::from_micros(50));
            put(&mut writer, &bells.producer, &[0; 64], begin.elapsed().as_nanos() as u64);
        }
        writer.end();
    });
    let mut hops = Vec::with_capacity(count as usize);
    drain(&mut reader, &bells.consumer, |sent| hops.push(begin.elapsed().as_nanos() as u64 - sent));
    producer.join().expect("the producer");
    hops.sort_unstable();
    let at = |share: f64| hops[(hops.len() as f64 * share) as usize] as f64 / 1000.0;
    println!(r#"{{"figure":"hop","p50Us":{:.1},"p99Us":{:.1},"p999Us":{:.1}}}"#, at(0.5), at(0.99), at(0.999));
}
