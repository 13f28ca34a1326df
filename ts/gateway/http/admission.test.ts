import { expect, test } from 'vitest';
import { Admission } from './admission.js';

const local = new Admission({
  host: '127.0.0.1',
  advertised: ['node-1.example:9080', '[fd00::7]:9080'],
  origins: ['https://ui.example/'],
});

test.each([
  ['127.0.0.1:9080', ''],
  ['localhost', ''],
  ['LOCALHOST:1', ''],
  ['[::1]:9080', ''],
  ['[fd00::7]', ''],
  ['node-1.example:443', ''],
  ['node-1.example.', ''],
  ['localhost:9080', 'http://localhost:9080'],
  ['node-1.example', 'https://node-1.example'],
  ['127.0.0.1:9080', 'https://UI.example'],
])('host %j with origin %j is served', (host, origin) => {
  expect(local.check(host, origin)).toEqual({ isAdmitted: true });
});

test.each([
  ['', ''],
  ['evil.example', ''],
  ['evil.example:9080', 'http://evil.example:9080'],
  ['127.0.0.1.evil.example', ''],
  ['10.0.0.1', ''],
  ['localhost@evil.example', ''],
  ['localhost/evil', ''],
  ['localhost:9080', 'http://localhost:9081'],
  ['localhost:9080', 'http://evil.example'],
  ['localhost:9080', 'null'],
  ['localhost:9080', 'http://localhost:9080.evil.example'],
])('host %j with origin %j is refused, with a reason', (host, origin) => {
  expect(local.check(host, origin)).toMatchObject({ isAdmitted: false, reason: expect.stringContaining('node') });
});

test('bound to all addresses, every address is its own, and no foreign name', () => {
  const open = new Admission({ host: '0.0.0.0', advertised: [], origins: [] });
  expect(open.check('10.0.0.1:9080', '')).toEqual({ isAdmitted: true });
  expect(open.check('[fe80::1]', '')).toEqual({ isAdmitted: true });
  expect(open.check('evil.example', '')).toMatchObject({ isAdmitted: false });
});
