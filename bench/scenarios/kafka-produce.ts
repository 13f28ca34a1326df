// P1, P2, P4: Kafka's own producer tool against our Kafka door and against Apache Kafka, acks=all, batches of 64 KiB.
//   node dist/bench/scenarios/kafka-produce.js --directory DIR --case "100 B" --cache DIR [--quick]
import { join } from 'node:path';
import { producedNumbers, workOf } from '../kafka/copies.js';
import { measureNats } from '../kafka/nats-laps.js';
import { writePayloads } from '../kafka/perf-tools.js';
import { cpuPerMillion, measureProduce, numbersOf, type ProduceSide, rate } from '../kafka/produce-laps.js';
import { rateRatioUnlessBound, synced, unsynced } from '../kafka/side.js';
import { guarantees, startMillrace } from '../node.js';
import { CacheFiller, emptyPageCache } from '../page-cache.js';
import { kafkaJars, startKafka } from '../peers/kafka.js';
import { isThere } from '../peers/outcome.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { medianOf, medianRatio } from '../statistics.js';

/** Of the disk, for a lap of one side. */
const lapSizeMax = 6 * 2 ** 30;
const quickFillSize = 1 << 30;
const quickWarmUpSize = 16 << 20;

interface Load {
  readonly scenario: 'kafka-produce' | 'kafka-produce-synced';
  readonly recordSize: number;
  readonly partitions: number;
  readonly memory: 'as it is' | 'empty' | 'full';
  readonly theirs: ProduceSide['configs'];
  readonly peer: string;
  /** What the row asks of the rate. */
  readonly rateEnough: number;
  /** About as many bytes as the slowest side takes in half a minute. */
  readonly warmUpSize: number;
}

const usual = {
  scenario: 'kafka-produce',
  partitions: 8,
  memory: 'as it is',
  theirs: {},
  peer: 'Apache Kafka: page cache, 1 of 1 replicas',
  rateEnough: 0.95,
  warmUpSize: 1 << 30,
} as const;
const bothSynced = {
  scenario: 'kafka-produce-synced',
  recordSize: 1024,
  memory: 'as it is',
  theirs: synced,
  peer: 'Apache Kafka with flush.messages=1 and NATS with sync_interval always: stable media, 1 of 1 replicas',
  rateEnough: 5,
  warmUpSize: 1 << 28,
} as const;

const loads = new Map<string, Load>([
  ['100 B', { ...usual, recordSize: 100 }],
  ['1 KiB, page cache empty', { ...usual, recordSize: 1024, memory: 'empty' }],
  ['1 KiB, page cache full', { ...usual, recordSize: 1024, memory: 'full' }],
  ['1 partition', { ...bothSynced, partitions: 1 }],
  ['8 partitions', { ...bothSynced, partitions: 8 }],
]);

/** What brings memory into its state; a sentence where that cannot be done. */
function preparing({ memory }: Load, run: ScenarioRun): { readonly prepare?: () => void; readonly lacks?: string } {
  if (memory === 'as it is') return {};
  if (memory === 'full') {
    const filler = new CacheFiller(run.directory);
    return { prepare: () => filler.fill(run.isQuick ? quickFillSize : undefined) };
  }
  const lacks = emptyPageCache();
  return lacks === undefined ? { prepare: () => void emptyPageCache() } : { lacks };
}

async function measure(run: ScenarioRun, load: Load): Promise<void> {
  const { scenario, recordSize, partitions, peer, rateEnough } = load;
  const jars = kafkaJars(run.cache);
  const memory = preparing(load, run);
  const lacks = isThere(jars) ? memory.lacks : jars.lacks;
  if (lacks !== undefined || !isThere(jars)) return printFigure(scenario, run.case, { lacks: lacks ?? '' });
  const node = await startMillrace(join(run.directory, 'data'));
  const kafka = await startKafka(run.cache, join(run.directory, 'kafka'));
  if (!isThere(kafka)) throw new Error(kafka.lacks);
  const broker = { pid: node.pid, address: node.kafka };
  const ours: ProduceSide = { name: 'ours', broker, configs: synced, laps: [] };
  const unsyncedSide: ProduceSide = { name: 'replicated', broker, configs: unsynced, laps: [] };
  const theirs: ProduceSide = { name: 'kafka', broker: kafka.value, configs: load.theirs, laps: [] };
  const sides = [ours, unsyncedSide, theirs];
  await measureProduce(sides, {
    jars: jars.value,
    directory: run.directory,
    payloads: writePayloads(run.directory, recordSize),
    partitions,
    ...(memory.prepare === undefined ? {} : { prepare: memory.prepare }),
    warmUpCount: Math.ceil((run.isQuick ? quickWarmUpSize : load.warmUpSize) / (recordSize + 100)),
    lapSeconds: run.isQuick ? 2 : 36,
    countMax: Math.floor(lapSizeMax / recordSize),
    laps: lapsOf(run),
  });
  printFigure(scenario, run.case, {
    ack: guarantees.fsync,
    peer,
    page_cache: load.memory,
    laps: ours.laps.length,
    ...Object.assign({}, ...sides.map(numbersOf)),
    rate_ratio: medianRatio(ours.laps, theirs.laps, rate),
    rate_ratio_unless_bound: rateRatioUnlessBound(ours.laps, theirs.laps, rate, rateEnough),
    cpu_ratio: medianRatio(ours.laps, theirs.laps, cpuPerMillion),
    process_cpu_ratio: medianRatio(ours.laps, theirs.laps, ({ processPerMillion }) => processPerMillion),
    rate_to_unsynced: medianRatio(ours.laps, unsyncedSide.laps, rate),
    replicated_rate_ratio: medianRatio(unsyncedSide.laps, theirs.laps, rate),
    replicated_cpu_ratio: medianRatio(unsyncedSide.laps, theirs.laps, cpuPerMillion),
    client_share_of_a_core: medianOf(ours.laps, ({ coreShare }) => coreShare),
    ...producedNumbers(await workOf(node)),
    ...(scenario === 'kafka-produce-synced' ? await measureNats(run, recordSize, lapsOf(run)) : {}),
  });
  await Promise.all([node.end(), kafka.value.end()]);
}

const run = scenarioRun();
const load = loads.get(run.case);
if (load === undefined) throw new Error(`no case "${run.case}": ${[...loads.keys()].join(', ')}`);
await measure(run, load);
