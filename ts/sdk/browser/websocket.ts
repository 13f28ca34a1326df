import { type Dial, subprotocol } from '../core/connection/transport.js';
import { type BrowserSocket, page } from './page.js';

export const dial: Dial = (url, events) => {
  const socket: BrowserSocket = new page.WebSocket(url, subprotocol);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.onOpen();
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) events.onMessage(new Uint8Array(data));
  };
  // Browsers keep the reason of an error to themselves; a close follows.
  socket.onclose = ({ code, reason }) => events.onClose({ code, reason });
  return {
    send: (bytes) => socket.send(bytes),
    close: (code, reason) => {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(code, reason);
    },
  };
};
