import fc from 'fast-check';
import { expect, it } from 'vitest';
import { declareProducerDead, NativeRingReader, NativeRingWriter } from '../../ts/native/ring.js';
import { ringBytes } from '../../ts/ring/memory.js';
import { RingReader } from '../../ts/ring/reader.js';
import { noDoorbell } from '../../ts/ring/wakeup.js';
import { RingWriter, refusal } from '../../ts/ring/writer.js';
import { capacity, newRing, pattern } from './rings.js';

// The same random traffic through both languages, in both directions: whatever one end means, the other understands.

const size = fc.oneof(fc.nat(200), fc.nat(capacity / 8), fc.integer({ min: capacity / 8, max: capacity / 4 + 1 }));
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hole' as const), size }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('free' as const) }) },
);
const start = fc.constantFrom(0n, 2n ** 53n - 4096n, 2n ** 62n);
const steps = fc.array(step, { maxLength: 200 });

interface Taken {
  readonly ticket: number;
  readonly target: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** One direction: how its two ends are used. */
interface Direction {
  /** False: it does not fit now. */
  put(ticket: number, payload: Uint8Array): boolean;
  hole(size: number): void;
  take(): Taken | undefined;
  free(): void;
}

function run(ring: Direction, plan: readonly { readonly do: string; readonly size?: number }[]): void {
  const sent: { ticket: number; size: number }[] = [];
  for (const [ticket, { do: verb, size: wanted = 0 }] of plan.entries()) {
    if (verb === 'put') {
      if (ring.put(ticket, pattern(wanted, ticket))) sent.push({ ticket, size: wanted });
    } else if (verb === 'hole') ring.hole(wanted);
    else if (verb === 'take') takeOne(ring, sent);
    else ring.free();
  }
  while (sent.length > 0) takeOne(ring, sent);
  expect(ring.take()).toBeUndefined();
}

function takeOne(ring: Direction, sent: { ticket: number; size: number }[]): void {
  const [expected, taken] = [sent.shift(), ring.take()];
  expect(taken?.ticket).toBe(expected?.ticket);
  if (taken === undefined || expected === undefined) return;
  expect([taken.target, taken.flags]).toEqual([targetOf(taken.ticket), flagsOf(taken.ticket)]);
  expect(Buffer.compare(taken.payload, pattern(expected.size, expected.ticket))).toBe(0);
}

const targetOf = (ticket: number): number => (ticket * 2_654_435_761) >>> 0;
const flagsOf = (ticket: number): number => ~ticket >>> 0;

function fromTypescript(first: bigint): Direction {
  const memory = newRing({ start: first });
  const writer = new RingWriter(memory, noDoorbell);
  const reader = new NativeRingReader(ringBytes(memory));
  const claim = (payloadSize: number) => {
    const at = writer.claim(payloadSize);
    expect(at === refusal.tooLarge).toBe(payloadSize > capacity / 4);
    return at;
  };
  return {
    put(ticket, payload) {
      const at = claim(payload.length);
      if (at < 0) return false;
      writer.data.set(payload, at);
      writer.publish(at, targetOf(ticket), flagsOf(ticket), ticket);
      return true;
    },
    hole(payloadSize) {
      const at = claim(payloadSize);
      if (at >= 0) writer.abort(at);
    },
    take() {
      const slot = reader.next();
      return slot === null ? undefined : { ...slot, ticket: Number(slot.ticket) };
    },
    free: () => reader.advanceFloor(reader.readPosition()),
  };
}

function fromRust(first: bigint): Direction {
  const memory = newRing({ start: first });
  const writer = new NativeRingWriter(ringBytes(memory));
  const reader = new RingReader(memory, noDoorbell);
  return {
    put(ticket, payload) {
      const refused = writer.put(targetOf(ticket), flagsOf(ticket), BigInt(ticket), payload);
      expect(refused === 'too-large').toBe(payload.length > capacity / 4);
      return refused === null;
    },
    hole: (payloadSize) => writer.leaveHole(payloadSize),
    take() {
      const slot = reader.next();
      return slot && { ...slot, payload: reader.data.slice(slot.offset, slot.offset + slot.size) };
    },
    free: () => reader.free(),
  };
}

it('arrives from TypeScript in Rust', () => {
  fc.assert(
    fc.property(start, steps, (first, plan) => run(fromTypescript(first), plan)),
    { numRuns: 150 },
  );
});

it('arrives from Rust in TypeScript', () => {
  fc.assert(
    fc.property(start, steps, (first, plan) => run(fromRust(first), plan)),
    { numRuns: 150 },
  );
});

it('is refused alike in both directions', () => {
  fc.assert(
    fc.property(fc.array(size, { maxLength: 60 }), (sizes) => {
      const [one, other] = [fromTypescript(0n), fromRust(0n)];
      for (const [ticket, payloadSize] of sizes.entries()) {
        const payload = pattern(payloadSize, ticket);
        expect(one.put(ticket, payload)).toBe(other.put(ticket, payload));
      }
    }),
    { numRuns: 50 },
  );
});

it('ends in both languages when the producer ends or is declared dead', () => {
  const memories = [newRing(), newRing(), newRing()] as const;
  new RingWriter(memories[0], noDoorbell).end();
  new NativeRingWriter(ringBytes(memories[1])).end();
  declareProducerDead(ringBytes(memories[2]));
  for (const memory of memories) {
    expect(new NativeRingReader(ringBytes(memory)).isDrained()).toBe(true);
    expect(new RingReader(memory, noDoorbell).isDrained()).toBe(true);
  }
});

it('closes in both languages', () => {
  const memories = [newRing(), newRing()] as const;
  new RingReader(memories[0], noDoorbell).close();
  new NativeRingReader(ringBytes(memories[1])).close();
  for (const memory of memories) {
    expect(new RingWriter(memory, noDoorbell).claim(1)).toBe(refusal.closed);
    expect(new NativeRingWriter(ringBytes(memory)).put(0, 0, 0n, new Uint8Array(1))).toBe('closed');
  }
});
