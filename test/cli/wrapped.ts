import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/cli/main.js');

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Puts the command as texts name it into a folder, for a node whose usual port may be taken on this machine. */
export function commandFor(folder: string, port: number): void {
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh
case "$1" in
  start) exec "${process.execPath}" "${main}" "$@" --gateway 127.0.0.1:${port} --kafka 127.0.0.1:0 ;;
  topic | produce | consume | cluster) exec "${process.execPath}" "${main}" "$@" --bootstrap 127.0.0.1:${port} ;;
  *) exec "${process.execPath}" "${main}" "$@" ;;
esac
`;
  writeFileSync(join(folder, 'millrace'), script);
  chmodSync(join(folder, 'millrace'), 0o755);
}
