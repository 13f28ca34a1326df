import { directoryRows } from './directory-verdicts.js';
import type { Facts } from './facts.js';
import { size } from './format.js';
import type { Limit } from './proc.js';
import { type Row, row } from './row.js';
import { serverRow } from './server-verdict.js';
import { syncRows } from './sync-verdicts.js';
import { uringRow } from './uring-verdict.js';

/** Judges the facts: every check, in the order in which a person would mend them. Pure. */
export function judge(facts: Facts): readonly Row[] {
  return [
    kernelRow(facts),
    serverRow(facts),
    uringRow(facts),
    socketsRow(facts),
    fetchRow(facts),
    pageCacheRow(facts),
    memlockRow(facts),
    openFilesRow(facts.openFiles),
    ...directoryRows(facts),
    ...syncRows(facts.syncs),
    clockRow(facts.clockSource),
    coresRow(facts),
  ];
}

export function canRun(rows: readonly Row[]): boolean {
  return rows.every(({ verdict }) => verdict !== 'fail');
}

function kernelRow({ kernel, node }: Facts): Row {
  const value = `Linux ${kernel}, Node ${node}`;
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  const isRecent = major > 6 || (major === 6 && minor >= 1);
  return isRecent
    ? row('kernel', value)
    : row('kernel', value, 'warn', 'Linux 6.1 or newer makes io_uring cheaper (DEFER_TASKRUN)');
}

function socketsRow({ sockets: { error, kind, fallbackReason } }: Facts): Row {
  const check = 'Kafka sockets';
  if (error !== '') return row(check, error, 'fail', 'no sockets for Kafka clients: see what this process may not do');
  if (fallbackReason === '') return row(check, kind);
  return row(check, `${kind}: ${fallbackReason}`, 'warn', 'works, at more CPU a request; what keeps io_uring away is above');
}

// sendfile waits for the device where pages are missing, so it is for those that are known to be there.
function fetchRow({ directory }: Facts): Row {
  const check = 'fetch strategy';
  if (directory.error !== '' || directory.tellsResidency) return row(check, 'sendfile');
  const advice =
    'the kernel does not tell what is in the page cache: Linux 6.5 or newer does, unless a seccomp filter keeps cachestat away';
  return row(check, 'buffer', 'warn', advice);
}

// Pages that are written for the first time cost more CPU than all else that is done for a large batch.
function pageCacheRow({ directory }: Facts): Row {
  const check = 'large writes';
  if (directory.error !== '' || directory.pageCache === 'direct') return row(check, 'go around the page cache');
  if (directory.pageCache === 'pass') return row(check, 'pass the page cache');
  const advice = 'they cost more CPU: Linux 6.14 or newer lets them pass it, on ext4 and xfs';
  return row(check, 'go through the page cache', 'warn', advice);
}

const registeredWanted = 64 * 2 ** 20;

function memlockRow({ memlock, mayLockMemory, userLockedSize, uring }: Facts): Row {
  const limit = memlock === undefined ? 'unknown' : `${size(memlock.soft)} soft, ${size(memlock.hard)} hard`;
  const used = `${size(userLockedSize)} in use by this user's processes`;
  const value = `${limit}${mayLockMemory ? ', lifted by CAP_IPC_LOCK' : ''}; ${used}`;
  if (mayLockMemory || uring.error !== '' || uring.registeredSizeMax >= registeredWanted) return row('memlock', value);
  const fits = uring.registeredSizeMax === 0 ? 'nothing' : size(uring.registeredSizeMax);
  const advice = `of ${size(registeredWanted)} of rings ${fits} can be registered, the rest works unregistered: LimitMEMLOCK=infinity (systemd) or ulimit -l unlimited`;
  return row('memlock', value, 'warn', advice);
}

const openFilesWanted = 65_536;

// Node raises its own soft limit to the hard one when it starts.
function openFilesRow(limit: Limit | undefined): Row {
  if (limit === undefined) return row('open files', 'unknown');
  const value = `${limit.soft} soft, ${limit.hard} hard`;
  if (limit.hard >= openFilesWanted) return row('open files', value);
  const advice = `a connection is a file: LimitNOFILE=${openFilesWanted} (systemd) or ulimit -n ${openFilesWanted}`;
  return row('open files', value, 'warn', advice);
}

// Reading one of these is a device access, not an instruction.
const slowClocks = ['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'pit'];

function clockRow(clockSource: string | undefined): Row {
  if (clockSource === undefined) return row('clock source', 'unknown');
  if (!slowClocks.includes(clockSource)) return row('clock source', clockSource);
  const advice = 'every look at the clock is slow: boot with clocksource=tsc, or tsc=reliable if the kernel rejected it';
  return row('clock source', clockSource, 'warn', advice);
}

function coresRow({ coreCount, numaNodeCount }: Facts): Row {
  const value = `${coreCount} cores, ${numaNodeCount} NUMA ${numaNodeCount === 1 ? 'node' : 'nodes'}`;
  if (coreCount < 2) return row('cores', value, 'warn', 'gateway and shard share one core: two or more keep acks steady');
  if (numaNodeCount === 1) return row('cores', value);
  return row('cores', value, 'warn', 'run one node per NUMA node: numactl --cpunodebind=N --membind=N millrace …');
}
