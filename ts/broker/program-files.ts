import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StaticFiles } from '../gateway/http/ports.js';

// The same from ts/broker and from dist/broker: both lie two folders below the root.
const dist = fileURLToPath(new URL('../../dist', import.meta.url));

type Found = ReturnType<StaticFiles['find']>;

/** The console and the SDK for browsers, as the build left them. Read when first asked for, then kept: they are few. */
export class ProgramFiles implements StaticFiles {
  readonly #known = new Map<string, NonNullable<Found>>();

  find(path: string): Found {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const found = read(path);
    // What is not there is not remembered: whoever asks for nonsense must not fill the memory.
    if (found !== undefined) this.#known.set(path, found);
    return found;
  }
}

function read(path: string): Found {
  const file = path === '/sdk.js' ? join(dist, 'sdk', 'browser', 'sdk.js') : join(dist, 'console', path);
  try {
    const bytes = readFileSync(file);
    return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
  } catch {
    return undefined;
  }
}
