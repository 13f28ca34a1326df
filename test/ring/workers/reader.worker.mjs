// Reads announced slots in place, each under a lease, while the owner moves the floor.
import { parentPort, workerData } from 'node:worker_threads';
import { check, consumerBell, Lease, memory, ringBytes } from './scene.mjs';

const slotHeader = 32n;
const headerPage = 4096;
const lease = new Lease(memory, 0, consumerBell);
const bytes = ringBytes(memory);
let [granted, refused] = [0, 0];

/** @param {{ position: bigint, size: number, ticket: number }} slot */
function read({ position, size, ticket }) {
  if (!lease.acquire(position)) {
    refused += 1;
    return;
  }
  const at = headerPage + Number((position + slotHeader) % BigInt(memory.capacity));
  // Twice, with the whole slot between: an owner that ignores leases is caught more often.
  check(bytes.subarray(at, at + size), ticket, 'lease');
  check(bytes.subarray(at, at + size), ticket, 'lease');
  lease.release();
  granted += 1;
}

workerData.announced.on('message', (/** @type {{ position: bigint, size: number, ticket: number } | null} */ slot) => {
  if (slot !== null) return read(slot);
  workerData.announced.close();
  parentPort?.postMessage({ granted, refused });
});
