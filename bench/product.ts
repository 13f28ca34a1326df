// What the bench takes of the product besides starting it: known by its types until it runs, as the bench is compiled apart.

// Compiled, this file lies in dist/bench.
const dist = new URL('../', import.meta.url);
const load = (path: string): Promise<unknown> => import(new URL(path, dist).href);

/** The client package. */
export const sdk = (await load('sdk/node/index.js')) as typeof import('../ts/sdk/node/index.js');
export const { encodeClientMessage } = (await load('wire/proto/messages.js')) as typeof import('../ts/wire/proto/messages.js');
export const { BatchPlan } = (await load('wire/records/build.js')) as typeof import('../ts/wire/records/build.js');
export const { crc32c } = (await load('wire/records/crc32c.js')) as typeof import('../ts/wire/records/crc32c.js');

/** The installed command. */
export const millraceProgram = new URL('cli/main.js', dist);
