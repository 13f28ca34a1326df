/** What came of a stage, in the words of the total line. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** Reads a tool's outcome. Nothing recognised counts as a failure: silence is not a pass. */
export type Count = (ended: Ended) => Tally;

const onePassed: Tally = { passed: 1, failed: 0, skipped: 0 };
export const oneFailed: Tally = { passed: 0, failed: 1, skipped: 0 };
export const oneSkipped: Tally = { passed: 0, failed: 0, skipped: 1 };
export const nothing: Tally = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The contract's last line. */
export function totalLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** The whole stage is one check. */
export const byExitCode: Count = ({ exitCode }) => (exitCode === 0 ? onePassed : oneFailed);

/** cargo prints a result line per test binary. An ignored test is a failure: a test that does not run proves nothing. */
export const byCargo: Count = ({ exitCode, output }) => {
  const lines = output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm);
  const tallies = [...lines].map(([, passed, failed, ignored]) => tally(Number(passed), Number(failed) + Number(ignored)));
  return unlessSilent(exitCode, tallies.reduce(add, nothing));
};

/** Vitest's total line, "Tests  1 failed | 12 passed | 2 skipped (15)", and its count of files that did not even load. */
export const byVitest: Count = ({ exitCode, output }) => {
  const line = /^\s*Tests\s+(.*)$/m.exec(output)?.[1] ?? '';
  const countOf = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return unlessSilent(exitCode, tally(countOf('passed'), countOf('failed') + countOf('skipped') + countOf('todo')));
};

/** "N run, N failed", as sim and fuzz end. However many seeds it ran, it is one test of ours. */
export const byRuns: Count = ({ exitCode, output }) => {
  const { good, bad } = lastPair(output, /^(\d+) run, (\d+) failed$/gm);
  return unlessSilent(exitCode, tally(good > 0 && bad === 0 ? 1 : 0, bad));
};

/** "N killed, N survived": each mutant is a test of our tests. */
export const byMutants: Count = ({ exitCode, output }) => {
  const { good, bad } = lastPair(output, /^(\d+) killed, (\d+) survived$/gm);
  return unlessSilent(exitCode, tally(good, bad));
};

export function lastPair(output: string, line: RegExp): { good: number; bad: number } {
  const last = [...output.matchAll(line)].at(-1);
  return { good: Number(last?.[1] ?? 0), bad: Number(last?.[2] ?? 0) };
}

function tally(passed: number, failed: number): Tally {
  return { passed, failed, skipped: 0 };
}

function unlessSilent(exitCode: number, found: Tally): Tally {
  const isSilent = found.passed + found.failed === 0;
  const hidesFailure = exitCode !== 0 && found.failed === 0;
  return isSilent || hidesFailure ? add(found, oneFailed) : found;
}
