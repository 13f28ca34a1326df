import { testClient } from './client-suite.js';
import { openNodeClient } from './node-clients.js';

// @platformatic/kafka begins where kafkajs has long ended: Fetch 12, Metadata 9, CreateTopics 7, DeleteTopics 6, FindCoordinator 4.

testClient({
  open: (kafka) => openNodeClient('platformatic', kafka),
  // zstd comes with a newer Node.
  codecs: ['none', 'gzip', 'snappy', 'lz4'],
  lacks: ['validateOnly'],
  refusals: {
    unknownTopic: /Unknown topic nowhere/,
    tooLarge: /MESSAGE_TOO_LARGE/,
    badConfig: /INVALID_CONFIG/,
    exists: /TOPIC_ALREADY_EXISTS/,
  },
});
