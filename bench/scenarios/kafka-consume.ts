// P3: Kafka's own consumer tool reads what its producer tool wrote, from our Kafka door and from Apache Kafka.
//   node dist/bench/scenarios/kafka-consume.js --directory DIR --case "100 B" --cache DIR [--quick]
import { join } from 'node:path';
import { fetchedNumbers, workOf } from '../kafka/copies.js';
import { type PerfConsumed, perfConsume, perfProduce, writePayloads } from '../kafka/perf-tools.js';
import { rateRatioUnlessBound, type Side, spentBy, unsynced } from '../kafka/side.js';
import { createTopic } from '../kafka/topics.js';
import { startMillrace } from '../node.js';
import { kafkaJars, startKafka } from '../peers/kafka.js';
import { isThere } from '../peers/outcome.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';

interface ConsumeLap extends PerfConsumed {
  /** Of the broker: its process, and the kernel's storage threads besides. */
  readonly processPerGigabyte: number;
  readonly kernelPerGigabyte: number;
}

type ConsumeSide = Side<ConsumeLap>;

const topic = 'consumed';

interface Written {
  readonly recordSize: number;
  readonly partitions: number;
}

const cases = new Map<string, Written>([
  ['100 B', { recordSize: 100, partitions: 8 }],
  ['1 KiB', { recordSize: 1024, partitions: 8 }],
  // More than fit into one answer, with what a consumer takes of each by its default.
  ['1 KiB of 32 partitions', { recordSize: 1024, partitions: 32 }],
]);
const writtenSize = 3 * 2 ** 30;
/** What the row asks of the rate. */
const rateEnough = 0.95;
const quickWrittenSize = 96 << 20;

async function lap(run: ScenarioRun, jars: string, { broker }: ConsumeSide, count: number, size: number): Promise<ConsumeLap> {
  const { result, processSeconds, kernelSeconds } = await spentBy(broker, run.directory, () =>
    perfConsume(jars, broker.address, topic, count),
  );
  const gigabytes = (count * size) / 1e9;
  return { ...result, processPerGigabyte: processSeconds / gigabytes, kernelPerGigabyte: kernelSeconds / gigabytes };
}

const rate = ({ megabytesPerSecond }: ConsumeLap) => megabytesPerSecond;
const processCpu = ({ processPerGigabyte }: ConsumeLap) => processPerGigabyte;
const cpu = (lap: ConsumeLap) => lap.processPerGigabyte + lap.kernelPerGigabyte;

function numbersOf({ name, laps }: ConsumeSide): Readonly<Record<string, number>> {
  return {
    [`${name}_mb_per_s`]: medianOf(laps, rate),
    [`${name}_cpu_per_gb`]: medianOf(laps, cpu),
    [`${name}_process_per_gb`]: medianOf(laps, processCpu),
    [`${name}_client_share_of_a_core`]: medianOf(laps, ({ coreShare }) => coreShare),
    [`${name}_busiest_client_thread`]: medianOf(laps, ({ busiestThreadShare }) => busiestThreadShare),
  };
}

async function measure(run: ScenarioRun, { recordSize, partitions }: Written): Promise<void> {
  const jars = kafkaJars(run.cache);
  if (!isThere(jars)) return printFigure('kafka-consume', run.case, { lacks: jars.lacks });
  // A group's first member is waited with by neither.
  const node = await startMillrace(join(run.directory, 'data'), '--group-initial-rebalance-delay-ms', '0');
  const kafka = await startKafka(run.cache, join(run.directory, 'kafka'));
  if (!isThere(kafka)) throw new Error(kafka.lacks);
  const ours: ConsumeSide = { name: 'ours', broker: { pid: node.pid, address: node.kafka }, configs: unsynced, laps: [] };
  const theirs: ConsumeSide = { name: 'kafka', broker: kafka.value, configs: {}, laps: [] };
  const payloads = writePayloads(run.directory, recordSize);
  const count = Math.floor((run.isQuick ? quickWrittenSize : writtenSize) / recordSize);
  for (const { broker, configs } of [ours, theirs]) {
    await createTopic(broker.address, { name: topic, partitions, configs });
    await perfProduce(jars.value, { address: broker.address, topic, count, payloads });
  }
  const before = await workOf(node);
  // The first of each finds what was just written, and both sides compile for about half a minute.
  const warmUps = run.isQuick ? 0 : 4;
  await takeTurns([ours, theirs], lapsOf(run) + warmUps, async (side) => {
    side.laps.push(await lap(run, jars.value, side, count, recordSize));
  });
  const after = await workOf(node);
  for (const { laps } of [ours, theirs]) laps.splice(0, warmUps);
  printFigure('kafka-consume', run.case, {
    peer: 'Apache Kafka',
    laps: ours.laps.length,
    ...numbersOf(ours),
    ...numbersOf(theirs),
    rate_ratio: medianRatio(ours.laps, theirs.laps, rate),
    rate_ratio_unless_bound: rateRatioUnlessBound(ours.laps, theirs.laps, rate, rateEnough),
    cpu_ratio: medianRatio(ours.laps, theirs.laps, cpu),
    process_cpu_ratio: medianRatio(ours.laps, theirs.laps, processCpu),
    ...fetchedNumbers(before, after),
  });
  await Promise.all([node.end(), kafka.value.end()]);
}

const run = scenarioRun();
const written = cases.get(run.case);
if (written === undefined) throw new Error(`no case "${run.case}": ${[...cases.keys()].join(', ')}`);
await measure(run, written);
