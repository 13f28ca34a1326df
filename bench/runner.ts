// npm run bench: builds the native half, runs the scenarios one after the other, judges and shows what they measured.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild, runChild } from './child.js';
import { checkCounters } from './counter-check.js';
import { type Figure, parseFigure } from './figure.js';
import { isFailure, type Judged, judge } from './gate.js';
import { beginNow, describeMachine } from './machine.js';
import { help, type Options, parseOptions } from './options.js';
import { planRuns, type Run } from './plan.js';
import { resultsOf, tableOf } from './report.js';
import { scenarios } from './scenarios/table.js';
import { stolenMeter } from './stolen.js';

// Compiled, this file lies two folders below the root.
const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = join(root, 'bench/native/Cargo.toml');
// A folder of its own in any case: the core as a library of the bench and as the addon has the same file name.
const shared = process.env['CARGO_TARGET_DIR'];
const target = shared === undefined ? join(root, 'bench/native/target') : join(shared, 'bench');
const nativeProgram = join(target, 'release/millrace-bench');
const programOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** What was built or fetched for peers; "target" is in no repository. */
const cache = join(root, 'bench/native/target/peers');
const buildSecondsMax = 1_200;
const soakGraceSeconds = 60;

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') return complain(options);
  if (options.wantsHelp) {
    process.stdout.write(help);
    return 0;
  }
  if (options.wantsCounterCheck) return checkCounters(programOf('scenarios/facade.js'), scratchOf(options));
  if (options.soakSeconds !== undefined) return soak(scratchOf(options), options.soakSeconds);
  const runs = planRuns(scenarios, options);
  if (typeof runs === 'string') return complain(runs);
  const failure = await build();
  if (failure !== undefined) {
    console.error(`the native half of the bench does not build: ${failure}`);
    return 1;
  }
  return runAll(runs, options);
}

function scratchOf({ directory }: Options): string {
  return resolve(directory ?? join(root, 'bench/native/target/scratch'), String(process.pid));
}

/** A program of its own, which shows what it sees while it runs. */
async function soak(directory: string, seconds: number): Promise<number> {
  mkdirSync(directory, { recursive: true });
  const stopListening = endOnSignal(() => rmSync(directory, { recursive: true, force: true }));
  const args = [programOf('soak/soak.js'), '--directory', directory, '--seconds', String(seconds)];
  const secondsMax = seconds * 1.2 + soakGraceSeconds;
  const failure = await runChild({ file: process.execPath, args, secondsMax, onLine: console.log });
  rmSync(directory, { recursive: true, force: true });
  stopListening();
  if (failure !== undefined) console.error(failure);
  return failure === undefined ? 0 : 1;
}

function complain(text: string): number {
  console.error(`${text}\n\n${help}`);
  return 2;
}

async function build(): Promise<string | undefined> {
  console.log('compiling the native half');
  const args = ['build', '--release', '--locked', '--quiet', '--manifest-path', manifest, '--target-dir', target];
  return runChild({ file: 'cargo', args, secondsMax: buildSecondsMax, onLine: console.log });
}

async function runAll(runs: readonly Run[], options: Options): Promise<number> {
  const directory = scratchOf(options);
  mkdirSync(directory, { recursive: true });
  const stopListening = endOnSignal(() => rmSync(directory, { recursive: true, force: true }));
  const begin = beginNow();
  const rows: Judged[] = [];
  for (const [index, run] of runs.entries()) {
    process.stdout.write(`${index + 1}/${runs.length} ${run.scenario.name}, ${run.case}: `);
    rows.push(...(await measure(run, join(directory, String(index)), options)));
  }
  const machine = describeMachine(root, directory, begin);
  rmSync(directory, { recursive: true, force: true });
  stopListening();
  writeResults(resolve(options.json ?? join(root, 'bench/results/latest.json')), resultsOf(rows, machine, options.isQuick));
  const { type, device } = machine.filesystem;
  console.log(
    `\n${machine.cores} cores, ${machine.kernel}, ${type} on ${device}, load ${machine.loadBefore} to ${machine.loadAfter}, ${percentOf(machine.stolenShare)} taken by the host`,
  );
  console.log(`${tableOf(rows)}\n`);
  const failed = rows.filter((row) => isFailure(row, options.isGate));
  console.log(`${rows.length} run, ${failed.length} failed`);
  return failed.length === 0 && rows.length > 0 ? 0 : 1;
}

async function measure(run: Run, directory: string, options: Options): Promise<readonly Judged[]> {
  const figures: Figure[] = [];
  const complaints: string[] = [];
  const begin = performance.now();
  const stolen = stolenMeter();
  mkdirSync(directory, { recursive: true });
  const failure = await runChild({
    ...commandOf(run, directory, options),
    secondsMax: run.scenario.secondsMax,
    onLine: (line) => {
      const figure = parseFigure(line);
      if (typeof figure === 'string') complaints.push(figure);
      else figures.push(figure);
    },
  });
  rmSync(directory, { recursive: true, force: true });
  if (failure !== undefined) complaints.push(failure);
  const rows = judge(run, figures, options.isQuick);
  const verdicts = rows.map(({ verdict }) => verdict).join(', ');
  const seconds = Math.round((performance.now() - begin) / 1000);
  console.log([`${verdicts} (${seconds} s, ${percentOf(stolen())} taken by the host)`, ...complaints].join('\n  '));
  // A child that fails after its last figure has shown that something is wrong with all of them.
  return failure === undefined ? rows : rows.map((row) => ({ ...row, verdict: 'absent', misses: [failure] }));
}

function commandOf(run: Run, directory: string, { isQuick, spinners }: Options) {
  const { program, name } = run.scenario;
  const rest = ['--directory', directory, '--case', run.case, '--spinners', spinners, ...(isQuick ? ['--quick'] : [])];
  return program === 'native'
    ? { file: nativeProgram, args: [name, ...rest] }
    : { file: process.execPath, args: [programOf(`scenarios/${program}`), ...rest, '--native', nativeProgram, '--cache', cache] };
}

function percentOf(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function writeResults(file: string, results: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, results);
}

function endOnSignal(cleanUp: () => void): () => void {
  const end = () => {
    endChild();
    cleanUp();
    process.exit(130);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  return () => {
    process.off('SIGINT', end).off('SIGTERM', end);
  };
}

process.exitCode = await main(process.argv.slice(2));
