import type { MessagePort } from 'node:worker_threads';
import type { GatewayPort, LinkPort, ShardLinkPort } from '../ring/link/large-batches.js';

/** `arrived` is called behind each message: whoever got it has work. */
function linkPort<Out, In>(port: MessagePort, arrived: () => void): LinkPort<Out, In> {
  return {
    send: (message, transfer) => port.postMessage(message, [...transfer]),
    receive: (callback) => {
      port.on('message', (message: In) => {
        callback(message);
        arrived();
      });
      // The thread lives as long as its control port does, not this one.
      port.unref();
    },
  };
}

export function shardPort(port: MessagePort, arrived: () => void): ShardLinkPort {
  return linkPort(port, arrived);
}

export function gatewayPort(port: MessagePort, arrived: () => void): GatewayPort {
  return linkPort(port, arrived);
}
