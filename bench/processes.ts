import { readdirSync, readFileSync } from 'node:fs';

// What the kernel counted of a process, its threads and ended threads included.

/** Of what proc_pid_stat(5) counts time in; 100 on every Linux. */
const ticksPerSecond = 100;

/** User and system time so far, in seconds. */
export function cpuSecondsOf(pid: number): number {
  return timesIn(`/proc/${pid}/stat`);
}

export interface ThreadTime {
  readonly id: string;
  /** Its first fifteen letters. */
  readonly name: string;
  readonly cpuSeconds: number;
}

/** Of its living threads. */
export function threadTimesOf(pid: number): readonly ThreadTime[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).flatMap((id) => {
    try {
      const name = readFileSync(`${folder}/${id}/comm`, 'utf8').trim();
      return [{ id, name, cpuSeconds: timesIn(`${folder}/${id}/stat`) }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

function timesIn(path: string): number {
  const stat = readFileSync(path, 'utf8');
  // Behind the name, which may hold anything: state first.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return (user + system) / ticksPerSecond;
}

/** VmRSS, in KiB. */
export function residentKibOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
}

export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

const storageThreads = /\((kworker\/|jbd2\/|kswapd|ksoftirqd\/)/;

/** By id, in nanoseconds. */
type ThreadTimes = ReadonlyMap<string, number>;

/**
 * CPU time that the kernel's threads for storage have used since the call, in seconds: of the whole machine. A worker that ends
 * meanwhile, which is one that was idle for minutes, takes its time with it, and no sum of all would ever tell.
 */
export function kernelMeter(): () => number {
  const before = storageTimes();
  return () => storageSecondsSince(before, storageTimes());
}

export function storageSecondsSince(before: ThreadTimes, now: ThreadTimes): number {
  let nanoseconds = 0;
  for (const [id, time] of now) {
    const was = before.get(id) ?? 0;
    // Less than before: a new thread that was given an old number.
    nanoseconds += time < was ? time : time - was;
  }
  return nanoseconds / 1e9;
}

function storageTimes(): ThreadTimes {
  const times = new Map<string, number>();
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const time = storageNanosecondsOf(id);
    if (time !== undefined) times.set(id, time);
  }
  return times;
}

function storageNanosecondsOf(id: string): number | undefined {
  try {
    if (!storageThreads.test(readFileSync(`/proc/${id}/stat`, 'utf8').slice(0, 40))) return undefined;
    return Number(readFileSync(`/proc/${id}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

export interface Spent {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/** What a process used while something ran. */
export function meter(pid: number): () => Spent {
  const [cpu, wall] = [cpuSecondsOf(pid), performance.now()];
  return () => ({ wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: cpuSecondsOf(pid) - cpu });
}
