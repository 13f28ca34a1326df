// P8: from the time at which a record was due to its arrival at a subscriber, 100 bytes, 1000 a second in an open loop.
//   node dist/bench/scenarios/end-to-end.js --directory DIR --case replicated --native PROGRAM --cache DIR [--quick]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lap, Load } from '../load.js';
import { createTopic, guarantees, startMillrace } from '../node.js';
import { startNats, stream } from '../peers/nats.js';
import { isThere } from '../peers/outcome.js';
import { startUws } from '../peers/uws.js';
import { cpuSecondsOf } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { startSpinners } from '../spinners.js';
import { medianOf, takeTurns } from '../statistics.js';
import { batchOf, millraceWire, natsWire, uwsWire, type Wire } from '../wires.js';

const topic = 'latency';
const recordSize = 100;
const rate = 1000;

interface Measured extends Lap {
  readonly cpuSeconds: number;
}

/** What takes records and gives them back, with its clients. */
interface Side {
  readonly name: string;
  readonly pid: number;
  readonly load: Load;
  readonly laps: Measured[];
  end(): Promise<void>;
}

async function sideOf(
  name: string,
  server: { pid: number; end(): Promise<void> },
  { native }: ScenarioRun,
  wire: Wire,
): Promise<Side> {
  const load = await Load.start(native, wire.args);
  return { name, pid: server.pid, load, laps: [], end: () => load.end().then(() => server.end()) };
}

function optionsIn({ directory }: ScenarioRun, name: string, port: number) {
  return { directory: join(directory, name), port, subscribers: 1, topic, recordSize };
}

async function startOurs(run: ScenarioRun, durability: 'fsync' | 'replicated'): Promise<Side> {
  // An open loop does not wait when a stall lets requests pile up.
  const node = await startMillrace(join(run.directory, 'data'), '--requests-max', '65536');
  await createTopic(node, topic, durability);
  return sideOf('ours', node, run, millraceWire(optionsIn(run, 'ours', node.port)));
}

/** Core and JetStream are one server; what is not there is said. */
async function startPeers(run: ScenarioRun): Promise<{ readonly sides: readonly Side[]; readonly lacks: string | undefined }> {
  const uws = await startUws('publish', run.directory);
  const bare = await sideOf('uws', uws, run, uwsWire(optionsIn(run, 'uws', uws.port)));
  const nats = await startNats(run.cache, join(run.directory, 'nats'));
  if (!isThere(nats)) return { sides: [bare], lacks: nats.lacks };
  const { value: server } = nats;
  const core = await sideOf('nats', server, run, natsWire(optionsIn(run, 'nats', server.port), topic));
  const toStream = { ...optionsIn(run, 'jetstream', server.port), topic: stream.subject };
  const shared = { pid: server.pid, end: async () => undefined };
  const jetstream = await sideOf('jetstream', shared, run, natsWire(toStream, stream.delivered, 'acknowledged'));
  return { sides: [bare, jetstream, core], lacks: undefined };
}

/** The writer alone: no socket, no protocol, but the same arrivals, depth and bytes. */
async function startWriter({ directory, native }: ScenarioRun): Promise<Side> {
  const place = join(directory, 'writer');
  mkdirSync(place, { recursive: true });
  const load = await Load.start(native, ['open-loop-writer', place, String(batchOf(1, recordSize).length)]);
  return { name: 'bare', pid: load.pid, load, laps: [], end: () => load.end() };
}

async function measure(run: ScenarioRun, sides: readonly Side[]): Promise<void> {
  const seconds = run.isQuick ? 1 : 3;
  let seed = 1;
  for (const side of sides) {
    side.laps.length = 0;
    await side.load.deliver(rate, run.isQuick ? 1 : 2, seed);
  }
  await takeTurns(sides, lapsOf(run), async ({ load, laps, pid }) => {
    // Neighbours have the same arrivals.
    seed = laps.length + 2;
    const before = cpuSecondsOf(pid);
    const lap = await load.deliver(rate, seconds, seed);
    laps.push({ ...lap, cpuSeconds: cpuSecondsOf(pid) - before });
  });
}

function numbersOf({ name, laps }: Side): Readonly<Record<string, number>> {
  const missing = laps.reduce((sum, { expected, delivered }) => sum + expected - delivered, 0);
  return {
    [`${name}_p50_ms`]: medianOf(laps, ({ p50_ms }) => p50_ms),
    [`${name}_p99_ms`]: medianOf(laps, ({ p99_ms }) => p99_ms),
    [`${name}_max_ms`]: Math.max(...laps.map(({ max_ms }) => max_ms)),
    [`${name}_cpu_ms_per_thousand`]: medianOf(laps, ({ cpuSeconds, delivered }) => (cpuSeconds / delivered) * 1e6),
    [`${name}_behind_ms`]: Math.max(...laps.map(({ behind_ms }) => behind_ms)),
    [`${name}_missing`]: missing,
  };
}

function told(sides: readonly Side[]): Readonly<Record<string, number>> {
  return Object.assign({ laps: sides[0]?.laps.length ?? 0 }, ...sides.map(numbersOf));
}

async function measureReplicated(run: ScenarioRun): Promise<void> {
  const ours = await startOurs(run, 'replicated');
  const { sides: peers, lacks } = await startPeers(run);
  const sides = [ours, ...peers];
  await measure(run, sides);
  const numbers = told(sides);
  const ratio = (a: string, b: string) => (numbers[a] ?? Number.NaN) / (numbers[b] ?? Number.NaN);
  printFigure('end-to-end', run.case, {
    ack: guarantees.replicated,
    peer: 'NATS core and uWebSockets.js: memory; JetStream: page cache, file storage',
    ...numbers,
    p50_to_uws: ratio('ours_p50_ms', 'uws_p50_ms'),
    ...(lacks === undefined
      ? { p50_to_nats: ratio('ours_p50_ms', 'nats_p50_ms'), p99_to_jetstream: ratio('ours_p99_ms', 'jetstream_p99_ms') }
      : { lacks }),
  });
  for (const side of sides.toReversed()) await side.end();
}

async function measureSynced(run: ScenarioRun): Promise<void> {
  const ours = await startOurs(run, 'fsync');
  const writer = await startWriter(run);
  for (const spinners of run.spinners) {
    const stop = startSpinners(run.native, spinners);
    await measure(run, [ours, writer]);
    await stop();
    const numbers = told([ours, writer]);
    const above = (percentile: string) =>
      (numbers[`ours_${percentile}`] ?? Number.NaN) - (numbers[`bare_${percentile}`] ?? Number.NaN);
    printFigure('end-to-end-synced', run.case, {
      spinners,
      ack: guarantees.fsync,
      peer: 'a writer with the same arrivals and depth, no socket',
      sync: 'linked fdatasync',
      ...numbers,
      p50_above_bare_ms: above('p50_ms'),
      p99_above_bare_ms: above('p99_ms'),
    });
  }
  await Promise.all([ours.end(), writer.end()]);
}

const run = scenarioRun();
if (run.case === 'replicated') await measureReplicated(run);
else if (run.case === 'fsync') await measureSynced(run);
else throw new Error(`no case "${run.case}": replicated, fsync`);
