import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { stolenMeter } from './stolen.js';

/** What a figure has to be read with. */
export interface Machine {
  readonly date: string;
  readonly commit: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the directory that was measured. */
  readonly filesystem: Mount;
  /** Load averages over the last minute: what else ran. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Of the CPU time that was wanted meanwhile: what the host of a virtual machine did not give. */
  readonly stolenShare: number;
}

export interface Mount {
  readonly type: string;
  readonly device: string;
  readonly options: string;
}

export interface Begin {
  readonly date: string;
  readonly load: number;
  readonly stolen: () => number;
}

export function beginNow(): Begin {
  return { date: new Date().toISOString(), load: loadNow(), stolen: stolenMeter() };
}

export function describeMachine(root: string, directory: string, begin: Begin): Machine {
  return {
    date: begin.date,
    commit: commitOf(root),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    filesystem: mountOf(readFileSync('/proc/self/mountinfo', 'utf8'), realpathSync(directory)),
    loadBefore: begin.load,
    loadAfter: loadNow(),
    stolenShare: begin.stolen(),
  };
}

function loadNow(): number {
  return loadavg()[0] ?? 0;
}

function commitOf(root: string): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const changed = git('status', '--porcelain').trim() === '' ? '' : ' with changes';
    return `${git('rev-parse', 'HEAD').trim()}${changed}`;
  } catch {
    return 'unknown';
  }
}

/** The mount that holds a path: the one with the longest mount point above it, the last of several on the same. */
export function mountOf(mountinfo: string, path: string): Mount {
  let found = { pointSize: 0, type: 'unknown', device: 'unknown', options: '' };
  for (const line of mountinfo.split('\n')) {
    // See proc_pid_mountinfo(5): id, parent, device number, root, mount point, options, optional fields, a dash, type, source.
    const [before = '', behind = ''] = line.split(' - ');
    const [, , , , point = '', options = ''] = before.split(' ');
    const [type = '', device = ''] = behind.split(' ');
    const folder = unescaped(point);
    if (folder.length >= found.pointSize && isAbove(folder, path)) found = { pointSize: folder.length, type, device, options };
  }
  const { type, device, options } = found;
  return { type, device, options };
}

function isAbove(folder: string, path: string): boolean {
  return folder !== '' && (folder === '/' || path === folder || path.startsWith(`${folder}/`));
}

// Spaces and the like stand as three octal digits.
function unescaped(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
