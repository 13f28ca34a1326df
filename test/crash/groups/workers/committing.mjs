// A broker that commits until it is killed: argv are its data directory and the first offset. Each of its writers has one commit under
// way; when it is answered a line "writer partition offset" says so, written before anything else happens.

import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Broker } from '../../../groups/broker.mjs';

const dist = new URL('../../../../dist/', import.meta.url).href;
const { offsetCommit } = await import(`${dist}wire/kafka/schema/08-offset-commit.js`);
const { encodeRequest } = await import(`${dist}wire/kafka/frames.js`);
const { Reader } = await import(`${dist}wire/kafka/reader.js`);

const [data = '', first = '0', deadRecordsMax = '1'] = process.argv.slice(2);
const options = { 'offsets.topic.num.partitions': '2', 'offsets.topic.segment.bytes': '1MiB', journal: '2MiB' };
const broker = await Broker.start(data, { options, deadRecordsMax: Number(deadRecordsMax) });
await broker.controller.createTopic({ name: 'orders', partitions: 4, configs: {} }, false);

/** @param {string} groupId @param {number} partition @param {number} offset @returns {Promise<number>} */
async function commit(groupId, partition, offset) {
  const partitions = [{ partitionIndex: partition, committedOffset: offset, committedMetadata: 'x'.repeat(offset % 100) }];
  const value = {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: 'orders', partitions }],
  };
  const { bytes } = encodeRequest(offsetCommit, 2, { correlationId: 1, clientId: null }, value);
  const reader = new Reader(await broker.answer(bytes.slice(4)));
  reader.int32();
  return offsetCommit.response.decode(2, reader).topics[0].partitions[0].errorCode;
}

const stillLoading = 14;

/** @param {number} writer @param {number} partition */
async function write(writer, partition) {
  for (let offset = Number(first); ; offset++) {
    await store(`writer-${writer}`, partition, offset);
    writeSync(1, `${writer} ${partition} ${offset}\n`);
  }
}

/** @param {string} groupId @param {number} partition @param {number} offset */
async function store(groupId, partition, offset) {
  let code = stillLoading;
  while (code === stillLoading) {
    code = await commit(groupId, partition, offset);
    await setImmediate();
  }
  if (code !== 0) throw new Error(`code ${code}: ${broker.problems}`);
}

// Some commit once: from then on what they committed is kept by rewriting alone.
if (first === '0') await Promise.all(Array.from({ length: 50 }, (_, index) => store(`quiet-${index}`, 0, 7)));

await Promise.all(Array.from({ length: 32 }, (_, index) => write(index >> 2, index % 4)));
