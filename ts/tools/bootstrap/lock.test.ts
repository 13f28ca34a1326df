import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock, tryLock } from './lock.mjs';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const lockModule = new URL('./lock.mjs', import.meta.url).href;

function startScript(body: string): ChildProcess {
  const script = `import { takeLock } from ${JSON.stringify(lockModule)};\nconst folder = ${JSON.stringify(folder)};\n${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  const [line] = await once(createInterface(child.stdout), 'line');
  return String(line);
}

test('one holder at a time, however often they take and release', async () => {
  const log = join(folder, '..', `${folder.split('/').at(-1)}.log`);
  const body = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    for (let i = 0; i < 5; i++) {
      const lock = await takeLock(folder);
      appendFileSync(${JSON.stringify(log)}, 'in ' + process.pid + '\\n');
      await sleep(3);
      appendFileSync(${JSON.stringify(log)}, 'out ' + process.pid + '\\n');
      lock.release();
    }`;
  await Promise.all([1, 2, 3, 4].map(() => once(startScript(body), 'exit')));
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  rmSync(log);
  expect(lines).toHaveLength(40);
  for (let i = 0; i < lines.length; i += 2) {
    expect(lines[i]).toMatch(/^in /);
    expect(lines[i + 1]).toBe(lines[i]?.replace('in', 'out'));
  }
});

test('kill -9 of the holder frees the lock', async () => {
  const holder = startScript("await takeLock(folder); console.log('held'); setInterval(() => {}, 1000);");
  await firstLine(holder);
  expect(tryLock(folder)).toBeUndefined();
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(tryLock(folder)).toBeDefined();
});

test('a child that outlives a killed holder still holds', async () => {
  const holder = startScript(`
    import { spawn } from 'node:child_process';
    const lock = await takeLock(folder);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    lock.recordChild(child.pid);
    console.log(child.pid);
    setInterval(() => {}, 1000);`);
  const childPid = Number(await firstLine(holder));
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(tryLock(folder)).toBeUndefined();
  process.kill(childPid, 'SIGKILL');
  // Whoever inherited the child reaps it, or leaves a zombie: both count as dead.
  const lock = await takeLock(folder);
  lock.release();
});

test('a pid that now names another process does not hold', () => {
  appendFileSync(join(folder, '7'), `${process.pid} 1 another-boot`);
  expect(tryLock(folder)).toBeDefined();
});

test('the numbers only rise, and only the last file stays', async () => {
  for (let i = 0; i < 3; i++) (await takeLock(folder)).release();
  expect(readdirSync(folder)).toEqual(['3']);
});
