import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './stages/spawn-stage.js';

// Lays out the package @millrace/client in a folder: `npm pack` or `npm publish` there.

const target = resolve(process.argv[2] ?? join(root, 'dist', 'client'));
const generated = 'wire/proto/generated';

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.client.json'), '--outDir', join(target, 'lib')], {
  stdio: 'inherit',
});
for (const file of ['messages.js', 'messages.d.ts']) {
  cpSync(join(root, 'ts', generated, file), join(target, 'lib', generated, file));
}
for (const file of ['package.json', 'README.md']) cpSync(join(root, 'ts', 'sdk', file), join(target, file));
cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
console.log(target);
