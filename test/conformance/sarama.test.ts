import { testClient } from './client-suite.js';
import { openGoClient } from './go-clients.js';

testClient({
  open: (kafka) => openGoClient('sarama', kafka),
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  refusals: {
    unknownTopic: /does not exist on this broker/,
    tooLarge: /Message was too large/,
    badConfig: /configuration is invalid/i,
    exists: /already exists/,
  },
});
