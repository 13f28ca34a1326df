import { dirname } from 'node:path';
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

export function dumpRow(batch: InspectedBatch, names: ReadonlyMap<string, string>): DumpRow {
  const { topic, partition, base, last, leaderEpoch, crc, segment, position } = batch;
  const file = `topics/${topic}-${partition}/${String(segment).padStart(20, '0')}.log`;
  return { topic: names.get(topic) ?? topic, partition, base, last, epoch: leaderEpoch, crc, segment, position, file };
}

/** The data directory that a segment file lies in: DATA/topics/PARTITION/SEGMENT. */
export function dataDirectoryOf(segmentFile: string): string {
  return dirname(dirname(dirname(segmentFile)));
}
