import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDoorbell, openDoorbell, watchDoorbell, watchEvent } from '../../ts/native/wakeup.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

async function turnsUntil(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; turns < 100_000 && !isTrue(); turns++) await nextTurn();
  expect(isTrue()).toBe(true);
}

it('wakes its watcher once for many rings, and again for a later one', async () => {
  const bell = createDoorbell();
  let wakes = 0;
  const watch = watchDoorbell(bell, () => {
    wakes += 1;
  });
  for (let rings = 0; rings < 10; rings++) openDoorbell(bell.id).ring();
  expect(wakes).toBe(0);
  await turnsUntil(() => wakes > 0);
  await nextTurn();
  expect(wakes).toBe(1);
  bell.ring();
  await turnsUntil(() => wakes === 2);
  watch.close();
  watch.close();
  bell.ring();
  for (let turns = 0; turns < 10; turns++) await nextTurn();
  expect(wakes).toBe(2);
});

it('lets promises and ticks run behind its callback, as any event does', async () => {
  const bell = createDoorbell();
  const seen: string[] = [];
  const watch = watchDoorbell(bell, () => {
    process.nextTick(() => seen.push('tick'));
    Promise.resolve().then(() => seen.push('promise'));
    seen.push('callback');
  });
  bell.ring();
  await turnsUntil(() => seen.length === 3);
  expect(seen).toEqual(['callback', 'tick', 'promise']);
  watch.close();
});

it('is known by a number that no other doorbell has', () => {
  const [one, other] = [createDoorbell(), createDoorbell()];
  expect(one.id).not.toBe(other.id);
  expect(openDoorbell(one.id).id).toBe(one.id);
  expect(() => openDoorbell(4_000_000_000)).toThrow('gone');
});

// A pipe stands in for an eventfd: eight bytes make it readable, and reading them resets it.
it('watches a descriptor that its owner closes first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const descriptor = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(join(folder, 'pipe'), constants.O_WRONLY | constants.O_NONBLOCK);
  let wakes = 0;
  const watch = watchEvent(descriptor, () => {
    wakes += 1;
  });
  closeSync(descriptor);
  for (const wake of [1, 2]) {
    writeSync(writer, Buffer.alloc(8));
    await turnsUntil(() => wakes === wake);
    await nextTurn();
    expect(wakes).toBe(wake);
  }
  watch.close();
  closeSync(writer);
  rmSync(folder, { recursive: true });
  expect(() => watchEvent(-1, () => undefined)).toThrow('Bad file descriptor');
});
