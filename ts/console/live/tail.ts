import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { Client, ConsumedBatch, ConsumedRecord, Consumer, ConsumerEvent } from '../../sdk/browser/index.js';
import { eventText } from '../tail/event-text.js';
import { type Filter, filterOf } from '../tail/filter.js';
import type { From } from '../tail/jump.js';
import { beginning, mayRead, type Reading, type ReadingEvent, read, roomOf } from '../tail/reading.js';
import { rowOf, sourceOf } from '../tail/row.js';
import { RowBuffer } from '../tail/row-buffer.js';
import { Sampler } from '../tail/sampler.js';
import { codeOf, messageOf } from './loaded.js';
import { placesOf } from './places.js';
import { nextFrame } from './repeating.js';

export interface TailCounts {
  /** Of the topic, since reading began. */
  readonly received: number;
  /** Of those, what the filter lets through. */
  readonly matched: number;
  /** Of those, what the list was given. */
  readonly shown: number;
  /** Records of the read partitions that had been stored and not received when the last batch was sent. */
  readonly behind: number;
}

export const rowLimits = { countMax: 5_000, sizeMax: 32 * 1024 * 1024 } as const;
/** 1,000 rows a second: more than anyone reads, and little to draw. */
const sampling = { windowMs: 200, admittedMax: 200, saidMs: 2_000 } as const;
const bufferSizeMax = 4 * 1024 * 1024;
/** Looked at before the page may draw again. */
const chunkMax = 2_000;
const workMsMax = 8;
const damagedMax = 100;
const noCounts: TailCounts = { received: 0, matched: 0, shown: 0, behind: 0 };

/**
 * The records of a topic as they come, or from a place in the log on. Memory is bounded everywhere: rows by the buffer, what waits to
 * be looked at by the consumer's credit. Whoever looks is told once per frame.
 */
export class Tail {
  readonly topic: string;
  readonly rows = new RowBuffer(rowLimits);
  readonly #client: Client;
  #sampler = new Sampler(sampling);
  readonly #reading = signal<Reading>(beginning);
  readonly #counts = signal(noCounts);
  readonly #isSampling = signal(false);
  readonly #drawn = signal(0);
  readonly #from = signal<From>('end');
  readonly #partition = signal<number | undefined>(undefined);
  #now = noCounts;
  readonly #behind = new Map<number, number>();
  #filter: Filter = filterOf('');
  #run = 0;
  #consumer: Consumer | undefined;
  #wake: (() => void) | undefined;
  #isDrawing = false;
  #isSaying = false;
  #turnedAt = 0;

  constructor(client: Client, topic: string) {
    this.#client = client;
    this.topic = topic;
  }

  get reading(): ReadonlySignal<Reading> {
    return this.#reading;
  }

  get counts(): ReadonlySignal<TailCounts> {
    return this.#counts;
  }

  /** Whether records are being left out, because they come faster than they can be shown. */
  get isSampling(): ReadonlySignal<boolean> {
    return this.#isSampling;
  }

  /** Changes with the rows, at most once per frame. */
  get drawn(): ReadonlySignal<number> {
    return this.#drawn;
  }

  /** Where reading began. */
  get from(): ReadonlySignal<From> {
    return this.#from;
  }

  /** The only one that is read; undefined: all. */
  get partition(): ReadonlySignal<number | undefined> {
    return this.#partition;
  }

  /** Begins anew at a place: rows of before are dropped. */
  jump(from: From, partition: number | undefined): void {
    this.#stop();
    this.rows.clear();
    this.#sampler = new Sampler(sampling);
    this.#behind.clear();
    this.#now = noCounts;
    batch(() => {
      this.#from.value = from;
      this.#partition.value = partition;
      this.#reading.value = beginning;
    });
    this.#draw();
    this.#read(this.#run, from, partition).catch((error: unknown) => {
      this.#tell({ type: 'failed', why: messageOf(error) });
    });
  }

  /** For what is in the list and what comes. What an earlier filter left out is not there any more. */
  setFilter(query: string): void {
    this.#filter = filterOf(query);
    const received = this.rows.count;
    this.rows.retain((row) => row.kind === 'event' || this.#filter.matches(sourceOf(row)));
    this.#now = { ...noCounts, received, matched: this.rows.count, shown: this.rows.count };
    this.#draw();
  }

  pause(): void {
    this.#tell({ type: 'pause' });
  }

  /** Goes on where it was paused, or with the next page. */
  resume(): void {
    this.#tell({ type: 'continue' });
  }

  close(): void {
    this.#stop();
  }

  #stop(): void {
    this.#run++;
    this.#wake?.();
    this.#consumer?.close().catch(() => undefined);
    this.#consumer = undefined;
  }

  #tell(event: ReadingEvent): void {
    this.#reading.value = read(this.#reading.value, event);
    this.#wake?.();
    this.#draw();
  }

  async #read(run: number, from: From, partition: number | undefined): Promise<void> {
    const places = await placesOf(this.#client.admin, this.topic, from, partition);
    if (run !== this.#run) return;
    for (const { partition: number, why } of places.notes) this.rows.push({ kind: 'event', partition: number, text: why });
    const consumer = this.#client.consumer({
      topics: [{ topic: this.topic, from: places.from, ...(partition === undefined ? {} : { partitions: [partition] }) }],
      bufferSizeMax,
      onEvent: (event) => this.#happened(run, event),
    });
    this.#consumer = consumer;
    await consumer.ready();
    if (run !== this.#run) return;
    this.#tell({ type: 'opened', places: places.places });
    await this.#readAll(run, consumer);
    if (run === this.#run) this.#tell({ type: 'ended', why: 'The topic was deleted.' });
  }

  /** A batch that cannot be read is told of and passed over; too many of them are a failure. */
  async #readAll(run: number, consumer: Consumer): Promise<void> {
    for (let damaged = 0; ; damaged++) {
      try {
        for await (const each of consumer.batches()) {
          await this.#take(run, each);
          if (run !== this.#run) return;
        }
        return;
      } catch (error) {
        if (run !== this.#run) return;
        if (codeOf(error) !== 'corrupt-data' || damaged >= damagedMax) throw error;
        this.rows.push({ kind: 'event', partition: -1, text: messageOf(error) });
        this.#draw();
      }
    }
  }

  async #take(run: number, { partition, records: iterable, nextOffset, highWatermark }: ConsumedBatch): Promise<void> {
    const records = [...iterable];
    for (let from = 0; from < records.length; ) {
      while (!mayRead(this.#reading.value) && run === this.#run) await this.#change();
      if (run !== this.#run) return;
      const room = roomOf(this.#reading.value);
      const { end, shown } = this.#show(records, from, room);
      from = end;
      const next = records[end]?.offset ?? nextOffset;
      this.#behind.set(partition, Math.max(0, highWatermark - next));
      if (room !== undefined) this.#tell({ type: 'batch', partition, nextOffset: next, shown });
      this.#draw();
      await this.#turn();
    }
  }

  /** Some of the records from an index on: as many as there is room for, or, without a bound, a sample. */
  #show(records: readonly ConsumedRecord[], from: number, room: number | undefined) {
    const matching: number[] = [];
    let end = from;
    const limit = Math.min(records.length, from + chunkMax);
    for (; end < limit && matching.length < (room ?? chunkMax); end++) {
      const record = records[end];
      if (record !== undefined && this.#filter.matches(record)) matching.push(end);
    }
    const picked =
      room === undefined ? this.#sampler.pick(matching.length, performance.now()).map((at) => matching[at]) : matching;
    for (const index of picked) {
      const record = index === undefined ? undefined : records[index];
      if (record !== undefined) this.rows.push(rowOf(record));
    }
    const { received, matched, shown, behind } = this.#now;
    this.#now = {
      received: received + end - from,
      matched: matched + matching.length,
      shown: shown + picked.length,
      behind,
    };
    return { end, shown: picked.length };
  }

  /** Until reading is paused or goes on, or ends. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Lets the page draw and be used when enough was done at one go. */
  async #turn(): Promise<void> {
    if (performance.now() - this.#turnedAt < workMsMax) return;
    await nextFrame();
    this.#turnedAt = performance.now();
  }

  #happened(run: number, event: ConsumerEvent): void {
    if (run !== this.#run) return;
    this.rows.push({ kind: 'event', partition: event.partition, text: eventText(event) });
    this.#draw();
  }

  #say(): void {
    this.#isSaying = true;
    setTimeout(() => {
      this.#isSaying = false;
      this.#draw();
    }, sampling.saidMs);
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    nextFrame().then(() => {
      this.#isDrawing = false;
      const behind = [...this.#behind.values()].reduce((sum, each) => sum + each, 0);
      const isSampling = this.#sampler.isSampling(performance.now());
      batch(() => {
        this.#counts.value = { ...this.#now, behind };
        this.#isSampling.value = isSampling;
        this.#drawn.value++;
      });
      // When the stream ends nothing comes that would say so.
      if (isSampling && !this.#isSaying) this.#say();
    });
  }
}
