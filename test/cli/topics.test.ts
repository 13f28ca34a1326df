import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { commandsAt, linesOf } from './command.js';

removeDirectoriesAfterwards();
afterAll(killAll);

let cli: ReturnType<typeof commandsAt>;

beforeAll(async () => {
  const node = await startNode(await newDirectory());
  cli = commandsAt(node.gateway);
});

async function described(name: string) {
  return JSON.parse(await cli.out(['topic', 'describe', name, '--json']));
}

test('a topic is created, listed, described, altered and deleted', async () => {
  const created = await cli.out(['topic', 'create', 'orders', '--partitions', '3', '--config', 'retention.ms=86400000']);
  expect(created).toBe('created orders: 3 partitions, replication factor 1, durability fsync\n');

  const rows = linesOf(await cli.out(['topic', 'list']));
  expect(rows[0]).toMatch(/^topic +partitions +replicas +durability$/);
  expect(rows.slice(1).map((row) => row.split(/ +/))).toEqual([['orders', '3', '1', 'fsync']]);

  const topic = await described('orders');
  expect(topic).toMatchObject({ name: 'orders', durability: 'fsync' });
  expect(topic.partitions.map(({ partition }: { partition: number }) => partition)).toEqual([0, 1, 2]);
  expect(topic.partitions[0]).toMatchObject({
    leaderId: 1,
    replicas: [1],
    inSyncReplicas: [1],
    logStartOffset: 0,
    highWatermark: 0,
  });
  expect(topic.configs).toContainEqual(expect.objectContaining({ name: 'retention.ms', value: '86400000', source: 'topic' }));

  const page = await cli.out(['topic', 'describe', 'orders']);
  expect(page).toContain(`topic orders, id ${topic.topicId}, durability fsync`);
  expect(page).toMatch(/partition +leader +epoch +replicas +in sync +log start +high watermark +segments +size/);
  expect(page).toMatch(/retention\.ms +86400000 +topic/);
  expect(page).not.toContain('segment.bytes');
  expect(await cli.out(['topic', 'describe', 'orders', '--all'])).toContain('segment.bytes');

  const change = ['--config', 'durability=replicated', '--reset', 'retention.ms', '--partitions', '5'];
  expect(await cli.out(['topic', 'alter', 'orders', ...change])).toBe('altered orders: durability, retention.ms, 5 partitions\n');
  const altered = await described('orders');
  expect([altered.durability, altered.partitions.length, altered.topicId]).toEqual(['replicated', 5, topic.topicId]);
  expect(altered.configs).toContainEqual(
    expect.objectContaining({ name: 'retention.ms', value: '604800000', source: 'default' }),
  );

  expect(await cli.out(['topic', 'delete', 'orders'])).toBe('deleted orders\n');
  expect(JSON.parse(await cli.out(['topic', 'list', '--json']))).toEqual([]);
});

test('--plain prints rows alone, a tab between two fields, sizes in bytes', async () => {
  await cli.out(['topic', 'create', 'plain', '--partitions', '2']);
  expect(linesOf(await cli.out(['topic', 'list', '--plain']))).toEqual(['plain\t2\t1\tfsync']);
  const rows = linesOf(await cli.out(['topic', 'describe', 'plain', '--plain'])).map((line) => line.split('\t'));
  expect(rows.map((row) => [row[0], row.length, row.at(-1)])).toEqual([
    ['0', 9, '0'],
    ['1', 9, '0'],
  ]);
  const [node = ''] = linesOf(await cli.out(['cluster', 'status', '--plain']));
  expect(node.split('\t')).toMatchObject([
    '1',
    expect.stringContaining(':'),
    'controller',
    'ready',
    expect.any(String),
    '0',
    expect.stringMatching(/^\d+$/),
  ]);
  expect(await cli.run(['topic', 'list', '--plain', '--json'])).toMatchObject({ status: 2, stdout: '' });
  await cli.out(['topic', 'delete', 'plain']);
});

test('--json of create and list describe a topic alike', async () => {
  const created = JSON.parse(await cli.out(['topic', 'create', 'alike', '--partitions', '2', '--json']));
  expect(created).toMatchObject({ name: 'alike', durability: 'fsync' });
  expect(JSON.parse(await cli.out(['topic', 'list', '--json']))).toContainEqual(created);
});

/** Made once, for all that is refused. */
let taken: Promise<unknown> | undefined;

test.each([
  ['one that is there', ['topic', 'create', 'taken'], 1, 'topic taken exists; millrace topic describe shows it'],
  ['one that is too like it', ['topic', 'create', 'al_most.like'], 2, 'too like topic al.most_like'],
  ['an offset that is not there', ['consume', 'taken', '--from', '7', '--partition', '0'], 1, 'millrace topic describe shows'],
  ['a name that cannot be', ['topic', 'create', 'no blanks'], 2, 'letters, digits'],
  ['an unknown setting', ['topic', 'create', 'x', '--config', 'retention.mss=1'], 2, 'did you mean retention.ms?'],
  ['a setting without value', ['topic', 'create', 'x', '--config', 'retention.ms'], 2, '--config wants name=value'],
  ['a setting named twice', ['topic', 'create', 'x', '--config', 'a=1', '--config', 'a=2'], 2, 'names a twice'],
  ['more nodes than there are', ['topic', 'create', 'x', '--replication-factor', '3'], 2, 'millrace cluster status shows'],
  ['fewer partitions', ['topic', 'alter', 'taken', '--partitions', '1'], 2, 'none can be taken away'],
  ['no change', ['topic', 'alter', 'taken'], 2, 'nothing to change'],
  ['a missing name', ['topic', 'describe'], 2, 'NAME is missing'],
  ['an unknown word', ['topic', 'lst'], 2, 'did you mean topic list?'],
  ['a topic to describe that is not there', ['topic', 'describe', 'takn'], 1, 'there is no topic takn; did you mean taken?'],
  ['a topic to delete that is not there', ['topic', 'delete', 'gone'], 1, 'millrace topic create gone makes it'],
  ['a topic to alter that is not there', ['topic', 'alter', 'gone', '--reset', 'retention.ms'], 1, 'there is no topic gone'],
])('%s is refused, and the text says what to do', async (_, args, status, text) => {
  taken ??= Promise.all([
    cli.run(['topic', 'create', 'taken', '--partitions', '2']),
    cli.run(['topic', 'create', 'al.most_like']),
  ]);
  await taken;
  const said = await cli.run(args);
  expect({ status: said.status, stdout: said.stdout }).toEqual({ status, stdout: '' });
  expect(said.stderr).toContain(text);
});

test('a change of which one half is refused changes nothing', async () => {
  await cli.out(['topic', 'create', 'half', '--partitions', '2']);
  const said = await cli.run(['topic', 'alter', 'half', '--partitions', '1', '--config', 'durability=replicated']);
  expect(said.status).toBe(2);
  expect((await described('half')).durability).toBe('fsync');
});

test('cluster status tells of the cluster and of the node that answers', async () => {
  const status = JSON.parse(await cli.out(['cluster', 'status', '--json']));
  expect(status).toMatchObject({ controllerId: 1, node: { nodeId: 1, isReady: true } });
  const page = await cli.out(['cluster', 'status']);
  expect(page).toContain(`cluster ${status.clusterId}:`);
  expect(page).toMatch(/node 1 +ready/);
});
