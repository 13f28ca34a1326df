import { expect, test } from 'vitest';
import { findMount, mayLockMemory, parseLimit, parseStatusNumber } from './proc.js';

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max open files            1024                 524288               files
Max locked memory         8388608              unlimited            bytes
`;

test('limits: numbers, unlimited, and a row that is not there', () => {
  expect(parseLimit(limits, 'Max open files')).toEqual({ soft: 1024, hard: 524288 });
  expect(parseLimit(limits, 'Max locked memory')).toEqual({ soft: 8388608, hard: Number.POSITIVE_INFINITY });
  expect(parseLimit(limits, 'Max open')).toBeUndefined();
});

test('status: counts and sizes', () => {
  const status = 'Name:\tnode\nVmLck:\t      12 kB\nSeccomp:\t2\nCapEff:\t0000000000004000\n';
  expect(parseStatusNumber(status, 'VmLck')).toBe(12288);
  expect(parseStatusNumber(status, 'Seccomp')).toBe(2);
  expect(parseStatusNumber(status, 'VmPin')).toBeUndefined();
  expect(mayLockMemory(status)).toBe(true);
  expect(mayLockMemory(status.replace('4000', '2000'))).toBe(false);
});

const mountinfo = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:30 / /srv/with\\040space rw,noatime shared:5 master:1 - xfs /dev/nvme0n1 rw,attr2
31 27 0:31 / /srv/a rw - tmpfs tmpfs rw
32 27 0:32 / /srv/a rw - ext4 /dev/nvme1n1 rw,barrier=0
`;

test('the longest mount point that holds the path, the later of two at one place', () => {
  expect(findMount(mountinfo, '/srv/with space/data')).toMatchObject({ type: 'xfs', source: '/dev/nvme0n1' });
  expect(findMount(mountinfo, '/srv/ab')).toMatchObject({ point: '/', type: 'ext4' });
  expect(findMount(mountinfo, '/srv/a')).toMatchObject({ type: 'ext4', options: ['rw', 'barrier=0'] });
  expect(findMount('', '/')).toBeUndefined();
});
