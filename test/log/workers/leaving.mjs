// A process that ends with everything open: a directory, a store in flight on this thread, and one in flight on a worker.
// Arguments: an empty directory, and how it ends.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const [data = '', how = ''] = process.argv.slice(2);
const dist = new URL('../../../dist/', import.meta.url).href;
/** @type {typeof import('../../../ts/native/log.js')} */
const { DataDirectory, LogStore } = await import(new URL('native/log.js', dist).href);
/** @type {typeof import('../../../ts/native/wakeup.js')} */
const { watchEvent } = await import(new URL('native/wakeup.js', dist).href);
/** @type {typeof import('../../../ts/native/codec.js')} */
const { crc32c } = await import(new URL('native/codec.js', dist).href);
/** @type {typeof import('../../../ts/wire/records/build.js')} */
const { BatchPlan } = await import(new URL('wire/records/build.js', dist).href);

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const directory = must(DataDirectory.open({ data, shards: 2, journalSize: 4 << 20, batchSizeMax: 1 << 20, clock }));
const partitionsCount = 16;
const topic = must(directory.ensureTopic('leaving', partitionsCount, {})).id;
const leaderEpoch = directory.report.incarnation;

/** The first partition of a shard. @param {number} shard */
function partitionOf(shard) {
  for (let index = 0; index < partitionsCount; index++) if (must(directory.shardOf(topic, index)) === shard) return index;
  throw new Error('chance gave a shard nothing');
}

const store = must(LogStore.open(directory.id, 0, clock));
const [handle = 0] = must(store.createPartitions(0, [{ topic, index: partitionOf(0), leaderEpoch, config: {} }]));
const plan = new BatchPlan([{ timestamp: 0, key: null, value: new Uint8Array(30_000) }]);
const batch = new Uint8Array(plan.size);
plan.write(batch, crc32c);
let acked = 0;
const events = new Proxy(/** @type {import('../../../ts/native/log.js').LogEvents} */ ({}), {
  get: (_, name) => () => {
    acked += name === 'appended' ? 1 : 0;
  },
});

function turn() {
  for (let ticket = 0; ticket < 20; ticket++) store.appendLarge(handle, ticket, batch);
  store.turn(events);
}

const watch = watchEvent(store.wakeupDescriptor(), turn);
turn();
const workerData = { dist, directory: directory.id, shard: 1, end: '', topic, index: partitionOf(1), leaderEpoch };
const worker = new Worker(new URL('./appending.worker.mjs', import.meta.url), { workerData });
await once(worker, 'message');
while (acked < 20) await new Promise((resolve) => setImmediate(resolve));
turn();

/** Each with the worker at work and this store in flight. @type {Readonly<Record<string, () => void>>} */
const ways = {
  exits: () => process.exit(0),
  'exits from a turn at its exit': () => {
    process.once('exit', turn);
    process.exit(0);
  },
  'closes only the directory': () => {
    directory.close();
    process.exit(0);
  },
  // Nothing is closed, and nothing keeps the process: what ends is the loop.
  'lets the loop run out': () => {
    watch.close();
    worker.unref();
  },
};
ways[how]?.();

/** @template T @param {import('../../../ts/model/result.js').Result<T, { message: string }>} result @returns {T} */
function must(result) {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
