import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Driver } from './driver.js';
import { installed } from './installed.js';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('clients', import.meta.url));

/** A program of clients/, whose packages the lock file there pins. */
export async function openNodeClient(program: string, kafka: string): Promise<Driver> {
  const pins = ['package.json', 'package-lock.json'];
  const home = await installed(
    'clients',
    pins.map((name) => join(folder, name)),
    async (draft) => {
      for (const name of pins) await copyFile(join(folder, name), join(draft, name));
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: draft });
    },
  );
  return new Driver(process.execPath, [join(folder, `${program}.mjs`), home, kafka]);
}
