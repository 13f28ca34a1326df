// uWebSockets.js with nothing of ours around it: what a socket, a thread and Node cost alone.
//   node dist/bench/peers/uws-server.js publish      each message goes to all that have said one byte
//   node dist/bench/peers/uws-server.js sink DIR     each batch is checked and written to a file, a new one for each connection

import uWebSockets, { type WebSocket, type WebSocketBehavior } from 'uWebSockets.js';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

interface Sink {
  readonly file: number;
}

// As the gateway has them, where they matter for the cost of a message; nothing is ever dropped.
const usual = { maxPayloadLength: 16 << 20, maxBackpressure: 1 << 30, idleTimeout: 0, sendPingsAutomatically: false } as const;
const topic = 'bench';
const answer = new Uint8Array(1);

function publishing(publish: (message: ArrayBuffer) => void): WebSocketBehavior<unknown> {
  return {
    ...usual,
    message(socket, message) {
      if (message.byteLength > 1) return publish(message);
      socket.subscribe(topic);
      socket.send(answer, true);
    },
  };
}

/** The native checksum is the one that the broker uses. */
async function sinking(directory: string): Promise<WebSocketBehavior<Sink>> {
  const codec: unknown = await import(new URL('../../native/codec.js', import.meta.url).href);
  const { crc32c } = codec as typeof import('../../ts/native/codec.js');
  let count = 0;
  return {
    ...usual,
    upgrade(response, request, context) {
      const [key, protocol, extensions] = ['sec-websocket-key', 'sec-websocket-protocol', 'sec-websocket-extensions'].map(
        (name) => request.getHeader(name),
      );
      const sink: Sink = { file: openSync(join(directory, `sink-${count++}`), 'w') };
      response.upgrade(sink, key ?? '', protocol ?? '', extensions ?? '', context);
    },
    message: (socket, message) => store(socket, new Uint8Array(message), crc32c),
    // The file stays, as a topic does: whose pages are used again writes cheaper than who gets new ones.
    close: (socket) => closeSync(socket.getUserData().file),
  };
}

function store(socket: WebSocket<Sink>, batch: Uint8Array, crc32c: (bytes: Uint8Array) => number): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  if (view.getUint32(17) !== crc32c(batch.subarray(21))) throw new Error('a batch is not what its checksum says');
  writeSync(socket.getUserData().file, batch);
  socket.send(answer, true);
}

const [mode, directory = '.'] = process.argv.slice(2);
const app = uWebSockets.App();
if (mode === 'sink') app.ws('/*', await sinking(directory));
else
  app.ws(
    '/*',
    publishing((message) => app.publish(topic, message, true)),
  );
app.get('/', (response) => {
  response.end('ready');
});
app.listen('127.0.0.1', 0, (token) => {
  if (token === false) throw new Error('nothing to listen on');
  console.log(JSON.stringify({ ready: true, port: uWebSockets.us_socket_local_port(token) }));
});
