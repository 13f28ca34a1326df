import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { subprotocol, type TransportEvents } from '../../ts/sdk/core/connection/transport.js';
import type { ModelServer } from './model-server.js';

/** A model server on a real socket. */
export async function listenAs(server: ModelServer): Promise<{ readonly url: string; close(): Promise<void> }> {
  const handleProtocols = (offered: Set<string>) => (offered.has(subprotocol) ? subprotocol : false);
  const listener = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/v1', handleProtocols });
  listener.on('connection', (socket) => {
    const events: TransportEvents = {
      onOpen: () => undefined,
      onMessage: (bytes) => socket.send(bytes),
      onClose: ({ code }) => (code === 1006 ? socket.terminate() : socket.close(code)),
    };
    const wire = server.dial('', events);
    socket.on('message', (bytes: Buffer) => wire.send(bytes));
    socket.on('close', () => wire.close(1000, ''));
  });
  await new Promise((resolve) => listener.once('listening', resolve));
  return {
    url: `ws://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of listener.clients) socket.terminate();
        listener.close(() => resolve());
      }),
  };
}
