import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Driver } from './driver.js';
import { installed } from './installed.js';

const run = promisify(execFile);
const module = fileURLToPath(new URL('go', import.meta.url));

/** A program of go/, whose modules go.mod and go.sum pin; built again when one of its files changes. */
export async function openGoClient(program: string, kafka: string): Promise<Driver> {
  const sources = ['lines', program].flatMap((folder) => readdirSync(join(module, folder)).map((name) => join(folder, name)));
  const pins = ['go.mod', 'go.sum', ...sources].map((name) => join(module, name));
  const home = await installed(`go-${program}`, pins, async (draft) => {
    await run('go', ['build', '-mod=readonly', '-o', join(draft, program), `./${program}`], { cwd: module });
  });
  return new Driver(join(home, program), [kafka]);
}
