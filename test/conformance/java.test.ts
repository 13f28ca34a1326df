import { expect, test } from 'vitest';
import { testClient } from './client-suite.js';
import { openJava } from './java.js';
import { createTopic, newNode } from './kafka-clients.js';

// Kafka's own clients, which ask for the newest version of everything.

const open = (kafka: string) => openJava('KafkaClient', kafka);

testClient({
  open,
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  refusals: {
    unknownTopic: /not present in metadata/,
    tooLarge: /RecordTooLargeException/,
    badConfig: /InvalidConfigurationException: .*retention\.ms/,
    exists: /TopicExistsException/,
  },
});

test('the newest record, the directories of logs', async () => {
  const node = await newNode();
  const java = await open(node.kafka);
  await createTopic(node.gateway, 'newest');
  const records = [3000, 9000, 5000].map((timestamp) => ({ timestamp, key: null, value: 'x', headers: [] }));
  await java.ask('produce', { topic: 'newest', partition: 0, records });
  expect(await java.ask('newest', { topic: 'newest', partition: 0 })).toBe(1);
  expect(await java.ask('logDirs')).toBe(1);
});
