import { closeSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { root, spawnStage } from '../stages/spawn-stage.js';
import type { Ended } from '../stages/tally.js';
import type { Mutant } from './table.js';

export interface Verdict {
  readonly isKilled: boolean;
  readonly reason: string;
}

const compileSecondsMax = 900;
// A mutant may make the core wait for ever.
const runSecondsMax = 240;

const targetFolder = join(root, 'native', 'target');
// In one place always, so that the compiler continues where the last run stopped; the dependencies are those of the tests.
const folder = join(targetFolder, 'mutants');
const crate = join(folder, 'native');

/**
 * A copy of the native crate, broken in one way at a time. One process works in it at once.
 * What a mutant is judged by must pass without it: that is checked before, once for every test.
 */
export class Laboratory {
  readonly #passing = new Set<string>();
  readonly #lock: string;

  private constructor(lock: string) {
    this.#lock = lock;
  }

  static open(): Laboratory {
    mkdirSync(folder, { recursive: true });
    const lock = join(folder, 'lock');
    takeLock(lock);
    copy('native');
    copy('test/golden');
    return new Laboratory(lock);
  }

  close(): void {
    rmSync(this.#lock, { force: true });
  }

  async judge({ name, file, find, replace, killedBy }: Mutant): Promise<Verdict> {
    const path = join(crate, 'src', file);
    const original = readFileSync(path, 'utf8');
    await this.#checkUnbroken(killedBy);
    writeFileSync(
      path,
      original.replace(find, () => replace),
    );
    try {
      // A mutant that does not compile was never tried.
      await compile(name);
      return verdictOf(await run(killedBy), killedBy.length);
    } finally {
      writeFileSync(path, original);
    }
  }

  async #checkUnbroken(tests: readonly string[]): Promise<void> {
    const unknown = tests.filter((test) => !this.#passing.has(test));
    if (unknown.length === 0) return;
    await compile('the unbroken crate');
    const ended = await run(unknown);
    if (ended.exitCode !== 0 || countOf(ended) !== unknown.length) {
      throw new Error(`without any mutant these do not all pass: ${unknown.join(', ')}\n${ended.output}`);
    }
    for (const test of unknown) this.#passing.add(test);
  }
}

function takeLock(lock: string): void {
  try {
    const file = openSync(lock, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
  } catch {
    const owner = Number(readFileSync(lock, 'utf8'));
    if (isAlive(owner)) throw new Error(`process ${owner} tries mutants in this folder`);
    rmSync(lock, { force: true });
    takeLock(lock);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

// Every file is new to cargo, which goes by times: what it built last may have been a mutant.
function copy(name: string): void {
  const from = join(root, name);
  const to = join(folder, name);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  // Entry by entry, as the copy lies in one of them.
  for (const entry of readdirSync(from).filter((entry) => entry !== 'target')) {
    cpSync(join(from, entry), join(to, entry), { recursive: true });
  }
}

function cargo(...args: readonly string[]): readonly [string, ...string[]] {
  const bare = ['--config', 'profile.test.package.millrace-native.debug=false'];
  const manifest = join(crate, 'Cargo.toml');
  return ['cargo', 'test', '--locked', '--no-default-features', '--lib', '--manifest-path', manifest, ...bare, ...args];
}

const env = { CARGO_TARGET_DIR: targetFolder, RUST_BACKTRACE: '0' };

async function compile(name: string): Promise<void> {
  const watch = { name: `compiling ${name}`, secondsMax: compileSecondsMax, env, isLive: false };
  const ended = await spawnStage(cargo('--no-run'), watch);
  if (ended.exitCode !== 0) throw new Error(`${name} does not compile\n${ended.output}`);
}

function run(tests: readonly string[]): Promise<Ended> {
  const watch = { name: 'tests', secondsMax: runSecondsMax, env, isLive: false };
  return spawnStage(cargo('--', '--exact', ...tests), watch);
}

function countOf({ output }: Ended): number {
  return Number(/^running (\d+) tests?$/m.exec(output)?.[1] ?? 0);
}

function verdictOf(ended: Ended, count: number): Verdict {
  if (countOf(ended) !== count) throw new Error(`the tests did not run\n${ended.output}`);
  if (ended.exitCode === 0) return { isKilled: false, reason: 'every test passes' };
  const failed = [...ended.output.matchAll(/^test (\S+) \.\.\. FAILED$/gm)].map(([, test]) => test);
  return { isKilled: true, reason: failed.length > 0 ? failed.join(', ') : `the tests ended with ${ended.exitCode}` };
}
