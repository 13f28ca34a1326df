import { describe, expect, it } from 'vitest';
import { layout } from '../../ts/ring/layout.js';
import { type RingMemory, RingViews, word } from '../../ts/ring/memory.js';
import { RingReader } from '../../ts/ring/reader.js';
import { noDoorbell } from '../../ts/ring/wakeup.js';
import { RingWriter, refusal } from '../../ts/ring/writer.js';
import { capacity, counter, newRing, pattern } from './rings.js';

interface Ends {
  readonly memory: RingMemory;
  readonly writer: RingWriter;
  readonly reader: RingReader;
  readonly producerBell: { count: number };
  readonly consumerBell: { count: number };
}

function ends(start = 0n): Ends {
  const [producerBell, consumerBell, memory] = [counter(), counter(), newRing({ start })];
  const writer = new RingWriter(memory, consumerBell);
  return { memory, writer, reader: new RingReader(memory, producerBell), producerBell, consumerBell };
}

function put(writer: RingWriter, size: number, ticket: number): void {
  const claim = writer.claim(size);
  expect(claim).toBeGreaterThanOrEqual(0);
  settle(writer, claim, size, ticket);
}

function settle(writer: RingWriter, claim: number, size: number, ticket: number): void {
  writer.data.set(pattern(size, ticket), claim);
  writer.publish(claim, 3, 0xf000_0001, ticket);
}

function take(reader: RingReader): number | undefined {
  const slot = reader.next();
  if (slot === undefined) return undefined;
  const payload = reader.data.subarray(slot.offset, slot.offset + slot.size);
  expect(Buffer.compare(payload, pattern(slot.size, slot.ticket))).toBe(0);
  return slot.ticket;
}

function takeAll(reader: RingReader): number[] {
  const tickets: number[] = [];
  for (let ticket = take(reader); ticket !== undefined; ticket = take(reader)) tickets.push(ticket);
  return tickets;
}

/** A payload whose slot takes exactly this many bytes. */
const payloadFor = (slot: number): number => slot - layout.slotHeaderSize;

describe('the two ends in TypeScript', () => {
  it('carry all fields of a slot', () => {
    const { writer, reader } = ends();
    settle(writer, writer.claim(100), 100, Number.MAX_SAFE_INTEGER);
    expect(reader.next()).toEqual({ offset: 32, size: 100, target: 3, flags: 0xf000_0001, ticket: Number.MAX_SAFE_INTEGER });
    expect(reader.next()).toBeUndefined();
  });

  it('read claims published out of order in claim order', () => {
    const { writer, reader } = ends();
    const claims = [0, 1, 2, 3].map((ticket) => ({ ticket, claim: writer.claim(50) }));
    for (const ticket of [2, 1]) settle(writer, claims[ticket]?.claim ?? -1, 50, ticket);
    expect(takeAll(reader)).toEqual([]);
    settle(writer, claims[0]?.claim ?? -1, 50, 0);
    expect(takeAll(reader)).toEqual([0, 1, 2]);
    settle(writer, claims[3]?.claim ?? -1, 50, 3);
    expect(takeAll(reader)).toEqual([3]);
  });

  it('skip aborted claims, wherever they lie', () => {
    const { writer, reader } = ends();
    const hole = writer.claim(500);
    put(writer, 10, 1);
    writer.abort(hole);
    put(writer, 10, 2);
    writer.abort(writer.claim(10));
    expect(takeAll(reader)).toEqual([1, 2]);
    expect(reader.beforeSleep()).toBe(true);
  });

  it('never split a slot at the end of the data area', () => {
    const { writer, reader } = ends();
    for (const ticket of [0, 1, 2]) put(writer, payloadFor(capacity / 4), ticket);
    put(writer, payloadFor(capacity / 4 - 64), 3);
    expect(takeAll(reader)).toEqual([0, 1, 2, 3]);
    reader.free();
    put(writer, 100, 4);
    expect(reader.next()?.offset).toBe(layout.slotHeaderSize);
  });

  it('fill the ring to the last byte, lap after lap', () => {
    const { writer, reader } = ends();
    for (let lap = 0; lap < 3; lap++) {
      for (let quarter = 0; quarter < 4; quarter++) put(writer, payloadFor(capacity / 4), quarter);
      expect(writer.claim(0)).toBe(refusal.wouldBlock);
      expect(takeAll(reader)).toEqual([0, 1, 2, 3]);
      reader.free();
    }
  });

  it('refuse what can never fit, and everything once closed', () => {
    const { writer, reader, producerBell } = ends();
    expect(writer.claim(capacity / 4 + 1)).toBe(refusal.tooLarge);
    const claim = writer.claim(capacity / 4);
    reader.close();
    expect(producerBell.count).toBe(1);
    expect(writer.claim(0)).toBe(refusal.closed);
    settle(writer, claim, capacity / 4, 1);
    expect(takeAll(reader)).toEqual([1]);
  });

  it('go on beyond the positions that a double counts exactly', () => {
    const { writer, reader, memory } = ends(2n ** 53n - 64n);
    for (let ticket = 0; ticket < 500; ticket++) {
      put(writer, 1000, ticket);
      expect(takeAll(reader)).toEqual([ticket]);
      reader.free();
    }
    expect(Atomics.load(new RingViews(memory).positions, word.head) > 2n ** 53n + 500_000n).toBe(true);
  });
});

describe('waiting for space', () => {
  it('ends when the claim fits and not before', async () => {
    const { writer, reader, producerBell } = ends();
    for (let ticket = 0; ticket < 64; ticket++) put(writer, payloadFor(1024), ticket);
    expect(writer.claim(payloadFor(2048))).toBe(refusal.wouldBlock);
    let isOver = false;
    const space = writer.space().then(() => {
      isOver = true;
    });
    take(reader);
    reader.free();
    writer.woken();
    await Promise.resolve();
    expect([producerBell.count, isOver]).toEqual([0, false]);
    take(reader);
    reader.free();
    expect(producerBell.count).toBe(1);
    writer.woken();
    await space;
    put(writer, payloadFor(2048), 64);
    take(reader);
    reader.free();
    expect(producerBell.count).toBe(1);
  });

  it('is over at once if the space came in between', async () => {
    const { writer, reader } = ends();
    await writer.space();
    for (let ticket = 0; ticket < 4; ticket++) put(writer, payloadFor(capacity / 4), ticket);
    expect(writer.claim(10)).toBe(refusal.wouldBlock);
    takeAll(reader);
    reader.free();
    await writer.space();
    put(writer, 10, 4);
  });

  it('outlives a smaller claim that fits', () => {
    const { writer, reader, producerBell } = ends();
    for (let ticket = 0; ticket < 63; ticket++) put(writer, payloadFor(1024), ticket);
    expect(writer.claim(payloadFor(3072))).toBe(refusal.wouldBlock);
    put(writer, payloadFor(512), 63);
    for (let freed = 0; freed < 3; freed++) {
      take(reader);
      reader.free();
    }
    expect(producerBell.count).toBe(1);
  });

  it('ends for the smallest of several wishes first', () => {
    const { writer, reader, producerBell } = ends();
    for (let ticket = 0; ticket < 64; ticket++) put(writer, payloadFor(1024), ticket);
    expect(writer.claim(payloadFor(1024))).toBe(refusal.wouldBlock);
    expect(writer.claim(payloadFor(8192))).toBe(refusal.wouldBlock);
    take(reader);
    reader.free();
    expect(producerBell.count).toBe(1);
  });

  it('ends when the ring is closed', async () => {
    const { writer, reader } = ends();
    for (let ticket = 0; ticket < 4; ticket++) put(writer, payloadFor(capacity / 4), ticket);
    expect(writer.claim(10)).toBe(refusal.wouldBlock);
    const space = writer.space();
    reader.close();
    writer.woken();
    await space;
    expect(writer.claim(10)).toBe(refusal.closed);
  });
});

describe('the doorbell', () => {
  it('rings only for a sleeper', () => {
    const { writer, reader, consumerBell } = ends();
    put(writer, 10, 1);
    expect(reader.beforeSleep()).toBe(false);
    put(writer, 10, 2);
    expect(consumerBell.count).toBe(0);
    expect(takeAll(reader)).toEqual([1, 2]);
    expect(reader.beforeSleep()).toBe(true);
    put(writer, 10, 3);
    expect(consumerBell.count).toBe(1);
    reader.awake();
    put(writer, 10, 4);
    expect(consumerBell.count).toBe(1);
  });

  it('rings for the end of the producer', () => {
    const { writer, reader, consumerBell } = ends();
    expect(reader.beforeSleep()).toBe(true);
    expect(reader.isDrained()).toBe(false);
    writer.end();
    expect([consumerBell.count, reader.isDrained()]).toEqual([1, true]);
  });
});

describe('memory that does not fit', () => {
  it('is refused', () => {
    const memory = newRing();
    expect(() => new RingWriter({ ...memory, byteOffset: memory.byteOffset === 0 ? 4096 : 0 }, noDoorbell)).toThrow('no ring');
    expect(() => new RingWriter({ ...memory, capacity: capacity / 2 }, noDoorbell)).toThrow('another capacity');
    expect(() => new RingReader(newRing({ leaseCount: 1 }), noDoorbell)).toThrow('owned by native code');
    expect(() => newRing({ capacity: 100_000 })).toThrow('power of two');
    expect(() => newRing({ leaseCount: 33 })).toThrow('lease');
  });
});
