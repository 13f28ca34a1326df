import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../model/assert.js';
import { systemClock } from './clock.js';
import { DataThread, type DataThreadStart } from './data-thread.js';
import { endOnFailure } from './fault.js';

// The entry of a data thread: started by threads.ts alone.

process.on('uncaughtException', endOnFailure);

const port = parentPort;
assert(port !== null, 'this file is a thread of a node, not a program');
const thread = new DataThread(workerData as DataThreadStart, systemClock(), (message) => port.postMessage(message));
port.on('message', (message) => thread.receive(message));
