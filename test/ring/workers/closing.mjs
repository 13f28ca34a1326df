// A process that closes doorbells, wake-ups and workers in every order; it must come to its last line and exit by itself.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const dist = new URL('../../../dist/', import.meta.url).href;
/** @type {typeof import('../../../ts/native/wakeup.js')} */
const { createDoorbell, openDoorbell, watchDoorbell, watchEvent } = await import(new URL('native/wakeup.js', dist).href);

const workerSource = `
  import { parentPort, workerData } from 'node:worker_threads';
  const { openDoorbell, watchDoorbell } = await import(new URL('native/wakeup.js', workerData.dist).href);
  const bell = openDoorbell(workerData.bell);
  const watch = watchDoorbell(bell, () => {
    if (workerData.end === 'throws in its callback') throw new Error('on purpose');
    if (workerData.end === 'exits in its callback') process.exit(0);
    if (workerData.end === 'closes in its callback') { watch.close(); watch.close(); }
    if (workerData.end === 'closes and exits in its callback') { watch.close(); process.exit(0); }
    parentPort.postMessage('rung');
  });
  if (workerData.end === 'closes at once') watch.close();
  else parentPort.postMessage('watching');
`;

/** @param {string} end @param {(worker: Worker, bell: import('../../../ts/native/ring-binding.js').BindingDoorbell) => unknown} then */
async function worker(end, then = () => undefined) {
  const bell = createDoorbell();
  const source = new URL(`data:text/javascript,${encodeURIComponent(workerSource)}`);
  const thread = new Worker(source, { workerData: { dist, bell: bell.id, end } });
  thread.on('error', (error) => {
    if (error.message !== 'on purpose') throw error;
  });
  // Not `once` of events: it gives up at the error, and the exit may come before anybody waits again.
  const exit = new Promise((resolve) => {
    thread.once('exit', resolve);
  });
  if (end !== 'closes at once') await once(thread, 'message');
  await then(thread, bell);
  await exit;
  bell.ring();
}

await worker('closes at once');
await worker('is terminated while it watches', (thread) => thread.terminate());
await worker('is terminated while it is rung', (thread, bell) => {
  bell.ring();
  return thread.terminate();
});
for (const end of [
  'throws in its callback',
  'exits in its callback',
  'closes in its callback',
  'closes and exits in its callback',
]) {
  await worker(end, (_, bell) => bell.ring());
}

// Many at once, terminated while a flood of rings is under way.
await Promise.all(
  Array.from({ length: 8 }, () =>
    worker('is terminated', (thread, bell) => {
      for (let rings = 0; rings < 1000; rings++) bell.ring();
      return thread.terminate();
    }),
  ),
);

// A doorbell that all its holders let go is gone; one that is watched is held.
const own = createDoorbell();
const rung = new Promise((resolve) => {
  const watch = watchDoorbell(openDoorbell(own.id), () => {
    watch.close();
    resolve(undefined);
  });
});
own.ring();
await rung;

for (const refused of [() => openDoorbell(4_000_000), () => watchEvent(-1, () => undefined)]) {
  try {
    refused();
    throw new Error('was not refused');
  } catch (error) {
    if (!(error instanceof Error) || error.message === 'was not refused') throw error;
  }
}

// Left open on purpose: the end of the main environment closes it, and nothing else keeps the process alive.
const left = createDoorbell();
watchDoorbell(left, () => {
  process.stdout.write('done\n', () => process.exit(0));
});
left.ring();
