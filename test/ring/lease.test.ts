import { expect, it } from 'vitest';
import { dropDeadLease, NativeRingReader } from '../../ts/native/ring.js';
import { Lease } from '../../ts/ring/lease.js';
import { ringBytes } from '../../ts/ring/memory.js';
import { noDoorbell } from '../../ts/ring/wakeup.js';
import { RingWriter, refusal } from '../../ts/ring/writer.js';
import { capacity, counter, newRing } from './rings.js';

/** A full ring of four slots, all read, and nothing freed. */
function fullRing(start = 0n) {
  const memory = newRing({ leaseCount: 2, start });
  const bell = counter();
  const writer = new RingWriter(memory, bell);
  const reader = new NativeRingReader(ringBytes(memory));
  const positions: bigint[] = [];
  for (let quarter = 0; quarter < 4; quarter++) writer.publish(writer.claim(capacity / 4 - 32), 0, 0, quarter);
  for (let slot = reader.next(); slot !== null; slot = reader.next()) positions.push(slot.position);
  return { memory, writer, reader, bell, positions: positions as [bigint, bigint, bigint, bigint] };
}

it('holds back the native owner until it moves or lets go', () => {
  const { memory, reader, positions } = fullRing(2n ** 60n);
  const lease = new Lease(memory, 1, noDoorbell);
  expect(lease.acquire(positions[1])).toBe(true);
  reader.advanceFloor(reader.readPosition());
  expect(reader.head()).toBe(positions[1]);
  lease.moveTo(positions[2]);
  reader.advanceFloor(reader.readPosition());
  expect(reader.head()).toBe(positions[2]);
  lease.release();
  reader.advanceFloor(reader.readPosition());
  expect(reader.head()).toBe(positions[0] + BigInt(capacity));
});

it('is refused below the floor and then holds nothing', () => {
  const { memory, reader, positions } = fullRing();
  const lease = new Lease(memory, 0, noDoorbell);
  reader.advanceFloor(positions[2]);
  expect(lease.acquire(positions[1])).toBe(false);
  expect(lease.acquire(positions[2])).toBe(true);
  lease.release();
  reader.advanceFloor(reader.readPosition());
  expect(reader.head()).toBe(BigInt(capacity));
});

it('wakes the sleeping owner for a waiting producer', () => {
  const { memory, writer, reader, bell, positions } = fullRing();
  const lease = new Lease(memory, 0, bell);
  lease.acquire(positions[0]);
  reader.advanceFloor(reader.readPosition());
  expect(reader.beforeSleep()).toBe(true);
  lease.release();
  expect(bell.count).toBe(0);
  lease.acquire(reader.readPosition());
  expect(writer.claim(10)).toBe(refusal.wouldBlock);
  expect(bell.count).toBe(1);
  lease.release();
  expect(bell.count).toBe(2);
});

it('of an ended thread is dropped by the supervisor', () => {
  const { memory, reader, positions } = fullRing();
  new Lease(memory, 0, noDoorbell).acquire(positions[0]);
  dropDeadLease(ringBytes(memory), 0);
  reader.advanceFloor(reader.readPosition());
  expect(reader.head()).toBe(BigInt(capacity));
});

it('is used as it is meant', () => {
  const { memory, positions } = fullRing();
  expect(() => new Lease(memory, 2, noDoorbell)).toThrow('no such lease');
  const lease = new Lease(memory, 0, noDoorbell);
  expect(() => lease.moveTo(positions[0])).toThrow('forward only');
  lease.acquire(positions[1]);
  expect(() => lease.acquire(positions[1])).toThrow('before it is taken again');
  expect(() => lease.moveTo(positions[0])).toThrow('forward only');
});
