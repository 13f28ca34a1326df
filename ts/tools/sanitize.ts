import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runStages } from './stages/run-stages.js';
import { selectionFrom } from './stages/select.js';
import { root, spawnStage } from './stages/spawn-stage.js';
import type { Stage } from './stages/stage.js';
import { byExitCode, byVitest, type Count } from './stages/tally.js';

// npm run sanitize -- [--only STAGE]: the addon with AddressSanitizer in it, under the same tests as always, with their worker
// threads, and under its leak checker. rustc is told once that this is allowed (RUSTC_BOOTSTRAP): no nightly toolchain. An
// addon brings no runtime along, so the C compiler's is loaded first; memory that Node allocates is watched as well.

const target = join(root, 'native', 'target', 'sanitize');
/** The tree as tests see it, with the other addon in it. */
const tree = join(target, 'tree');
const exitCodeOfFindings = 99;

const toSanitize = { RUSTC_BOOTSTRAP: '1', RUSTFLAGS: '-Zsanitizer=address -Cforce-frame-pointers=yes' };

/** With `--target` named, build scripts and macros stay as they are. Answers where the addon is. */
async function buildAddon(): Promise<string> {
  const version = execFileSync('rustc', ['-vV'], { encoding: 'utf8' });
  const triple = /^host: (.*)$/m.exec(version)?.[1] ?? '';
  const places = ['--manifest-path', 'native/Cargo.toml', '--target', triple, '--target-dir', target];
  const command = ['cargo', 'build', '--release', '--locked', '--lib', ...places] as const;
  const built = await spawnStage(command, { name: 'compiling', secondsMax: 1_800, env: toSanitize, isLive: false });
  if (built.exitCode !== 0) throw new Error(built.output);
  return join(target, triple, 'release', 'libmillrace_native.so');
}

function plantTree(addon: string): void {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'native', 'target'), { recursive: true });
  for (const name of ['dist', 'ts', 'test', 'package.json', 'vitest.config.ts', 'tsconfig.base.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(tree, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  copyFileSync(addon, join(tree, 'dist', 'millrace.node'));
}

function runtime(): string {
  return execFileSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
}

/** What is freed is not given out again soon, but soon enough for the tests that measure memory. */
const options = `exitcode=${exitCodeOfFindings}:quarantine_size_mb=64:use_sigaltstack=0`;

function environment(withLeaks: boolean) {
  return {
    LD_PRELOAD: runtime(),
    ASAN_OPTIONS: `${options}:detect_leaks=${withLeaks ? 1 : 0}`,
    LSAN_OPTIONS: `suppressions=${join(root, 'test', 'sanitize', 'leaks-of-others.txt')}:print_suppressions=0`,
  };
}

/** A script beside the tests, in a process of its own, with an empty directory. */
function script(path: string, ...args: readonly string[]): Stage['command'] {
  const empty = mkdtempSync(join(tree, 'native', 'target', 'd'));
  return [process.execPath, '--expose-gc', join(tree, 'test', path), empty, ...args];
}

const byReport: Count = ({ exitCode, output }) => {
  const isFound = exitCode === exitCodeOfFindings && output.includes('heap-use-after-free');
  return byExitCode({ exitCode: isFound ? 0 : 1, output });
};

/** The first one proves that the others can fail. */
function stages(): readonly Stage[] {
  const errors = environment(false);
  const leaks = environment(true);
  return [
    { name: 'control', command: script('sanitize/workers/use-after-free.mjs'), count: byReport, env: errors },
    { name: 'leaks-workers', command: script('log/workers/closing.mjs', '2'), count: byExitCode, env: leaks },
    { name: 'leaks-reopening', command: script('log/workers/repeating.mjs', '2', '20'), count: byExitCode, env: leaks },
    {
      name: 'tests',
      command: ['node_modules/.bin/vitest', 'run', '--root', tree, 'test/', 'ts/cli/'],
      count: byVitest,
      env: errors,
    },
  ];
}

plantTree(await buildAddon());
process.exitCode = await runStages(stages(), selectionFrom(process.argv.slice(2)));
