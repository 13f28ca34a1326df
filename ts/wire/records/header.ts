import { isOffset, type Offset } from '../../model/offset.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Crc32c } from './crc32c.js';
import { layout, magic } from './layout.js';

/** Why bytes are not a batch that can be read. Finer reasons are given where batches are accepted: in native code. */
export type BatchProblem = 'too-short' | 'unsupported-magic' | 'invalid-length' | 'impossible-offsets' | 'impossible-timestamps';

export const noTimestamp = -1;
export const noProducerId = -1n;

/** Bits of the attributes besides the compression. */
export const attributeBits = { logAppendTime: 1 << 3, transactional: 1 << 4, control: 1 << 5, deleteHorizon: 1 << 6 } as const;

const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CompressionName = (typeof compressions)[number];

const half = 2 ** 32;

/**
 * The header of one batch, read where it lies, field by field when asked. Valid as long as the bytes under it; over ring
 * memory, as long as the lease.
 */
export class BatchHeader {
  readonly #view: DataView;

  private constructor(view: DataView) {
    this.#view = view;
  }

  /** Reads the header at the start of the bytes; the rest of the batch need not be there. */
  static parse(bytes: Uint8Array): Result<BatchHeader, BatchProblem> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length > layout.magic && view.getInt8(layout.magic) !== magic) return failed('unsupported-magic');
    if (bytes.length < layout.headerSize) return failed('too-short');
    const header = new BatchHeader(view);
    if (header.size < layout.headerSize) return failed('invalid-length');
    const lastOffset = header.#int64(layout.baseOffset) + header.lastOffsetDelta;
    const offsetsExist = isOffset(header.#int64(layout.baseOffset)) && isOffset(lastOffset) && header.lastOffsetDelta >= 0;
    if (!offsetsExist || header.recordsCount < 0) return failed('impossible-offsets');
    const timestampsExist = Number.isSafeInteger(header.firstTimestamp) && Number.isSafeInteger(header.maxTimestamp);
    return timestampsExist ? ok(header) : failed('impossible-timestamps');
  }

  // Beyond 2^53 the sum is rounded, and never back into the safe integers: whoever reads asks for those.
  #int64(at: number): number {
    return this.#view.getInt32(at) * half + this.#view.getUint32(at + 4);
  }

  get baseOffset(): Offset {
    return this.#int64(layout.baseOffset) as Offset;
  }

  get lastOffset(): Offset {
    return (this.baseOffset + this.lastOffsetDelta) as Offset;
  }

  /** Of the whole batch in bytes. */
  get size(): number {
    return this.#view.getInt32(layout.length) + layout.prefixSize;
  }

  get leaderEpoch(): number {
    return this.#view.getInt32(layout.leaderEpoch);
  }

  get crc(): number {
    return this.#view.getUint32(layout.crc);
  }

  get attributes(): number {
    return this.#view.getInt16(layout.attributes);
  }

  get lastOffsetDelta(): number {
    return this.#view.getInt32(layout.lastOffsetDelta);
  }

  get firstTimestamp(): number {
    return this.#int64(layout.firstTimestamp);
  }

  get maxTimestamp(): number {
    return this.#int64(layout.maxTimestamp);
  }

  get producerId(): bigint {
    return this.#view.getBigInt64(layout.producerId);
  }

  get producerEpoch(): number {
    return this.#view.getInt16(layout.producerEpoch);
  }

  get baseSequence(): number {
    return this.#view.getInt32(layout.baseSequence);
  }

  get recordsCount(): number {
    return this.#view.getInt32(layout.recordsCount);
  }

  /** Undefined for the three numbers that no version defines. */
  get compression(): CompressionName | undefined {
    return compressions[this.attributes & 7];
  }

  get isLogAppendTime(): boolean {
    return (this.attributes & attributeBits.logAppendTime) !== 0;
  }

  get isTransactional(): boolean {
    return (this.attributes & attributeBits.transactional) !== 0;
  }

  get isControl(): boolean {
    return (this.attributes & attributeBits.control) !== 0;
  }

  get hasProducer(): boolean {
    return this.#view.getInt32(layout.producerId) >= 0;
  }
}

/** Of bytes that may be no batch; undefined for none that any version defines. */
export function compressionOf(batch: Uint8Array): CompressionName | undefined {
  return compressions[(batch[layout.attributes + 1] ?? 7) & 7];
}

/** The part of a whole batch that its compression covers. */
export function recordsOf(batch: Uint8Array, header: BatchHeader): Uint8Array {
  return batch.subarray(layout.headerSize, header.size);
}

/** Whether the bytes from the attributes to the end are those that the producer summed. False for a cut batch. */
export function hasRightCrc(batch: Uint8Array, header: BatchHeader, crc32c: Crc32c): boolean {
  return batch.length >= header.size && crc32c(batch.subarray(layout.attributes, header.size)) === header.crc;
}
