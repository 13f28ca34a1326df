import { assert } from '../model/assert.js';
import { loadAddon } from './load.js';

/** Below it the engine's own copy is done before a call would be. */
const sizeMin = 1024;

/** `target.set(source, at)` for shared memory, in which the engine copies what lies differently on both sides byte by byte. */
export function copyInto(target: Uint8Array, at: number, source: Uint8Array): void {
  if (source.length < sizeMin) target.set(source, at);
  else assert(loadAddon().copyInto(target, at, source), 'the target has room for what is copied');
}
