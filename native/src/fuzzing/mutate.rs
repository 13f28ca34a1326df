//! Inputs made from seeds: a few small changes of the kinds that break decoders.

use super::Seed;
use crate::io::sim::Random;

const SIZE_MAX: usize = 64 << 10;
/// Bounds of the types that sizes and counts have.
const EDGES: [u64; 12] = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, i64::MAX as u64, u64::MAX];

/// Input number `number` of a seed: the same for the same two numbers and corpus, whatever ran before.
pub fn input(corpus: &[Seed], seed: u64, number: u64) -> Vec<u8> {
    let mut random = Random::new(Random::new(seed).number() ^ number);
    let mut bytes = pick(corpus, &mut random).to_vec();
    for _ in 0..random.between(1, 6) {
        mutate(&mut bytes, corpus, &mut random);
    }
    bytes.truncate(SIZE_MAX);
    bytes
}

fn pick<'corpus>(corpus: &'corpus [Seed], random: &mut Random) -> &'corpus [u8] {
    &corpus[random.below(corpus.len() as u64) as usize].1
}

fn below(random: &mut Random, bound: usize) -> usize {
    random.below(bound as u64) as usize
}

/// A range of at least one byte, short ones more often; None of no bytes.
fn range(bytes: &[u8], random: &mut Random) -> Option<std::ops::Range<usize>> {
    let from = below(random, bytes.len());
    let size_max = if random.coin() { 8 } else { bytes.len() };
    let size = 1 + below(random, size_max.min(bytes.len() - from.min(bytes.len())));
    (!bytes.is_empty()).then_some(from..(from + size).min(bytes.len()))
}

fn mutate(bytes: &mut Vec<u8>, corpus: &[Seed], random: &mut Random) {
    let kind = random.below(8);
    let Some(range) = range(bytes, random) else {
        bytes.push(random.number() as u8);
        return;
    };
    match kind {
        0 => bytes[range.start] ^= 1 << random.below(8),
        1 => bytes[range.start] = random.number() as u8,
        2 | 3 => write_edge(bytes, range.start, random),
        4 => drop(bytes.drain(range)),
        5 => bytes.extend_from_within(range),
        6 => {
            let copied = bytes[range.clone()].to_vec();
            let at = below(random, bytes.len() + 1);
            bytes.splice(at..at, copied);
        }
        _ => {
            let other = pick(corpus, random);
            let from = range.start.min(other.len());
            bytes.truncate(range.start);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

fn write_edge(bytes: &mut [u8], at: usize, random: &mut Random) {
    let edge = EDGES[below(random, EDGES.len())];
    let size = [1, 2, 4, 8][below(random, 4)].min(bytes.len() - at);
    let (little, big) = (edge.to_le_bytes(), edge.to_be_bytes());
    let written = if random.coin() { &little[..size] } else { &big[8 - size..] };
    bytes[at..at + size].copy_from_slice(written);
}
