import { WebSocket } from 'ws';
import { type Dial, subprotocol } from '../core/connection/transport.js';

/** A frame beyond it would be no push of a server that keeps its own limits. */
const messageSizeMax = 256 * 1024 * 1024;
const handshakeTimeoutMs = 10_000;

/** Node 20 has no WebSocket of its own. Batches are compressed, if at all, by their producers: not again on the way. */
export const dial: Dial = (url, events) => {
  const socket = new WebSocket(url, subprotocol, {
    perMessageDeflate: false,
    maxPayload: messageSizeMax,
    handshakeTimeout: handshakeTimeoutMs,
  });
  let failure = '';
  socket.on('open', () => events.onOpen());
  // Not as a Buffer: views over one cost more, and values look the same in every runtime.
  socket.on('message', (bytes: Buffer) => events.onMessage(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.message || (error.code ?? error.name);
  });
  socket.on('close', (code, reason) => events.onClose({ code, reason: reason.toString() || failure }));
  return {
    send: (bytes) => socket.send(bytes, { binary: true }),
    close: (code, reason) => {
      socket.removeAllListeners();
      // One that is still dialing fails with an error that nobody waits for.
      socket.on('error', () => undefined);
      socket.close(code, reason);
      const end = setTimeout(() => socket.terminate(), closeTimeoutMs);
      end.unref();
      socket.on('close', () => clearTimeout(end));
    },
  };
};

const closeTimeoutMs = 2_000;
