import { afterEach, expect, test } from 'vitest';
import { produce } from '../../ts/wire/kafka/schema/00-produce.js';
import { metadata } from '../../ts/wire/kafka/schema/03-metadata.js';
import { findCoordinator } from '../../ts/wire/kafka/schema/10-find-coordinator.js';
import { ask } from '../kafka/ask.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf } from '../log/store.js';
import { Broker } from './broker.mjs';

removeDirectoriesAfterwards();

const name = '__consumer_offsets';
let broker: Broker | undefined;
afterEach(async () => {
  await broker?.close();
  broker = undefined;
});

async function started(): Promise<Broker> {
  broker = await Broker.start(await newDirectory(), { options: { 'offsets.topic.num.partitions': '4' } });
  await ask(broker, findCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] });
  return broker;
}

test('it is made as Kafka makes it, and shown as the cluster’s own', async () => {
  const broker = await started();
  const { topics } = await ask(broker, metadata, 12, { topics: [{ name }] });
  expect(topics).toMatchObject([{ errorCode: 0, name, isInternal: true }]);
  expect(topics[0]?.partitions.length).toBe(4);
  expect(broker.verbs().routing.view.configsOf(name)).toEqual({
    'cleanup.policy': 'compact',
    'segment.bytes': '104857600',
    'max.message.bytes': '16777216',
  });
  expect(broker.verbs().routing.topic(name)?.durability).toBe('fsync');
});

test('clients do not write to it', async () => {
  const broker = await started();
  const partitionData = [{ index: 0, records: batchOf(['a']) }];
  const produced = await ask(broker, produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name, partitionData }],
  });
  expect(produced.responses[0]?.partitionResponses[0]?.errorCode).toBe(17);
});

test('clients neither make, delete nor grow it, nor change what would lose groups', async () => {
  const { controller } = await started();
  const refused = { ok: false, error: { error: 'invalid-topic' } };
  expect(await controller.createTopic({ name: '__consumer.offsets', configs: {} }, false)).toMatchObject(refused);
  expect(await controller.deleteTopic(name)).toMatchObject(refused);
  expect(await controller.addPartitions(name, 8, false)).toMatchObject(refused);
  const alter = (set: Record<string, string>, reset: string[] = []) => controller.alterTopic(name, { set, reset }, false);
  const fixed = { ok: false, error: { error: 'invalid-config' } };
  expect(await alter({ 'cleanup.policy': 'delete' })).toMatchObject(fixed);
  expect(await alter({}, ['max.message.bytes'])).toMatchObject(fixed);
  expect(await alter({ 'segment.bytes': '1048576', durability: 'replicated' })).toMatchObject({ ok: true });
});
