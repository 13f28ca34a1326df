import type { AckedDurability, Acks } from '../../../wire/proto/enums.js';
import type { CompressionName } from '../../../wire/records/header.js';
import { invalidArgument } from '../errors.js';
import { type Bytes, plain, type Serializer } from '../serde.js';
import type { Partitioner } from './partitioner.js';

export interface ProducerOptions<Key = Bytes, Value = Bytes> {
  /**
   * How long a batch may wait for more records while earlier ones of its partition are on their way; with none under way it goes at
   * once. Default 5.
   */
  readonly lingerMs?: number;
  /** A batch is closed when it has this many bytes, uncompressed. A larger record has a batch for itself. Default 64 KiB. */
  readonly batchSizeMax?: number;
  /** Bytes that may wait for their acknowledgement; then `send` and `write` wait. Default 32 MiB. */
  readonly bufferSizeMax?: number;
  /** Default `all`. With `none` nothing is known of a record but that it left. */
  readonly acks?: Acks;
  /** No duplicates and no reordering, whatever is lost on the way. Default true, unless acks is `none`. */
  readonly isIdempotent?: boolean;
  readonly compression?: CompressionName;
  readonly partitioner?: Partitioner;
  readonly key?: Serializer<Key>;
  readonly value?: Serializer<Value>;
  /** From `send` to the acknowledgement, all retries included. Default 120 s. */
  readonly deliveryTimeoutMs?: number;
  /** Of one request; a server that takes longer is connected to anew. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Refuse, before anything is stored, where the topic promises less. */
  readonly durabilityMin?: Exclude<AckedDurability, 'none'>;
}

export interface ProducerSettings {
  readonly lingerMs: number;
  readonly batchSizeMax: number;
  readonly bufferSizeMax: number;
  readonly acks: Acks;
  readonly isIdempotent: boolean;
  readonly compression: CompressionName;
  readonly partitioner: Partitioner | undefined;
  readonly key: Serializer<unknown>;
  readonly value: Serializer<unknown>;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly durabilityMin: AckedDurability;
}

export function producerSettings<Key, Value>(options: ProducerOptions<Key, Value>): ProducerSettings {
  const acks = options.acks ?? 'all';
  if (acks === 'none' && options.isIdempotent === true)
    throw invalidArgument('isIdempotent needs acknowledgements: acks is none');
  return {
    lingerMs: bounded('lingerMs', options.lingerMs ?? 5, 0, 60_000),
    batchSizeMax: bounded('batchSizeMax', options.batchSizeMax ?? 64 * 1024, 256, 2 ** 30),
    bufferSizeMax: bounded('bufferSizeMax', options.bufferSizeMax ?? 32 * 1024 * 1024, 256, 2 ** 40),
    acks,
    isIdempotent: options.isIdempotent ?? acks !== 'none',
    compression: options.compression ?? 'none',
    partitioner: options.partitioner,
    key: (options.key ?? plain) as Serializer<unknown>,
    value: (options.value ?? plain) as Serializer<unknown>,
    deliveryTimeoutMs: bounded('deliveryTimeoutMs', options.deliveryTimeoutMs ?? 120_000, 1, timerMsMax),
    requestTimeoutMs: bounded('requestTimeoutMs', options.requestTimeoutMs ?? 30_000, 1, requestTimeoutMsMax),
    durabilityMin: options.durabilityMin ?? 'none',
  };
}

/** Timers of JavaScript run out at once beyond it. */
export const timerMsMax = 2 ** 31 - 1;
/** An answer is waited for twice as long as the server is given. */
export const requestTimeoutMsMax = 2 ** 30;

export function bounded(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw invalidArgument(`${name} is ${value}: it lies between ${least} and ${most}`);
}
