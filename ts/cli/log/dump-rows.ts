import type { InspectedBatch } from '../../native/inspection.js';

/** A batch as `log dump` prints it. */
export interface DumpRow {
  readonly topic: string;
  readonly partition: number;
  readonly base: number;
  readonly last: number;
  readonly epoch: number;
  readonly crc: number;
  /** The base offset that names its segment. */
  readonly segment: number;
  readonly position: number;
  /** Of the segment, from the data directory on. */
  readonly file: string;
}

export function dumpRow(batch: InspectedBatch): DumpRow {
  const { topic, topicId, partition, base, last, leaderEpoch, crc, segment, position } = batch;
  const file = `topics/${topicId}-${partition}/${String(segment).padStart(20, '0')}.log`;
  return { topic, partition, base, last, epoch: leaderEpoch, crc, segment, position, file };
}
