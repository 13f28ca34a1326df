import { createServer } from 'node:net';
import { type Address, addressText } from '../model/quantities.js';
import { failed, ok, type Result } from '../model/result.js';

export interface PortClaim {
  readonly port: number;
  /** Lets go of it, right before it is listened on. */
  release(): Promise<void>;
}

/**
 * Several gateways listen on one port, which the kernel grants to every process that asks in the same way: two nodes would share
 * their clients without knowing. So the port is taken alone first, which also chooses one where any will do, and kept while the node
 * recovers.
 */
export function claimPort(address: Address): Promise<Result<PortClaim, string>> {
  const { host, port } = address;
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      const what = error.code === 'EADDRINUSE' ? 'is in use: stop what listens there, or choose another' : error.message;
      resolve(failed(`${addressText(address)} ${what}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
      const release = () => new Promise<void>((released) => server.close(() => released()));
      resolve(ok({ port: chosen, release }));
    });
  });
}
