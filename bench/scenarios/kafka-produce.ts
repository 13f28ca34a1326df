// P1, P2: Kafka's own producer tool against our Kafka door and against Apache Kafka, 8 partitions, acks=all, batches of 64 KiB.
//   node dist/bench/scenarios/kafka-produce.js --directory DIR --case "100 B" --cache DIR [--quick]
import { join } from 'node:path';
import { producedNumbers, workOf } from '../kafka/copies.js';
import { writePayloads } from '../kafka/perf-tools.js';
import { cpuPerMillion, measureProduce, numbersOf, type ProduceSide, rate } from '../kafka/produce-laps.js';
import { rateRatioUnlessBound, synced, unsynced } from '../kafka/side.js';
import { guarantees, startMillrace } from '../node.js';
import { CacheFiller, emptyPageCache } from '../page-cache.js';
import { kafkaJars, startKafka } from '../peers/kafka.js';
import { isThere } from '../peers/outcome.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { medianOf, medianRatio } from '../statistics.js';

const partitions = 8;
/** Of the disk, for a lap of one side. */
const lapSizeMax = 6 * 2 ** 30;
const quickFillSize = 1 << 30;

interface Load {
  readonly recordSize: number;
  readonly memory: 'as it is' | 'empty' | 'full';
}

const loads = new Map<string, Load>([
  ['100 B', { recordSize: 100, memory: 'as it is' }],
  ['1 KiB, page cache empty', { recordSize: 1024, memory: 'empty' }],
  ['1 KiB, page cache full', { recordSize: 1024, memory: 'full' }],
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
  const jars = kafkaJars(run.cache);
  const memory = preparing(load, run);
  const lacks = isThere(jars) ? memory.lacks : jars.lacks;
  if (lacks !== undefined || !isThere(jars)) return printFigure('kafka-produce', run.case, { lacks: lacks ?? '' });
  const node = await startMillrace(join(run.directory, 'data'));
  const kafka = await startKafka(run.cache, join(run.directory, 'kafka'));
  if (!isThere(kafka)) throw new Error(kafka.lacks);
  const broker = { pid: node.pid, address: node.kafka };
  const ours: ProduceSide = { name: 'ours', broker, configs: synced, laps: [] };
  const unsyncedSide: ProduceSide = { name: 'replicated', broker, configs: unsynced, laps: [] };
  const theirs: ProduceSide = { name: 'kafka', broker: kafka.value, configs: {}, laps: [] };
  const sides = [ours, unsyncedSide, theirs];
  await measureProduce(sides, {
    jars: jars.value,
    directory: run.directory,
    payloads: writePayloads(run.directory, load.recordSize),
    partitions,
    ...(memory.prepare === undefined ? {} : { prepare: memory.prepare }),
    warmUpCount: Math.ceil((run.isQuick ? 40 << 20 : 1 << 30) / (load.recordSize + 100)),
    lapSeconds: run.isQuick ? 3 : 36,
    countMax: Math.floor(lapSizeMax / load.recordSize),
    laps: lapsOf(run),
  });
  printFigure('kafka-produce', run.case, {
    ack: guarantees.fsync,
    peer: 'Apache Kafka: page cache, 1 of 1 replicas',
    page_cache: load.memory,
    laps: ours.laps.length,
    ...Object.assign({}, ...sides.map(numbersOf)),
    rate_ratio: medianRatio(ours.laps, theirs.laps, rate),
    rate_ratio_unless_bound: rateRatioUnlessBound(ours.laps, theirs.laps, rate),
    cpu_ratio: medianRatio(ours.laps, theirs.laps, cpuPerMillion),
    process_cpu_ratio: medianRatio(ours.laps, theirs.laps, ({ processPerMillion }) => processPerMillion),
    replicated_rate_ratio: medianRatio(unsyncedSide.laps, theirs.laps, rate),
    replicated_cpu_ratio: medianRatio(unsyncedSide.laps, theirs.laps, cpuPerMillion),
    client_share_of_a_core: medianOf(ours.laps, ({ coreShare }) => coreShare),
    ...producedNumbers(await workOf(node)),
  });
  await Promise.all([node.end(), kafka.value.end()]);
}

const run = scenarioRun();
const load = loads.get(run.case);
if (load === undefined) throw new Error(`no case "${run.case}": ${[...loads.keys()].join(', ')}`);
await measure(run, load);
