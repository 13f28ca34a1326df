import { assert } from '../model/assert.js';
import type { CopyInto } from '../model/ports.js';
import { loadAddon } from './load.js';

/** Below it the engine's own copy is done before a call would be. */
const sizeMin = 1024;

/**
 * `target.set(source, at)` for shared memory, in which the engine copies what lies differently on both sides byte by byte. `crossed` is
 * called for each copy that is a call into native code.
 */
export function copierOf(crossed: () => void): CopyInto {
  return (target, at, source) => {
    if (source.length < sizeMin) target.set(source, at);
    else {
      crossed();
      assert(loadAddon().copyInto(target, at, source), 'the target has room for what is copied');
    }
  };
}
