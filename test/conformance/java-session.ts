import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fetchJars } from '../../bench/peers/jars.js';

const folder = fileURLToPath(new URL('java', import.meta.url));
const builds = fileURLToPath(new URL('../../dist/conformance-java', import.meta.url));
const secondsMax = 120;

/** What a line to KafkaCodec.java is answered with, for a message. */
export interface KafkaMessage {
  readonly value: Readonly<Record<string, unknown>>;
  readonly bytes: string;
  readonly header: string;
  /** Bytes that were not read, of an echo. */
  readonly left?: number;
}

/** The process of a program of java/: asks in lines, many at a time, is answered in the same order. */
export class JavaSession {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  #errors = '';
  #ended: Error | undefined;

  constructor(jars: string, program: string, ...words: readonly string[]) {
    const args = ['-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), join(folder, `${program}.java`), ...words];
    this.#child = spawn('java', args, { timeout: secondsMax * 1000, killSignal: 'SIGKILL' });
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors += chunk;
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#child.on('close', (code) => this.#end(new Error(`${program} ended with ${code}:\n${this.#errors}`)));
    this.#child.on('error', (error) => this.#end(error));
    // What it did not take any more is told by its end.
    this.#child.stdin.on('error', () => undefined);
  }

  async ask<T>(...words: readonly (string | number)[]): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${words.join(' ')}\n`);
    });
    const answer = JSON.parse(line);
    if ('error' in answer) throw new Error(`${words.join(' ')}: ${answer.error}`);
    return answer;
  }

  close(): void {
    this.#child.stdin.end();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** With the jars that are pinned; those of earlier pins go. */
export async function openJavaSession(program: string, ...words: readonly string[]): Promise<JavaSession> {
  const pins = createHash('sha256')
    .update(readFileSync(join(folder, 'checksums.txt')))
    .digest('hex')
    .slice(0, 16);
  const jars = join(builds, pins);
  // Another test file may be at it too: who is first wins.
  const draft = existsSync(jars) ? jars : `${jars}.${process.pid}`;
  const complaint = fetchJars(folder, draft);
  if (complaint !== undefined) throw new Error(complaint);
  if (draft !== jars) await rename(draft, jars).catch(() => rm(draft, { recursive: true }));
  for (const name of await readdir(builds)) if (!name.startsWith(pins)) await rm(join(builds, name), { recursive: true });
  return new JavaSession(jars, program, ...words);
}
