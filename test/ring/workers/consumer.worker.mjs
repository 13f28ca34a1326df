// Owns the ring through the native end. Checks every byte, keeps the floor half a ring behind, and tells the reader thread
// of every eighth slot.
import { parentPort, workerData } from 'node:worker_threads';
import { check, consumerBell, memory, native, nativeRing, producerBell, ringBytes, Wakeup } from './scene.mjs';

const ring = new nativeRing.NativeRingReader(ringBytes(memory), producerBell);
const lag = BigInt(memory.capacity / 2);
let [count, lastTicket] = [0, -1];

function turn() {
  for (let slots = 0; slots < 64; slots++) {
    const slot = ring.next();
    if (slot === null) break;
    take(slot);
  }
  const floor = ring.readPosition() - lag;
  if (floor > 0n) ring.advanceFloor(floor);
  if (ring.isDrained()) finish();
  return false;
}

/** @param {import('../../../ts/native/ring-binding.js').BindingSlot} slot */
function take(slot) {
  const ticket = Number(slot.ticket);
  if (ticket <= lastTicket) throw new Error(`slot ${ticket} after slot ${lastTicket}`);
  check(slot.payload, ticket, 'consumer');
  lastTicket = ticket;
  count += 1;
  if (count % 8 === 0) workerData.announce.postMessage({ position: slot.position, size: slot.payload.length, ticket });
}

function finish() {
  wakeup.stop();
  watch.close();
  workerData.announce.postMessage(null);
  workerData.announce.close();
  parentPort?.postMessage({ count });
}

const wakeup = new Wakeup(turn);
const watch = native.watchDoorbell(consumerBell, () => wakeup.wake());
wakeup.consume(ring);
