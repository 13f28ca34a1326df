// The lives of the golden data directory that need more than `log append`: `first` makes its topics, `last` leaves every kind
// of entry in the journals and ends by SIGKILL. Arguments: which, the directory, and for the last one where to put what a
// power cut leaves of the topic "synced".
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [which = '', data = '', survivors = ''] = process.argv.slice(2);
const dist = new URL('../../../dist/', import.meta.url).href;
/** @type {typeof import('../../../ts/native/log.js')} */
const { DataDirectory, LogStore } = await import(new URL('native/log.js', dist).href);
/** @type {typeof import('../../../ts/native/codec.js')} */
const { crc32c } = await import(new URL('native/codec.js', dist).href);
/** @type {typeof import('../../../ts/wire/records/build.js')} */
const { BatchPlan } = await import(new URL('wire/records/build.js', dist).href);

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const shards = 2;
const directory = must(DataDirectory.open({ data, shards, journalSize: 1 << 20, batchSizeMax: 1 << 20, clock }));

/** Small segments and indexes; nothing ever expires, or what the directory holds would depend on the day it is opened. */
const common = { segmentSizeMax: 2048, indexInterval: 256, retentionMs: -1, retentionSize: -1, batchSizeMax: 1 << 16 };
const topics = {
  synced: make('synced', 2, {}),
  replicated: make('replicated', 1, { durability: 'replicated' }),
  idempotent: make('idempotent', 1, {}),
  stamped: make('stamped', 1, { isLogAppendTime: true }),
  changed: make('changed', 3, {}),
  deleted: make('deleted', 1, {}),
};

/** @param {string} name @param {number} partitions @param {import('../../../ts/model/topic-settings.js').TopicSettings} settings */
function make(name, partitions, settings) {
  const config = { ...common, ...settings };
  return { ...must(directory.ensureTopic(name, partitions, config)), config };
}

const stores = Array.from({ length: shards }, (_, shard) => must(LogStore.open(directory.id, shard, clock)));
let outstandingCount = 0;
/** @type {import('../../../ts/native/log.js').LogEvents} */
const events = {
  appended({ partition, ticket, base, next, crc }) {
    outstandingCount -= 1;
    console.log(JSON.stringify({ ...named.get(`${ticket} ${partition}`), base, last: next - 1, crc }));
  },
  refused: ({ code }) => fail(code),
  done: () => {
    outstandingCount -= 1;
  },
  controlFailed: (_partition, _ticket, { message }) => fail(message),
  read: () => undefined,
  found: () => undefined,
  fenced: (_by, reason) => fail(reason),
};

/** Of every partition, by its shard, which is also its ticket, and its handle. @type {Map<string, { topic: string, partition: number }>} */
const named = new Map();

/** @param {keyof typeof topics} name @param {number} index */
function partition(name, index) {
  const { id, config } = topics[name];
  const shard = must(directory.shardOf(id, index));
  const store = stores[shard] ?? fail('no such shard');
  const known = store.partitions().find((state) => state.topic === id && state.index === index)?.handle;
  const leaderEpoch = directory.report.incarnation;
  const handle = known ?? create(store, { topic: id, index, leaderEpoch, config });
  named.set(`${shard} ${handle}`, { topic: name, partition: index });
  return { store, shard, handle };
}

/** @param {import('../../../ts/native/log.js').LogStore} store @param {import('../../../ts/native/log.js').NewPartition} wanted */
function create(store, wanted) {
  const [handle] = must(store.createPartitions(0, [wanted]));
  outstandingCount += 1;
  settle();
  return handle ?? fail('no handle');
}

/** Until everything asked for is done: the order of entries is the order of this file. */
function settle() {
  while (outstandingCount > 0) for (const store of stores) store.wait(events);
}

/** @param {ReturnType<typeof partition>} target @param {Uint8Array} bytes */
function append({ store, shard, handle }, bytes) {
  store.appendLarge(handle, shard, bytes);
  outstandingCount += 1;
  settle();
}

/** @param {ReturnType<typeof partition>} target @param {import('../../../ts/native/log.js').ControlOperation} operation */
function control({ store, shard, handle }, operation, to = 0) {
  store.control(handle, shard, operation, to);
  outstandingCount += 1;
  settle();
}

/** @param {readonly string[]} values @param {import('../../../ts/wire/records/build.js').BatchOptions} [options] */
function batch(values, options) {
  const records = values.map((value, index) => ({
    timestamp: 1_700_000_000_000 + index,
    key: Buffer.from(`key ${index}`),
    value: Buffer.from(value),
    headers: [{ name: Buffer.from('header'), value: null }],
  }));
  const plan = new BatchPlan(records);
  const bytes = new Uint8Array(plan.size);
  plan.write(bytes, crc32c, options);
  return bytes;
}

/** As a producer would send it: with no offset yet, which its CRC does not cover. @param {string} name */
function compressed(name) {
  const bytes = readFileSync(new URL(`../../golden/record-batch/${name}.bin`, import.meta.url));
  return bytes.fill(0, 0, 8);
}

/** Batch `sequence / 2` of producer 7, and one of producer 8. @param {number} sequence */
const fromProducer = (sequence, producerId = 7n) =>
  batch([`sequence ${sequence}`, 'and one'], { producerId, producerEpoch: 1, baseSequence: sequence });

function firstLife() {
  for (const name of /** @type {(keyof typeof topics)[]} */ (Object.keys(topics))) {
    for (let index = 0; index < topics[name].partitions; index++) partition(name, index);
  }
  for (let sequence = 0; sequence < 14; sequence += 2) append(partition('idempotent', 0), fromProducer(sequence));
  append(partition('idempotent', 0), fromProducer(0, 8n));
  for (const value of ['a', 'b']) append(partition('stamped', 0), batch([value]));
  for (const store of stores) {
    const failure = store.close(events);
    if (failure !== undefined) fail(failure.message);
  }
  directory.close();
}

function lastLife() {
  // What recovery has synced; the appends below reach these segments' page cache alone.
  cpSync(join(data, 'topics'), survivors, {
    recursive: true,
    filter: (path) => path.endsWith('topics') || path.includes(topics.synced.id),
  });
  for (const index of [0, 1, 0, 1]) {
    append(partition('synced', index), batch(['only in the journal', 'x'.repeat(600)]));
  }
  for (const name of ['gzip', 'snappy', 'lz4', 'zstd', 'many']) {
    append(partition('replicated', 0), compressed(name));
  }
  for (let sequence = 14; sequence < 20; sequence += 2) append(partition('idempotent', 0), fromProducer(sequence));
  append(partition('stamped', 0), batch(['c', 'd']));
  changeEverything();
  process.kill(process.pid, 'SIGKILL');
}

function changeEverything() {
  const [cut, reset, turned] = [partition('changed', 0), partition('changed', 1), partition('changed', 2)];
  const deleted = partition('deleted', 0);
  for (let round = 0; round < 4; round++) append(cut, batch([`${round}`, 'cut']));
  control(cut, 'truncate', 4);
  control(cut, 'log-start', 2);
  append(reset, batch(['gone']));
  control(reset, 'reset', 1000);
  append(deleted, batch(['gone with its directory']));
  control(deleted, 'delete');
  append(turned, batch(['synced']));
  control(turned, 'replicated');
  append(turned, batch(['replicated']));
  append(turned, batch(['replicated, and cut']));
  // A partition that was cut takes no more appends under this epoch.
  control(turned, 'truncate', 2);
}

/** @template T @param {import('../../../ts/model/result.js').Result<T, { message: string }>} result @returns {T} */
function must(result) {
  return result.ok ? result.value : fail(result.error.message);
}

/** @param {string} reason @returns {never} */
function fail(reason) {
  throw new Error(reason);
}

if (which === 'first') firstLife();
else lastLife();
