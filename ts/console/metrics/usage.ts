import { type Reading, rateBetween } from './rates.js';

/** A partition, as the node describes it. */
export interface PartitionUsage {
  readonly partition: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly size: number;
  readonly segments: number;
}

export interface UsageRow extends PartitionUsage {
  /** Records between log start and high watermark; where a log is compacted, there are fewer. */
  readonly records: number;
  /** Appended per second; undefined until it was seen twice. */
  readonly recordRate: number | undefined;
}

/** A topic at a time: what is needed to say how fast it grows. */
export interface Usage {
  readonly topicId: string;
  readonly atMs: number;
  readonly partitions: readonly UsageRow[];
  readonly records: number;
  readonly size: number;
  readonly recordRate: number | undefined;
  /** Grown per second; undefined also where retention has just made it smaller. */
  readonly sizeRate: number | undefined;
}

export function usageOf(before: Usage | undefined, topicId: string, partitions: readonly PartitionUsage[], atMs: number): Usage {
  // A topic that was created anew began anew.
  const known = before?.topicId === topicId ? before : undefined;
  const earlier = new Map(known?.partitions.map((row) => [row.partition, row]));
  const rows = partitions.map(({ partition, logStartOffset, highWatermark, size, segments }) => {
    const recordRate = rateBetween(readingOf(known, earlier.get(partition)?.highWatermark), { atMs, value: highWatermark });
    return { partition, logStartOffset, highWatermark, size, segments, records: highWatermark - logStartOffset, recordRate };
  });
  const size = sum(rows.map((row) => row.size));
  const isSmaller = known !== undefined && size < known.size;
  return {
    topicId,
    atMs,
    partitions: rows,
    records: sum(rows.map((row) => row.records)),
    size,
    recordRate: known === undefined ? undefined : sum(rows.map((row) => row.recordRate ?? 0)),
    sizeRate: isSmaller ? undefined : rateBetween(readingOf(known, known?.size), { atMs, value: size }),
  };
}

function readingOf(known: Usage | undefined, value: number | undefined): Reading | undefined {
  return known === undefined || value === undefined ? undefined : { atMs: known.atMs, value };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
