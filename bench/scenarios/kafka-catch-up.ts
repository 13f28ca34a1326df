// What it costs a node to give a Kafka client what lies in segment files, by each fetch strategy.
//   node dist/bench/scenarios/kafka-catch-up.js --directory DIR --case "page cache" --native PROGRAM [--quick]
import { join } from 'node:path';
import { KafkaConnection } from '../kafka/connection.js';
import { createTopic, type MillraceNode, metricOf, startMillrace } from '../node.js';
import { meter } from '../processes.js';
import { fetchApi, produce } from '../product.js';
import { lapsOf, printFigure, type ScenarioRun, scenarioRun } from '../scenario.js';
import { medianOf, medianRatio, takeTurns } from '../statistics.js';
import { fullBatch } from '../wires.js';

const topic = 'caught-up';
const batchSize = 64 << 10;
const recordSize = 100;
/** What consumers ask for by default. */
const fetchSize = 1 << 20;

/** Nothing is written: kernel threads work for others. */
interface Measured {
  readonly size: number;
  readonly wall: number;
  readonly serverSeconds: number;
}

async function fill(client: KafkaConnection, size: number): Promise<void> {
  const { batch: records } = fullBatch(batchSize, recordSize);
  for (let done = 0; done < size; ) {
    const asked = Array.from({ length: 16 }, () =>
      client.ask(produce, 9, {
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
      }),
    );
    for (const { responses } of await Promise.all(asked)) {
      if (responses[0]?.partitionResponses[0]?.errorCode !== 0) throw new Error('a batch was refused');
    }
    done += asked.length * records.length;
  }
}

/** From the beginning on; every batch is the same, so their number says where the next answer begins. */
async function readAll(client: KafkaConnection, size: number): Promise<number> {
  const { batch, count } = fullBatch(batchSize, recordSize);
  let got = 0;
  while (got < size) {
    const partitions = [{ partition: 0, fetchOffset: (got / batch.length) * count, partitionMaxBytes: fetchSize }];
    const request = { maxWaitMs: 0, minBytes: 1, maxBytes: fetchSize, topics: [{ topic, partitions }] };
    const { responses } = await client.ask(fetchApi, 11, { ...request, forgottenTopicsData: [], rackId: '' });
    const length = responses[0]?.partitions[0]?.records?.length ?? 0;
    if (length === 0) throw new Error(`nothing after ${got} bytes`);
    got += length;
  }
  return got;
}

async function lap(node: MillraceNode, size: number): Promise<Measured> {
  const client = await KafkaConnection.open(node.kafka);
  const [server, startMs] = [meter(node.pid), performance.now()];
  const got = await readAll(client, size);
  const wall = (performance.now() - startMs) / 1000;
  client.close();
  return { size: got, wall, serverSeconds: server().cpuSeconds };
}

async function measure(run: ScenarioRun): Promise<void> {
  const size = run.isQuick ? 192 << 20 : 1 << 30;
  const sides = ['sendfile', 'buffer'] as const;
  const nodes = new Map<string, { readonly node: MillraceNode; readonly laps: Measured[] }>();
  for (const side of sides) {
    const options = ['--shards', '1', '--memory', '128MiB', '--fetch-strategy', side, '--page-cache', 'keep'];
    const node = await startMillrace(join(run.directory, side), ...options);
    await createTopic(node, topic, 'replicated');
    const client = await KafkaConnection.open(node.kafka);
    // The end is still in memory: it is not asked for.
    await fill(client, size + (96 << 20));
    client.close();
    nodes.set(side, { node, laps: [] });
  }
  await takeTurns([...sides], lapsOf(run) + 1, async (side) => {
    const known = nodes.get(side);
    if (known !== undefined) known.laps.push(await lap(known.node, size));
  });
  const [ours, bare] = sides.map((side) => nodes.get(side)?.laps.slice(1) ?? []) as [Measured[], Measured[]];
  const cpu = ({ size, serverSeconds }: Measured) => serverSeconds / (size / 1e9);
  const rate = ({ size, wall }: Measured) => size / 1e6 / wall;
  const sent = await metricOf(nodes.get('sendfile')?.node as MillraceNode, 'millrace_gateway_kafka_sent_from_files_bytes_total');
  printFigure('kafka-catch-up', run.case, {
    peer: 'the strategy buffer',
    laps: ours.length,
    ours_mb_per_s: medianOf(ours, rate),
    bare_mb_per_s: medianOf(bare, rate),
    rate_ratio: medianRatio(ours, bare, rate),
    cpu_ratio: medianRatio(ours, bare, cpu),
    ours_cpu_per_gb: medianOf(ours, cpu),
    bare_cpu_per_gb: medianOf(bare, cpu),
    from_files_share: sent / (size * (ours.length + 1)),
  });
  for (const { node } of nodes.values()) await node.end();
}

await measure(scenarioRun());
