import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fetchJars } from '../../bench/peers/jars.js';
import { Driver } from './driver.js';
import { installed } from './installed.js';

const run = promisify(execFile);
const folderOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** For programs that end before a better compiler would pay. */
export const quickJava = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Those that a folder here pins with its pom.xml and checksums.txt. */
export function installedJars(folder: string): Promise<string> {
  const home = folderOf(folder);
  return installed(`${folder}-jars`, [join(home, 'checksums.txt')], async (jars) => {
    const complaint = fetchJars(home, jars);
    if (complaint !== undefined) throw new Error(complaint);
  });
}

/** A program of java/, which are compiled when they change. */
export async function openJava(program: string, ...words: readonly string[]): Promise<Driver> {
  const jars = join(await installedJars('java'), '*');
  const sources = ['Lines', 'KafkaClient', 'KafkaCodec'].map((name) => join(folderOf('java'), `${name}.java`));
  const classes = await installed('java-classes', [...sources, join(folderOf('java'), 'checksums.txt')], async (home) => {
    await mkdir(home, { recursive: true });
    await run('javac', ['-Xlint:-options', '-d', home, '-cp', jars, ...sources]);
  });
  return new Driver('java', [...quickJava, '-cp', `${classes}:${jars}`, program, ...words]);
}
