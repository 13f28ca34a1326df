// One shard on a thread of its own, appending as fast as it can and reading behind itself, from memory and from files, until
// it is told to end, or is ended.
import { parentPort, workerData } from 'node:worker_threads';

const built = (/** @type {string} */ path) => import(new URL(path, workerData.dist).href);
/** @type {typeof import('../../../ts/native/log.js')} */
const { LogStore } = await built('native/log.js');
/** @type {typeof import('../../../ts/native/wakeup.js')} */
const { watchEvent } = await built('native/wakeup.js');
/** @type {typeof import('../../../ts/native/ring.js')} */
const { initialiseRing } = await built('native/ring.js');
/** @type {typeof import('../../../ts/native/codec.js')} */
const { crc32c } = await built('native/codec.js');
/** @type {typeof import('../../../ts/ring/memory.js')} */
const { allocateRing, ringBytes } = await built('ring/memory.js');
/** @type {typeof import('../../../ts/ring/writer.js')} */
const { RingWriter } = await built('ring/writer.js');
/** @type {typeof import('../../../ts/wire/records/build.js')} */
const { BatchPlan } = await built('wire/records/build.js');

const { directory, shard, end, topic, index, leaderEpoch } = workerData;
const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const opened = LogStore.open(directory, shard, clock);
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;
const memory = allocateRing(initialiseRing, { capacity: 256 << 10 });
store.attachRing(ringBytes(memory));
const writer = new RingWriter(memory, { ring: () => undefined });
const handle = partition();
const plan = new BatchPlan([{ timestamp: 0, key: null, value: new Uint8Array(3000) }]);

function partition() {
  const created = store.createPartitions(0, [{ topic, index, leaderEpoch, config: {} }]);
  if (created.ok) return created.value[0] ?? 0;
  const known = store.partitions().find((state) => state.topic === topic && state.index === index);
  if (known === undefined) throw new Error(created.error.message);
  return known.handle;
}

let acked = 0;
let readsCount = 0;
const target = new Uint8Array(64 << 10);
/** @type {import('../../../ts/native/log.js').LogEvents} */
const events = {
  appended({ base }) {
    acked += 1;
    readAt(base);
    readAt(Math.floor(base / 2));
    if (acked === 20) parentPort?.postMessage('appending');
  },
  refused: (refusal) => fail(refusal.code),
  done: () => undefined,
  controlFailed: (_partition, _ticket, failure) => fail(failure.message),
  read(partition, ticket, result) {
    if (!result.ok) fail(result.error.message);
    else if (!store.takeRead(partition, ticket, target)) fail('a read that was told cannot be taken');
  },
  found: () => undefined,
  fenced: (_by, reason) => fail(reason),
};

/** @param {string} reason */
function fail(reason) {
  throw new Error(reason);
}

/** @param {number} offset */
function readAt(offset) {
  const outcome = store.read(handle, ++readsCount, offset, offset + 1, target.length);
  if (!outcome.ok) fail(outcome.error.message);
  else if (typeof outcome.value.found !== 'string') for (const slice of outcome.value.found) target.set(bytesOf(slice));
}

/** @param {import('../../../ts/native/log.js').HotSlice} slice */
function bytesOf({ offset, size }) {
  return writer.data.subarray(offset, offset + size);
}

function fill() {
  for (let claim = writer.claim(plan.size); claim >= 0; claim = writer.claim(plan.size)) {
    plan.write(writer.data.subarray(claim, claim + plan.size), crc32c);
    writer.publish(claim, handle, 0, 1);
  }
}

function turn() {
  store.turn(events);
  fill();
  store.turn(events);
}

const watch = watchEvent(store.wakeupDescriptor(), turn);
fill();
turn();

parentPort?.once('message', () => {
  watch.close();
  if (end === 'exits in flight') process.exit();
  if (end === 'closes' || end === 'outlives the directory') {
    const failure = store.close(events);
    if (failure !== undefined) fail(failure.message);
  } else {
    store.release();
  }
});
