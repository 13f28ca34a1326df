import { readFileSync } from 'node:fs';
import { createServer, isIPv4, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { failed, ok, type Result } from '../model/result.js';

// A name for an address and a port that one process of this network namespace has, for as long as it lives: an abstract socket,
// which the kernel takes back with the process, however that ends. Nobody talks over it.
//
//   \0millrace/9080/127.0.0.1     this address
//   \0millrace/9080               held while somebody looks who has it and takes a name: wildcards have more than one name to look at

const prefix = 'millrace';
const attemptsMax = 100;
const attemptIntervalMs = 20;

/** Undefined: somebody has it, under this name or one whose addresses include these, or are included in them. */
export async function holdPortName(address: string, port: number): Promise<Result<Server | undefined, string>> {
  const gate = await enter(`${prefix}/${port}`);
  if (!gate.ok) return gate;
  try {
    if (holders(port).some((other) => areOverlapping(other, address))) return ok(undefined);
    return await listenAt(`${prefix}/${port}/${address}`);
  } finally {
    gate.value.close();
  }
}

/** Waits for those who are just looking. */
async function enter(name: string): Promise<Result<Server, string>> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const gate = await listenAt(name);
    if (!gate.ok) return gate;
    if (gate.value !== undefined) return ok(gate.value);
    await sleep(attemptIntervalMs);
  }
  return failed('is being taken by another process, which does not come to an end');
}

function listenAt(name: string): Promise<Result<Server | undefined, string>> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      resolve(code === 'EADDRINUSE' ? ok(undefined) : failed(`cannot be claimed: ${message}`));
    });
    server.listen(`\0${name}`, () => {
      // It keeps no process.
      server.unref();
      resolve(ok(server));
    });
  });
}

/** Of the names of a port, the addresses. */
function holders(port: number): readonly string[] {
  const start = `@${prefix}/${port}/`;
  const names = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.split(' ').at(-1) ?? '');
  // Older runtimes fill names up with zeros, which are shown like this.
  return names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length).replace(/@+$/, ''));
}

/** As the kernel has it: `::` takes IPv4 as well. */
function areOverlapping(a: string, b: string): boolean {
  const includes = (wide: string, one: string) => wide === '::' || (wide === '0.0.0.0' && isIPv4(one));
  return a === b || includes(a, b) || includes(b, a);
}
