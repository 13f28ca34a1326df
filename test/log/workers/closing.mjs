// A process that opens and closes directories and stores in every order, on this thread and on workers, some of them ended in
// full flight; it must come to its last line and exit by itself. Arguments: an empty directory, and rounds.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const [place = '', rounds = '1'] = process.argv.slice(2);
const dist = new URL('../../../dist/', import.meta.url).href;
/** @type {typeof import('../../../ts/native/log.js')} */
const { DataDirectory, LogStore } = await import(new URL('native/log.js', dist).href);

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const deaf = new Proxy(/** @type {import('../../../ts/native/log.js').LogEvents} */ ({}), { get: () => () => undefined });

/** @param {string} data */
function openDirectory(data) {
  const opened = DataDirectory.open({ data, shards: 2, journalSize: 4 << 20, batchSizeMax: 1 << 20, clock });
  if (!opened.ok) throw new Error(`${data}: ${opened.error.code}, ${opened.error.message}`);
  return opened.value;
}

/** @param {number} directory @param {number} shard */
function openStore(directory, shard) {
  const opened = LogStore.open(directory, shard, clock);
  if (!opened.ok) throw new Error(`shard ${shard}: ${opened.error.code}, ${opened.error.message}`);
  return opened.value;
}

/** In any order of the three. @param {string} data @param {readonly number[]} order @param {'close' | 'release'} how */
function closeInOrder(data, order, how) {
  const directory = openDirectory(data);
  const stores = [openStore(directory.id, 0), openStore(directory.id, 1)];
  const ends = [() => directory.close(), ...stores.map((store) => () => (how === 'close' ? store.close(deaf) : store.release()))];
  for (const index of order) ends[index]?.();
}

const worker = new URL('./appending.worker.mjs', import.meta.url);

/** Each shard appends to the first partition that is its own. */
const partitionsCount = 16;

/** @param {import('../../../ts/native/log.js').DataDirectory} directory @param {number} shard @param {string} end */
function start(directory, shard, end) {
  const topic = directory.ensureTopic('closing', partitionsCount, {});
  if (!topic.ok) throw new Error(topic.error.message);
  const { id } = topic.value;
  const isOwn = (/** @type {number} */ candidate) => {
    const home = directory.shardOf(id, candidate);
    return home.ok && home.value === shard;
  };
  const index = Array.from({ length: partitionsCount }, (_, candidate) => candidate).find(isOwn);
  const leaderEpoch = directory.report.incarnation;
  return new Worker(worker, { workerData: { dist, directory: directory.id, shard, end, topic: id, index, leaderEpoch } });
}

/** Two shards on two workers; each ends in its own way. @param {string} data @param {readonly [string, string]} ends */
async function closeWorkers(data, ends) {
  const directory = openDirectory(data);
  const workers = ends.map((end, shard) => start(directory, shard, end));
  const exits = workers.map((thread) => once(thread, 'exit'));
  await Promise.all(workers.map((thread) => once(thread, 'message')));
  if (ends.includes('outlives the directory')) directory.close();
  for (const [shard, thread] of workers.entries()) {
    if (ends[shard] === 'is terminated') await thread.terminate();
    else thread.postMessage('end');
  }
  await Promise.all(exits);
  directory.close();
}

const orders = [
  [0, 1, 2],
  [2, 1, 0],
  [1, 0, 2],
  [0, 2, 1],
];
const ways = ['closes', 'releases', 'is terminated', 'exits in flight', 'outlives the directory'];

for (let round = 0; round < Number(rounds); round++) {
  for (const order of orders) {
    closeInOrder(join(place, 'orders'), order, 'close');
    closeInOrder(join(place, 'orders'), order, 'release');
  }
  for (const first of ways) for (const second of ways) await closeWorkers(join(place, 'workers'), [first, second]);
}
console.log('done');
