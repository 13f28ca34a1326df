// What the bench takes of the product besides starting it: known by its types until it runs, as the bench is compiled apart.

// Compiled, this file lies in dist/bench.
const dist = new URL('../', import.meta.url);
const load = (path: string): Promise<unknown> => import(new URL(path, dist).href);

/** The client package. */
export const sdk = (await load('sdk/node/index.js')) as typeof import('../ts/sdk/node/index.js');
export const { encodeClientMessage } = (await load('wire/proto/messages.js')) as typeof import('../ts/wire/proto/messages.js');
export const { BatchPlan } = (await load('wire/records/build.js')) as typeof import('../ts/wire/records/build.js');
export const { crc32c } = (await load('wire/records/crc32c.js')) as typeof import('../ts/wire/records/crc32c.js');
const kafka = 'wire/kafka';
const frames = (await load(`${kafka}/frames.js`)) as typeof import('../ts/wire/kafka/frames.js');
export const { encodeRequest, responseHeaderVersion } = frames;
export const { Reader } = (await load(`${kafka}/reader.js`)) as typeof import('../ts/wire/kafka/reader.js');
const apis = `${kafka}/schema`;
export const { produce } = (await load(`${apis}/00-produce.js`)) as typeof import('../ts/wire/kafka/schema/00-produce.js');
export const { fetch: fetchApi } = (await load(`${apis}/01-fetch.js`)) as typeof import('../ts/wire/kafka/schema/01-fetch.js');
export const { listOffsets } = (await load(
  `${apis}/02-list-offsets.js`,
)) as typeof import('../ts/wire/kafka/schema/02-list-offsets.js');
export const { createTopics } = (await load(
  `${apis}/19-create-topics.js`,
)) as typeof import('../ts/wire/kafka/schema/19-create-topics.js');
export const { deleteTopics } = (await load(
  `${apis}/20-delete-topics.js`,
)) as typeof import('../ts/wire/kafka/schema/20-delete-topics.js');

/** The installed command. */
export const millraceProgram = new URL('cli/main.js', dist);
