import { afterEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { Client } from '../gateway/client.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

removeDirectoriesAfterwards();
afterEach(killAll);

test('anomaly 14: no reader is stuck at the largest batch that a node takes, however little it asks for', async () => {
  const node = await startNode(await newDirectory(), ['--message-size-max', '16MiB', '--memory', '64MiB', '--shards', '1']);
  const sdk = await connect(node.gateway);
  await sdk.admin.createTopic('t', { partitions: 1, configs: { 'max.message.bytes': String(15 << 20) } });
  await sdk.producer().send({ topic: 't', value: new Uint8Array(14 << 20) });
  await sdk.producer().send({ topic: 't', value: 'behind it' });
  const sizes: number[] = [];
  for await (const { value } of sdk.consumer({ topics: ['t'], from: 'beginning', bufferSizeMax: 64 << 10 })) {
    sizes.push(value?.length ?? 0);
    if (sizes.length === 2) break;
  }
  expect(sizes).toEqual([14 << 20, 9]);
  await sdk.close();
  const client = await Client.open(Number(node.gateway.split(':')[1]));
  const closed = new Promise<'closed'>((resolve) => void client.socket.once('close', () => resolve('closed')));
  const reply = await Promise.race([closed, client.ask({ fetch: { topic: 't', partition: 0, offset: 0, sizeMax: 1 } })]);
  expect(reply).toMatchObject({ body: 'fetch', fetch: { nextOffset: 1 } });
  client.socket.terminate();
});
