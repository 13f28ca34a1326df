// Appends through the façade that a shard uses, and counts what crosses between JavaScript and Rust, and system calls.
//   node dist/bench/scenarios/facade.js --directory DIR --case CASE [--quick]
import { existsSync } from 'node:fs';
import type { LogEvents, LogStore as Store, StoreCounters } from '../../ts/native/log.js';
import type { RingWriter as Writer } from '../../ts/ring/writer.js';
import { marks } from '../counters.js';
import { scenarioRun } from '../scenario.js';

// Compiled, this file lies in dist/bench/scenarios; of what it measures it knows only the types until it runs.
const dist = new URL('../../', import.meta.url);
const load = (path: string): Promise<unknown> => import(new URL(path, dist).href);
const { DataDirectory, LogStore } = (await load('native/log.js')) as typeof import('../../ts/native/log.js');
const { initialiseRing } = (await load('native/ring.js')) as typeof import('../../ts/native/ring.js');
const { watchEvent } = (await load('native/wakeup.js')) as typeof import('../../ts/native/wakeup.js');
const { crc32c } = (await load('native/codec.js')) as typeof import('../../ts/native/codec.js');
const { allocateRing, ringBytes } = (await load('ring/memory.js')) as typeof import('../../ts/ring/memory.js');
const { RingWriter } = (await load('ring/writer.js')) as typeof import('../../ts/ring/writer.js');
const { noDoorbell, Wakeup } = (await load('ring/wakeup.js')) as typeof import('../../ts/ring/wakeup.js');
const { BatchPlan } = (await load('wire/records/build.js')) as typeof import('../../ts/wire/records/build.js');

const partitionsCount = 8;
const windowSize = 4 << 20;
const batchSizes = new Map([
  ['64 KiB batches', 64 << 10],
  ['1 KiB batches', 1 << 10],
]);
const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** A producer and a shard on one thread, closed loop: as many bytes under way as the window allows, round robin. */
class Load implements LogEvents {
  readonly #store: Store;
  readonly #writer: Writer;
  readonly #handles: readonly number[];
  readonly #batch: Uint8Array;
  readonly #wakeup = new Wakeup(() => this.#turn());
  #ticket = 0;
  #acknowledged = 0;
  #wanted = 0;
  #onRest: () => void = () => undefined;
  /** Calls from Rust into JavaScript: there is no other than this one of the event loop. */
  callbacks = 0;

  constructor(store: Store, writer: Writer, handles: readonly number[], batch: Uint8Array) {
    this.#store = store;
    this.#writer = writer;
    this.#handles = handles;
    this.#batch = batch;
  }

  /** Appends so many batches and resolves when all are acknowledged. */
  async append(count: number): Promise<void> {
    this.#wanted += count;
    const watch = watchEvent(this.#store.wakeupDescriptor(), () => {
      this.callbacks += 1;
      this.#wakeup.wake();
    });
    // What a shard does besides: its timers.
    const timer = setInterval(() => this.#wakeup.wake(), 20);
    await new Promise<void>((resolve) => {
      this.#onRest = resolve;
      this.#wakeup.wake();
    });
    clearInterval(timer);
    watch.close();
  }

  stop(): void {
    this.#wakeup.stop();
  }

  #turn(): boolean {
    this.#feed();
    const hasMore = this.#store.turn(this);
    if (this.#acknowledged === this.#wanted) this.#onRest();
    return hasMore;
  }

  #feed(): void {
    const size = this.#batch.length;
    while (this.#ticket < this.#wanted && (this.#ticket - this.#acknowledged + 1) * size <= windowSize) {
      const claim = this.#writer.claim(size);
      if (claim < 0) return;
      this.#writer.data.set(this.#batch, claim);
      this.#writer.publish(claim, this.#handles[this.#ticket % this.#handles.length] ?? 0, 0, this.#ticket);
      this.#ticket += 1;
    }
  }

  appended(): void {
    this.#acknowledged += 1;
    // The turn that brought this is over soon: the next one takes what the window allows now.
    this.#wakeup.wake();
  }

  done(): void {
    this.#wakeup.wake();
  }

  refused(): void {
    throw new Error('an append was refused');
  }

  controlFailed(): void {
    throw new Error('a partition was not made');
  }

  read(): void {
    throw new Error('nothing is read here');
  }

  found(): void {
    throw new Error('nothing is searched here');
  }

  fenced(): void {
    throw new Error('the disk failed');
  }
}

interface Moment {
  readonly counters: StoreCounters;
  readonly callbacks: number;
  readonly atMs: number;
}

async function main(): Promise<void> {
  const { directory, case: asked, isQuick } = scenarioRun();
  const caseName = asked === '' ? '64 KiB batches' : asked;
  const batchSize = batchSizes.get(caseName);
  if (batchSize === undefined) throw new Error(`no case "${caseName}"`);
  const figure = await measure(directory, batchSize, (isQuick ? 64 : 512) << 20);
  console.log(JSON.stringify({ scenario: 'facade', case: caseName, ack: 'stable media', sync: 'linked fdatasync', ...figure }));
}

async function measure(data: string, batchSize: number, size: number): Promise<Readonly<Record<string, number>>> {
  const directory = orThrow(DataDirectory.open({ data, shards: 1, journalSize: 128 << 20, batchSizeMax: 1 << 20, clock }));
  const store = orThrow(LogStore.open(directory.id, 0, clock));
  const memory = allocateRing(initialiseRing, { capacity: 64 << 20 });
  orThrow(store.attachRing(ringBytes(memory)));
  const topic = orThrow(directory.ensureTopic('bench', partitionsCount, { durability: 'fsync' }));
  const config = topic.settings;
  const leaderEpoch = directory.report.incarnation;
  const wanted = Array.from({ length: partitionsCount }, (_, index) => ({ topic: topic.id, index, leaderEpoch, config }));
  const handles = orThrow(store.createPartitions(0, wanted));
  const load = new Load(store, new RingWriter(memory, noDoorbell), handles, batchOf(batchSize));
  const now = (): Moment => ({ counters: store.counters(), callbacks: load.callbacks, atMs: performance.now() });
  const count = Math.ceil(size / batchSize);
  // The journal grows while it is used for the first time.
  await load.append(Math.ceil(count / 4));
  const descriptor = store.wakeupDescriptor();
  existsSync(marks.begin);
  const before = now();
  await load.append(count);
  const after = now();
  existsSync(marks.end);
  const figure = { ...figureBetween(before, after, batchSize), wakeup_descriptor: descriptor };
  load.stop();
  store.close(load);
  directory.close();
  return figure;
}

function figureBetween(before: Moment, after: Moment, batchSize: number): Readonly<Record<string, number>> {
  const grown = (name: keyof StoreCounters) => after.counters[name] - before.counters[name];
  const batches = grown('appendedBatches');
  const mb = (batches * batchSize) / 1e6;
  // The counters themselves were asked for by one call.
  const calls = grown('crossings') - 1;
  const callbacks = after.callbacks - before.callbacks;
  return {
    ours_mb_per_s: (mb * 1000) / (after.atMs - before.atMs),
    crossings_per_mb: (calls + callbacks) / mb,
    calls_per_mb: calls / mb,
    callbacks_per_mb: callbacks / mb,
    crossings_per_batch: (calls + callbacks) / batches,
    system_calls_per_commit: grown('systemCalls') / grown('commits'),
    batches_per_commit: batches / grown('commits'),
    turns_per_commit: grown('turns') / grown('commits'),
    crossings_so_far: after.counters.crossings,
    system_calls: grown('systemCalls'),
    commits: grown('commits'),
    calls,
    callbacks,
  };
}

/** Exactly so many bytes, in one record. */
function batchOf(size: number): Uint8Array {
  const planOf = (valueSize: number) => new BatchPlan([{ timestamp: Date.now(), key: null, value: new Uint8Array(valueSize) }]);
  const overhead = planOf(size).size - size;
  // The record's own length field may be a byte shorter for the smaller value.
  const plan = [overhead, overhead - 1].map((less) => planOf(size - less)).find((candidate) => candidate.size === size);
  if (plan === undefined) throw new Error(`no batch has ${size} bytes`);
  const batch = new Uint8Array(size);
  plan.write(batch, crc32c);
  return batch;
}

function orThrow<T>(result: { ok: true; value: T } | { ok: false; error: { message: string } }): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

await main();
