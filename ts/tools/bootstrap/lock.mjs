import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Node has no flock, and a lock file that its finder deletes when the holder looks dead can be deleted twice: the
// second time it is the new holder's. So the lock is a series of files 1, 2, 3 …, and the highest number never goes down:
//
//   take     highest is n and nobody in it is alive → link(2) our own file to n+1: fails if another was faster
//   check    still the highest? (we may have slept since we read n, and n+1, n+2 have come and gone) else drop ours
//   release  file n+1 is replaced by an empty one: nobody alive; it stays as the highest
//   tidy     the holder of n+1 removes the files below
//
// A holder that was killed may leave a child behind (npm, cargo, tsc) that still writes: the child counts as holder too.

const retryMs = 100;

/** Lives on: one process. Ends when: release, or the death of the process and of its recorded child. */
export class Lock {
  /** @param {string} file @param {string} draft */
  constructor(file, draft) {
    this.file = file;
    this.draft = draft;
  }

  /** @param {number} childPid */
  recordChild(childPid) {
    this.#write([process.pid, childPid]);
  }

  release() {
    this.#write([]);
  }

  /** @param {readonly number[]} pids */
  #write(pids) {
    writeFileSync(this.draft, pids.map(identityOf).join('\n'));
    renameSync(this.draft, this.file);
  }
}

/**
 * @param {string} folder
 * @param {() => void} [onWait] called once if another process holds it
 * @returns {Promise<Lock>}
 */
export async function takeLock(folder, onWait = undefined) {
  mkdirSync(folder, { recursive: true });
  let lock = tryLock(folder);
  if (lock === undefined) onWait?.();
  while (lock === undefined) {
    await sleep(retryMs);
    lock = tryLock(folder);
  }
  return lock;
}

/** @param {string} folder @returns {Lock | undefined} */
export function tryLock(folder) {
  const last = highest(folder);
  if (last > 0 && isHeld(join(folder, String(last)))) return undefined;
  const file = join(folder, String(last + 1));
  const draft = join(folder, `draft-${process.pid}`);
  writeFileSync(draft, identityOf(process.pid));
  try {
    linkSync(draft, file);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  if (highest(folder) > last + 1) {
    rmSync(file);
    return undefined;
  }
  removeBelow(folder, last + 1);
  return new Lock(file, draft);
}

/** @param {string} folder */
function numbers(folder) {
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** @param {string} folder */
function highest(folder) {
  return Math.max(0, ...numbers(folder));
}

/** @param {string} folder @param {number} limit */
function removeBelow(folder, limit) {
  for (const number of numbers(folder)) {
    if (number < limit) rmSync(join(folder, String(number)), { force: true });
  }
}

/** @param {string} file */
function isHeld(file) {
  /** @type {string} */
  let content;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return true; // Gone since we listed it: someone is at work, look again.
  }
  return content.split('\n').some((line) => line !== '' && identityOf(Number(line.split(' ')[0])) === line);
}

/**
 * A pid alone would be mistaken for its successor: pids are reused, after a reboot at once. '' for a dead process.
 * @param {number} pid
 */
function identityOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command may hold spaces and brackets; what follows its last bracket is numbered from field 3 (state).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${pid} ${fields[19]} ${boot}`;
  } catch {
    return '';
  }
}
