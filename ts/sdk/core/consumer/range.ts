import { UnknownTopicError } from '../errors.js';
import type { ConsumedRecord } from './batch.js';
import type { ConsumerEvent } from './events.js';
import type { Fetched, FetchOptions } from './fetch.js';
import type { Position } from './positions.js';
import type { From } from './start.js';

export interface RangeOptions<Key = Uint8Array | null, Value = Uint8Array | null>
  extends Omit<FetchOptions<Key, Value>, 'at' | 'sizeMin' | 'waitMs'> {
  /** Default `beginning`. */
  readonly from?: From | Position;
  /** The first offset that is not read. Absent: where the log ends when reading begins. */
  readonly until?: number;
  /** Records of the range that are gone, or a log that was cut meanwhile. */
  readonly onEvent?: (event: ConsumerEvent) => void;
  /** Ends reading, without an error. */
  readonly signal?: AbortSignal;
}

/** What a range is read with. */
export interface RangePorts<Key, Value> {
  fetch(options: FetchOptions<Key, Value>): Promise<Fetched<Key, Value>>;
  /** Where this lies. */
  offsetOf(from: From): Promise<number>;
}

/** The records of one range of one partition: fetched one answer after the other, and over at its end. */
export async function* readRange<Key, Value>(
  options: RangeOptions<Key, Value>,
  ports: RangePorts<Key, Value>,
): AsyncGenerator<ConsumedRecord<Key, Value>, void> {
  const { from = 'beginning', until, onEvent, signal, ...rest } = options;
  let at: number | Position = await startOf(from, ports);
  let limit = until;
  const isAborted = () => signal?.aborted === true;
  while (!isAborted() && (limit === undefined || offsetOf(at) < limit)) {
    const { records, next, highWatermark, event } = await ports.fetch({ ...rest, at });
    limit ??= highWatermark;
    if (event?.type === 'topic-recreated') {
      const message = `topic ${event.topic} was created anew while it was read`;
      throw new UnknownTopicError('stale-topic-id', message, false, 'its offsets mean something else now: begin again');
    }
    if (event !== undefined) onEvent?.(event);
    for (const record of records) {
      if (record.offset >= limit || isAborted()) return;
      yield record;
    }
    // At the end of the log, below what was asked for: it is not waited for.
    if (event === undefined && next.offset <= offsetOf(at)) return;
    at = next;
  }
}

async function startOf<Key, Value>(from: From | Position, ports: RangePorts<Key, Value>): Promise<number | Position> {
  if (typeof from !== 'object') return ports.offsetOf(from);
  if ('topicId' in from) return from;
  return 'offset' in from ? from.offset : ports.offsetOf(from);
}

const offsetOf = (at: number | Position) => (typeof at === 'number' ? at : at.offset);
