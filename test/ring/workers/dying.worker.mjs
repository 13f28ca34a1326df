// Publishes three slots, claims two more, publishes only the younger one, and then waits for its end.
import { parentPort } from 'node:worker_threads';
import { consumerBell, fill, memory, RingWriter } from './scene.mjs';

const writer = new RingWriter(memory, consumerBell);

/** @param {number} at @param {number} ticket */
function publish(at, ticket) {
  fill(writer.data.subarray(at, at + 100), ticket);
  writer.publish(at, 0, 0, ticket);
}

for (const ticket of [0, 1, 2]) publish(writer.claim(100), ticket);
writer.data.fill(0xee, writer.claim(5000));
publish(writer.claim(100), 4);
parentPort?.postMessage('in mid-claim');
setInterval(() => undefined, 1000);
