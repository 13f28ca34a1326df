import { expect, test } from 'vitest';
import { describeSettings, readBrokerConfig, settingsConflict } from './broker-config.js';

const read = (sources: Parameters<typeof readBrokerConfig>[0]) => readBrokerConfig(sources);

test('without any setting it is a durable node on loopback', () => {
  const config = read({});
  expect(config).toMatchObject({
    ok: true,
    value: { 'node-id': 1, data: './data', kafka: [{ host: '127.0.0.1', port: 9092 }], journal: 2 ** 29, shards: undefined },
  });
  if (config.ok) expect(settingsConflict(config.value)).toBeUndefined();
});

test('options win over the environment, the environment over the file', () => {
  const file = { name: 'f.json', content: { shards: 1, memory: '128MiB', 'num.partitions': 3, setAsideCorrupt: true } };
  const environment = { MILLRACE_SHARDS: '2', MILLRACE_MEMORY: '256MiB', MILLRACE_NO_SKIP: '1', PATH: '/bin' };
  expect(read({ file, environment, options: { shards: '3' } })).toMatchObject({
    ok: true,
    value: { shards: 3, memory: 2 ** 28, 'num.partitions': 3, 'set-aside-corrupt': true },
  });
});

test.each([
  [{ options: { shard: '1' } }, '--shard is no setting; did you mean --shards?'],
  [{ options: { 'num-partition': '1' } }, '--num-partition is no setting; did you mean --num-partitions?'],
  [{ environment: { MILLRACE_MEMROY: '1' } }, 'MILLRACE_MEMROY is no setting; did you mean MILLRACE_MEMORY?'],
  [{ file: { name: 'f.json', content: { nodeid: 1 } } }, '"nodeid" in f.json is no setting; did you mean "node-id"?'],
  [{ file: { name: 'f.json', content: [] } }, 'f.json holds no settings: it is one JSON object'],
  [{ file: { name: 'f.json', content: { data: null } } }, '"data" in f.json is neither text, a number, true nor false'],
  [{ options: { xyzzy: '1' } }, '--xyzzy is no setting'],
  [{ options: { shards: '0' } }, '--shards is from 1 to 256, not 0'],
  [{ options: { memory: '64MB' } }, '--memory wants a size such as 64MiB, not "64MB"'],
  [{ options: { io: 'urin' } }, '--io is one of auto, uring, fallback, not "urin"; did you mean uring?'],
  [{ options: { gateway: '9080' } }, '--gateway wants HOST:PORT, not "9080"'],
  [
    { options: { origins: 'http://a:1, b:2' } },
    '--origins wants origins such as https://dashboard.example,http://localhost:8000, not "http://a:1, b:2"',
  ],
  [{ options: { kafka: 'a:1,b' } }, '--kafka wants HOST:PORT,HOST:PORT, not "a:1,b"'],
  [{ options: { quorum: '1@a:1,1@b:1' } }, '--quorum wants voters such as 1@HOST:PORT,2@HOST:PORT, not "1@a:1,1@b:1"'],
  [{ environment: { MILLRACE_INSECURE: 'yes' } }, 'MILLRACE_INSECURE is true or false, not "yes"'],
])('%j is refused', (sources, error) => {
  expect(read(sources)).toEqual({ ok: false, error });
});

test.each([
  [{ gateway: '0.0.0.0:9080' }, /beyond loopback/],
  [{ gateway: '[::]:9080' }, /beyond loopback/],
  [{ kafka: '127.0.0.1:1,10.0.0.1:2' }, /10.0.0.1:2 is beyond loopback/],
  [{ kafka: '127.0.0.1:1,127.0.0.1:2', 'kafka-advertised': 'a:1' }, /2 addresses and kafka-advertised 1/],
  [{ kafka: '0.0.0.0:9092', insecure: 'true' }, /say in kafka-advertised which/],
  [{ kafka: '[::]:9092', insecure: 'true' }, /say in kafka-advertised which/],
  [{ 'kafka-advertised': '0.0.0.0:9092' }, /nobody can connect/],
  [{ quorum: '2@a:1' }, /this is node 1/],
  [{ quorum: '1@a:1,2@b:1' }, /needs the setting peer/],
  [{ 'group-min-session-timeout-ms': '7', 'group-max-session-timeout-ms': '6' }, /is above group.max.session.timeout.ms/],
])('%j does not go together', (options, conflict) => {
  const config = read({ options });
  expect(config.ok && settingsConflict(config.value)).toMatch(conflict);
});

test.each([
  { gateway: '0.0.0.0:0', insecure: 'true' },
  { kafka: '0.0.0.0:9092', 'kafka-advertised': 'broker.example:9092', insecure: 'true' },
  { kafka: '127.0.0.1:0, [::1]:0' },
])('%j goes together', (options) => {
  const config = read({ options });
  expect(config.ok && settingsConflict(config.value)).toBeUndefined();
});

test('every setting has one spelling per source', () => {
  const described = describeSettings();
  expect(new Set(described.map(({ variable }) => variable)).size).toBe(described.length);
  for (const { name, option, variable } of described) {
    expect([option, variable]).toEqual([expect.stringMatching(/^--[a-z-]+$/), expect.stringMatching(/^MILLRACE_[A-Z_]+$/)]);
    expect(name).not.toBe('config');
  }
});
