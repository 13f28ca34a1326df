import { sleep } from '../scenario.js';
import { medianOf, takeTurns } from '../statistics.js';
import { perfProduce } from './perf-tools.js';
import { type Side, spentBy } from './side.js';
import { createTopic, deleteTopic, recordCounts } from './topics.js';

/** One run of the producer tool into a topic of its own. */
export interface ProduceLap {
  readonly recordsPerSecond: number;
  readonly p99Ms: number;
  /** Of the broker for a million records: its process, and the kernel's storage threads besides. */
  readonly processPerMillion: number;
  readonly kernelPerMillion: number;
  /** Of the client, all of it and the thread that works most. */
  readonly coreShare: number;
  readonly busiestThreadShare: number;
}

export interface ProduceLoad {
  readonly jars: string;
  /** On the disk that is measured. */
  readonly directory: string;
  readonly payloads: string;
  readonly partitions: number;
  readonly properties?: Readonly<Record<string, string>>;
  /** The first run of each side, in which virtual machines compile; from its rate follows how many records a lap of so long takes. */
  readonly warmUpCount: number;
  readonly lapSeconds: number;
  readonly countMax: number;
  readonly laps: number;
  /** Right before a lap: the state of memory that it is to find. */
  prepare?(): void;
}

export type ProduceSide = Side<ProduceLap>;

/**
 * Over many partitions, one record to each in turn. Batches are allocated whole: with more than the client's default of 16 KiB, two
 * thousand would not fit into its memory.
 */
export const spread = {
  'partitioner.class': 'org.apache.kafka.clients.producer.RoundRobinPartitioner',
  'batch.size': String(16 << 10),
} as const;

const settleMs = 1000;

/** Sides take turns; what was acknowledged has to be there. */
export async function measureProduce(sides: readonly ProduceSide[], load: ProduceLoad): Promise<void> {
  const counts = new Map<ProduceSide, number>();
  for (const side of sides) {
    const { recordsPerSecond } = await produceLap(side, load, load.warmUpCount);
    counts.set(side, Math.min(Math.ceil(recordsPerSecond * load.lapSeconds), load.countMax));
  }
  await takeTurns(sides, load.laps, async (side) => {
    side.laps.push(await produceLap(side, load, counts.get(side) ?? 0));
  });
}

async function produceLap(side: ProduceSide, load: ProduceLoad, count: number): Promise<ProduceLap> {
  const { jars, directory, payloads, partitions, properties = {} } = load;
  const { address } = side.broker;
  const topic = `produced-${side.name}-${side.laps.length}-${count}`;
  await createTopic(address, { name: topic, partitions, configs: side.configs });
  load.prepare?.();
  const { result, processSeconds, kernelSeconds } = await spentBy(side.broker, directory, () =>
    perfProduce(jars, { address, topic, count, payloads, properties }),
  );
  const stored = (await recordCounts(address, topic, partitions)).reduce((sum, one) => sum + one, 0);
  if (stored !== count) throw new Error(`${side.name} acknowledged ${count} records and has ${stored}`);
  await deleteTopic(address, topic);
  // Files go after the answer.
  await sleep(settleMs);
  const { recordsPerSecond, p99Ms, coreShare, busiestThreadShare } = result;
  const perMillion = 1e6 / count;
  return {
    recordsPerSecond,
    p99Ms,
    coreShare,
    busiestThreadShare,
    processPerMillion: processSeconds * perMillion,
    kernelPerMillion: kernelSeconds * perMillion,
  };
}

export const cpuPerMillion = ({ processPerMillion, kernelPerMillion }: ProduceLap) => processPerMillion + kernelPerMillion;
export const rate = ({ recordsPerSecond }: ProduceLap) => recordsPerSecond;

export function numbersOf({ name, laps }: ProduceSide): Readonly<Record<string, number>> {
  return {
    [`${name}_records_per_s`]: medianOf(laps, rate),
    [`${name}_krecords_per_s`]: medianOf(laps, rate) / 1000,
    [`${name}_cpu_per_million`]: medianOf(laps, cpuPerMillion),
    [`${name}_process_per_million`]: medianOf(laps, ({ processPerMillion }) => processPerMillion),
    [`${name}_kernel_per_million`]: medianOf(laps, ({ kernelPerMillion }) => kernelPerMillion),
    [`${name}_p99_ms`]: medianOf(laps, ({ p99Ms }) => p99Ms),
    [`${name}_client_share_of_a_core`]: medianOf(laps, ({ coreShare }) => coreShare),
    [`${name}_busiest_client_thread`]: medianOf(laps, ({ busiestThreadShare }) => busiestThreadShare),
  };
}
