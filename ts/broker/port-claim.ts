import { lookup } from 'node:dns/promises';
import { createServer, type Server } from 'node:net';
import { type Address, addressText } from '../model/quantities.js';
import { failed, ok, type Result } from '../model/result.js';
import { holdPortName } from './port-name.js';

export interface PortClaim {
  /** An address where a name was given. */
  readonly host: string;
  readonly port: number;
  /** Lets go of the port itself, right before it is listened on. Its name stays with this process. */
  release(): Promise<void>;
}

/**
 * Several gateways listen on one port, which the kernel grants to every process that asks in the same way: two nodes would share
 * their clients without knowing. So the port is taken alone first, which also chooses one where any will do, and kept while the node
 * recovers. For the moment between letting go of it and listening the node has the port's name: of several nodes the one that has
 * that goes on, and no other even touches the port.
 */
export async function claimPort(address: Address): Promise<Result<PortClaim, string>> {
  const problem = (what: string) => failed(`${addressText(address)} ${what}`);
  const inUse = problem('is in use: stop what listens there, or choose another');
  const host = await lookup(address.host).then(
    ({ address: found }) => found,
    ({ message }: Error) => problem(message),
  );
  if (typeof host !== 'string') return host;
  const name = address.port === 0 ? undefined : await holdPortName(host, address.port);
  if (name?.ok === false) return problem(name.error);
  if (name?.ok === true && name.value === undefined) return inUse;
  const taken = await takePort(host, address.port);
  if (!taken.ok) {
    if (name?.ok === true) name.value?.close();
    return taken.error.code === 'EADDRINUSE' ? inUse : problem(taken.error.message);
  }
  const { server, port } = taken.value;
  const release = () => new Promise<void>((released) => server.close(() => released()));
  if (name !== undefined) return ok({ host, port, release });
  const chosen = await holdPortName(host, port);
  if (chosen.ok && chosen.value !== undefined) return ok({ host, port, release });
  await release();
  return chosen.ok ? inUse : problem(chosen.error);
}

function takePort(host: string, port: number): Promise<Result<{ server: Server; port: number }, NodeJS.ErrnoException>> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => resolve(failed(error)));
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      resolve(ok({ server, port: typeof bound === 'object' && bound !== null ? bound.port : port }));
    });
  });
}

/** Of all of them, or of none. */
export async function claimPorts(addresses: readonly Address[]): Promise<Result<readonly PortClaim[], string>> {
  const claims: PortClaim[] = [];
  for (const address of addresses) {
    const claim = await claimPort(address);
    if (!claim.ok) {
      await releasePorts(claims);
      return claim;
    }
    claims.push(claim.value);
  }
  return ok(claims);
}

export async function releasePorts(claims: readonly PortClaim[]): Promise<void> {
  await Promise.all(claims.map((claim) => claim.release()));
}
