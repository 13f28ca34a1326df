import { readFileSync } from 'node:fs';

/** Since the machine started, in ticks. */
export interface CpuTimes {
  readonly used: number;
  /** Wanted, and not given by the host of a virtual machine. */
  readonly stolen: number;
}

/** Of all cores, in /proc/stat: user, nice, system, idle, iowait, irq, softirq and steal. */
export function timesOf(stat: string): CpuTimes {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return { used: user + nice + system + irq + softirq, stolen };
}

/** Of the CPU time that was wanted between the two. */
export function stolenShare(before: CpuTimes, after: CpuTimes): number {
  const stolen = after.stolen - before.stolen;
  const wanted = after.used - before.used + stolen;
  return wanted > 0 ? stolen / wanted : 0;
}

/** What the host takes from now on. Beyond a few percent latencies, and rates that no client bounds, say more about it than about us. */
export function stolenMeter(): () => number {
  const before = timesNow();
  return () => stolenShare(before, timesNow());
}

function timesNow(): CpuTimes {
  return timesOf(readFileSync('/proc/stat', 'utf8'));
}
