import type { Facts } from './facts.js';
import { type Row, row } from './row.js';

const check = 'server library';

/** Without it there is no gateway, and so no node. */
export function serverRow({ server, node }: Facts): Row {
  const { package: name, build, error } = server;
  if (name === '') return row(check, 'uWebSockets.js is not installed', 'fail', 'npm run build installs it');
  if (error === '') return row(check, `${name}, ${build}`);
  return row(check, `${name} does not load ${build}: ${error}`, 'fail', whatToDo(error, node, server.glibc));
}

function whatToDo(error: string, node: string, glibc: string | undefined): string {
  if (/Cannot find module/.test(error)) {
    return `there is no build for Node ${node}: npm run build with the Node that runs it (20, 22 or 24), which installs the right one`;
  }
  const wanted = /GLIBC_([\d.]+)/.exec(error)?.[1];
  if (wanted !== undefined) {
    return `it needs glibc ${wanted}, here is ${glibc ?? 'an older one'}: run Node 20, whose build asks for 2.27, or a newer Linux`;
  }
  if (glibc === undefined)
    return 'it is built for glibc, and this system has another C library: run it on a distribution with glibc';
  return 'remove node_modules/uWebSockets.js, then npm run build installs it anew';
}
