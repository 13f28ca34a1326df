import { fileURLToPath } from 'node:url';
import { type Server, startServer } from '../child-server.js';

export interface UwsServer extends Server {
  readonly port: number;
}

const program = fileURLToPath(new URL('uws-server.js', import.meta.url));

/** Bare uWebSockets.js in a process of its own; see uws-server.ts. */
export async function startUws(mode: 'publish' | 'sink', directory: string): Promise<UwsServer> {
  const args = [program, mode, directory];
  const server = await startServer({ file: process.execPath, args, isReady: (line) => line.startsWith('{"ready":true') });
  const { port } = JSON.parse(server.ready) as { port: number };
  return { ...server, port };
}
