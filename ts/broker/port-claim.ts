import { createServer } from 'node:net';
import { type Address, addressText } from '../model/quantities.js';
import { failed, ok, type Result } from '../model/result.js';

/**
 * Several gateways listen on one port, which the kernel grants to every process that asks in the same way: two nodes would share
 * their clients without knowing. So the port is taken alone first, for a moment, which also chooses one where any will do.
 */
export function claimPort(address: Address): Promise<Result<number, string>> {
  const { host, port } = address;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const what = error.code === 'EADDRINUSE' ? 'is in use: stop what listens there, or choose another' : error.message;
      resolve(failed(`${addressText(address)} ${what}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
      server.close(() => resolve(ok(chosen)));
    });
  });
}
