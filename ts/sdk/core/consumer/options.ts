import { invalidArgument } from '../errors.js';
import { bounded } from '../producer/options.js';
import { bytes, type Deserializer } from '../serde.js';
import type { ConsumerEvent } from './events.js';
import { type Position, vectorOf } from './positions.js';
import { type From, startAt } from './start.js';

export interface TopicSelection {
  readonly topic: string;
  /** All partitions, also those that the topic gets later, where absent. */
  readonly partitions?: readonly (number | { readonly partition: number; readonly from: From })[];
  /** For partitions without one of their own. */
  readonly from?: From;
}

export interface ConsumerOptions<Key, Value> {
  readonly topics: readonly (string | TopicSelection)[];
  /** For topics without one of their own. Default `end`: what comes from now on. */
  readonly from?: From;
  /** Of an earlier consumer: where it says nothing of a topic, `from` counts. */
  readonly token?: string;
  readonly key?: Deserializer<Key>;
  readonly value?: Deserializer<Value>;
  /** Bytes that may wait here to be read; then the server waits. Default 4 MiB. */
  readonly bufferSizeMax?: number;
  readonly onEvent?: (event: ConsumerEvent) => void;
  /** Ends reading, without an error. */
  readonly signal?: AbortSignal;
}

/** What one topic is read from. */
export interface Selection {
  readonly topic: string;
  /** Where each of them begins; undefined: all partitions. */
  readonly partitions: ReadonlyMap<number, From> | undefined;
  readonly from: From;
  /** Where a reader was before. */
  readonly positions: ReadonlyMap<number, Position>;
}

export interface ConsumerSettings {
  readonly key: Deserializer<unknown>;
  readonly value: Deserializer<unknown>;
  readonly bufferSizeMax: number;
  readonly onEvent: (event: ConsumerEvent) => void;
}

export function consumerSettings<Key, Value>(options: ConsumerOptions<Key, Value>): ConsumerSettings {
  return {
    key: options.key ?? bytes,
    value: options.value ?? bytes,
    bufferSizeMax: bounded('bufferSizeMax', options.bufferSizeMax ?? 4 * 1024 * 1024, 1, 2 ** 31),
    onEvent: options.onEvent ?? (() => undefined),
  };
}

export function selectionsOf(
  topics: readonly (string | TopicSelection)[],
  from: From = 'end',
  token?: string,
): readonly Selection[] {
  const vector = token === undefined ? undefined : vectorOf(token);
  if (topics.length === 0) throw invalidArgument('a consumer without topics');
  const names = new Set<string>();
  return topics.map((given) => {
    const asked = typeof given === 'string' ? { topic: given } : given;
    if (names.has(asked.topic)) throw invalidArgument(`topic ${asked.topic} is named twice`);
    names.add(asked.topic);
    const fallback = asked.from ?? from;
    startAt(fallback);
    const partitions = asked.partitions?.map((one) => {
      const row = typeof one === 'number' ? { partition: one, from: fallback } : one;
      startAt(row.from);
      return [row.partition, row.from] as const;
    });
    return {
      topic: asked.topic,
      partitions: partitions === undefined ? undefined : new Map(partitions),
      from: fallback,
      positions: vector?.get(asked.topic) ?? new Map<number, Position>(),
    };
  });
}
