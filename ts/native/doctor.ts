import type { BindingDirectory, BindingSockets, BindingSync, BindingSyncAsk, BindingUring } from './doctor-binding.js';
import { loadAddon } from './load.js';

export type { BindingDirectory, BindingSockets, BindingSync, BindingSyncAsk, BindingUring } from './doctor-binding.js';

export function probeUring(): BindingUring {
  return loadAddon().probeUring();
}

export function probeSockets(): BindingSockets {
  return loadAddon().probeSockets();
}

export function probeDirectory(path: string): BindingDirectory {
  return loadAddon().probeDirectory(path);
}

export function measureSync(path: string, ask: BindingSyncAsk): BindingSync {
  return loadAddon().measureSync(path, ask);
}
