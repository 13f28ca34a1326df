import { afterEach, expect, test, vi } from 'vitest';
import { runStages, type Selection } from './run-stages.js';
import type { Stage } from './stage.js';
import { byCargo, byExitCode } from './tally.js';

const node = (script: string) => [process.execPath, '-e', script] as const;
const passing: Stage = { name: 'passing', command: node(''), count: byExitCode };
const failing: Stage = { name: 'failing', command: node('console.log("the reason"); process.exit(3)'), count: byExitCode };
const everything: Selection = { only: [], filter: undefined };

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function run(stages: readonly Stage[], selection = everything): Promise<{ lines: readonly string[]; code: number }> {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(...line.split('\n')));
  const code = await runStages(stages, selection);
  return { lines, code };
}

test('the total is the last line, and a failure is shown and decides the exit code', async () => {
  const { lines, code } = await run([passing, failing, passing]);
  expect(lines.at(-1)).toBe('2 passed, 1 failed');
  expect(lines).toContain('the reason');
  expect(code).toBe(1);
  expect((await run([passing])).code).toBe(0);
});

test('a command that does not exist is a failure, not an exception', async () => {
  const { lines } = await run([{ name: 'gone', command: ['/nonexistent/tool'], count: byExitCode }]);
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
});

test('a stage that hangs is ended with its children', async () => {
  const hanging = 'const c = require("child_process").spawn("sleep", ["600"], { stdio: "inherit" }); setInterval(() => {}, 1000)';
  const { lines } = await run([{ name: 'hanging', command: node(hanging), count: byExitCode, secondsMax: 1 }]);
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
});

test('--only picks stages, and an unknown name fails and lists the known ones', async () => {
  expect((await run([passing, failing], { only: ['passing'], filter: undefined })).lines.at(-1)).toBe('1 passed, 0 failed');
  const { lines, code } = await run([passing, failing], { only: ['pasing'], filter: undefined });
  expect(lines).toContain('no stage pasing: one of passing, failing');
  expect(code).toBe(1);
});

test('--filter reaches the stages that can filter; one that finds nothing is no failure, all of them are', async () => {
  const result = (count: number) => `console.log('test result: ok. ${count} passed; 0 failed; 0 ignored')`;
  const filter = () => ['pattern'];
  const found: Stage = { name: 'found', command: node(result(2)), count: byCargo, filter };
  const empty: Stage = { name: 'empty', command: node(result(0)), count: byCargo, filter };
  const selection = { only: [], filter: 'pattern' };
  expect((await run([failing, found, empty], selection)).lines.at(-1)).toBe('2 passed, 0 failed');
  expect(await run([failing, empty], selection)).toMatchObject({ code: 1 });
});

test('a missing optional tool is a skip, and a failure where nothing may be skipped', async () => {
  const stage: Stage = { ...passing, needs: 'clippy' };
  vi.stubEnv('PATH', '/nonexistent');
  vi.stubEnv('MILLRACE_NO_SKIP', '');
  vi.stubEnv('MILLRACE_MAY_SKIP', '');
  expect(await run([stage])).toMatchObject({ code: 0, lines: expect.arrayContaining(['0 passed, 0 failed, 1 skipped']) });
  vi.stubEnv('MILLRACE_NO_SKIP', '1');
  expect(await run([stage])).toMatchObject({ code: 1, lines: expect.arrayContaining(['0 passed, 1 failed']) });
  vi.stubEnv('MILLRACE_MAY_SKIP', 'disks');
  expect(await run([stage])).toMatchObject({ code: 1 });
  vi.stubEnv('MILLRACE_MAY_SKIP', 'disks,clippy');
  expect(await run([stage])).toMatchObject({ code: 0, lines: expect.arrayContaining(['0 passed, 0 failed, 1 skipped']) });
});
