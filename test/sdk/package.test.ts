import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { version } from '../../ts/sdk/core/version.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts?: unknown;
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const run = (command: string, args: readonly string[], cwd: string) => execFileSync(command, args, { cwd, encoding: 'utf8' });

const program = `
import { connect, json, text, MillraceError, type Delivery, version } from '@millrace/client';
export async function roundTrip(url: string): Promise<readonly [Delivery, string | null]> {
  const client = await connect(url, { connectTimeoutMs: 1 });
  const producer = client.producer({ value: json.serialize, compression: 'zstd' });
  const delivery = await producer.send({ topic: 't', value: { a: 1 } });
  const consumer = client.consumer({ topics: ['t'], from: 'beginning', value: text.deserialize });
  for await (const { value } of consumer) return [delivery, value];
  throw new MillraceError('closed', version);
}
`;

/** Of the names that the README takes from its surroundings. */
const surroundings = `
declare module 'node:diagnostics_channel' {
  export function channel(name: string): { subscribe(told: (detail: any) => void): void };
}
`;

/** The code of the README, each block in a function of its own, with what those before it have made. */
function readmeProgram(): string {
  const blocks = [...readFileSync(join(root, 'ts/sdk/README.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(
    ([, code = '']) => code,
  );
  const imports = new Set(blocks.flatMap((code) => code.match(/^import .*$/gm) ?? []));
  const names = [...imports].flatMap((line) => /\{ (.*) \} from '@millrace\/client'/.exec(line)?.[1]?.split(', ') ?? []);
  const others = [...imports].filter((line) => !line.includes('@millrace/client'));
  const given = 'client: Client, producer: Producer, consumer: Consumer, lines: readonly string[]';
  const functions = blocks.map((code, index) => {
    const body = code.replace(/^import .*$/gm, '');
    const own = given.split(', ').filter((one) => !body.includes(`const ${one.split(':')[0]} =`));
    return `export async function block${index}(${own.join(', ')}) {\n${body}}\n`;
  });
  const types = 'type Client, type Consumer, type Producer';
  return [`import { ${types}, ${names.join(', ')} } from '@millrace/client';`, ...others, ...functions].join('\n');
}

test('packed into an empty project it is small, plain, typed, and can be imported', () => {
  const laidOut = join(folder, 'package');
  run(process.execPath, [join(root, 'dist/tools/client-package.js'), laidOut], root);
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--silent', laidOut], folder)) as {
    filename: string;
    files: { path: string }[];
  }[];
  if (packed === undefined) throw new Error('npm pack made nothing');
  expect(statSync(join(folder, packed.filename)).size).toBeLessThanOrEqual(1_000_000);
  const names = packed.files.map(({ path }) => path);
  expect(names).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'lib/sdk/node/index.js', 'lib/sdk/browser/index.d.ts']));
  expect(names.filter((name) => !/^(package\.json|README\.md|LICENSE)$|\.(js|d\.ts)$/.test(name))).toEqual([]);

  const project = join(folder, 'project');
  const installed = join(project, 'node_modules/@millrace/client');
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', join(folder, packed.filename), '-C', installed, '--strip-components=1'], folder);
  for (const name of [...Object.keys(read(join(installed, 'package.json')).dependencies), 'long']) {
    mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  const imported = "import { connect, version } from '@millrace/client'; console.log(typeof connect, version);";
  expect(run(process.execPath, ['--input-type=module', '-e', imported], project)).toBe(`function ${version}\n`);

  writeFileSync(join(project, 'program.ts'), program);
  writeFileSync(join(project, 'names.d.ts'), surroundings);
  writeFileSync(join(project, 'readme.ts'), readmeProgram());
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2023',
    module: 'nodenext',
    types: [],
  };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['program.ts', 'readme.ts', 'names.d.ts'] }),
  );
  const compiled = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
    encoding: 'utf8',
  });
  expect(compiled.stdout + compiled.stderr).toBe('');
});

test('its manifest asks for what this repository tests it with, and runs nothing when installed', () => {
  const own = read(join(root, 'ts/sdk/package.json'));
  const whole = read(join(root, 'package.json'));
  expect(own.version).toBe(version);
  for (const [name, pinned] of Object.entries(own.dependencies)) expect([name, whole.dependencies[name]]).toEqual([name, pinned]);
  expect(own.scripts).toBeUndefined();
});
