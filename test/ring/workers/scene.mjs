// What every worker of these tests begins with: the built modules, the ring, its doorbells, and the bytes a slot must hold.
import { workerData } from 'node:worker_threads';

const built = (/** @type {string} */ path) => import(new URL(path, workerData.dist).href);

/** @type {typeof import('../../../ts/native/wakeup.js')} */
export const native = await built('native/wakeup.js');
/** @type {typeof import('../../../ts/native/ring.js')} */
export const nativeRing = await built('native/ring.js');
/** @type {typeof import('../../../ts/ring/writer.js')} */
export const { RingWriter, refusal } = await built('ring/writer.js');
/** @type {typeof import('../../../ts/ring/lease.js')} */
export const { Lease } = await built('ring/lease.js');
/** @type {typeof import('../../../ts/ring/wakeup.js')} */
export const { Wakeup } = await built('ring/wakeup.js');
/** @type {typeof import('../../../ts/ring/memory.js')} */
export const { ringBytes } = await built('ring/memory.js');

/** @type {import('../../../ts/ring/memory.js').RingMemory} */
export const memory = workerData.memory;
export const producerBell = native.openDoorbell(workerData.producerBell);
export const consumerBell = native.openDoorbell(workerData.consumerBell);

/**
 * Byte for byte what `fill` wrote, or an error that says where not.
 * @param {Uint8Array} payload @param {number} ticket @param {string} where
 */
export function check(payload, ticket, where) {
  for (let index = 0; index < payload.length; index++) {
    if (payload[index] !== ((index * 31 + ticket * 7) & 255)) throw new Error(`${where}: byte ${index} of slot ${ticket}`);
  }
}

/** @param {Uint8Array} payload @param {number} ticket */
export function fill(payload, ticket) {
  for (let index = 0; index < payload.length; index++) payload[index] = (index * 31 + ticket * 7) & 255;
}

/** Mostly small, some up to an eighth of the ring. @param {number} ticket */
export function sizeOf(ticket) {
  const random = (ticket * 2_654_435_761) >>> 0;
  return random % (ticket % 40 === 0 ? memory.capacity / 8 : 700);
}
