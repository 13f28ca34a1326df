// P13: from exec to ready, and to the first durable acknowledgement; memory of a node that nobody uses.
//   node dist/bench/scenarios/cold-start.js --directory DIR --case "new directory" [--quick]
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { guarantees, type MillraceNode, startMillrace } from '../node.js';
import { startUws } from '../peers/uws.js';
import { residentKibOf } from '../processes.js';
import { sdk } from '../product.js';
import { lapsOf, printFigure, scenarioRun, sleep } from '../scenario.js';
import { median, takeTurns } from '../statistics.js';

const topic = 'first';
const restMs = 1000;

async function produce({ address }: MillraceNode, count: number): Promise<void> {
  const client = await sdk.connect(address);
  const producer = client.producer({ lingerMs: 0 });
  for (let index = 0; index < count; index++) await producer.write({ topic, value: `record ${index}` });
  await producer.flush();
  const { durability } = await producer.send({ topic, value: 'acknowledged' });
  if (durability !== 'fsync') throw new Error(`acknowledged as ${durability}, not durable`);
  await client.close();
}

/** A warm client: it is the node's start that counts. Connecting is part of it. */
async function start(data: string, into: Samples): Promise<void> {
  const begin = performance.now();
  const node = await startMillrace(data);
  await produce(node, 0);
  const ackMs = performance.now() - begin;
  await sleep(restMs);
  into.ready.push(node.readyMs / 1000);
  into.first.push(ackMs / 1000);
  into.memory.push(residentKibOf(node.pid) / 1024);
  await node.end();
}

async function startBare(directory: string, into: Samples): Promise<void> {
  const begin = performance.now();
  const server = await startUws('publish', directory);
  await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
  const answerMs = performance.now() - begin;
  await sleep(restMs);
  into.ready.push(server.readyMs / 1000);
  into.first.push(answerMs / 1000);
  into.memory.push(residentKibOf(server.pid) / 1024);
  await server.end();
}

interface Samples {
  readonly ready: number[];
  readonly first: number[];
  readonly memory: number[];
}

const run = scenarioRun();
const isNew = run.case === 'new directory';
const data = join(run.directory, 'data');
// The client's code is compiled once, and an existing directory holds records.
const warm = await startMillrace(data);
await produce(warm, 50_000);
await warm.end();
const samples = (): Samples => ({ ready: [], first: [], memory: [] });
const [ours, bare] = [samples(), samples()];
await takeTurns(['ours', 'bare'], lapsOf(run, 5), async (side) => {
  if (side === 'bare') return startBare(run.directory, bare);
  if (isNew) rmSync(data, { recursive: true });
  return start(data, ours);
});
printFigure('cold-start', run.case, {
  ack: guarantees.fsync,
  peer: 'uWebSockets.js on Node, first answer over HTTP',
  laps: ours.ready.length,
  ready_s: median(ours.ready),
  ready_max_s: Math.max(...ours.ready),
  first_ack_s: median(ours.first),
  first_ack_max_s: Math.max(...ours.first),
  resident_mib: median(ours.memory),
  bare_ready_s: median(bare.ready),
  bare_first_s: median(bare.first),
  bare_resident_mib: median(bare.memory),
});
