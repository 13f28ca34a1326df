// Publishes `count` slots, two claims open at a time and settled in the wrong order; every 17th is aborted.
import { workerData } from 'node:worker_threads';
import { consumerBell, fill, memory, native, producerBell, RingWriter, refusal, sizeOf } from './scene.mjs';

const writer = new RingWriter(memory, consumerBell);
const watch = native.watchDoorbell(producerBell, () => writer.woken());

/** @param {number} ticket */
async function claim(ticket) {
  for (;;) {
    const at = writer.claim(sizeOf(ticket));
    if (at !== refusal.wouldBlock) return at;
    await writer.space();
  }
}

/** @param {number} at @param {number} ticket */
function settle(at, ticket) {
  if (ticket % 17 === 0) return writer.abort(at);
  fill(writer.data.subarray(at, at + sizeOf(ticket)), ticket);
  writer.publish(at, 0, 0, ticket);
}

for (let ticket = 0; ticket < workerData.count; ticket += 2) {
  const first = await claim(ticket);
  // A second claim is only tried: waiting for space with one's own claim open could wait for oneself.
  const second = writer.claim(sizeOf(ticket + 1));
  if (second >= 0) settle(second, ticket + 1);
  settle(first, ticket);
  if (second < 0) settle(await claim(ticket + 1), ticket + 1);
}
writer.end();
watch.close();
