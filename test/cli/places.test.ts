import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { killAll, startNode } from '../node/process.mjs';
import { commandsAt, heard, linesOf } from './command.js';

removeDirectoriesAfterwards();
afterAll(killAll);

let cli: ReturnType<typeof commandsAt>;

const hour = 3_600_000;
const firstTime = Date.UTC(2024, 0, 1);

/** Ten records, an hour apart, in one partition. */
beforeAll(async () => {
  const node = await startNode(await newDirectory());
  cli = commandsAt(node.gateway);
  const records = Array.from({ length: 10 }, (_, at) => JSON.stringify({ value: `r${at}`, timestamp: firstTime + at * hour }));
  await cli.out(['topic', 'create', 'hours', '--config', 'retention.ms=-1']);
  await cli.out(['produce', 'hours', '--json'], `${records.join('\n')}\n`);
});

test.concurrent.each([
  ['beginning', 0],
  ['0', 0],
  ['4', 4],
  ['10', 10],
  [`@${firstTime + 3 * hour}`, 3],
  [`@${firstTime + 3 * hour + 1}`, 4],
  ['@2024-01-01T07:00:00Z', 7],
  ['@2024-01-01T07:30:00+01:00', 7],
  ['@2024-01-01', 0],
  ['@0', 0],
  ['@2124-01-01T00:00:00Z', 10],
  ['end', 10],
])('--from %s begins at %i', async (from, first) => {
  const expected = Array.from({ length: 10 - first }, (_, at) => `r${first + at}`);
  const printed = await cli.out(['consume', 'hours', '--from', from, '--idle-exit', '1.5']);
  expect(linesOf(printed)).toEqual(expected);
});

test('--max ends after so many, --max 0 at once', async () => {
  expect(await cli.out(['consume', 'hours', '--from', '2', '--max', '3'])).toBe('r2\nr3\nr4\n');
  expect(await cli.out(['consume', 'hours', '--from', 'beginning', '--max', '0'])).toBe('');
});

test('an offset beyond the end is refused', async () => {
  const said = await cli.run(['consume', 'hours', '--from', '11', '--max', '1']);
  expect(said.status).toBe(1);
  expect(said.stderr).toContain('above the end');
});

test('without --from comes what is produced from now on, at once', async () => {
  const reading = cli.start(['consume', 'tail', '--max', '3']);
  expect((await reading.said).stderr).toContain('there is no topic tail');
  await cli.out(['produce', 'tail'], 'before\n');
  const { child, said } = cli.start(['consume', 'tail', '--max', '3', '--from', 'end']);
  // What comes before the subscription is not its business: so one of these is the first that it sees.
  const writing = cli.start(['produce', 'tail']);
  const heardOne = heard(child.stdout, /\n/);
  const typing = setInterval(() => writing.child.stdin.write('typed\n'), 20);
  await heardOne;
  expect(await said).toEqual({ status: 0, stdout: 'typed\ntyped\ntyped\n', stderr: '' });
  clearInterval(typing);
  writing.child.stdin.end();
  expect((await writing.said).status).toBe(0);
});

test('a consumer of all partitions reads all of them, one of a single partition that alone', async () => {
  await cli.out(['topic', 'create', 'three', '--partitions', '3']);
  for (const partition of ['0', '1', '2']) await cli.out(['produce', 'three', '--partition', partition], `p${partition}\n`);
  const all = await cli.out(['consume', 'three', '--from', 'beginning', '--max', '3']);
  expect([...linesOf(all)].sort()).toEqual(['p0', 'p1', 'p2']);
  expect(await cli.out(['consume', 'three', '--from', 'beginning', '--partition', '1', '--idle-exit', '1.5'])).toBe('p1\n');
});

test.each([
  [['consume', 'hours', '--from', 'yesterday'], 2, '--from wants beginning, end, an offset, @MILLISECONDS or @ISO8601'],
  [['consume', 'hours', '--from', '@yesterday'], 2, 'after @ comes a time such as @1700000000000'],
  [['consume', 'hours', '--group', 'g'], 2, 'no consumer groups'],
  [['consume', 'hours', '--idle-exit', 'soon'], 2, '--idle-exit wants seconds'],
  [['consume', 'hours', '--max', '-1'], 2, '--max'],
  [['consume', 'hours', '--form', 'end'], 2, 'unknown option --form; did you mean --from?'],
  [['consume', 'hours', '--partition', '3'], 1, 'topic hours has no partition 3: 0 is the only one'],
  [['consume', 'hour'], 1, 'there is no topic hour; did you mean hours?'],
  [['consume'], 2, 'TOPIC is missing'],
  [['consumer', 'hours'], 2, 'did you mean consume?'],
  [['produce'], 2, 'TOPIC is missing'],
  [['produce', 'hours', '--acks', '2'], 2, '--acks is one of 0, 1, all'],
  [['produce', 'hours', '--header', 'h'], 2, '--header wants name=value'],
  [['produce', 'hours', '--key', 'k', '--key-separator', ':'], 2, 'only one of them'],
  [['produce', 'hours', '--json', '--key', 'k'], 2, 'the key is a field of the object'],
  [['produce', 'hours', '--partition', '5'], 1, 'topic hours has no partition 5'],
])('%j is refused, and the text says why', async (args, status, text) => {
  const said = await cli.run(args, 'x\n');
  expect({ status: said.status, stdout: said.stdout }).toEqual({ status, stdout: '' });
  expect(said.stderr).toContain(text);
});
