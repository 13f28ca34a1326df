import { testClient } from './client-suite.js';
import { openNodeClient } from './node-clients.js';

// kafkajs stays on the oldest versions that a broker may serve: Produce 7, Fetch 11, Metadata 6, JoinGroup 5.

testClient({
  open: (kafka) => openNodeClient('kafkajs', kafka),
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  lacks: ['nullHeaders'],
  refusals: {
    unknownTopic: /UNKNOWN_TOPIC_OR_PARTITION/,
    tooLarge: /MESSAGE_TOO_LARGE/,
    badConfig: /INVALID_CONFIG/,
    exists: /it is not new/,
  },
});
