import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from './tool.js';

const fetchSecondsMax = 600;

/**
 * By Maven, whose settings say from where: `folder` holds a pom.xml, which pins what is fetched, and checksums.txt, which pins what
 * came. A line if they are not there in the end, each with the right checksum.
 */
export function fetchJars(folder: string, jars: string): string | undefined {
  const lines = readFileSync(join(folder, 'checksums.txt'), 'utf8').trim().split('\n');
  const wanted = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  if (!existsSync(jars) || readdirSync(jars).length !== wanted.size) {
    mkdirSync(jars, { recursive: true });
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
    const args = ['--batch-mode', '--quiet', '--strict-checksums', '--file', join(folder, 'pom.xml'), ...goal];
    const complaint = runTool('mvn', args, { secondsMax: fetchSecondsMax });
    if (complaint !== undefined) return complaint;
  }
  const wrong = readdirSync(jars).filter((name) => wanted.get(name) !== sha256(join(jars, name)));
  const missing = [...wanted.keys()].filter((name) => !existsSync(join(jars, name)));
  return wrong.length + missing.length === 0 ? undefined : `not what was pinned: ${[...wrong, ...missing].join(', ')}`;
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
