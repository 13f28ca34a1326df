// P12: memory per subscriber to which nothing is sent, from one to ten thousand, beside bare uWebSockets.js.
//   node dist/bench/scenarios/idle-subscribers.js --directory DIR --case 10000 --native PROGRAM [--quick]
import { join } from 'node:path';
import { Load } from '../load.js';
import { createTopic, startMillrace } from '../node.js';
import { startUws } from '../peers/uws.js';
import { residentKibOf } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun, sleep } from '../scenario.js';
import { median, takeTurns } from '../statistics.js';
import { millraceWire, uwsWire, type Wire } from '../wires.js';

const topic = 'idle';
const recordSize = 100;
/** For what a connection's beginning leaves behind, garbage of the young generation included. */
const restMs = 3000;

/** What each costs, when the first one has brought in what all share. Ends with its server: memory is not given back. */
async function kibEach(
  { native }: ScenarioRun,
  pid: number,
  count: number,
  wireOf: (subscribers: number) => Wire,
): Promise<number> {
  const first = await Load.start(native, wireOf(1).args);
  await sleep(restMs / 2);
  const before = residentKibOf(pid);
  const many = await Load.start(native, wireOf(count - 1).args);
  await sleep(restMs);
  const after = residentKibOf(pid);
  await Promise.all([first.end(), many.end()]);
  return (after - before) / (count - 1);
}

async function measureOurs(run: ScenarioRun, count: number, lap: number): Promise<number> {
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

async function measureBare(run: ScenarioRun, count: number): Promise<number> {
  const server = await startUws('publish', run.directory);
  const options = { directory: join(run.directory, 'bare'), port: server.port, topic, recordSize, publishes: false };
  const each = await kibEach(run, server.pid, count, (subscribers) => uwsWire({ ...options, subscribers }));
  await server.end();
  return each;
}

const run = scenarioRun();
const count = Number(run.case);
if (!(count > 1)) throw new Error(`no case "${run.case}": a number of subscribers`);
const [ours, bare]: [number[], number[]] = [[], []];
await takeTurns(['ours', 'bare'], lapsOf(run), async (side) => {
  if (side === 'ours') ours.push(await measureOurs(run, count, ours.length));
  else bare.push(await measureBare(run, count));
});
printFigure('idle-subscribers', run.case, {
  peer: 'uWebSockets.js',
  laps: ours.length,
  ours_kib: median(ours),
  ours_max_kib: Math.max(...ours),
  bare_kib: median(bare),
});
