// Opens, uses and closes a directory again and again, and prints the resident size in KiB after each lot.
// Arguments: an empty directory, lots, rounds in a lot.
import { readdirSync, readFileSync } from 'node:fs';

const [data = '', lots = '1', rounds = '1'] = process.argv.slice(2);
const dist = new URL('../../../dist/', import.meta.url).href;
/** @type {typeof import('../../../ts/native/log.js')} */
const { DataDirectory, LogStore } = await import(new URL('native/log.js', dist).href);
/** @type {typeof import('../../../ts/native/ring.js')} */
const { initialiseRing } = await import(new URL('native/ring.js', dist).href);
/** @type {typeof import('../../../ts/ring/memory.js')} */
const { allocateRing, ringBytes } = await import(new URL('ring/memory.js', dist).href);

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const deaf = new Proxy(/** @type {import('../../../ts/native/log.js').LogEvents} */ ({}), { get: () => () => undefined });

/** @param {boolean} isGraceful */
function useOnce(isGraceful) {
  const directory = DataDirectory.open({ data, shards: 1, journalSize: 1 << 20, batchSizeMax: 1 << 16, clock });
  if (!directory.ok) throw new Error(directory.error.message);
  const store = LogStore.open(directory.value.id, 0, clock);
  if (!store.ok) throw new Error(store.error.message);
  store.value.attachRing(ringBytes(allocateRing(initialiseRing, { capacity: 1 << 20 })));
  store.value.appendLarge(99, 1, new Uint8Array(100_000));
  store.value.turn(deaf);
  if (isGraceful) store.value.close(deaf);
  else store.value.release();
  directory.value.close();
}

for (let lot = 0; lot < Number(lots); lot++) {
  for (let round = 0; round < Number(rounds); round++) useOnce(round % 2 === 0);
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  const status = readFileSync('/proc/self/status', 'utf8');
  const descriptors = readdirSync('/proc/self/fd').length;
  console.log(`${/VmRSS:\s+(\d+)/.exec(status)?.[1]} ${descriptors}`);
}
