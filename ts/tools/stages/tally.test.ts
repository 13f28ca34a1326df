import { expect, test } from 'vitest';
import { byCargo, byExitCode, byMutants, byRuns, byVitest, totalLine } from './tally.js';

const counts = (passed: number, failed: number) => ({ passed, failed, skipped: 0 });

test('cargo: the results of all binaries are summed, ignored tests count as failed', () => {
  const output = [
    'test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s',
    'test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s',
  ].join('\n');
  expect(byCargo({ exitCode: 101, output })).toEqual(counts(15, 3));
});

test('vitest: passed, failed, skipped and todo', () => {
  const output = ' Test Files  1 failed | 2 passed (3)\n      Tests  1 failed | 12 passed | 2 skipped | 1 todo (16)\n';
  expect(byVitest({ exitCode: 1, output })).toEqual(counts(12, 4));
});

test('vitest: a file that does not load fails the stage although no test failed', () => {
  const output = ' Test Files  1 failed | 2 passed (3)\n      Tests  12 passed (12)\n';
  expect(byVitest({ exitCode: 1, output })).toEqual(counts(12, 1));
});

test('campaigns: the last line of its kind decides', () => {
  expect(byRuns({ exitCode: 0, output: '5 run, 0 failed\nmore\n300 run, 0 failed\n' })).toEqual(counts(1, 0));
  expect(byRuns({ exitCode: 1, output: '300 run, 2 failed\n' })).toEqual(counts(0, 2));
  expect(byMutants({ exitCode: 1, output: '20 killed, 1 survived\n' })).toEqual(counts(20, 1));
});

test('silence is a failure, whatever the exit code says', () => {
  for (const count of [byCargo, byVitest, byRuns, byMutants]) {
    expect(count({ exitCode: 0, output: '' })).toEqual(counts(0, 1));
  }
  expect(byRuns({ exitCode: 0, output: '0 run, 0 failed\n' })).toEqual(counts(0, 1));
  expect(byCargo({ exitCode: 0, output: 'test result: ok. 0 passed; 0 failed; 0 ignored' })).toEqual(counts(0, 1));
});

test('a process that died after its good news has failed', () => {
  expect(byRuns({ exitCode: 139, output: '300 run, 0 failed\n' })).toEqual(counts(1, 1));
  expect(byExitCode({ exitCode: 2, output: 'fine' })).toEqual(counts(0, 1));
});

test('the total line names skips only when there are any', () => {
  expect(totalLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
  expect(totalLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
});
