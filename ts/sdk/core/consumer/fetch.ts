import { topicIdBytes, topicIdOf } from '../../../model/ids.js';
import { isOffset } from '../../../model/offset.js';
import type { FetchReply } from '../../../wire/proto/generated/messages.js';
import { type Context, retrying } from '../context.js';
import { CorruptDataError, invalidArgument, ProtocolError } from '../errors.js';
import { bounded } from '../producer/options.js';
import { bytes, type Deserializer } from '../serde.js';
import { type ConsumedRecord, checkCrc, headerIn, plainRecords, StoredRecords } from './batch.js';
import type { ConsumerEvent } from './events.js';
import type { Position } from './positions.js';

export interface FetchOptions<Key = Uint8Array | null, Value = Uint8Array | null> {
  readonly topic: string;
  readonly partition: number;
  /** A position, `next` of the fetch before, also notices a log that was cut and a topic that was created anew. */
  readonly at: number | Position;
  /** Bytes of batches as they are stored; one is always answered, however large. Default 1 MiB, cut to the server's limit. */
  readonly sizeMax?: number;
  /** Waits until there are so many bytes, `waitMs` at most. Default 0: no wait. */
  readonly sizeMin?: number;
  readonly waitMs?: number;
  readonly key?: Deserializer<Key>;
  readonly value?: Deserializer<Value>;
  /** Rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface Fetched<Key = Uint8Array | null, Value = Uint8Array | null> {
  /** Made as they are asked for, from bytes that are here. */
  readonly records: Iterable<ConsumedRecord<Key, Value>>;
  /** Where to fetch next. */
  readonly next: Position;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** The log does not hold what was asked for: there are no records, and `next` is where it goes on. */
  readonly event: Extract<ConsumerEvent, { readonly type: 'history-lost' | 'truncated' | 'topic-recreated' }> | undefined;
}

const waitMsMax = 60_000;

/** One request for what lies behind an offset. Asked again where it gets no answer. */
export async function fetchOnce<Key, Value>(
  context: Context,
  timeoutMs: number,
  options: FetchOptions<Key, Value>,
): Promise<Fetched<Key, Value>> {
  const { topic, partition, at, signal } = options;
  const position: Partial<Position> & { readonly offset: number } = typeof at === 'number' ? { offset: at } : at;
  if (!isOffset(position.offset)) throw invalidArgument(`${position.offset} is no offset`);
  const waitMs = bounded('waitMs', options.waitMs ?? 0, 0, waitMsMax);
  const fetch = {
    topic,
    partition,
    offset: position.offset,
    sizeMax: bounded('sizeMax', options.sizeMax ?? 1024 * 1024, 1, 2 ** 31),
    sizeMin: bounded('sizeMin', options.sizeMin ?? 0, 0, 2 ** 31),
    waitMs,
    leaderEpoch: position.leaderEpoch,
    topicId: position.topicId === undefined ? new Uint8Array(0) : topicIdBytes(position.topicId),
  };
  signal?.throwIfAborted();
  const asking = retrying(context, timeoutMs + waitMs, (ms) => {
    signal?.throwIfAborted();
    return context.fresh.ask(topic, () => context.connection.call({ fetch }, 'fetch', ms));
  });
  const reply = await (signal === undefined ? asking : unlessAborted(asking, signal));
  return new Reading(context, options, position.offset, reply).fetched();
}

function unlessAborted<T>(asking: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    asking.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** An answer, made into what the application asked for. */
class Reading<Key, Value> {
  readonly #context: Context;
  readonly #options: FetchOptions<Key, Value>;
  readonly #from: number;
  readonly #reply: FetchReply;
  readonly #topicId: Position['topicId'];

  constructor(context: Context, options: FetchOptions<Key, Value>, from: number, reply: FetchReply) {
    const topicId = topicIdOf(reply.topicId);
    if (topicId === undefined) throw new ProtocolError('unexpected-reply', 'an answer to a fetch without the id of its topic');
    this.#context = context;
    this.#options = options;
    this.#from = from;
    this.#reply = reply;
    this.#topicId = topicId;
  }

  async fetched(): Promise<Fetched<Key, Value>> {
    const { logStartOffset, highWatermark, nextOffset: offset, leaderEpoch } = this.#reply;
    const topicId = this.#topicId;
    const event = this.#event();
    if (event !== undefined || this.#reply.batches.length === 0) {
      // An epoch is that of a batch that was read: here none was.
      const at = this.#options.at;
      const epoch = event === undefined && typeof at === 'object' ? at.leaderEpoch : undefined;
      return { records: [], next: { topicId, offset, leaderEpoch: epoch }, logStartOffset, highWatermark, event };
    }
    const batches = await this.#batches();
    const last = batches.at(-1);
    const next = last === undefined ? { topicId, offset, leaderEpoch } : { topicId, ...last.end };
    const records = { [Symbol.iterator]: () => this.#recordsOf(batches) };
    return { records, next, logStartOffset, highWatermark, event };
  }

  /** Those that can be read: where one cannot, it is thrown when it is the first. */
  async #batches(): Promise<readonly ReadBatch[]> {
    const { topic, partition } = this.#options;
    const place = { topic, partition };
    const batches: ReadBatch[] = [];
    try {
      for (let rest = this.#reply.batches; rest.length > 0; ) {
        const header = headerIn(rest, place);
        const batch = rest.subarray(0, header.size);
        rest = rest.subarray(header.size);
        checkCrc(batch, header, place, this.#context);
        const end = { offset: header.lastOffset + 1, leaderEpoch: header.leaderEpoch };
        const plain = header.isControl ? undefined : await plainRecords(batch, header, place, this.#context);
        const from = this.#from;
        const records = plain && new StoredRecords(header, plain, from, Number.POSITIVE_INFINITY, place);
        batches.push({ end, records });
      }
    } catch (error) {
      if (batches.length === 0 || !(error instanceof CorruptDataError)) throw error;
    }
    return batches;
  }

  *#recordsOf(batches: readonly ReadBatch[]): Generator<ConsumedRecord<Key, Value>, void> {
    const { key = bytes, value = bytes } = this.#options;
    for (const { records } of batches) {
      if (records !== undefined) yield* records.consumed({ key, value }) as Iterable<ConsumedRecord<Key, Value>>;
    }
  }

  #event(): Fetched['event'] {
    const { topic, partition } = this.#options;
    const reply = this.#reply;
    switch (reply.diverged) {
      case 'historyLost': {
        const { wantedOffset, offset } = reply.historyLost;
        return { type: 'history-lost', topic, partition, wantedOffset, offset };
      }
      case 'truncated': {
        const { wantedOffset, offset } = reply.truncated;
        return { type: 'truncated', topic, partition, wantedOffset, offset };
      }
      case 'recreated':
        return { type: 'topic-recreated', topic, partition, topicId: this.#topicId, offset: reply.recreated.offset };
      default:
        return undefined;
    }
  }
}

interface ReadBatch {
  readonly end: { readonly offset: number; readonly leaderEpoch: number };
  readonly records: StoredRecords | undefined;
}
