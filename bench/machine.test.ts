import { expect, test } from 'vitest';
import { mountOf } from './machine.js';

const mountinfo = [
  '21 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
  '22 21 0:20 / /tmp rw - tmpfs tmpfs rw',
  '23 21 259:1 / /data rw,noatime shared:1 - xfs /dev/nvme0n1 rw',
  '24 23 259:2 / /data/two\\040words rw - ext4 /dev/nvme1n1 rw',
  '25 21 259:3 / /data rw,nodev - btrfs /dev/nvme2n1 rw',
  '',
].join('\n');

test('the deepest mount above a path, the last one of a place', () => {
  expect(mountOf(mountinfo, '/home/x')).toEqual({ type: 'ext4', device: '/dev/vda', options: 'rw,relatime' });
  expect(mountOf(mountinfo, '/tmp')).toMatchObject({ type: 'tmpfs' });
  expect(mountOf(mountinfo, '/data/x')).toEqual({ type: 'btrfs', device: '/dev/nvme2n1', options: 'rw,nodev' });
});

test('a name that only begins alike is not above', () => {
  expect(mountOf(mountinfo, '/database')).toMatchObject({ device: '/dev/vda' });
});

test('a mount point with a space in its name', () => {
  expect(mountOf(mountinfo, '/data/two words/x')).toMatchObject({ device: '/dev/nvme1n1' });
});
