import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from './directory.js';
import { millrace, numbered, parseAcks, parseDump, startMillrace } from './millrace.js';
import { openDirectory, opened } from './store.js';

removeDirectoriesAfterwards();

function append(data: string, input: string, ...options: string[]) {
  return millrace(['log', 'append', '--data', data, '--topic', 'lines', ...options], input);
}

function dump(path: string, ...options: string[]) {
  const said = millrace(['log', 'dump', path, '--json', ...options]);
  expect(said.status, said.stderr).toBe(0);
  return parseDump(said.stdout);
}

/** Of all partitions in round robin: what went in, in its order. */
function valuesOf(path: string, partitions: number, batch: number): unknown[] {
  const perPartition = new Map<number, unknown[][]>();
  for (const { partition, records = [] } of dump(path, '--records')) {
    const batches = perPartition.get(partition) ?? [];
    perPartition.set(partition, batches);
    batches.push(records.map(({ value }) => value));
  }
  const values: unknown[] = [];
  for (let round = 0; values.length < 1_000_000; round++) {
    const next = perPartition.get(round % partitions)?.shift();
    if (next === undefined) return values;
    expect(next.length).toBeLessThanOrEqual(batch);
    values.push(...next);
  }
  return values;
}

test.each(['uring', 'fallback'])('what goes in over %s is acknowledged, dumped and verified as it was', async (io) => {
  const data = await newDirectory();
  const { status, stdout, stderr } = append(data, `${numbered(95)}\nlast`, '--partitions', '3', '--batch', '10', '--io', io);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const acks = parseAcks(stdout);
  expect(acks.length).toBe(10);
  expect(acks.reduce((sum, { base, last }) => sum + last - base + 1, 0)).toBe(97);
  const batches = dump(data);
  const key = ({ partition, base, last, crc }: (typeof acks)[number]) => `${partition} ${base} ${last} ${crc}`;
  expect(batches.map(key).sort()).toEqual(acks.map(key).sort());
  expect(batches.every(({ topic, epoch }) => topic === 'lines' && epoch === 1)).toBe(true);
  const expected = [...Array.from({ length: 95 }, (_, index) => `line ${index}`), '', 'last'];
  expect(valuesOf(data, 3, 10)).toEqual(expected);
  expect(millrace(['log', 'verify', data, '--io', io])).toEqual({
    status: 0,
    stdout: `${data}: clean, 10 batches\n`,
    stderr: '',
  });
});

test('no line at all makes the topic and ends', async () => {
  const data = await newDirectory();
  expect(append(data, '', '--partitions', '2')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(millrace(['log', 'verify', data]).status).toBe(0);
  expect(append(data, 'one\n').stdout).toMatch(/^ack lines 0 0 0 /);
});

test('a directory is continued, under a higher epoch, with other shards, journals elsewhere and more partitions', async () => {
  const data = await newDirectory();
  const elsewhere = await newDirectory();
  const runs = [
    ['--shards', '3', '--partitions', '2'],
    ['--shards', '1', '--io', 'fallback'],
    ['--shards', '2', '--journal-dir', join(elsewhere, 'journals')],
    ['--shards', '2', '--partitions', '5', '--journal', '1MiB'],
  ];
  for (const [index, options] of runs.entries()) {
    const { status, stderr } = append(data, numbered(40, index * 40), '--batch', '10', ...options);
    expect({ status, stderr }, options.join(' ')).toEqual({ status: 0, stderr: '' });
    if (options.includes('--journal-dir')) expect(readdirSync(join(elsewhere, 'journals')).length).toBe(2);
    expect(millrace(['log', 'verify', data]).status).toBe(0);
  }
  const batches = dump(data);
  const first = batches.filter(({ partition }) => partition === 0);
  expect(first.map(({ epoch }) => epoch)).toEqual([1, 1, 2, 2, 3, 3, 4]);
  expect(first.map(({ base }) => base)).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(batches.reduce((sum, { base, last }) => sum + last - base + 1, 0)).toBe(160);
});

test('durability changes both ways, and an ack of either is in the dump', async () => {
  const data = await newDirectory();
  let count = 0;
  for (const durability of ['replicated', 'fsync', 'replicated', 'replicated']) {
    const { status, stdout, stderr } = append(
      data,
      numbered(30),
      '--batch',
      '3',
      '--durability',
      durability,
      '--partitions',
      '2',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    count += parseAcks(stdout).length;
  }
  expect(dump(data).length).toBe(count);
});

test('a partition is made with all settings of its topic', async () => {
  const data = await newDirectory();
  const directory = openDirectory(data);
  const topic = opened(directory.ensureTopic('small', 1, { segmentSizeMax: 4096 }));
  directory.close();
  const command = ['log', 'append', '--data', data, '--topic', 'small', '--batch', '20'];
  const { status, stderr } = millrace(command, numbered(2000));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const segments = readdirSync(join(data, 'topics', `${topic.id}-0`)).filter((name) => name.endsWith('.log'));
  expect(segments.length).toBeGreaterThan(2);
});

test('a batch larger than a ring takes lies between its neighbours', async () => {
  const data = await newDirectory();
  const long = 'x'.repeat(100_000);
  const { status, stderr } = append(data, `before\n${long}\nafter\n${long}y\nend\n`, '--journal', '1MiB', '--batch', '1');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(valuesOf(data, 1, 1)).toEqual(['before', long, 'after', `${long}y`, 'end']);
});

test('a line that no batch can hold fails with a clear text, and what came before it is there', async () => {
  const data = await newDirectory();
  const { status, stdout, stderr } = append(data, `good\n${'x'.repeat(200_000)}\n`, '--journal', '1MiB', '--batch', '1');
  expect(status).toBe(1);
  expect(stderr).toContain('a line is longer than');
  expect(parseAcks(stdout).length).toBe(1);
});

test('bytes that are no text survive, and are shown as base64', async () => {
  const data = await newDirectory();
  const child = startMillrace(['log', 'append', '--data', data]);
  child.stdin.end(Buffer.from([0xff, 0x00, 0x0a]));
  await once(child, 'close');
  expect(dump(data, '--records')[0]?.records?.[0]?.value).toEqual({ base64: '/wA=' });
});

test('while a process owns the directory, everyone else is told so', async () => {
  const data = await newDirectory();
  const owner = startMillrace(['log', 'append', '--data', data, '--batch', '1']);
  owner.stdin.write('one\n');
  await once(owner.stdout, 'data');
  for (const args of [
    ['append', '--data', data],
    ['verify', data],
    ['dump', data],
  ]) {
    const { status, stderr } = millrace(['log', ...args], 'x\n');
    expect({ args, status }).toEqual({ args, status: 10 });
    expect(stderr).toContain('another process owns the data directory');
  }
  owner.stdin.end();
  const [code] = await once(owner, 'close');
  expect(code).toBe(0);
  expect(dump(data).length).toBe(1);
});

test('Ctrl-C drains what was read and ends with 130', async () => {
  const data = await newDirectory();
  const child = startMillrace(['log', 'append', '--data', data, '--batch', '2']);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.write('one\ntwo\nthree\nhalf a li');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(stderr).toBe('millrace: stopped by Ctrl-C; 3 lines are acknowledged\n');
  expect(parseAcks(stdout).map(({ base, last }) => [base, last])).toEqual([
    [0, 1],
    [2, 2],
  ]);
  expect(millrace(['log', 'verify', data]).status).toBe(0);
});

test('Ctrl-C ends a dump between two batches, and says how many there were', async () => {
  const data = await newDirectory();
  append(data, numbered(6000), '--batch', '1');
  const child = startMillrace(['log', 'dump', data, '--json']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A pipe holds far less than all: it waits in the middle.
  await once(child.stdout, 'readable');
  child.kill('SIGINT');
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  const count = stdout.split('\n').length - 1;
  expect(count).toBeLessThan(6000);
  expect(stderr).toBe(`millrace: stopped by Ctrl-C; ${count} batches printed\n`);
  for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ topic: 'lines' });
});

test('a reader of the acks that leaves early is no error', async () => {
  const data = await newDirectory();
  const child = startMillrace(['log', 'append', '--data', data, '--batch', '1']);
  child.stdout.destroy();
  child.stdin.on('error', () => undefined);
  child.stdin.end(numbered(1000));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child, 'close');
  expect(stderr).toBe('');
});

test('dump of one segment shows its batches alone, and the table has a line for each', async () => {
  const data = await newDirectory();
  append(data, numbered(40), '--batch', '10', '--partitions', '2');
  const [first] = dump(data);
  const file = join(data, first?.file ?? '');
  expect(existsSync(file)).toBe(true);
  expect(dump(file)).toEqual(dump(data).filter(({ partition }) => partition === 0));
  const table = millrace(['log', 'dump', data]);
  expect(table.stdout.split('\n').length).toBe(4 + 2);
});

/** Contents by path, from a directory down. */
function contentsOf(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  const plain = files.filter((path) => statSync(path).isFile());
  return new Map(plain.map((path) => [path, readFileSync(path, 'latin1')]));
}

test('verify and dump change nothing, also where a journal waits for replay', async () => {
  const data = await newDirectory();
  const child = startMillrace(['log', 'append', '--data', data, '--batch', '1']);
  child.stdin.write(numbered(100));
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  const before = contentsOf(data);
  expect([0, 3]).toContain(millrace(['log', 'verify', data]).status);
  const batches = dump(data);
  expect(contentsOf(data)).toEqual(before);
  append(data, '', '--batch', '1');
  expect(dump(data)).toEqual(batches);
});

async function copyOf(data: string): Promise<string> {
  const copy = join(await newDirectory(), 'copy');
  cpSync(data, copy, { recursive: true });
  return copy;
}

test('a torn tail is 3, and recovery cuts it', async () => {
  const data = await newDirectory();
  append(data, numbered(100), '--batch', '10');
  const copy = await copyOf(data);
  const file = join(copy, dump(copy)[0]?.file ?? '');
  const size = statSync(file).size;
  writeFileSync(file, 'garbage behind the end', { flag: 'a' });
  const verified = millrace(['log', 'verify', copy]);
  expect(verified.status).toBe(3);
  expect(verified.stdout).toContain(`torn-tail: lines 0: segment 0: 22 bytes from position ${size} on`);
  const json = JSON.parse(millrace(['log', 'verify', copy, '--json']).stdout);
  expect(json).toMatchObject({
    outcome: 'torn-tail',
    batches: 10,
    findings: [{ kind: 'torn-tail', topic: 'lines', partition: 0 }],
  });
  expect(append(copy, '').status).toBe(0);
  expect(millrace(['log', 'verify', copy]).status).toBe(0);
  expect(dump(copy)).toEqual(dump(data));
});

test('a flipped bit below the recovery point is 4, names the batch, and is never cut', async () => {
  const data = await newDirectory();
  append(data, numbered(100), '--batch', '10');
  const copy = await copyOf(data);
  const batch = dump(copy)[4];
  const file = join(copy, batch?.file ?? '');
  const bytes = readFileSync(file);
  const at = (batch?.position ?? 0) + 70;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
  const { status, stdout } = millrace(['log', 'verify', copy]);
  expect(status).toBe(4);
  expect(stdout).toContain(`corrupt-batch: lines 0: segment 0: the batch of offset 40 at position ${batch?.position} is damaged`);
  expect(readFileSync(file)).toEqual(bytes);
});

test('a segment cut below the recovery point is 4, and append refuses with 11', async () => {
  const data = await newDirectory();
  append(data, numbered(100), '--batch', '10');
  const batches = dump(data);
  const file = join(data, batches[0]?.file ?? '');
  truncateSync(file, batches[5]?.position ?? 0);
  expect(millrace(['log', 'verify', data]).status).toBe(4);
  const { status, stderr } = append(data, 'more\n');
  expect(status).toBe(11);
  expect(stderr).toContain(data);
});

test.each([
  [['append', '--topic', 'a b'], 'a name has 1 to 249 letters'],
  [['append', '--durability', 'all'], '--durability is one of fsync, replicated'],
  [['append', '--journal', '1KiB'], '--journal 1KiB is outside of'],
  [['append', '--partitions', '0'], '--partitions 0 is outside of'],
  [['dump'], 'DIR/FILE is missing'],
  [['verify'], 'DIR is missing'],
])('log %j is wrong usage', (args, message) => {
  const { status, stdout, stderr } = millrace(['log', ...args]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('a directory that is not there fails with its name', async () => {
  const missing = join(await newDirectory(), 'missing');
  for (const verb of ['verify', 'dump']) {
    const { status, stderr } = millrace(['log', verb, missing]);
    expect(status).toBe(1);
    expect(stderr).toContain(missing);
  }
});
