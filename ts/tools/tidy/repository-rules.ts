import { posix } from 'node:path';
import { fileSizes } from './file-sizes.js';
import { type Finding, linesThat, type Rule, type Tree } from './tree.js';

const architecture = 'docs/ARCHITECTURE.md';
const code = /\.(tsx?|css|html|mjs|js|rs|sh|proto|toml|json)$|^\.ci\/run$/;

/** The folder map of docs/ARCHITECTURE.md and the tree say the same, both ways. Of Rust the modules of the crate count. */
export const folderMap: Rule = function* (tree) {
  const map = tree.get(architecture) ?? '';
  const folders = foldersOf(tree);
  for (const folder of folders) {
    if (/^native\/src\/.*\//.test(folder)) continue;
    if (!map.includes(`\`${folder}/\``)) yield { path: architecture, text: `\`${folder}/\` is not on the folder map` };
  }
  for (const [, path = ''] of map.matchAll(/`((?:ts|native\/src)\/[\w./-]*)`/g)) {
    const isThere = path.endsWith('/') ? folders.has(path.slice(0, -1)) : tree.has(path) || folders.has(path);
    if (!isThere) yield { path: architecture, text: `\`${path}\` does not exist` };
  }
};

function foldersOf(tree: Tree): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of tree.keys()) {
    for (let at = posix.dirname(path); /^(ts|native\/src)\//.test(at); at = posix.dirname(at)) folders.add(at);
  }
  return folders;
}

// In two halves, or these lines would be findings themselves.
const leftForLater = new RegExp(`\\b(${['TO', 'FIX', 'XX', 'HA'].map((a, i) => a + ['DO', 'ME', 'X', 'CK'][i]).join('|')})\\b`);
const switchedOff = new RegExp(`\\b(it|test|describe)\\.(${['skip', 'todo', 'only'].join('|')})\\b|#\\[${'ignore'}`);

/** Comments count here: they are where promises are made. */
export const nothingLeftForLater: Rule = function* (tree) {
  for (const [path, content] of tree) {
    if (!code.test(path)) continue;
    for (const [index, line] of content.split('\n').entries()) {
      if (leftForLater.test(line))
        yield { path, line: index + 1, text: 'nothing is left for later: do it, or say it in docs/STATUS.md' };
    }
  }
};

export const noTestSwitchedOff: Rule = (tree) =>
  linesThat(tree, { in: code, pattern: switchedOff, text: 'a test that does not run proves nothing' });

export const noMachinePaths: Rule = (tree) =>
  linesThat(tree, {
    in: code,
    notIn: /\.test\.ts$/,
    pattern: /(^|[^\w./-])\/(home|root|Users)\/\w/,
    text: 'a path of one machine',
  });

export const lockNamesNoRegistry: Rule = (tree) =>
  linesThat(tree, {
    in: /^package-lock\.json$/,
    pattern: /^\s*"resolved":/,
    text: 'the lock file pins by hash; which registry serves it is the machine’s business',
  });

const linesMax = 700;

/** A file above the limit wants a second noun. Those that stand in the list may shrink, never grow. */
export const fileSizeRatchet: Rule = function* (tree) {
  for (const [path, content] of tree) {
    if (!/^(ts|native\/src|test|bench)\/.*\.(tsx?|mjs|rs)$/.test(path) || /(generated|golden|\.test\.ts$)/.test(path)) continue;
    yield* sizeFinding(path, linesOf(content));
  }
  for (const path of fileSizes.keys()) {
    if (!tree.has(path)) yield { path, text: 'is gone: take it out of ts/tools/tidy/file-sizes.ts' };
  }
};

function* sizeFinding(path: string, lines: number): Generator<Finding> {
  const allowed = fileSizes.get(path);
  const limit = allowed ?? linesMax;
  if (lines > limit) yield { path, text: `${lines} lines, limit ${limit}: which second noun hides in it?` };
  else if (allowed !== undefined && lines <= linesMax)
    yield { path, text: 'fits again: take it out of ts/tools/tidy/file-sizes.ts' };
}

// Rust's unit tests stand at the end of the file they test.
function linesOf(content: string): number {
  const tests = content.search(/^#\[cfg\((all\()?test\b/m);
  return (tests < 0 ? content : content.slice(0, tests)).split('\n').length;
}
