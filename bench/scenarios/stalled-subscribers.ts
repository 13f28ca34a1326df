// P12: what subscribers that have stopped reading do to those that read: the same laps without them and with them, in turn.
//   node dist/bench/scenarios/stalled-subscribers.js --directory DIR --case 10000 --native PROGRAM [--quick]
import { join } from 'node:path';
import { type Lap, Load } from '../load.js';
import { createTopic, guarantees, type MillraceNode, metricOf, startMillrace } from '../node.js';
import { cpuSecondsOf, residentKibOf } from '../processes.js';
import { sdk } from '../product.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun, sleep } from '../scenario.js';
import { medianOf } from '../statistics.js';
import { millraceWire } from '../wires.js';

const topic = 'stalled';
const recordSize = 100;
const healthyCount = 100;
const rate = 50;
/**
 * What fills the sockets of those that do not read. The kernel lets their buffers grow, so one that is full is not full for good: it
 * goes on until nearly all are seen to be stalled and take next to nothing of what is sent, but no longer than that many rounds.
 */
const filler = new Uint8Array(4 << 10);
const roundsMax = 60;
const fillersAtOnce = 6;
const stalledShareMin = 0.98;
const takenShareMax = 0.02;

interface Measured extends Lap {
  readonly cpuSeconds: number;
}

async function lap(node: MillraceNode, healthy: Load, seconds: number): Promise<Measured> {
  const before = cpuSecondsOf(node.pid);
  const result = await healthy.deliver(rate, seconds);
  return { ...result, cpuSeconds: cpuSecondsOf(node.pid) - before };
}

interface Stalled {
  readonly count: number;
  readonly unsentBytes: number;
  readonly residentMib: number;
}

/** Fills their sockets; tells how many the node knows as stalled. */
async function stall(node: MillraceNode, count: number): Promise<Stalled> {
  const client = await sdk.connect(node.address);
  const producer = client.producer({ lingerMs: 0 });
  let stalled = 0;
  let isTaking = true;
  for (let round = 0; round < roundsMax && (isTaking || stalled < count * stalledShareMin); round++) {
    const before = await metricOf(node, 'millrace_gateway_caught_up_bytes_total');
    for (let index = 0; index < fillersAtOnce; index++) await producer.send({ topic, value: filler });
    await sleep(500);
    const taken = (await metricOf(node, 'millrace_gateway_caught_up_bytes_total')) - before;
    isTaking = taken > count * fillersAtOnce * filler.length * takenShareMax;
    stalled = await metricOf(node, 'millrace_gateway_stalled_connections');
  }
  await client.close();
  const unsentBytes = await metricOf(node, 'millrace_gateway_unsent_bytes');
  return { count: stalled, unsentBytes, residentMib: residentKibOf(node.pid) / 1024 };
}

async function measure(run: ScenarioRun, count: number): Promise<void> {
  const { directory, native, isQuick } = run;
  const seconds = isQuick ? 1 : 3;
  const many = ['--connections-max', '20000', '--idle-seconds-max', '3600', '--requests-max', '65536'];
  const node = await startMillrace(join(directory, 'data'), ...many);
  await createTopic(node, topic, 'replicated');
  const wire = (subscribers: number, publishes: boolean) =>
    millraceWire({ directory: join(directory, `${publishes}`), port: node.port, subscribers, topic, recordSize, publishes });
  const healthy = await Load.start(native, wire(healthyCount, true).args);
  const stalledArgs = [...wire(count, false).args, '--stalled'];
  const [without, beside]: [Measured[], Measured[]] = [[], []];
  let most: Stalled = { count: 0, unsentBytes: 0, residentMib: 0 };
  await healthy.deliver(rate, 1);
  for (let index = 0; index < lapsOf(run); index++) {
    without.push(await lap(node, healthy, seconds));
    const stalled = await Load.start(native, stalledArgs);
    const seen = await stall(node, count);
    if (seen.count >= most.count) most = seen;
    beside.push(await lap(node, healthy, seconds));
    await stalled.end();
    await sleep(1000);
  }
  const p99 = ({ p99_ms }: Lap) => p99_ms;
  const missing = [...without, ...beside].reduce((sum, { expected, delivered }) => sum + expected - delivered, 0);
  printFigure('stalled-subscribers', run.case, {
    ack: guarantees.replicated,
    peer: 'the same without stalled ones',
    laps: beside.length,
    stalled_seen: most.count,
    unsent_mib: most.unsentBytes / 2 ** 20,
    resident_mib: most.residentMib,
    healthy_p50_ms: medianOf(beside, ({ p50_ms }) => p50_ms),
    healthy_p99_ms: medianOf(beside, p99),
    without_p99_ms: medianOf(without, p99),
    without_p99_max_ms: Math.max(...without.map(p99)),
    // Above 1: worse than the worst of the runs without them.
    p99_to_worst_without: medianOf(beside, p99) / Math.max(...without.map(p99)),
    stalled_seen_ratio: most.count / count,
    healthy_missing: missing,
    cpu_ratio: medianOf(beside, ({ cpuSeconds }) => cpuSeconds) / medianOf(without, ({ cpuSeconds }) => cpuSeconds),
  });
  await healthy.end();
  await node.end();
}

const run = scenarioRun();
const count = Number(run.case);
if (!(count > 0)) throw new Error(`no case "${run.case}": a number of subscribers`);
await measure(run, count);
