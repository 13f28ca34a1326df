// Does what ts/native/log.ts exists to prevent: lets JavaScript free a ring that a store still has. AddressSanitizer must end
// this process; a run in which it does not says nothing about any other. Needs --expose-gc. Argument: an empty directory.
const [data = ''] = process.argv.slice(2);
const dist = new URL('../../../dist/', import.meta.url).href;
/** @type {typeof import('../../../ts/native/load.js')} */
const { loadAddon } = await import(new URL('native/load.js', dist).href);
/** @type {typeof import('../../../ts/native/log.js')} */
const { DataDirectory } = await import(new URL('native/log.js', dist).href);
/** @type {typeof import('../../../ts/native/ring.js')} */
const { initialiseRing } = await import(new URL('native/ring.js', dist).href);
/** @type {typeof import('../../../ts/ring/memory.js')} */
const { allocateRing, ringBytes } = await import(new URL('ring/memory.js', dist).href);

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const directory = DataDirectory.open({ data, shards: 1, journalSize: 1 << 20, batchSizeMax: 1 << 16, clock });
if (!directory.ok) throw new Error(directory.error.message);
const store = loadAddon().openStore(directory.value.id, 0, 0, 0);
if (!('attachRing' in store)) throw new Error(store.message);
(() => store.attachRing(ringBytes(allocateRing(initialiseRing, { capacity: 1 << 16 }))))();
for (let round = 0; round < 10; round++) {
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
}
store.turn(0, 0, new Float64Array(100));
console.log('nobody noticed');
