import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Client as Sdk } from '../../ts/sdk/node/index.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { Client } from '../gateway/client.js';
import { KafkaSocket } from '../kafka/socket.js';
import { batchOf } from '../log/store.js';
import { endedStart, killAll, type RunningNode, startNode } from '../node/process.mjs';
import { numbersIn, Writer } from './records.js';
import { SmallDisk } from './small-disk.js';

const options = ['--journal', '8MiB', '--shards', '1'];

let disk: SmallDisk;
let data: string;
let node: RunningNode;
let sdk: Sdk;
let writer: Writer;

beforeEach(async () => {
  disk = new SmallDisk(96);
  data = join(disk.path, 'data');
  node = await startNode(data, options);
  sdk = await connect(node.gateway);
  writer = await new Writer(sdk, 'kept').create();
  await writer.writeAll(320);
});

afterEach(async () => {
  await sdk.close().catch(() => undefined);
  killAll();
  await disk.remove();
});

/** Nothing is acknowledged any more, and everybody who asks is told why; what was acknowledged is served. */
async function expectFence(why: RegExp): Promise<void> {
  const failure = { code: 60, retry: 0, text: expect.stringMatching(why) };
  const client = await Client.open(Number(node.gateway.split(':')[1]));
  expect(await client.produce('kept', batchOf(['one more']))).toMatchObject({ error: failure });
  expect(await client.ask({ createTopic: { name: 'new' } })).toMatchObject({ body: 'error', error: failure });
  client.close();
  const ready = await fetch(`${node.url}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringMatching(why)]);
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(metrics).toContain('millrace_shard_fenced{shard="0"} 1\n');
  expect(metrics).toContain('millrace_produce_refused{reason="storage-failed"} 1\n');
  await expectKafkaRefusal(why);
  expect(node.log.join('\n')).toMatch(/the log directory has failed: nothing more is acknowledged, reads go on/);
  expectKept(await numbersIn(node.gateway, 'kept'));
}

async function expectKafkaRefusal(why: RegExp): Promise<void> {
  const kafka = await KafkaSocket.open(node.kafka);
  const topicData = [{ name: 'kept', partitionData: [{ index: 0, records: batchOf(['one more']) }] }];
  const { responses } = await kafka.ask(produce, 9, { acks: 1, timeoutMs: 10_000, topicData });
  const refused = { errorCode: kafkaErrors.KAFKA_STORAGE_ERROR.code, baseOffset: -1, errorMessage: expect.stringMatching(why) };
  expect(responses[0]?.partitionResponses).toMatchObject([refused]);
  kafka.close();
}

/** What comes behind the failure was not written, and says so. */
async function expectDefiniteRefusal(why: RegExp): Promise<void> {
  const refused = sdk.producer().send({ topic: 'kept', partition: 0, value: '2000000' });
  const error = { name: 'StorageError', code: 'storage-failed', isRetriable: false, reason: expect.stringMatching(why) };
  await expect(refused).rejects.toMatchObject({ ...error, advice: expect.stringMatching(/nothing was written.* started again/) });
}

/** All that was acknowledged, in its order; besides it only what was sent and never answered, once. */
function expectKept(found: readonly (readonly number[])[]): void {
  for (const [partition, numbers] of found.entries()) {
    const acknowledged = new Set(writer.acknowledged[partition]);
    expect(numbers.filter((number) => acknowledged.has(number))).toEqual(writer.acknowledged[partition]);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  }
}

/** On a disk that works again. */
async function expectEverythingAfterRestart(): Promise<void> {
  node = await startNode(data, options);
  expectKept(await numbersIn(node.gateway, 'kept'));
  const client = await connect(node.gateway);
  await client.producer().send({ topic: 'kept', partition: 0, value: '1000000' });
  await client.close();
  expect((await numbersIn(node.gateway, 'kept'))[0]?.at(-1)).toBe(1_000_000);
  expect(await node.kill('SIGTERM')).toBe(0);
}

test('a device that fails: no ack from then on, a reason for everybody, everything there after a restart', async () => {
  // Whichever write came to it first: the journal's, or one of a segment past the page cache.
  const why = /the (journal|segment) failed: EIO: i\/o error/;
  const writing = writer.write(1_000_000);
  await sleep(50);
  disk.die();
  // At once, not when each request has waited for its time.
  const failures = await writing;
  expect(failures.length).toBeGreaterThan(0);
  // What it was writing at that moment, if it was, nobody knows of; the rest was not written.
  for (const { code, reason } of failures) {
    expect(['delivery-uncertain', 'storage-failed']).toContain(code);
    expect(reason).toMatch(why);
  }
  await expectDefiniteRefusal(why);
  await expectFence(why);
  await node.kill('SIGKILL');
  await disk.replace();
  await expectEverythingAfterRestart();
});

test('a device that promised more than it has, under segments: what the page cache lost is in the journal', async () => {
  disk.takeRoom();
  for (const { code, reason } of await writer.write(1_000_000)) {
    expect(['delivery-uncertain', 'storage-failed']).toContain(code);
    expect(reason).toMatch(/the segment failed: /);
  }
  await expectDefiniteRefusal(/the segment failed: /);
  await expectFence(/the segment failed: /);
  // It says in its exit code that it could not put things in order.
  expect(await node.kill('SIGTERM')).toBe(1);
  disk.giveRoom();
  await disk.replace();
  await expectEverythingAfterRestart();
});

test('a device that cannot be read: whoever reads what it holds is told so, and nobody else is hurt', async () => {
  await sdk.close();
  expect(await node.kill('SIGTERM')).toBe(0);
  // In its next life nothing is in the rings.
  const metadataSize = () => statSync(join(data, 'metadata/journal')).size;
  const before = metadataSize();
  node = await startNode(data, options);
  sdk = await connect(node.gateway);
  // The vote, the record of this start and the witness, a block each: then nothing of the metadata is left to be written.
  await expect.poll(metadataSize, { timeout: 10_000 }).toBe(before + 3 * 4096);
  for (const name of readdirSync(join(data, 'topics'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.log')) disk.forget(join(data, 'topics', name));
  }
  disk.die();
  const failure = { code: 'storage-failed', reason: 'EIO: i/o error' };
  await expect(numbersIn(node.gateway, 'kept')).rejects.toMatchObject(failure);
  const consumer = sdk.consumer({ topics: ['kept'], from: 'end' });
  await consumer.ready();
  await consumer.close();
  await node.kill('SIGKILL');
  await disk.replace();
  await expectEverythingAfterRestart();
});

test('a dead device under the metadata: a command that cannot be kept ends the node, with the exit code for it', async () => {
  disk.die();
  await expect(sdk.admin.deleteTopic('kept')).rejects.toThrow();
  expect(await node.exited).toBe(12);
  await disk.replace();
  await expectEverythingAfterRestart();
});

test('a start on a dead device ends with the exit code for it, and says which file', async () => {
  await sdk.close();
  await node.kill('SIGKILL');
  // Nothing that recovery reads first is remembered, and the device answers nothing.
  for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
    const path = join(data, name);
    if (statSync(path).isFile()) disk.forget(path);
  }
  disk.die();
  const start = await endedStart(data, options);
  expect([start.code, start.log]).toEqual([12, expect.stringMatching(new RegExp(`${data}/[^ ]*.*(I|i)nput/output error`))]);
  await disk.replace();
  await expectEverythingAfterRestart();
});
