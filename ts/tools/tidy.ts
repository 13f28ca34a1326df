import { generate } from './generators.js';
import { root } from './stages/spawn-stage.js';
import { generatedIsFresh } from './tidy/generated-rule.js';
import * as repositoryRules from './tidy/repository-rules.js';
import * as rustRules from './tidy/rust-rules.js';
import { readTree } from './tidy/tree.js';
import * as typescriptRules from './tidy/typescript-rules.js';

const tree = readTree(root);
const rules = [...Object.values(typescriptRules), ...Object.values(rustRules), ...Object.values(repositoryRules)];
const findings = [...rules.flatMap((rule) => [...rule(tree)]), ...generatedIsFresh(tree, await generate())];
for (const { path, line, text } of findings) {
  console.log(`${path}${line === undefined ? '' : `:${line}`}: ${text}`);
}
process.exitCode = findings.length === 0 ? 0 : 1;
