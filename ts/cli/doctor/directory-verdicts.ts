import type { Facts } from './facts.js';
import { size } from './format.js';
import type { Mount } from './proc.js';
import { type Row, row } from './row.js';

export function directoryRows(facts: Facts): readonly Row[] {
  const writable = writableRow(facts);
  if (writable.verdict === 'fail') return [writable, filesystemRow(facts.mount)];
  return [writable, filesystemRow(facts.mount), directRow(facts), freeRow(facts)];
}

function writableRow({ dataDirectory, probedDirectory, directory }: Facts): Row {
  const value = dataDirectory === probedDirectory ? dataDirectory : `${dataDirectory} (would be made in ${probedDirectory})`;
  if (directory.error === '') return row('data directory', value);
  return row(
    'data directory',
    `${value}: ${directory.error}`,
    'fail',
    'choose another with --data, or give this user the right to write',
  );
}

const measuredFilesystems = ['ext4', 'xfs'];
const memoryFilesystems = ['tmpfs', 'ramfs'];

function filesystemRow(mount: Mount | undefined): Row {
  const check = 'filesystem';
  if (mount === undefined) return row(check, 'unknown');
  const { type, source, options } = mount;
  const value = `${type} on ${source} at ${mount.point} (${options.join(',')})`;
  const careless = options.find((option) => ['nobarrier', 'barrier=0'].includes(option));
  if (careless !== undefined)
    return row(check, value, 'warn', `${careless}: a sync no longer means stable media: mount without it`);
  if (memoryFilesystems.includes(type))
    return row(check, value, 'warn', 'lives in memory: nothing survives a restart of the machine');
  if (measuredFilesystems.includes(type)) return row(check, value);
  return row(check, value, 'warn', `Millrace is measured on ${measuredFilesystems.join(' and ')}`);
}

const blockSize = 4096;

function directRow({ directory }: Facts): Row {
  const { directError, directMemoryAlignment: memory, directPositionAlignment: position } = directory;
  if (directError !== '') {
    return row('O_DIRECT', directError, 'fail', 'the journal is written with O_DIRECT: put the data directory on ext4 or xfs');
  }
  if (position === 0) return row('O_DIRECT', 'works; alignment not told by this kernel or filesystem');
  const value = `works; alignment ${memory} in memory, ${position} on disk`;
  if (blockSize % memory === 0 && blockSize % position === 0) return row('O_DIRECT', value);
  return row('O_DIRECT', value, 'fail', `the journal writes blocks of ${blockSize}`);
}

const freeWanted = 10 * 2 ** 30;
const freeNeeded = 256 * 2 ** 20;

function freeRow({ directory: { freeSize, totalSize } }: Facts): Row {
  const value = `${size(freeSize)} of ${size(totalSize)}`;
  if (freeSize < freeNeeded)
    return row('free space', value, 'fail', `a node wants at least ${size(freeNeeded)} for its journals`);
  if (freeSize < freeWanted)
    return row('free space', value, 'warn', `${size(freeWanted)} or more leave room for retention to work`);
  return row('free space', value);
}
