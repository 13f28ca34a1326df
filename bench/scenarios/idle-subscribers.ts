// P12: memory per subscriber to which nothing is sent, from one to ten thousand, beside bare uWebSockets.js.
//   node dist/bench/scenarios/idle-subscribers.js --directory DIR --case 10000 --native PROGRAM [--quick]
import { join } from 'node:path';
import { Load } from '../load.js';
import { createTopic, startMillrace } from '../node.js';
import { startUws } from '../peers/uws.js';
import { residentKibOf } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun, sleep } from '../scenario.js';
import { medianOf, takeTurns } from '../statistics.js';
import { millraceWire, uwsWire, type Wire } from '../wires.js';

const topic = 'idle';
const recordSize = 100;
/** For what a connection's beginning leaves behind, garbage of the young generation included. */
const restMs = 2500;

interface Each {
  /** From the first to the last. */
  readonly whole: number;
  /** Of the second half: what a heap sets aside for any work at all is there by then. */
  readonly half: number;
}

/** What each costs, in KiB, when the first one has brought in what all share. Its server ends then: memory is not given back. */
async function kibEach(
  { native }: ScenarioRun,
  pid: number,
  count: number,
  wireOf: (subscribers: number) => Wire,
): Promise<Each> {
  const loads: Load[] = [];
  const residentWith = async (more: number) => {
    loads.push(await Load.start(native, wireOf(more).args));
    await sleep(restMs);
    return residentKibOf(pid);
  };
  const half = Math.floor(count / 2);
  const [one, middle, all] = [await residentWith(1), await residentWith(half - 1), await residentWith(count - half)];
  for (const load of loads) await load.end();
  return { whole: (all - one) / (count - 1), half: (all - middle) / (count - half) };
}

async function measureOurs(run: ScenarioRun, count: number, lap: number): Promise<Each> {
  const node = await startMillrace(
    join(run.directory, `data-${lap}`),
    '--connections-max',
    '20000',
    '--idle-seconds-max',
    '3600',
  );
  await createTopic(node, topic, 'replicated');
  const { port } = node;
  const options = { directory: join(run.directory, 'ours'), port, topic, recordSize, publishes: false };
  const each = await kibEach(run, node.pid, count, (subscribers) => millraceWire({ ...options, subscribers }));
  await node.end();
  return each;
}

async function measureBare(run: ScenarioRun, count: number): Promise<Each> {
  const server = await startUws('publish', run.directory);
  const options = { directory: join(run.directory, 'bare'), port: server.port, topic, recordSize, publishes: false };
  const each = await kibEach(run, server.pid, count, (subscribers) => uwsWire({ ...options, subscribers }));
  await server.end();
  return each;
}

const run = scenarioRun();
const count = Number(run.case);
if (!(count > 1)) throw new Error(`no case "${run.case}": a number of subscribers`);
const [ours, bare]: [Each[], Each[]] = [[], []];
await takeTurns(['ours', 'bare'], lapsOf(run), async (side) => {
  if (side === 'ours') ours.push(await measureOurs(run, count, ours.length));
  else bare.push(await measureBare(run, count));
});
printFigure('idle-subscribers', run.case, {
  peer: 'uWebSockets.js',
  laps: ours.length,
  ours_kib: medianOf(ours, ({ whole }) => whole),
  ours_max_kib: Math.max(...ours.map(({ whole }) => whole)),
  ours_second_half_kib: medianOf(ours, ({ half }) => half),
  bare_kib: medianOf(bare, ({ whole }) => whole),
  bare_second_half_kib: medianOf(bare, ({ half }) => half),
});
