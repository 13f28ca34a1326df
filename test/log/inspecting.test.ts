import { expect, test } from 'vitest';
import { runCommandLine } from '../../ts/cli/run.js';
import { Inspection } from '../../ts/native/inspection.js';
import { newDirectory, removeDirectoriesAfterwards } from './directory.js';
import { millrace, numbered } from './millrace.js';

removeDirectoriesAfterwards();

async function newLog(): Promise<string> {
  const data = await newDirectory();
  const lines = numbered(20_000);
  expect(millrace(['log', 'append', '--data', data, '--topic', 'lines', '--batch', '100'], lines).status).toBe(0);
  return data;
}

/** As in a terminal at which Ctrl-C is pressed as soon as the command listens for it. */
async function interrupted(...args: readonly string[]) {
  const said = { out: '', error: '' };
  const reason = await runCommandLine(args, {
    out: (text) => {
      said.out += text;
    },
    error: (text) => {
      said.error += text;
    },
    bytes: () => undefined,
    isWatched: false,
    isScreen: false,
    onInterrupt: (drain) => drain(),
  });
  return { reason, ...said };
}

test.each(['verify', 'dump'])('Ctrl-C ends log %s while it looks at the log, and the log is free again', async (verb) => {
  const data = await newLog();
  const error = expect.stringMatching(/^millrace: stopped by Ctrl-C; \d+ MiB looked at\n$/);
  expect(await interrupted('log', verb, data)).toEqual({ reason: 'interrupted', out: '', error });
  expect(millrace(['log', 'verify', data]).status).toBe(0);
});

test('whoever waits is told how much was looked at, and may do other things meanwhile', async () => {
  const data = await newLog();
  const sizes: number[] = [];
  let turns = 0;
  const counting = setInterval(() => {
    turns += 1;
  }, 1);
  const watch = { signal: new AbortController().signal, onRead: (size: number) => sizes.push(size) };
  const opened = await Inspection.ofDirectory(data, 'auto', watch);
  clearInterval(counting);
  if (!opened.ok) throw new Error(opened.error.message);
  expect(sizes.at(-1)).toBeGreaterThan(100_000);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(turns).toBeGreaterThan(0);
  expect([...opened.value.batches()]).toHaveLength(200);
  opened.value.close();
});
