import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exitCodes } from './exit-codes.js';

function rustTable(): Map<string, number> {
  const source = readFileSync(new URL('../../native/src/fatal.rs', import.meta.url), 'utf8');
  const rows = source.matchAll(/^\s+([A-Z]\w+) = (\d+),$/gm);
  return new Map([...rows].map(([, name = '', code]) => [name.charAt(0).toLowerCase() + name.slice(1), Number(code)]));
}

test('Rust and TypeScript end a process with the same codes', () => {
  const ours = new Map(Object.entries(exitCodes).map(([name, { code }]) => [name, code]));
  expect(ours).toEqual(rustTable());
});

test('no two reasons share a code', () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});
