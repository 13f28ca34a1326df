import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository as the rules see it: path from the root → text. A test plants a breach by making one by hand. */
export type Tree = ReadonlyMap<string, string>;

export interface Finding {
  readonly path: string;
  readonly line?: number;
  readonly text: string;
}

export type Rule = (tree: Tree) => Iterable<Finding>;

const isText = /\.(tsx?|css|html|mjs|js|json|rs|toml|md|sh|yml|yaml|proto|txt)$|(^|\/)(run|LICENSE)$/;

/** What git would commit: tracked and new files, nothing ignored. */
export function readTree(root: string): Tree {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 } as const;
  const names = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], options).split('\0');
  const paths = names.filter((name) => isText.test(name) && existsSync(join(root, name)));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

export interface Search {
  readonly in: RegExp;
  readonly notIn?: RegExp;
  readonly pattern: RegExp;
  readonly text: string;
}

/** The commonest rule: a pattern that stands on no line of some files. Whole-line comments may say what they like. */
export function* linesThat(tree: Tree, search: Search): Generator<Finding> {
  for (const [path, content] of tree) {
    if (!search.in.test(path) || search.notIn?.test(path) === true) continue;
    for (const [index, line] of content.split('\n').entries()) {
      if (search.pattern.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line)) yield { path, line: index + 1, text: search.text };
    }
  }
}

export const testFile = /\.(test|bench)\.ts$|^(test|bench)\//;
