import { assert } from '../../ts/model/assert.js';
import type { Result } from '../../ts/model/result.js';
import { crc32c } from '../../ts/native/codec.js';
import type { Failure } from '../../ts/native/failure.js';
import {
  type Ack,
  DataDirectory,
  type DataDirectoryOptions,
  type FileRead,
  type Found,
  type LogEvents,
  LogStore,
  type Refusal,
  type StoreFailure,
} from '../../ts/native/log.js';
import { initialiseRing } from '../../ts/native/ring.js';
import { allocateRing, ringBytes } from '../../ts/ring/memory.js';
import { RingWriter } from '../../ts/ring/writer.js';
import { BatchPlan } from '../../ts/wire/records/build.js';

/** A listener that keeps everything. */
export class Heard implements LogEvents {
  readonly acks: Ack[] = [];
  readonly refusals: Refusal[] = [];
  readonly done_: number[] = [];
  readonly failures: StoreFailure[] = [];
  readonly reads: Result<FileRead, StoreFailure>[] = [];
  readonly finds: [ticket: number, Result<Found | undefined, StoreFailure>][] = [];
  readonly fences: string[] = [];

  appended(ack: Ack) {
    this.acks.push(ack);
  }

  refused(refusal: Refusal) {
    this.refusals.push(refusal);
  }

  done(_partition: number, ticket: number) {
    this.done_.push(ticket);
  }

  controlFailed(_partition: number, _ticket: number, failure: StoreFailure) {
    this.failures.push(failure);
  }

  read(_partition: number, _ticket: number, result: Result<FileRead, StoreFailure>) {
    this.reads.push(result);
  }

  found(_partition: number, ticket: number, result: Result<Found | undefined, StoreFailure>) {
    this.finds.push([ticket, result]);
  }

  fenced(by: string, reason: string) {
    this.fences.push(`${by}: ${reason}`);
  }
}

export function opened<T>(result: Result<T, Failure>): T {
  assert(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.message}`);
  return result.value;
}

export const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

export function openDirectory(data: string, options: Partial<DataDirectoryOptions> = {}): DataDirectory {
  return opened(DataDirectory.open({ data, shards: 1, journalSize: 8 << 20, batchSizeMax: 1 << 20, clock, ...options }));
}

/** A directory with one shard and one partition, and its store. */
export function openLog(data: string, options: Partial<DataDirectoryOptions> = {}) {
  const directory = openDirectory(data, options);
  const store = opened(LogStore.open(directory.id, 0, clock));
  const topic = opened(directory.ensureTopic('t', 1, { batchSizeMax: 1 << 20 }));
  const heard = new Heard();
  const leaderEpoch = directory.report.incarnation;
  const known = store.partitions()[0]?.handle;
  const config = topic.settings;
  const handle = known ?? opened(store.createPartitions(0, [{ topic: topic.id, index: 0, leaderEpoch, config }]))[0] ?? -1;
  return { directory, store, topic, heard, handle };
}

/** Turns until something holds; how many calls it took. Everything here ends by itself, so that a hang is a test's time limit. */
export function turnUntil(store: LogStore, heard: Heard, holds: () => boolean): number {
  let calls = 0;
  while (!holds()) {
    store.turn(heard);
    calls++;
    if (holds()) break;
    store.wait(heard);
    calls++;
  }
  return calls;
}

export function batchOf(values: readonly string[], timestamp = 1_000): Uint8Array {
  const plan = new BatchPlan(values.map((value) => ({ timestamp, key: null, value: Buffer.from(value) })));
  const bytes = new Uint8Array(plan.size);
  plan.write(bytes, crc32c);
  return bytes;
}

/** A ring whose batches the store takes in its turns. */
export function attachRing(store: LogStore, capacity = 1 << 20): RingWriter {
  const memory = allocateRing(initialiseRing, { capacity });
  assert(opened(store.attachRing(ringBytes(memory))) === 0, 'its first ring');
  return new RingWriter(memory, { ring: () => undefined });
}

export function publish(writer: RingWriter, handle: number, ticket: number, batch: Uint8Array): void {
  const claim = writer.claim(batch.length);
  assert(claim >= 0, 'the ring has room');
  writer.data.set(batch, claim);
  writer.publish(claim, handle, 0, ticket);
}
