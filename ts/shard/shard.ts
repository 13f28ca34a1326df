import type { Page } from '../metrics/page.js';
import { assert } from '../model/assert.js';
import type { Clock } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { Ack, FileRead, Found, LentSlice, LogEvents, LogStore, Refusal, StoreFailure } from '../native/log.js';
import { appendedMark, gatewayOf, heldBits, isInternal, requestKind } from '../ring/link/layout.js';
import type { ShardEnd } from '../ring/link/shard-end.js';
import type { RingSlot } from '../ring/reader.js';
import { Control } from './control.js';
import { failureOfRefusal, failureOfStore } from './failures.js';
import { InternalLogs } from './internal-logs.js';
import { LogStarts } from './log-starts.js';
import { Measures } from './measures.js';
import { Operations } from './operations.js';
import type { Partition } from './partition.js';
import { Reads } from './reads.js';
import { Removals } from './removals.js';
import { Tails } from './tails.js';
import { Tickets } from './tickets.js';

/** Served for one gateway in one turn: no gateway keeps the others waiting. */
const requestsPerTurn = 256;
/** Between two looks at what has outlived its retention. */
const retentionIntervalMs = 10_000;
const noSpaceIntervalMs = 1000;

export interface ShardPorts {
  readonly store: LogStore;
  readonly clock: Clock;
  /** By the gateway's number. */
  readonly gateways: readonly ShardEnd[];
  /** Where /metrics finds what it counts. */
  readonly page: Page;
  /** The data areas of the rings that the store reads, by its numbers. */
  readonly rings: readonly Uint8Array[];
  /** The log directory has failed: nothing more is acknowledged, reads go on. */
  readonly onFenced: (reason: string) => void;
  /** The disk has no room for what comes; told once in a while, as long as it is so. */
  readonly onNoSpace: () => void;
  /** The shard has work that nobody has woken it for. */
  readonly wake: () => void;
}

/**
 * The data plane of one thread: what gateways ask, the log does, and gateways are told.
 *
 * Lives on: the shard's thread. `turn` does a bounded amount of work. The log decides about batches (native/src/store/append.rs):
 * they reach it through the rings, without a detour through here.
 */
export class Shard implements LogEvents {
  readonly control: Control;
  readonly internalLogs: InternalLogs;
  readonly measures: Measures;
  readonly #ports: ShardPorts;
  readonly #partitions = new Map<number, Partition>();
  readonly #reads: Reads;
  readonly #tails: Tails;
  readonly #removals: Removals;
  readonly #operations: Operations;
  readonly #logStarts: LogStarts;
  #retentionDueMs: number;
  #noSpaceDueMs = 0;
  /** Why the log takes no more; told before the refusals that follow from it. */
  #fence: string | undefined;

  constructor(ports: ShardPorts) {
    this.#ports = ports;
    this.#retentionDueMs = ports.clock.monotonicMs() + retentionIntervalMs;
    const tickets = new Tickets();
    this.measures = new Measures(ports.store, ports.page);
    this.#removals = new Removals(ports.store, tickets, ports.clock, (count) => this.measures.unremoved(count));
    this.#operations = new Operations(ports.store, tickets, ports.clock);
    this.#logStarts = new LogStarts(ports.store, this.#operations);
    this.control = new Control({
      store: ports.store,
      partitions: this.#partitions,
      tickets,
      operations: this.#operations,
      removals: this.#removals,
      onNoSpace: () => this.#tellNoSpace(),
    });
    this.internalLogs = new InternalLogs(ports.store, this.#partitions, tickets, ports.wake);
    this.#reads = new Reads(ports.store, ports.rings, tickets);
    this.#tails = new Tails(ports.store, ports.rings);
    for (const gateway of ports.gateways) {
      gateway.onLargeAppend(({ handle, ticket, batch }) => this.#appendLarge(gateway, handle, ticket, batch));
    }
  }

  /** True: there is more to do at once. */
  turn(): boolean {
    let isBusy = false;
    for (const gateway of this.#ports.gateways) isBusy = this.#serve(gateway) || isBusy;
    this.internalLogs.flush();
    // Before the log's turn, which is what brings them on.
    this.#removals.turn();
    this.#operations.turn();
    isBusy = this.#ports.store.turn(this) || isBusy;
    this.#keepHouse();
    isBusy = this.#reads.recall() || isBusy;
    this.#tails.tell();
    for (const gateway of this.#ports.gateways) gateway.flush();
    return isBusy;
  }

  #keepHouse(): void {
    const now = this.#ports.clock.monotonicMs();
    if (now < this.#retentionDueMs) return;
    this.#retentionDueMs = now + retentionIntervalMs;
    this.#ports.store.applyRetention();
  }

  /** When it wants a turn though nothing wakes it. */
  deadlineMs(): number {
    const ofLog = this.#ports.store.deadlineMs ?? Number.POSITIVE_INFINITY;
    return Math.min(ofLog, this.#retentionDueMs, this.#removals.deadlineMs(), this.#operations.deadlineMs());
  }

  #serve(gateway: ShardEnd): boolean {
    let served = 0;
    while (served < requestsPerTurn) {
      const slot = gateway.next();
      if (slot === undefined) break;
      this.#request(gateway, slot);
      served += 1;
    }
    gateway.freeRequests();
    return served === requestsPerTurn;
  }

  #request(gateway: ShardEnd, slot: RingSlot): void {
    const { target: handle, flags: kind, ticket } = slot;
    if (kind === requestKind.giveBack) {
      this.#reads.giveBack(gateway.word(slot, 0));
      return;
    }
    if (kind === requestKind.giveBackMemory) {
      gateway.giveBackMemory(gateway.word(slot, 0));
      return;
    }
    const partition = this.#partitions.get(handle);
    if (partition === undefined) {
      if (kind !== requestKind.unwatch) gateway.failed(handle, ticket, { error: 'unknown-partition' });
      return;
    }
    const first = gateway.word(slot, 0);
    switch (kind) {
      case requestKind.read:
      case requestKind.largeRead: {
        this.#read(gateway, partition, slot);
        return;
      }
      case requestKind.find:
        this.#reads.find(gateway, partition, ticket, first);
        return;
      case requestKind.epochEnd:
        this.#reads.epochEnd(gateway, partition, ticket, first);
        return;
      case requestKind.describe:
        this.#describe(gateway, partition, ticket);
        return;
      case requestKind.raiseLogStart:
        this.#logStarts.raise(gateway, partition, ticket, first);
        return;
      case requestKind.producers:
        gateway.answer(handle, ticket, this.#ports.store.producers(handle, first));
        return;
      case requestKind.watch:
        this.#watch(gateway, partition, ticket);
        return;
      case requestKind.unwatch:
        partition.unwatch(gateway);
        return;
      default:
        assert(false, `a request of kind ${kind}`);
    }
  }

  #read(gateway: ShardEnd, partition: Partition, slot: RingSlot): void {
    const [from, sizeMax] = [gateway.word(slot, 0), gateway.word(slot, 1)];
    const isLarge = slot.flags === requestKind.largeRead;
    const held = isLarge ? gateway.word(slot, 2) : 0;
    const [mayKeep, mayLend] = [(held & heldBits.inAnswerMemory) !== 0, (held & heldBits.inFiles) !== 0];
    this.#reads.read(gateway, partition, slot.ticket, { from, sizeMax, room: isLarge ? 0 : sizeMax, mayKeep, mayLend });
  }

  #describe(gateway: ShardEnd, partition: Partition, ticket: number): void {
    const extent = this.#ports.store.extent(partition.handle);
    if (extent === undefined) {
      gateway.failed(partition.handle, ticket, { error: 'unknown-partition' });
      return;
    }
    partition.logStart = extent.logStart;
    const { logStart, highWatermark, leaderEpoch } = partition;
    gateway.answer(partition.handle, ticket, [logStart, highWatermark, leaderEpoch, extent.size, extent.segmentsCount]);
  }

  #watch(gateway: ShardEnd, partition: Partition, ticket: number): void {
    partition.watch(gateway);
    const { logStart, highWatermark } = partition;
    gateway.answer(partition.handle, ticket, [logStart, highWatermark]);
  }

  #appendLarge(gateway: ShardEnd, handle: number, ticket: number, batch: Uint8Array): void {
    const failure = this.#ports.store.appendLarge(handle, ticket, batch);
    if (failure !== undefined) gateway.failed(handle, ticket, { error: 'internal', message: failure.message });
  }

  appended({ partition: handle, ticket, base, next, timestamp, isReplicated, isDuplicate, leaderEpoch }: Ack): void {
    const partition = this.#partitions.get(handle);
    // A deletion that was asked for meanwhile does not take back what was promised.
    if (partition?.advance(next)) this.#tails.isBehind(partition);
    if (isInternal(ticket)) {
      this.internalLogs.appended(ticket, base);
      return;
    }
    const marks = (isReplicated ? appendedMark.replicated : 0) | (isDuplicate ? appendedMark.duplicate : 0);
    const logStart = partition?.logStart ?? 0;
    this.#gatewayOf(ticket).appended({ ticket, base, next, timestampMs: timestamp, leaderEpoch, logStart, marks });
  }

  refused(refusal: Refusal): void {
    if (refusal.code === 'no-space') this.#tellNoSpace();
    const failure = failureOfRefusal(refusal, this.#fence);
    if (isInternal(refusal.ticket)) this.internalLogs.appendFailed(refusal.ticket, failure);
    else this.#gatewayOf(refusal.ticket).failed(refusal.partition, refusal.ticket, failure);
  }

  #tellNoSpace(): void {
    const now = this.#ports.clock.monotonicMs();
    if (now < this.#noSpaceDueMs) return;
    this.#noSpaceDueMs = now + noSpaceIntervalMs;
    this.#ports.onNoSpace();
  }

  #gatewayOf(ticket: number): ShardEnd {
    const gateway = this.#ports.gateways[gatewayOf(ticket)];
    assert(gateway !== undefined, () => `ticket ${ticket} is of no gateway`);
    return gateway;
  }

  done(_partition: number, ticket: number): void {
    if (!this.internalLogs.controlEnded(ticket)) this.control.done(ticket);
  }

  controlFailed(partition: number, ticket: number, failure: StoreFailure): void {
    if (!this.internalLogs.controlEnded(ticket, failureOfStore(failure))) this.control.failed(partition, ticket, failure);
  }

  read(partition: number, ticket: number, result: Result<FileRead, StoreFailure>): void {
    if (!this.internalLogs.read(ticket, result)) this.#reads.told(partition, ticket, result);
  }

  lent(_partition: number, ticket: number, slice: LentSlice): void {
    this.#reads.lent(ticket, slice);
  }

  found(partition: number, ticket: number, result: Result<Found | undefined, StoreFailure>): void {
    this.#reads.found(partition, ticket, result);
  }

  recalled(partition: number, lease: number): void {
    this.#reads.recalled(partition, lease);
  }

  fenced(by: string, reason: string): void {
    this.#fence = `the ${by} failed: ${reason}`;
    this.measures.fenced();
    this.#ports.onFenced(this.#fence);
  }
}
