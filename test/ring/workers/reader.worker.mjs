// Reads announced slots in place, each under a lease, while the owner moves the floor.
import { parentPort, workerData } from 'node:worker_threads';
import { check, consumerBell, Lease, memory, ringBytes } from './scene.mjs';

const slotHeader = 32n;
const headerPage = 4096;
const lease = new Lease(memory, 0, consumerBell);
const bytes = ringBytes(memory);
const never = new Int32Array(new SharedArrayBuffer(4));
let [granted, refused] = [0, 0];

/** Long enough for the producer to come round the ring: an owner that ignored the lease would let it. */
function pause() {
  Atomics.wait(never, 0, 0, 3);
}

/** @param {{ position: bigint, size: number, ticket: number }} slot */
function read({ position, size, ticket }) {
  if (!lease.acquire(position)) {
    refused += 1;
    return;
  }
  const at = headerPage + Number((position + slotHeader) % BigInt(memory.capacity));
  check(bytes.subarray(at, at + size), ticket, 'lease');
  if (granted % 20 === 0) pause();
  check(bytes.subarray(at, at + size), ticket, 'lease after a pause');
  lease.release();
  granted += 1;
}

workerData.announced.on('message', (/** @type {{ position: bigint, size: number, ticket: number } | null} */ slot) => {
  if (slot !== null) return read(slot);
  workerData.announced.close();
  parentPort?.postMessage({ granted, refused });
});
