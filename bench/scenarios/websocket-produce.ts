// P7: full batches of 100-byte records through the WebSocket door, beside a bare sink that checks and writes them.
//   node dist/bench/scenarios/websocket-produce.js --directory DIR --case "page cache" --native PROGRAM [--quick]
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Lap, Load } from '../load.js';
import {
  copiedAt,
  createTopic,
  type Durability,
  guarantees,
  type MillraceNode,
  metricOf,
  recordsIn,
  startMillrace,
} from '../node.js';
import { startUws } from '../peers/uws.js';
import { kernelMeter, meter } from '../processes.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun, sleep } from '../scenario.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';
import { fullBatch, millraceProduceWire, sinkWire, type Wire } from '../wires.js';

const batchSize = 64 << 10;
const recordSize = 100;
/** Requests without an answer: 2 MiB. */
const window = 32;
const durabilities = new Map<string, Durability>([
  ['page cache', 'replicated'],
  ['synced', 'fsync'],
]);

interface Measured extends Lap {
  readonly batches: number;
  readonly serverSeconds: number;
  readonly kernelSeconds: number;
  readonly clientSeconds: number;
}

/** How large the node's writes to segments were on average: from it follows how large the page cache's pieces are. */
async function writeKibOf(node: MillraceNode): Promise<number> {
  const [size, count] = [
    await metricOf(node, 'millrace_shard_segment_written_bytes_total'),
    await metricOf(node, 'millrace_shard_segment_writes_total'),
  ];
  return size / count / 1024;
}

/** Of all batches that it ever took: what the gateway copied of them, and how often JavaScript called the log. Counted, not timed. */
async function workOf(node: MillraceNode, batches: number, size: number) {
  // Its shards tell what they have counted every few seconds.
  for (let tries = 0; tries < 40 && (await metricOf(node, 'millrace_shard_appended_batches_total')) < batches; tries++)
    await sleep(500);
  const [toShard, waiting] = [await copiedAt(node, 'shard'), await copiedAt(node, 'waiting')];
  const crossings = await metricOf(node, 'millrace_shard_crossings_total');
  return { copies_per_byte: (toShard + waiting) / size, crossings_per_batch: crossings / batches };
}

/** What earlier laps left in the page cache is written first, so that it is in nobody's way. */
function settle(directory: string): void {
  execFileSync('sync', ['--file-system', directory]);
}

async function lap(run: ScenarioRun, pid: number, wire: Wire, count: number): Promise<Measured> {
  const load = await Load.start(run.native, wire.args);
  await load.produce(Math.ceil(count / 8), window);
  settle(run.directory);
  const [server, client, kernel] = [meter(pid), meter(load.pid), kernelMeter()];
  const result = await load.produce(count, window);
  const [serverSeconds, clientSeconds] = [server().cpuSeconds, client().cpuSeconds];
  const measured = { ...result, batches: count, serverSeconds, clientSeconds, kernelSeconds: kernel() };
  await load.end();
  if (result.delivered !== count) throw new Error(`${result.delivered} of ${count} batches were acknowledged`);
  return measured;
}

async function measure(run: ScenarioRun, durability: Durability): Promise<void> {
  const { batch, count: records } = fullBatch(batchSize, recordSize);
  const count = (run.isQuick ? 128 << 20 : 512 << 20) / batchSize;
  const node = await startMillrace(join(run.directory, 'data'), '--shards', '1');
  const sink = await startUws('sink', run.directory);
  const [ours, bare]: [Measured[], Measured[]] = [[], []];
  await takeTurns(['ours', 'bare'], lapsOf(run) + 1, async (side) => {
    const directory = join(run.directory, side);
    if (side === 'bare') {
      bare.push(await lap(run, sink.pid, sinkWire({ directory, port: sink.port, topic: side }, batch), count));
      return;
    }
    const topic = `produced-${ours.length}`;
    await createTopic(node, topic, durability);
    ours.push(await lap(run, node.pid, millraceProduceWire({ directory, port: node.port, topic }, batch), count));
    const [stored, expected] = [await recordsIn(node, topic), records * (count + Math.ceil(count / 8))];
    if (stored !== expected) throw new Error(`${expected} records were acknowledged, ${stored} are there`);
  });
  const batches = ours.length * (count + Math.ceil(count / 8));
  // The first lap of each compiled its code and touched its memory for the first time.
  for (const laps of [ours, bare]) laps.shift();
  const rate = ({ batches, wall_s }: Measured) => batches / wall_s;
  const server = ({ batches, serverSeconds, kernelSeconds }: Measured) => ((serverSeconds + kernelSeconds) / batches) * 1e6;
  const process = ({ batches, serverSeconds }: Measured) => (serverSeconds / batches) * 1e6;
  printFigure('websocket-produce', run.case, {
    ack: guarantees[durability],
    peer: 'uWebSockets.js, CRC and write, page cache',
    laps: ours.length,
    records_a_batch: records,
    ours_batches_per_s: medianOf(ours, rate),
    bare_batches_per_s: medianOf(bare, rate),
    rate_ratio: medianRatio(ours, bare, rate),
    cpu_ratio: medianRatio(ours, bare, server),
    ours_cpu_us: medianOf(ours, server),
    bare_cpu_us: medianOf(bare, server),
    ours_process_cpu_us: medianOf(ours, process),
    bare_process_cpu_us: medianOf(bare, process),
    ours_p99_ms: medianOf(ours, ({ p99_ms }) => p99_ms),
    bare_p99_ms: medianOf(bare, ({ p99_ms }) => p99_ms),
    client_cpu_us: medianOf([...ours, ...bare], ({ batches, clientSeconds }) => (clientSeconds / batches) * 1e6),
    segment_write_kib: await writeKibOf(node),
    ...(await workOf(node, batches, batches * batch.length)),
    // Near 1 the clients were the limit.
    client_share_of_a_core: medianOf(ours, ({ clientSeconds, wall_s }) => clientSeconds / wall_s),
  });
  await Promise.all([node.end(), sink.end()]);
}

const run = scenarioRun();
const durability = durabilities.get(run.case);
if (durability === undefined) throw new Error(`no case "${run.case}": ${[...durabilities.keys()].join(', ')}`);
await measure(run, durability);
