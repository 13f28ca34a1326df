// P10, P11: one publisher, many live subscribers, 100-byte records: at a gentle pace, and at the highest that both sides bear.
//   node dist/bench/scenarios/fan-out.js --directory DIR --case "1000 at 50" --native PROGRAM [--quick]
import { join } from 'node:path';
import { type Lap, Load } from '../load.js';
import { copiedAt, createTopic, guarantees, metricOf, startMillrace } from '../node.js';
import { startUws } from '../peers/uws.js';
import { meter } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun, sleep } from '../scenario.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';
import { millraceWire, uwsWire } from '../wires.js';

const recordSize = 100;
const topic = 'fan-out';
const p99MsMax = 100;
/** Between them the highest rate is looked for. */
const [rateMin, rateMax] = [25, 6400];
const settleMs = 1500;

/** A server with its subscribers, and what it did so far. */
interface Side {
  readonly pid: number;
  readonly load: Load;
  readonly laps: MeasuredLap[];
  /** Of all that it ever sent, what was copied: counted, not timed. */
  copies?(): Promise<Readonly<Record<string, number>>>;
  end(): Promise<void>;
}

interface MeasuredLap extends Lap {
  readonly serverSeconds: number;
  readonly clientSeconds: number;
}

/** Of a lap in which nothing came there is no cost to tell. */
const perMillion = (seconds: number, { delivered }: Lap) => (delivered === 0 ? Number.NaN : (seconds / delivered) * 1e6);
const isBorne = ({ delivered, expected, p99_ms }: Lap) => delivered === expected && p99_ms < p99MsMax;

async function lap({ pid, load }: Side, rate: number, seconds: number): Promise<MeasuredLap> {
  const [server, client] = [meter(pid), meter(load.pid)];
  const result = await load.deliver(rate, seconds);
  return { ...result, serverSeconds: server().cpuSeconds, clientSeconds: client().cpuSeconds };
}

async function startOurs({ directory, native }: ScenarioRun, subscribers: number): Promise<Side> {
  const many = ['--connections-max', '20000', '--idle-seconds-max', '3600', '--requests-max', '65536'];
  const node = await startMillrace(join(directory, 'data'), ...many);
  await createTopic(node, topic, 'replicated');
  const wire = millraceWire({ directory: join(directory, 'ours'), port: node.port, subscribers, topic, recordSize });
  const load = await Load.start(native, wire.args);
  const copies = async () => {
    const published = await metricOf(node, 'millrace_gateway_pushed_bytes_total');
    const [frames, library] = [await copiedAt(node, 'frame'), await copiedAt(node, 'library')];
    return {
      copies_per_published_byte: frames / published,
      library_copies_per_delivered_byte: library / (published * subscribers),
    };
  };
  return { pid: node.pid, load, laps: [], copies, end: () => load.end().then(() => node.end()) };
}

async function startBare({ directory, native }: ScenarioRun, subscribers: number): Promise<Side> {
  const server = await startUws('publish', directory);
  const wire = uwsWire({ directory: join(directory, 'bare'), port: server.port, subscribers, topic, recordSize });
  const load = await Load.start(native, wire.args);
  return { pid: server.pid, load, laps: [], end: () => load.end().then(() => server.end()) };
}

/** The highest rate at which everybody gets everything in time: doubled until it is too much, then narrowed down. */
async function highestRate(side: Side): Promise<number> {
  const isBearable = async (rate: number) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      if (isBorne(await side.load.deliver(rate, 1))) return true;
      // What is on its way still is no part of the next attempt; and the machine may have been busy with others.
      await sleep(settleMs);
    }
    return false;
  };
  let [borne, tooMuch] = [0, rateMax];
  for (let rate = rateMin; rate < rateMax; rate *= 2) {
    if (await isBearable(rate)) borne = rate;
    else {
      tooMuch = rate;
      break;
    }
  }
  for (let step = 0; step < 2; step++) {
    const rate = Math.round((borne + tooMuch) / 2);
    if (await isBearable(rate)) borne = rate;
    else tooMuch = rate;
  }
  return borne;
}

interface Measured {
  readonly rate: number;
  readonly highest: Readonly<Record<string, number>>;
}

async function measureAt(rate: number, sides: readonly Side[], run: ScenarioRun): Promise<void> {
  for (const side of sides) side.laps.length = 0;
  await takeTurns(sides, lapsOf(run), async (side) => {
    side.laps.push(await lap(side, rate, run.isQuick ? 2 : 3));
  });
}

async function measure(run: ScenarioRun, ours: Side, bare: Side, pace: string): Promise<Measured> {
  const sides = [ours, bare];
  for (const side of sides) await side.load.deliver(25, 2);
  if (pace !== 'highest') {
    await measureAt(Number(pace), sides, run);
    return { rate: Number(pace), highest: {} };
  }
  const [ourRate, bareRate] = [await highestRate(ours), await highestRate(bare)];
  // Where not even the lowest is borne, the machine is busy with others; the ratio of the costs holds there too.
  let rate = Math.max(Math.min(ourRate, bareRate), rateMin);
  await measureAt(rate, sides, run);
  // What was borne for a second may be too much for longer.
  if (!sides.every((side) => side.laps.every(isBorne))) {
    await sleep(settleMs);
    rate = Math.round(rate * 0.75);
    await measureAt(rate, sides, run);
  }
  return { rate, highest: { ours_highest_per_s: ourRate, bare_highest_per_s: bareRate } };
}

const run = scenarioRun();
const [, count = '', pace = ''] = /^(\d+) (?:at )?(\d+|highest)$/.exec(run.case) ?? [];
const subscribers = Number(count);
if (!(subscribers > 0)) throw new Error(`no case "${run.case}": "1000 at 50", "1000 highest"`);
const [ours, bare] = [await startOurs(run, subscribers), await startBare(run, subscribers)];
const { rate, highest } = await measure(run, ours, bare, pace);
const server = (measured: MeasuredLap) => perMillion(measured.serverSeconds, measured);
const client = (measured: MeasuredLap) => perMillion(measured.clientSeconds, measured);
const missing = (side: Side) => side.laps.reduce((sum, { expected, delivered }) => sum + expected - delivered, 0);
const copies = await ours.copies?.();
printFigure('fan-out', run.case, {
  ack: guarantees.replicated,
  peer: 'uWebSockets.js publish, no log',
  rate_per_s: rate,
  ...highest,
  laps: ours.laps.length,
  ours_cpu_per_million: medianOf(ours.laps, server),
  bare_cpu_per_million: medianOf(bare.laps, server),
  cpu_ratio: medianRatio(ours.laps, bare.laps, server),
  ours_p50_ms: medianOf(ours.laps, ({ p50_ms }) => p50_ms),
  bare_p50_ms: medianOf(bare.laps, ({ p50_ms }) => p50_ms),
  ours_p99_ms: medianOf(ours.laps, ({ p99_ms }) => p99_ms),
  bare_p99_ms: medianOf(bare.laps, ({ p99_ms }) => p99_ms),
  ...copies,
  ours_missing: missing(ours),
  bare_missing: missing(bare),
  client_cpu_per_million: medianOf([...ours.laps, ...bare.laps], client),
  client_behind_ms: Math.max(...[...ours.laps, ...bare.laps].map(({ behind_ms }) => behind_ms)),
});
await Promise.all([ours.end(), bare.end()]);
