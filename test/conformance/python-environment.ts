import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = at('python');
const proto = at('../../proto');
const builds = at('../../dist/conformance');
const secondsMax = 60;

/** A Python with the client's packages and the classes that protoc makes of proto/: made once, and again when either changes. */
export async function preparePython(): Promise<Python> {
  const sources = readdirSync(join(proto, 'millrace/v1')).map((name) => join('millrace/v1', name));
  const requirements = join(folder, 'requirements.txt');
  const hash = createHash('sha256');
  for (const path of [requirements, ...sources.map((source) => join(proto, source))]) hash.update(readFileSync(path));
  const home = join(builds, `python-${hash.digest('hex').slice(0, 16)}`);
  const stamp = join(home, 'complete');
  if (!existsSync(stamp)) {
    // Those of other hashes go too.
    await rm(builds, { recursive: true, force: true });
    await mkdir(join(home, 'classes'), { recursive: true });
    await run('python3', ['-m', 'venv', join(home, 'venv')]);
    const python = join(home, 'venv/bin/python');
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    await run(python, [...install, '--require-hashes', '-r', requirements]);
    await run(python, ['-m', 'protoc', `--proto_path=${proto}`, `--python_out=${join(home, 'classes')}`, ...sources]);
    await writeFile(`${stamp}.draft`, '');
    await rename(`${stamp}.draft`, stamp);
  }
  return new Python(join(home, 'venv/bin/python'), join(home, 'classes'));
}

export class Python {
  readonly #executable: string;
  readonly #classes: string;

  constructor(executable: string, classes: string) {
    this.#executable = executable;
    this.#classes = classes;
  }

  /** Runs one scenario to its end and answers its report. `onLine` may answer the lines that come before it. */
  async live(
    address: string,
    scenario: string,
    options: Readonly<Record<string, unknown>> = {},
    onLine: (line: string) => Promise<string> = (line) => Promise.reject(new Error(`not expected: ${line}`)),
  ): Promise<unknown> {
    const child = spawn(this.#executable, ['scenarios.py', address, scenario, JSON.stringify(options)], {
      cwd: folder,
      env: { ...process.env, PYTHONPATH: this.#classes, PYTHONDONTWRITEBYTECODE: '1' },
      timeout: secondsMax * 1000,
      killSignal: 'SIGKILL',
    });
    const exited = exitOf(child);
    let report: unknown;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{')) report = JSON.parse(line);
      else child.stdin.write(`${await onLine(line)}\n`);
    }
    const { code, errors } = await exited;
    if (code !== 0) throw new Error(`scenario ${scenario} ended with ${code}:\n${errors}`);
    return report;
  }
}

function exitOf(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; errors: string }> {
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, errors }));
  });
}
