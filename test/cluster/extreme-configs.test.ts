import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkTopicConfigs, longMax } from '../../ts/model/topic-config.js';
import { settingsOf } from '../../ts/model/topic-settings.js';
import { DataDirectory, LogStore } from '../../ts/native/log.js';
import { newDirectory, removeDirectoriesAfterwards } from '../log/directory.js';
import { batchOf, clock, Heard, opened, turnUntil } from '../log/store.js';

// Any client may set them: what the table accepts, a store has to live with.

removeDirectoriesAfterwards();

const most = String(longMax);
const intMax = '2147483647';

test.each([
  { 'segment.bytes': '14' },
  { 'segment.bytes': intMax, 'segment.ms': most },
  { 'segment.ms': '1' },
  { 'index.interval.bytes': '0' },
  { 'index.interval.bytes': intMax },
  { 'retention.ms': '0', 'segment.bytes': '14' },
  { 'retention.ms': most, 'retention.bytes': most },
  { 'retention.bytes': '0', 'segment.bytes': '14' },
  { 'flush.messages': most, 'segment.bytes': '14' },
  { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' },
])('a store lives with %j', async (asked) => {
  const data = join(await newDirectory(), 'data');
  const configs = checkTopicConfigs(asked, { batchSizeMax: 1 << 20 });
  expect(configs.ok).toBe(true);
  const open = () => opened(DataDirectory.open({ data, shards: 1, journalSize: 1 << 20, batchSizeMax: 1 << 20, clock }));
  const directory = open();
  const settings = settingsOf(configs.ok ? configs.value : {});
  const topic = opened(directory.ensureTopic('t', 1, settings));
  expect(topic.settings).toEqual(settings);
  const store = opened(LogStore.open(directory.id, 0, clock));
  const heard = new Heard();
  const [handle = -1] = opened(store.createPartitions(0, [{ topic: topic.id, index: 0, leaderEpoch: 1, config: settings }]));
  for (let number = 0; number < 20; number++) {
    store.appendLarge(handle, number + 1, batchOf([`value ${number}`], Date.now()));
    turnUntil(store, heard, () => heard.acks.length + heard.refusals.length === number + 1);
  }
  expect(heard.refusals).toEqual([]);
  expect(store.close(heard)).toBeUndefined();
  directory.close();
  const again = open();
  expect(again.topics()).toEqual([topic]);
  const recovered = opened(LogStore.open(again.id, 0, clock));
  expect(recovered.partitions()[0]).toMatchObject({ end: 20, isDamaged: false });
  recovered.release();
  again.close();
});

test('a topic that takes no batch refuses them', async () => {
  const data = join(await newDirectory(), 'data');
  const directory = opened(DataDirectory.open({ data, shards: 1, journalSize: 1 << 20, batchSizeMax: 1 << 20, clock }));
  const topic = opened(directory.ensureTopic('t', 1, settingsOf({ 'max.message.bytes': '0' })));
  const store = opened(LogStore.open(directory.id, 0, clock));
  const heard = new Heard();
  const [handle = -1] = opened(
    store.createPartitions(0, [{ topic: topic.id, index: 0, leaderEpoch: 1, config: topic.settings }]),
  );
  store.appendLarge(handle, 1, batchOf(['x']));
  turnUntil(store, heard, () => heard.refusals.length === 1);
  expect(heard.refusals[0]?.code).toBe('too-large');
  store.release();
  directory.close();
});
