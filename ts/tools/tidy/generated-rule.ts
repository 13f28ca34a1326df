import type { Finding, Tree } from './tree.js';

/** Files under generated/ are what a fresh generate makes: no more, no fewer, not a byte different. */
export function* generatedIsFresh(tree: Tree, fresh: ReadonlyMap<string, string>): Generator<Finding> {
  for (const [path, content] of fresh) {
    if (tree.get(path) !== content) yield { path, text: 'is not what npm run generate makes' };
  }
  for (const path of tree.keys()) {
    if (/(^|\/)generated\//.test(path) && !fresh.has(path)) yield { path, text: 'no generator makes it' };
  }
}
