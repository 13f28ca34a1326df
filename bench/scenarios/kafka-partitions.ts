// P6: records spread over thousands of partitions by Kafka's own producer tool, and what it takes to create and to keep those.
//   node dist/bench/scenarios/kafka-partitions.js --directory DIR --case 2000 --cache DIR [--quick]
import { join } from 'node:path';
import { perfProduce, writePayloads } from '../kafka/perf-tools.js';
import {
  cpuPerMillion,
  measureProduce,
  numbersOf,
  type ProduceLoad,
  type ProduceSide,
  rate,
  spread,
} from '../kafka/produce-laps.js';
import { synced } from '../kafka/side.js';
import { type Creation, createTopic, deleteTopic, recordCounts } from '../kafka/topics.js';
import { guarantees, startMillrace } from '../node.js';
import { kafkaJars, startKafka } from '../peers/kafka.js';
import { isThere } from '../peers/outcome.js';
import { residentKibOf } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun, sleep } from '../scenario.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';

const recordSize = 100;
/** What a broker does behind its answer: files removed, memory given back. */
const quietMs = 2000;
/** Kafka syncs a file for each partition that it creates. */
const quickPart = 10;

function loadOf(run: ScenarioRun, jars: string, partitions: number): ProduceLoad {
  return {
    jars,
    directory: run.directory,
    payloads: writePayloads(run.directory, recordSize),
    partitions,
    properties: spread,
    warmUpCount: run.isQuick ? 5000 : 200_000,
    lapSeconds: run.isQuick ? 2 : 32,
    countMax: 50e6,
    laps: lapsOf(run),
  };
}

async function creationLap({ broker, configs, name }: ProduceSide, partitions: number, lap: number): Promise<Creation> {
  const topic = `created-${name}-${lap}`;
  const creation = await createTopic(broker.address, { name: topic, partitions, configs });
  await deleteTopic(broker.address, topic);
  await sleep(quietMs);
  return creation;
}

async function measureCreations(run: ScenarioRun, sides: readonly ProduceSide[], partitions: number) {
  const creations = new Map<ProduceSide, Creation[]>(sides.map((side) => [side, []]));
  const warmUps = run.isQuick ? 0 : 1;
  await takeTurns(sides, lapsOf(run) + warmUps, async (side) => {
    const laps = creations.get(side) ?? [];
    laps.push(await creationLap(side, partitions, laps.length));
  });
  return sides.map((side) => (creations.get(side) ?? []).slice(warmUps));
}

/** Ours beside Kafka. */
async function measureBoth(run: ScenarioRun, jars: string, partitions: number): Promise<void> {
  const node = await startMillrace(join(run.directory, 'data'));
  const kafka = await startKafka(run.cache, join(run.directory, 'kafka'));
  if (!isThere(kafka)) throw new Error(kafka.lacks);
  const ours: ProduceSide = { name: 'ours', broker: { pid: node.pid, address: node.kafka }, configs: synced, laps: [] };
  const theirs: ProduceSide = { name: 'kafka', broker: kafka.value, configs: {}, laps: [] };
  const [ourCreations = [], theirCreations = []] = await measureCreations(run, [ours, theirs], partitions);
  await measureProduce([ours, theirs], loadOf(run, jars, partitions));
  const served = ({ servedMs }: Creation) => servedMs;
  const answered = ({ answeredMs }: Creation) => answeredMs;
  printFigure('kafka-partitions', run.case, {
    ack: guarantees.fsync,
    peer: 'Apache Kafka: page cache, 1 of 1 replicas',
    laps: ours.laps.length,
    partitions,
    ...numbersOf(ours),
    ...numbersOf(theirs),
    rate_ratio: medianRatio(ours.laps, theirs.laps, rate),
    cpu_ratio: medianRatio(ours.laps, theirs.laps, cpuPerMillion),
    ours_created_ms: medianOf(ourCreations, served),
    kafka_created_ms: medianOf(theirCreations, served),
    ours_create_answered_ms: medianOf(ourCreations, answered),
    kafka_create_answered_ms: medianOf(theirCreations, answered),
    creation_ratio: medianRatio(ourCreations, theirCreations, served),
  });
  await Promise.all([node.end(), kafka.value.end()]);
}

/** Ours alone: that so many work, and what memory each takes. */
async function measureMany(run: ScenarioRun, jars: string, partitions: number): Promise<void> {
  const node = await startMillrace(join(run.directory, 'data'));
  const { payloads } = loadOf(run, jars, partitions);
  const count = partitions * 10;
  const produce = (topic: string) => perfProduce(jars, { address: node.kafka, topic, count, payloads, properties: spread });
  // Rings and heaps are touched by work, not by partitions.
  await createTopic(node.kafka, { name: 'few', partitions: 8, configs: synced });
  await produce('few');
  await sleep(quietMs);
  const before = residentKibOf(node.pid);
  const { servedMs } = await createTopic(node.kafka, { name: 'many', partitions, configs: synced });
  await sleep(quietMs);
  const created = residentKibOf(node.pid);
  const { recordsPerSecond, p99Ms } = await produce('many');
  await sleep(quietMs);
  const used = residentKibOf(node.pid);
  const counts = await recordCounts(node.kafka, 'many', partitions);
  printFigure('kafka-many-partitions', run.case, {
    ack: guarantees.fsync,
    partitions,
    ours_krecords_per_s: recordsPerSecond / 1000,
    ours_p99_ms: p99Ms,
    created_ms: servedMs,
    kib_each: (created - before) / partitions,
    used_kib_each: (used - before) / partitions,
    resident_mib: used / 1024,
    records_missing: count - counts.reduce((sum, one) => sum + one, 0),
    partitions_used: counts.filter((one) => one > 0).length,
  });
  await node.end();
}

const run = scenarioRun();
const whole = Number(run.case);
if (whole !== 2000 && whole !== 10_000) throw new Error(`no case "${run.case}": 2000, 10000`);
const partitions = run.isQuick ? whole / quickPart : whole;
const jars = kafkaJars(run.cache);
if (!isThere(jars)) {
  printFigure(whole === 2000 ? 'kafka-partitions' : 'kafka-many-partitions', run.case, { lacks: jars.lacks });
} else if (whole === 2000) await measureBoth(run, jars.value, partitions);
else await measureMany(run, jars.value, partitions);
