import { expect, test } from 'vitest';
import type { Facts, SyncFact } from './facts.js';
import { table } from './format.js';
import type { Row } from './row.js';
import { reasonIn } from './server-library.js';
import { canRun, judge } from './verdicts.js';

const sync: SyncFact = { io: 'uring', method: 'linked', areCoresAwake: false, error: '', p50Us: 90, p99Us: 200, count: 200 };

/** A machine with nothing to complain about. */
const healthy: Facts = {
  kernel: '6.8.0-40-generic',
  node: '20.19.0',
  server: { package: 'uwebsockets 3.0.6', build: 'uws_linux_x64_115.node', error: '', glibc: '2.36' },
  coreCount: 16,
  numaNodeCount: 1,
  clockSource: 'tsc',
  uring: { error: '', hasSingleIssuer: true, hasDeferTaskrun: true, registeredSizeMax: 64 * 2 ** 20 },
  sockets: { error: '', kind: 'uring', fallbackReason: '' },
  uringDisabled: 0,
  seccompMode: 0,
  openFiles: { soft: 1_048_576, hard: 1_048_576 },
  memlock: { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY },
  mayLockMemory: false,
  userLockedSize: 0,
  dataDirectory: '/srv/data',
  probedDirectory: '/srv/data',
  mount: { point: '/srv', type: 'xfs', source: '/dev/nvme0n1', options: ['rw', 'noatime'] },
  directory: {
    error: '',
    freeSize: 2 ** 40,
    totalSize: 2 ** 41,
    directError: '',
    directMemoryAlignment: 4,
    directPositionAlignment: 512,
    tellsResidency: true,
    pageCache: 'direct',
  },
  syncs: [
    sync,
    { ...sync, areCoresAwake: true },
    { ...sync, method: 'dsync' },
    { ...sync, method: 'dsync', areCoresAwake: true },
  ],
};

const forbidden = {
  error: 'Operation not permitted (os error 1)',
  hasSingleIssuer: false,
  hasDeferTaskrun: false,
  registeredSizeMax: 0,
};
const complaints = (facts: Partial<Facts>): readonly Row[] =>
  judge({ ...healthy, ...facts }).filter(({ verdict }) => verdict !== 'ok');

test('a healthy machine gets no advice', () => {
  expect(complaints({})).toEqual([]);
  expect(canRun(judge(healthy))).toBe(true);
});

/** What the library says, below its own text. */
const unloadable = (said: string) => ({
  ...healthy.server,
  error: reasonIn(`Error: This version of uWS.js supports only Node.js versions 16 to 25.\n\n${said}`),
});
const noBuild = "Error: Cannot find module './uws_linux_x64_127.node'\nRequire stack:\n- /srv/node_modules/uWebSockets.js/uws.js";
const oldGlibc = "Error: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /srv/uws_linux_x64_127.node)";
const musl = 'Error: Error loading shared library ld-linux-x86-64.so.2: No such file or directory';

test.each<[string, Partial<Facts>, string, string]>([
  ['an old kernel', { kernel: '5.15.0' }, 'kernel', '6.1 or newer'],
  ['io_uring switched off', { uring: forbidden, uringDisabled: 2 }, 'io_uring', 'sysctl -w kernel.io_uring_disabled=0'],
  ['io_uring for a group only', { uring: forbidden, uringDisabled: 1 }, 'io_uring', 'kernel.io_uring_group'],
  ['io_uring filtered', { uring: forbidden, seccompMode: 2 }, 'io_uring', 'seccomp'],
  ['io_uring not built', { uring: forbidden }, 'io_uring', 'CONFIG_IO_URING'],
  [
    'sockets without io_uring',
    { sockets: { error: '', kind: 'epoll', fallbackReason: 'io_uring_setup: not permitted' } },
    'Kafka sockets',
    'io_uring',
  ],
  [
    'a kernel that does not tell what is in memory',
    { directory: { ...healthy.directory, tellsResidency: false } },
    'fetch strategy',
    'cachestat',
  ],
  [
    'writes that cannot pass the page cache',
    { directory: { ...healthy.directory, pageCache: 'keep' } },
    'large writes',
    '6.14 or newer',
  ],
  ['io_uring without flags', { uring: { ...healthy.uring, hasDeferTaskrun: false } }, 'io_uring', 'DEFER_TASKRUN'],
  ['a low memlock', { uring: { ...healthy.uring, registeredSizeMax: 4 * 2 ** 20 } }, 'memlock', 'of 64 MiB of rings 4 MiB can'],
  ['few files', { openFiles: { soft: 1024, hard: 4096 } }, 'open files', 'LimitNOFILE'],
  ['a slow clock', { clockSource: 'hpet' }, 'clock source', 'tsc'],
  ['one core', { coreCount: 1 }, 'cores', 'two or more'],
  ['two sockets', { numaNodeCount: 2 }, 'cores', 'numactl'],
  ['a filesystem in memory', { mount: { point: '/', type: 'tmpfs', source: 'tmpfs', options: [] } }, 'filesystem', 'memory'],
  ['no barriers', { mount: { point: '/', type: 'ext4', source: 'x', options: ['nobarrier'] } }, 'filesystem', 'stable media'],
  ['an unmeasured filesystem', { mount: { point: '/', type: 'btrfs', source: 'x', options: [] } }, 'filesystem', 'ext4 and xfs'],
  ['little space', { directory: { ...healthy.directory, freeSize: 2 ** 30 } }, 'free space', 'retention'],
])('%s: a warning that says what to change, and the broker runs', (_name, facts, check, advice) => {
  const found = complaints(facts);
  expect(found.map((row) => [row.check, row.verdict])).toEqual([[check, 'warn']]);
  expect(found[0]?.advice).toContain(advice);
  expect(canRun(judge({ ...healthy, ...facts }))).toBe(true);
});

test.each<[string, Partial<Facts>, string]>([
  ['a library that is not installed', { server: { ...healthy.server, package: '' } }, 'npm run build'],
  ['no build for this Node', { node: '22.9.0', server: unloadable(noBuild) }, 'no build for Node 22.9.0'],
  ['a glibc that is too old', { server: unloadable(oldGlibc) }, 'needs glibc 2.38, here is 2.36: run Node 20'],
  ['another C library', { server: { ...unloadable(musl), glibc: undefined } }, 'distribution with glibc'],
  ['a broken file', { server: unloadable('Error: file too short') }, 'installs it anew'],
])('%s: no broker could run, and what to do', (_name, facts, advice) => {
  const [found, ...others] = complaints(facts);
  expect([found?.check, found?.verdict, others]).toEqual(['server library', 'fail', []]);
  expect(found?.advice).toContain(advice);
});

test.each<[string, Partial<Facts['directory']>, string]>([
  ['no right to write', { error: 'Permission denied' }, 'data directory'],
  ['no O_DIRECT', { directError: 'Invalid argument' }, 'O_DIRECT'],
  ['blocks larger than ours', { directPositionAlignment: 65_536 }, 'O_DIRECT'],
  ['a full disk', { freeSize: 2 ** 20 }, 'free space'],
])('%s: the broker could not run', (_name, directory, check) => {
  const rows = judge({ ...healthy, directory: { ...healthy.directory, ...directory } });
  expect(rows.filter(({ verdict }) => verdict === 'fail').map((row) => row.check)).toEqual([check]);
  expect(canRun(rows)).toBe(false);
});

test('memlock does not matter to who may lock, nor where io_uring is not used', () => {
  const low = { ...healthy.uring, registeredSizeMax: 0 };
  expect(complaints({ uring: low, mayLockMemory: true })).toEqual([]);
  expect(complaints({ uring: forbidden }).map(({ check }) => check)).toEqual(['io_uring']);
});

test('a slow sync names the cure that the other rows show', () => {
  const slow = { ...sync, p50Us: 4000 };
  const adviceFor = (...syncs: SyncFact[]) => complaints({ syncs }).map(({ advice }) => advice);
  expect(adviceFor(slow, { ...sync, areCoresAwake: true })[0]).toContain('sleep too deeply');
  expect(adviceFor(slow, { ...sync, method: 'dsync' })[0]).toContain('RWF_DSYNC is faster');
  expect(adviceFor(slow)[0]).toContain('this device is slow');
});

test('the table puts advice under the row it belongs to', () => {
  const rows: Row[] = [
    { check: 'a', value: '1', verdict: 'ok', advice: '' },
    { check: 'long', value: '2', verdict: 'fail', advice: 'mend it' },
  ];
  expect(table(rows)).toBe('ok    a     1\nFAIL  long  2\n            → mend it\n');
});
