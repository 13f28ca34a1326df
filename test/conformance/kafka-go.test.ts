import { testClient } from './client-suite.js';
import { openGoClient } from './go-clients.js';

// segmentio's, which speaks as old brokers did where it can: JoinGroup 2, SyncGroup 0.

testClient({
  open: (kafka) => openGoClient('kafkago', kafka),
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  lacks: ['deleteRecords', 'emptiness', 'idempotence', 'validateOnly'],
  refusals: {
    unknownTopic: /Unknown Topic Or Partition/,
    tooLarge: /Message Size Too Large/,
    badConfig: /Invalid Configuration/,
    exists: /Topic Already Exists/,
  },
});
