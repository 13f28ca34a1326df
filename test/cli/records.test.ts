import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { commandsAt, jsonLinesOf, linesOf } from './command.js';

removeDirectoriesAfterwards();
afterAll(killAll);

let cli: ReturnType<typeof commandsAt>;

beforeAll(async () => {
  const node = await startNode(await newDirectory());
  cli = commandsAt(node.gateway);
});

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}\n`).join('');

async function read(topic: string, count: number, ...options: string[]) {
  return jsonLinesOf(await cli.out(['consume', topic, '--from', 'beginning', '--max', String(count), '--json', ...options]));
}

test('what goes in comes out, line by line and in order, and the last line says what was promised', async () => {
  // Lines of all lengths, so that some lie across two chunks of the pipe; an empty one, and a last one without newline.
  const lines = Array.from({ length: 20_000 }, (_, index) => `${index}:${'x'.repeat((index * 37) % 300)}`);
  const input = `${lines.join('\n')}\n\nlast`;
  const said = await cli.run(['produce', 'lines'], input);
  expect({ status: said.status, stdout: said.stdout }).toEqual({ status: 0, stdout: '' });
  expect(said.stderr).toMatch(/^millrace: 20002 records acknowledged by lines in [\d.]+ s, durability fsync: on stable media\n$/);
  expect(await cli.out(['consume', 'lines', '--from', 'beginning', '--max', '20002'])).toBe(`${input}\n`);
});

test('a topic that promises less says so', async () => {
  await cli.out(['topic', 'create', 'less', '--config', 'durability=replicated']);
  expect((await cli.run(['produce', 'less'], 'x\n')).stderr).toContain('durability replicated');
  expect((await cli.run(['produce', 'less', '--acks', '0'], 'x\n')).stderr).toContain('1 record sent to less');
  expect((await cli.run(['produce', 'less', '--acks', '1'], 'x\n')).stderr).toContain('1 record acknowledged by less');
});

test('records without a key spread over all partitions, each in order', async () => {
  await cli.out(['topic', 'create', 'spread', '--partitions', '4']);
  await cli.out(['produce', 'spread'], numbers(200_000));
  const byPartition = new Map<unknown, number[]>();
  for (const { partition, offset, value } of await read('spread', 200_000)) {
    const values = byPartition.get(partition) ?? [];
    byPartition.set(partition, values);
    expect(offset).toBe(values.length);
    values.push(Number(value));
  }
  expect([...byPartition.keys()].sort()).toEqual([0, 1, 2, 3]);
  for (const values of byPartition.values())
    expect(values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0))).toBe(true);
  expect([...byPartition.values()].flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 200_000 }, (_, index) => index));
});

// Of Kafka's own tests of its hash: org.apache.kafka.common.utils.UtilsTest.
const murmur2OfKafka: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

test('keys go where Kafka’s clients send them, with --key and with --key-separator', async () => {
  await cli.out(['topic', 'create', 'keyed', '--partitions', '7']);
  const input = murmur2OfKafka.map(([key], at) => `${key}::${at}::rest\n`).join('');
  await cli.out(['produce', 'keyed', '--key-separator', '::'], `${input}no key here\n`);
  await cli.out(['produce', 'keyed', '--key', 'foobar'], 'a::b\n');
  const records = await read('keyed', murmur2OfKafka.length + 2);
  for (const [at, [key, hash]] of murmur2OfKafka.entries()) {
    expect(records).toContainEqual(expect.objectContaining({ key, value: `${at}::rest`, partition: (hash & 0x7fffffff) % 7 }));
  }
  expect(records).toContainEqual(expect.objectContaining({ key: null, value: 'no key here' }));
  expect(records).toContainEqual(
    expect.objectContaining({ key: 'foobar', value: 'a::b', partition: (-790332482 & 0x7fffffff) % 7 }),
  );
});

test('--partition and --header', async () => {
  await cli.out(['topic', 'create', 'placed', '--partitions', '3']);
  const options = ['--partition', '2', '--header', 'trace=7', '--header', 'query=a=b', '--header', 'empty='];
  await cli.out(['produce', 'placed', ...options], 'one\ntwo\n');
  const headers = { trace: '7', query: 'a=b', empty: '' };
  expect(await read('placed', 2)).toMatchObject([
    { topic: 'placed', partition: 2, offset: 0, key: null, value: 'one', headers },
    { topic: 'placed', partition: 2, offset: 1, key: null, value: 'two', headers },
  ]);
  await cli.out(['produce', 'placed', '--header', 'twice=1', '--header', 'twice=2', '--partition', '0'], 'x\n');
  const twice = [
    { name: 'twice', value: '1' },
    { name: 'twice', value: '2' },
  ];
  expect(await read('placed', 1, '--partition', '0')).toMatchObject([{ partition: 0, headers: twice }]);
});

test('what consume --json prints, produce --json takes: nothing is lost on the way', async () => {
  const records = [
    { key: 'k', value: 'text — “€”', headers: { a: 'b', '': 'no name' }, timestamp: 1_700_000_000_000, partition: 1 },
    { key: null, value: null, headers: {}, timestamp: 0, partition: 0 },
    { key: '', value: '', headers: { n: null }, timestamp: 5, partition: 0 },
    { key: { base64: '/wA=' }, value: { base64: 'gIGC' }, headers: { x: { base64: '/w==' } }, timestamp: 6, partition: 1 },
    {
      key: '\ufeffbom',
      value: 'a\nb\t"',
      headers: [
        { name: 'h', value: '1' },
        { name: 'h', value: '2' },
      ],
      timestamp: 7,
      partition: 1,
    },
    {
      key: 'order',
      value: 'x',
      headers: [
        { name: '2', value: 'a' },
        { name: '1', value: 'b' },
      ],
      timestamp: 8,
      partition: 1,
    },
  ];
  const input = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  for (const topic of ['first', 'second']) await cli.out(['topic', 'create', topic, '--partitions', '2']);
  await cli.out(['produce', 'first', '--json'], `${input}\n`);
  const printed = await cli.out(['consume', 'first', '--from', 'beginning', '--max', String(records.length), '--json']);
  await cli.out(['produce', 'second', '--json'], printed);
  const seen = await read('second', records.length);
  const byTime = (a: { timestamp?: unknown }, b: { timestamp?: unknown }) => Number(a.timestamp) - Number(b.timestamp);
  expect([...seen].sort(byTime)).toMatchObject([...records].sort(byTime).map((record) => ({ topic: 'second', ...record })));
  expect(await read('second', records.length)).toEqual(jsonLinesOf(printed).map((record) => ({ ...record, topic: 'second' })));
});

test('other JSON is kept as its JSON; without a time a record has the present one', async () => {
  const before = Date.now();
  await cli.out(['produce', 'other', '--json', '--header', 'h=1'], '{"value":{"a":[1,2]}}\n{"value":7,"headers":{"own":true}}\n');
  const [first, second] = await read('other', 2);
  expect(first).toMatchObject({ key: null, value: '{"a":[1,2]}', headers: { h: '1' } });
  expect(second).toMatchObject({ value: '7', headers: { h: '1', own: 'true' } });
  expect(Number(first?.['timestamp'])).toBeGreaterThanOrEqual(before);
});

test.each([
  ['no JSON', '{"value":"fine"}\n{value:1}\n', 'line 2: this is no JSON'],
  ['no object', '[1]\n', 'line 1: a record is an object'],
  ['an unknown field', '{"vaule":"x"}\n', 'line 1: a record has no field vaule; did you mean value?'],
  ['a partition that is not there', '{"value":"x","partition":9}\n', 'line 1: the topic has no partition 9'],
  ['a time that is none', '{"timestamp":"now"}\n', 'line 1: timestamp is a count'],
  ['headers that are none', '{"headers":"h"}\n', 'line 1: headers is an object'],
  ['base64 that is none', '{"value":{"base64":"~~"}}\n', 'line 1: this is no base64'],
])('%s: the line is named, what came before it is sent', async (what, input, text) => {
  const topic = `bad-${what.replaceAll(' ', '-')}`;
  const said = await cli.run(['produce', topic, '--json'], input);
  expect(said.status).toBe(1);
  expect(said.stderr).toContain(text);
  expect(said.stderr).toContain(`; ${linesOf(input).length - 1} record`);
});

test('bytes are left as they are', async () => {
  const bytes = Uint8Array.from({ length: 512 }, (_, index) => (index % 256 === 10 ? 11 : index % 256));
  await cli.out(['produce', 'bytes'], bytes);
  const { value } = (await read('bytes', 1))[0] as { value: { base64: string } };
  expect(Buffer.compare(Buffer.from(value.base64, 'base64'), bytes)).toBe(0);
});

test('batches keep below what their topic takes; a record beyond it is refused with what to do', async () => {
  await cli.out(['topic', 'create', 'small', '--config', 'max.message.bytes=1000']);
  await cli.out(['produce', 'small'], numbers(2000));
  expect(linesOf(await cli.out(['consume', 'small', '--from', 'beginning', '--max', '2000'])).length).toBe(2000);
  const said = await cli.run(['produce', 'small'], `${'x'.repeat(3000)}\n`);
  expect(said.status).toBe(1);
  expect(said.stderr).toContain('millrace topic alter small --config max.message.bytes');
});
