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
  const fetched = await sdk.fetch({ topic: 't', partition: 0, at: 0, sizeMax: 1 });
  expect([...fetched.records].map(({ value }) => value?.length)).toEqual([14 << 20]);
  const consumers = [1, 2].map(() => sdk.consumer({ topics: ['t'], from: 'beginning' }));
  const firsts = await Promise.all(consumers.map((consumer) => consumer[Symbol.asyncIterator]().next()));
  expect(firsts.map(({ value }) => value?.offset)).toEqual([0, 0]);
  await expect(sdk.fetch({ topic: 't', partition: 0, at: 9 })).rejects.toMatchObject({ code: 'offset-out-of-range' });
  await expect(sdk.admin.describeTopic('nowhere')).rejects.toMatchObject({ code: 'unknown-topic', isRetriable: false });
  await sdk.close();
  const client = await Client.open(Number(node.gateway.split(':')[1]));
  const closed = new Promise<'closed'>((resolve) => void client.socket.once('close', () => resolve('closed')));
  const reply = await Promise.race([closed, client.ask({ fetch: { topic: 't', partition: 0, offset: 0, sizeMax: 1 } })]);
  expect(reply).toMatchObject({ body: 'fetch', fetch: { nextOffset: 1 } });
  client.socket.terminate();
});
