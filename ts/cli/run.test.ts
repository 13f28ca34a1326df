import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ExitReason } from '../model/exit-codes.js';
import { registry } from './registry.js';
import { runCommandLine } from './run.js';

interface Said {
  readonly reason: ExitReason;
  readonly out: string;
  readonly error: string;
}

async function millrace(...args: string[]): Promise<Said> {
  const said = { out: '', error: '' };
  const reason = await runCommandLine(args, {
    out(text) {
      said.out += text;
    },
    error(text) {
      said.error += text;
    },
    bytes(chunk) {
      said.out += Buffer.from(chunk).toString();
      return undefined;
    },
    isWatched: false,
    isScreen: false,
    onInterrupt: () => undefined,
  });
  return { reason, ...said };
}

test('--help lists every command', async () => {
  const { reason, out } = await millrace('--help');
  expect(reason).toBe('done');
  for (const { verb } of registry) expect(out).toContain(`\n  ${verb} `);
});

test('no command at all is wrong usage, and shows the same text on stderr', async () => {
  const { out: help } = await millrace('--help');
  expect(await millrace()).toEqual({ reason: 'wrongUsage', out: '', error: help });
});

test.each(registry.map(({ verb }) => verb))('%s --help shows its options and an example that parses', async (verb) => {
  const { reason, out } = await millrace(...verb.split(' '), '--help');
  expect(reason).toBe('done');
  const row = registry.find((candidate) => candidate.verb === verb);
  const command = (await row?.load())?.command;
  for (const name of Object.keys(command?.options ?? {})) expect(out).toContain(`--${name}`);
  const example = command?.example ?? '';
  expect(out).toContain(example);
  expect(example.startsWith(`millrace ${verb}`) || example.includes(`| millrace ${verb}`)).toBe(true);
  const args = (example.split(`millrace ${verb}`)[1] ?? '').split(' ').filter((word) => word !== '');
  expect(() => command?.bind(args)).not.toThrow();
});

test.each([
  [['docter'], 'unknown command "docter"; did you mean doctor?'],
  [['frobnicate', 'it'], 'unknown command "frobnicate it" (millrace --help lists all)'],
  [['doctor', '--jsn'], 'unknown option --jsn; did you mean --json?'],
  [['doctor', 'extra'], '"extra" is one argument too many'],
])('%j ends as wrong usage and says what was meant', async (args, message) => {
  const { reason, out, error } = await millrace(...args);
  expect(reason).toBe('wrongUsage');
  expect(out).toBe('');
  expect(error).toContain(message);
});

test('every file in commands/ is a command of the registry, and the reverse', () => {
  const files = readdirSync(new URL('./commands', import.meta.url)).filter((name) => /^[^.]+\.ts$/.test(name));
  const verbs = registry.map(({ verb }) => `${verb.replace(' ', '-')}.ts`);
  expect(files.sort()).toEqual(verbs.sort());
});
