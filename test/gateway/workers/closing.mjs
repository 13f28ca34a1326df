// Workers that serve sockets and close in every state: nothing connected, connected, in the middle of a publish to a socket that
// takes nothing. A server that is left open when its worker ends aborts the process; it must come to its last line.
import { once } from 'node:events';
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const dist = new URL('../../../dist/gateway/', import.meta.url).href;

if (isMainThread) {
  for (const clients of [0, 1, 20]) {
    const worker = new Worker(new URL(import.meta.url));
    const [port] = await once(worker, 'message');
    const sockets = Array.from({ length: clients }, () => connect(port, '127.0.0.1'));
    const key =
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: millrace.v1\r\n';
    for (const socket of sockets) {
      socket.on('error', () => socket.destroy());
      socket.write(`GET /v1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n`);
      await once(socket, 'data');
      socket.pause();
    }
    const ended = once(worker, 'exit');
    worker.postMessage('end');
    const [code] = await ended;
    if (code !== 0) throw new Error(`a worker ended with ${code}`);
    for (const socket of sockets) socket.destroy();
  }
  console.log('done');
} else {
  /** @type {typeof import('../../../ts/gateway/websocket/server.js')} */
  const { Server } = await import(new URL('websocket/server.js', dist).href);
  const server = new Server({
    host: '127.0.0.1',
    port: 0,
    messageSizeMax: 1 << 20,
    bodySizeMax: 1000,
    bodiesSizeMax: 1000,
    idleMsMax: 60_000,
    admit: () => ({ isAdmitted: true }),
    open: (socket) => {
      socket.follow('x');
      return { onMessage: () => undefined, onDrain: () => undefined, onClosed: () => undefined };
    },
    hasRoom: () => true,
    serve: () => ({ status: 200, headers: {}, body: '' }),
    refused: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  const port = await server.listen();
  parentPort?.once('message', () => {
    for (let index = 0; index < 200; index++) server.publish('x', new Uint8Array(100_000));
    for (let index = 0; index < 10; index++) server.publish('x', new Uint8Array(100));
    server.close();
    server.close();
    parentPort?.unref();
  });
  parentPort?.postMessage(port);
}
