import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Driver } from './driver.js';
import { installed } from './installed.js';

const run = promisify(execFile);
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = at('python');
const kafkaFolder = at('python-kafka');
const proto = at('../../proto');
const secondsMax = 60;

/** A Python with packages of its own, as a file pins them: only wheels, by their hashes. */
async function installPython(home: string, requirements: string): Promise<string> {
  await run('python3', ['-m', 'venv', join(home, 'venv')]);
  const python = join(home, 'venv/bin/python');
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  await run(python, [...install, '--require-hashes', '-r', requirements]);
  return python;
}

/** With the classes that protoc makes of proto/. */
export async function preparePython(): Promise<Python> {
  const sources = readdirSync(join(proto, 'millrace/v1')).map((name) => join('millrace/v1', name));
  const requirements = join(folder, 'requirements.txt');
  const pins = [requirements, ...sources.map((source) => join(proto, source))];
  const home = await installed('python', pins, async (draft) => {
    const python = await installPython(draft, requirements);
    await mkdir(join(draft, 'classes'));
    await run(python, ['-m', 'protoc', `--proto_path=${proto}`, `--python_out=${join(draft, 'classes')}`, ...sources]);
  });
  return new Python(join(home, 'venv/bin/python'), join(home, 'classes'));
}

/** A program of python-kafka/. */
export async function openPythonClient(program: string, kafka: string): Promise<Driver> {
  const requirements = join(kafkaFolder, 'requirements.txt');
  const home = await installed('kafka-python', [requirements], async (draft) => {
    await installPython(draft, requirements);
  });
  const script = join(kafkaFolder, `${program}.py`);
  return new Driver(join(home, 'venv/bin/python'), [script, kafka], { PYTHONDONTWRITEBYTECODE: '1' });
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
