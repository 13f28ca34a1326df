import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child.js';
import { countCalls } from './counters.js';
import { type Figure, parseFigure } from './figure.js';

const secondsMax = 120;

/** Runs the façade's scenario under strace and compares what both counted. Answers the exit code. */
export async function checkCounters(facade: string, directory: string): Promise<number> {
  const data = join(directory, 'data');
  const trace = join(directory, 'trace');
  mkdirSync(data, { recursive: true });
  const figures: (Figure | string)[] = [];
  const failure = await runChild({
    file: 'strace',
    args: ['-f', '-y', '-o', trace, process.execPath, facade, '--directory', data, '--quick'],
    secondsMax,
    onLine: (line) => figures.push(parseFigure(line)),
  });
  const [figure] = figures;
  const outcome = failure ?? (typeof figure === 'object' ? compare(figure, readFileSync(trace, 'utf8')) : 'no figure came');
  rmSync(directory, { recursive: true, force: true });
  if (typeof outcome === 'string') {
    console.error(`the counters could not be checked (it takes strace): ${outcome}`);
    return 1;
  }
  for (const line of outcome.lines) console.log(line);
  return outcome.isEqual ? 0 : 1;
}

interface Comparison {
  readonly isEqual: boolean;
  readonly lines: readonly string[];
}

/** What the store counted against what the kernel was asked for: io_uring_enter, and its eventfd. */
export function compare({ numbers }: Figure, trace: string): Comparison | string {
  const { system_calls: counted = Number.NaN, commits = Number.NaN, callbacks = Number.NaN } = numbers;
  const seen = countCalls(trace, numbers['wakeup_descriptor'] ?? -1);
  if (typeof seen === 'string') return seen;
  const { enters, ofDescriptor } = seen;
  const all = [...seen.byName.values()].reduce((sum, count) => sum + count, 0);
  const names = [...seen.byName].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
  return {
    isEqual: counted === enters + ofDescriptor,
    lines: [
      `counted by the store: ${counted} system calls in ${commits} commits`,
      `seen by strace:       ${enters + ofDescriptor} (${enters} io_uring_enter, ${ofDescriptor} of its eventfd)`,
      `the whole thread:     ${all}, ${(all / commits).toFixed(1)} a commit, ${callbacks} wake-ups: ${names.join(', ')}`,
      counted === enters + ofDescriptor ? 'equal' : 'NOT equal',
    ],
  };
}
