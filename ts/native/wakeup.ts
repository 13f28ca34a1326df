import { loadAddon } from './load.js';
import type { BindingDoorbell, BindingWakeup } from './ring-binding.js';

/** A doorbell that any thread opens by `id`. Lives until its last holder lets go: whoever starts threads keeps it. */
export function createDoorbell(): BindingDoorbell {
  const doorbell = loadAddon().createDoorbell();
  if (typeof doorbell === 'string') throw new Error(`no doorbell: ${doorbell}`);
  return doorbell;
}

export function openDoorbell(id: number): BindingDoorbell {
  const doorbell = loadAddon().openDoorbell(id);
  if (doorbell === null) throw new Error(`doorbell ${id} is gone`);
  return doorbell;
}

/** Calls back on this thread once per wake until closed; keeps its event loop alive meanwhile. One watcher per doorbell. */
export function watchDoorbell(doorbell: BindingDoorbell, callback: () => void): BindingWakeup {
  return started(loadAddon().watchDoorbell(doorbell, callback));
}

/** As above for the eventfd of an Io. The descriptor is duplicated: its owner may close it first. */
export function watchEvent(descriptor: number, callback: () => void): BindingWakeup {
  return started(loadAddon().watchEvent(descriptor, callback));
}

export function started(wakeup: BindingWakeup | string): BindingWakeup {
  if (typeof wakeup === 'string') throw new Error(wakeup);
  return wakeup;
}
