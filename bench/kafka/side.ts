import { execFileSync } from 'node:child_process';
import { cpuSecondsOf, kernelMeter } from '../processes.js';
import { medianOf, medianRatio } from '../statistics.js';
import type { ToolRun } from './java.js';

/** What speaks Kafka's protocol, ours or theirs. */
export interface Broker {
  readonly pid: number;
  readonly address: string;
}

/** A way to store: a broker with topics of certain configs. */
export interface Side<Lap> {
  /** In the names of its figures. */
  readonly name: string;
  readonly broker: Broker;
  readonly configs: Readonly<Record<string, string>>;
  readonly laps: Lap[];
}

/** Synced before it is acknowledged; both brokers know it by this name. */
export const synced = { 'flush.messages': '1' } as const;
/** Written to the page cache before it is acknowledged: what Kafka does by default. */
export const unsynced = { durability: 'replicated' } as const;

/**
 * What a broker used while something ran, the kernel's storage threads included, until all that it wrote is on the disk: writeback that
 * comes late is its cost too, and in nobody else's way.
 */
export async function spentBy<Result>(broker: Broker, directory: string, work: () => Promise<Result>) {
  settle(directory);
  const [process, kernel] = [cpuSecondsOf(broker.pid), kernelMeter()];
  const result = await work();
  settle(directory);
  return { result, processSeconds: cpuSecondsOf(broker.pid) - process, kernelSeconds: kernel() };
}

/** Writes what lies in the page cache, whoever left it there. */
function settle(directory: string): void {
  execFileSync('sync', ['--file-system', directory]);
}

/** A thread of the client that does nothing but work: more it cannot do. */
const boundShare = 0.9;

/** Of their rates; where our client could not have done more, it is enough. */
export function rateRatioUnlessBound<Lap extends Pick<ToolRun, 'busiestThreadShare'>>(
  ours: readonly Lap[],
  theirs: readonly Lap[],
  rate: (lap: Lap) => number,
  enough: number,
): number {
  const ratio = medianRatio(ours, theirs, rate);
  return medianOf(ours, ({ busiestThreadShare }) => busiestThreadShare) >= boundShare ? Math.max(ratio, enough) : ratio;
}
