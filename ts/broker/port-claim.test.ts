import { afterEach, expect, test } from 'vitest';
import { claimPort, type PortClaim } from './port-claim.js';

const claims: PortClaim[] = [];
afterEach(async () => {
  await Promise.all(claims.splice(0).map((claim) => claim.release().catch(() => undefined)));
});

/** Its port, or why there is none. */
async function claim(host: string, port: number): Promise<number | string> {
  const claimed = await claimPort({ host, port });
  if (!claimed.ok) return claimed.error;
  claims.push(claimed.value);
  return claimed.value.port;
}

/** As a node has it when it is about to listen: the port is free, its name is not. */
async function claimAndRelease(host: string, port = 0): Promise<number> {
  const claimed = await claim(host, port);
  await claims.pop()?.release();
  return Number(claimed);
}

const inUse = expect.stringMatching(/ is in use: stop what listens there, or choose another$/);

test('a port that is let go of, to be listened on, is not given to another', async () => {
  const port = await claimAndRelease('127.0.0.1');
  expect(await claim('127.0.0.1', port)).toEqual(inUse);
});

test('of many who want a port at once one gets it', async () => {
  const port = await claimAndRelease('127.0.0.9');
  const claimed = await Promise.all(Array.from({ length: 8 }, () => claim('127.0.0.10', port)));
  expect(claimed.filter((one) => one === port)).toHaveLength(1);
  expect(claimed.filter((one) => one !== port)).toEqual(Array.from({ length: 7 }, () => inUse));
});

test('other addresses have ports of their own, a wildcard has those of all', async () => {
  const port = await claimAndRelease('127.0.0.1');
  expect(await claimAndRelease('127.0.0.2', port)).toBe(port);
  expect(await claim('0.0.0.0', port)).toEqual(inUse);
  expect(await claim('::', port)).toEqual(inUse);
  const wide = await claimAndRelease('0.0.0.0');
  expect(await claim('127.0.0.1', wide)).toEqual(inUse);
});

test('a port that somebody else holds, and a host that is none, are told apart', async () => {
  const port = await claim('127.0.0.3', 0);
  expect(await claim('127.0.0.3', Number(port))).toEqual(inUse);
  expect(await claim('no.such.host.invalid', 1)).toMatch(/^no.such.host.invalid:1 getaddrinfo/);
  expect(await claim('192.0.2.1', 0)).toMatch(/EADDRNOTAVAIL/);
});
