import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stages/spawn-stage.js';

/** One way to break the native core, and the tests that must notice. */
export interface Mutant {
  readonly name: string;
  /** Below native/src. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Full names of Rust tests; one that fails is enough. */
  readonly killedBy: readonly string[];
}

const folder = join(root, 'test', 'mutants');

/** The rows of test/mutants/*.json, in the order of the files' names. */
export function readTable(): readonly Mutant[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().flatMap((name) => mutantsOf(name, JSON.parse(readFileSync(join(folder, name), 'utf8'))));
}

function mutantsOf(name: string, rows: unknown): readonly Mutant[] {
  if (!Array.isArray(rows)) throw new Error(`test/mutants/${name} is not a list`);
  return rows.map((row: Readonly<Record<string, unknown>>) => ({
    name: textOf(name, row['name']),
    file: textOf(name, row['file']),
    find: textOf(name, row['find']),
    replace: textOf(name, row['replace']),
    killedBy: linesOf(name, row['killedBy']),
  }));
}

/** A text of several lines is a list of them: JSON has no other way that can be read. */
function textOf(name: string, value: unknown): string {
  return linesOf(name, value).join('\n');
}

function linesOf(name: string, value: unknown): readonly string[] {
  const lines: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!lines.every((line) => typeof line === 'string'))
    throw new Error(`test/mutants/${name}: ${JSON.stringify(value)} is no text`);
  return lines;
}
