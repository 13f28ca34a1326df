import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../ts/sdk/node/index.js';
import { commandsAt } from '../cli/command.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from './process.mjs';

removeDirectoriesAfterwards();
afterEach(killAll);

const options = ['--journal', '1MiB', '--shards', '1'];

test('a deletion whose files cannot be removed says so, wherever one looks, and the next start completes it', async () => {
  const data = join(await newDirectory(), 'data');
  const topics = join(data, 'topics');
  let node = await startNode(data, options);
  const client = await connect(node.gateway);
  await client.admin.createTopic('gone', { partitions: 1 });
  await client.producer().send({ topic: 'gone', value: 'one' });
  const [directory = ''] = readdirSync(topics);
  // Its tombstone has no place to be.
  const tombstone = join(topics, `${directory}.tombstone`);
  mkdirSync(tombstone);
  writeFileSync(join(tombstone, 'in the way'), '');

  const incomplete = { name: 'StorageError', code: 'deletion-incomplete', isRetriable: false };
  const reason = expect.stringMatching(
    /topic is deleted, but the files of its partition 0 are not removed: ENOTEMPTY.* next start/,
  );
  await expect(client.admin.deleteTopic('gone')).rejects.toMatchObject({ ...incomplete, reason });
  expect(await client.admin.listTopics(['gone'])).toEqual([]);
  await client.close();
  expect((await commandsAt(node.gateway).run(['topic', 'delete', 'gone'])).stderr).toContain('there is no topic gone');
  const logged = node.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'files of a deleted topic are not removed');
  expect(logged).toMatchObject([{ level: 50, partition: 0, failure: { error: 'deletion-incomplete', message: reason } }]);
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(metrics).toContain('millrace_shard_unremoved_partitions{shard="0"} 1\n');

  await node.kill('SIGTERM');
  rmSync(tombstone, { recursive: true });
  expect(readdirSync(topics)).toEqual([directory]);
  node = await startNode(data, options);
  expect(readdirSync(topics)).toEqual([]);
  expect(await node.kill('SIGTERM')).toBe(0);
});
