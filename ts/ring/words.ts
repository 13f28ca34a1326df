import { layout } from './layout.js';
import type { RingMemory } from './memory.js';

/** The data area of a ring as 64-bit floats. */
export function ringWords({ buffer, byteOffset, capacity }: RingMemory): Float64Array {
  return new Float64Array(buffer, byteOffset + layout.headerSize, capacity / 8);
}
