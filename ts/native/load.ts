import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { DoctorBinding } from './doctor-binding.js';
import type { LogBinding } from './log-binding.js';
import type { NetBinding } from './net-binding.js';
import type { ProcessBinding } from './process-binding.js';
import type { RingBinding, WakeupBinding } from './ring-binding.js';

/** What native/src/binding exports, file by file. Every façade in this folder takes its functions from here. */
export type Addon = DoctorBinding & LogBinding & NetBinding & ProcessBinding & RingBinding & WakeupBinding;

// The same from ts/native and from dist/native: both lie two folders below the root.
const addonFile = fileURLToPath(new URL('../../dist/millrace.node', import.meta.url));

let loaded: Addon | undefined;

/** The one importer of the .node file. Node gives every thread that calls this its own instance. */
export function loadAddon(): Addon {
  loaded ??= requireAddon();
  return loaded;
}

function requireAddon(): Addon {
  if (!existsSync(addonFile)) throw new Error(`${addonFile} is missing: run "npm run build"`);
  const require = createRequire(import.meta.url);
  return require(addonFile) as Addon;
}
