// P9: from the time at which a record was due to its arrival at a consumer, by Kafka's protocol, 100 bytes, in an open loop.
//   node dist/bench/scenarios/kafka-end-to-end.js --directory DIR --case "1000 replicated" --native PROGRAM --cache DIR [--quick]
import { join } from 'node:path';
import { type Broker, type Side, synced, unsynced } from '../kafka/side.js';
import { createTopic } from '../kafka/topics.js';
import { type Lap, Load } from '../load.js';
import { guarantees, startMillrace } from '../node.js';
import { startKafka } from '../peers/kafka.js';
import { isThere } from '../peers/outcome.js';
import { cpuSecondsOf } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { startSpinners } from '../spinners.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';

interface MeasuredLap extends Lap {
  readonly cpuSeconds: number;
  readonly clientShare: number;
}

interface LoadedSide extends Side<MeasuredLap> {
  readonly load: Load;
}

const topic = 'latency';
const recordSize = 100;
const warmUps = 3;
const settings = {
  replicated: {
    scenario: 'kafka-end-to-end',
    ours: unsynced,
    theirs: {},
    peer: 'Apache Kafka: page cache, 1 of 1 replicas',
  },
  fsync: {
    scenario: 'kafka-end-to-end-synced',
    ours: synced,
    theirs: synced,
    peer: 'Apache Kafka with flush.messages=1: stable media, 1 of 1 replicas',
  },
} as const;

async function sideOf(
  run: ScenarioRun,
  name: string,
  broker: Broker,
  configs: Side<MeasuredLap>['configs'],
): Promise<LoadedSide> {
  await createTopic(broker.address, { name: topic, partitions: 1, configs });
  const port = broker.address.split(':')[1] ?? '';
  const load = await Load.start(run.native, ['kafka-clients', port, topic, String(recordSize)]);
  return { name, broker, configs, laps: [], load };
}

async function measure(run: ScenarioRun, sides: readonly LoadedSide[], rate: number): Promise<void> {
  for (const { laps } of sides) laps.splice(0);
  await takeTurns(sides, lapsOf(run, 5), async ({ load, laps, broker }) => {
    const [server, client] = [cpuSecondsOf(broker.pid), cpuSecondsOf(load.pid)];
    // Neighbours have the same arrivals.
    const lap = await load.deliver(rate, run.isQuick ? 2 : 6, laps.length + 2);
    const clientShare = (cpuSecondsOf(load.pid) - client) / lap.wall_s;
    laps.push({ ...lap, clientShare, cpuSeconds: cpuSecondsOf(broker.pid) - server });
  });
}

function numbersOf({ name, laps }: LoadedSide): Readonly<Record<string, number>> {
  return {
    [`${name}_p50_ms`]: medianOf(laps, p50),
    [`${name}_p99_ms`]: medianOf(laps, p99),
    [`${name}_max_ms`]: Math.max(...laps.map(({ max_ms }) => max_ms)),
    [`${name}_cpu_ms_per_thousand`]: medianOf(laps, cpuPerThousand),
    [`${name}_client_share_of_a_core`]: medianOf(laps, ({ clientShare }) => clientShare),
    [`${name}_behind_ms`]: Math.max(...laps.map(({ behind_ms }) => behind_ms)),
    [`${name}_missing`]: laps.reduce((sum, { expected, delivered }) => sum + expected - delivered, 0),
  };
}

const p50 = ({ p50_ms }: MeasuredLap) => p50_ms;
const p99 = ({ p99_ms }: MeasuredLap) => p99_ms;
const cpuPerThousand = ({ cpuSeconds, delivered }: MeasuredLap) => (cpuSeconds / delivered) * 1e6;

async function measureAll(run: ScenarioRun, rate: number, durability: keyof typeof settings): Promise<void> {
  const { scenario, peer, ...configs } = settings[durability];
  // An open loop does not wait when a stall lets requests pile up.
  const node = await startMillrace(join(run.directory, 'data'), '--requests-max', '65536');
  const ours = await sideOf(run, 'ours', { pid: node.pid, address: node.kafka }, configs.ours);
  const kafka = await startKafka(run.cache, join(run.directory, 'kafka'));
  const theirs = isThere(kafka) ? await sideOf(run, 'kafka', kafka.value, configs.theirs) : undefined;
  const sides = theirs === undefined ? [ours] : [ours, theirs];
  // Java compiles for as long as this takes; so does JavaScript.
  for (const { load } of sides) {
    for (let lap = 0; lap < warmUps; lap++) await load.deliver(rate, run.isQuick ? 1 : 5, 1);
  }
  for (const spinners of durability === 'fsync' ? run.spinners : (['none'] as const)) {
    const stop = startSpinners(run.native, spinners);
    await measure(run, sides, rate);
    await stop();
    printFigure(scenario, run.case, {
      spinners,
      ack: guarantees[durability],
      peer,
      laps: ours.laps.length,
      ...Object.assign({}, ...sides.map(numbersOf)),
      ...(theirs === undefined
        ? { lacks: isThere(kafka) ? '' : kafka.lacks }
        : {
            p50_ratio: medianRatio(ours.laps, theirs.laps, p50),
            p99_ratio: medianRatio(ours.laps, theirs.laps, p99),
            cpu_ratio: medianRatio(ours.laps, theirs.laps, cpuPerThousand),
          }),
    });
  }
  for (const { load } of sides) await load.end();
  await Promise.all([node.end(), ...(isThere(kafka) ? [kafka.value.end()] : [])]);
}

const run = scenarioRun();
const [, rate = '', durability = ''] = /^(\d+) (replicated|fsync)$/.exec(run.case) ?? [];
if (durability !== 'replicated' && durability !== 'fsync')
  throw new Error(`no case "${run.case}": "1000 replicated", "50000 fsync"`);
await measureAll(run, Number(rate), durability);
