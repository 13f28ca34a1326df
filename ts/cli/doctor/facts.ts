import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type BindingDirectory,
  type BindingSockets,
  type BindingSync,
  type BindingSyncAsk,
  type BindingUring,
  measureSync,
  probeDirectory,
  probeSockets,
  probeUring,
} from '../../native/doctor.js';
import { findMount, type Limit, type Mount, mayLockMemory, parseLimit, parseStatusNumber } from './proc.js';
import { type ServerLibrary, serverLibrary } from './server-library.js';

/** What the machine says, without a judgement. */
export interface Facts {
  readonly kernel: string;
  readonly node: string;
  readonly server: ServerLibrary;
  readonly coreCount: number;
  readonly numaNodeCount: number;
  readonly clockSource: string | undefined;
  readonly uring: BindingUring;
  /** What the Kafka door would have. */
  readonly sockets: BindingSockets;
  /** kernel.io_uring_disabled; undefined where the kernel (before 6.6) has no such switch. */
  readonly uringDisabled: number | undefined;
  /** 0 none, 1 strict, 2 a filter: a container's profile, mostly. */
  readonly seccompMode: number | undefined;
  readonly openFiles: Limit | undefined;
  readonly memlock: Limit | undefined;
  readonly mayLockMemory: boolean;
  /** Locked and pinned memory of all processes of this user that we may look at. */
  readonly userLockedSize: number;
  readonly dataDirectory: string;
  /** The directory itself, or the nearest one above that exists: there the probes ran. */
  readonly probedDirectory: string;
  readonly mount: Mount | undefined;
  readonly directory: BindingDirectory;
  readonly syncs: readonly SyncFact[];
}

export interface SyncFact extends BindingSync {
  readonly io: BindingSyncAsk['io'];
  readonly method: BindingSyncAsk['method'];
  readonly areCoresAwake: boolean;
}

// Four of them: together well under three seconds.
const syncBudgetMs = 600;

export async function gatherFacts(data: string): Promise<Facts> {
  const dataDirectory = resolve(data);
  const probedDirectory = realpathSync(nearestExisting(dataDirectory));
  // Before our own rings: the kernel gives back what they pinned a little after they closed.
  const lockedSize = userLockedSize();
  const uring = probeUring();
  const directory = probeDirectory(probedDirectory);
  const status = read('/proc/self/status') ?? '';
  const limits = read('/proc/self/limits') ?? '';
  return {
    kernel: release(),
    node: process.versions.node,
    server: await serverLibrary(),
    coreCount: availableParallelism(),
    numaNodeCount: numaNodeCount(),
    clockSource: read('/sys/devices/system/clocksource/clocksource0/current_clocksource')?.trim(),
    uring,
    sockets: probeSockets(),
    uringDisabled: numberIn(read('/proc/sys/kernel/io_uring_disabled')),
    seccompMode: parseStatusNumber(status, 'Seccomp'),
    openFiles: parseLimit(limits, 'Max open files'),
    memlock: parseLimit(limits, 'Max locked memory'),
    mayLockMemory: mayLockMemory(status),
    userLockedSize: lockedSize,
    dataDirectory,
    probedDirectory,
    mount: findMount(read('/proc/self/mountinfo') ?? '', probedDirectory),
    directory,
    syncs: directory.error === '' ? await measureSyncs(probedDirectory, uring.error === '' ? 'uring' : 'fallback') : [],
  };
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

// Each measurement blocks this thread; between them a Ctrl-C gets its turn.
async function measureSyncs(path: string, io: BindingSyncAsk['io']): Promise<readonly SyncFact[]> {
  const facts: SyncFact[] = [];
  for (const method of ['linked', 'dsync'] as const) {
    for (const areCoresAwake of [false, true]) {
      await nextTurn();
      facts.push({ io, method, areCoresAwake, ...measureSync(path, { io, method, areCoresAwake, budgetMs: syncBudgetMs }) });
    }
  }
  return facts;
}

function numaNodeCount(): number {
  const nodes = '/sys/devices/system/node';
  return existsSync(nodes) ? readdirSync(nodes).filter((name) => /^node\d+$/.test(name)).length : 1;
}

// The kernel counts locked and pinned memory per user, so other processes of ours use up the same limit. What io_uring
// registered is charged to the user too and shows as pinned.
function userLockedSize(): number {
  const uid = process.getuid?.();
  const ours = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/status`))
    .filter((status) => status !== undefined)
    .filter((status) => parseStatusNumber(status, 'Uid') === uid);
  const sizeOf = (status: string) => (parseStatusNumber(status, 'VmLck') ?? 0) + (parseStatusNumber(status, 'VmPin') ?? 0);
  return ours.reduce((sum, status) => sum + sizeOf(status), 0);
}

function numberIn(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Processes end and containers hide files while we look: what cannot be read is not known. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
