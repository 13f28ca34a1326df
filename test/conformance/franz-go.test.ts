import { testClient } from './client-suite.js';
import { openGoClient } from './go-clients.js';

// franz-go asks for the newest version of everything that both sides know.

testClient({
  open: (kafka) => openGoClient('franz', kafka),
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  refusals: {
    unknownTopic: /UNKNOWN_TOPIC_OR_PARTITION/,
    tooLarge: /MESSAGE_TOO_LARGE/,
    badConfig: /INVALID_CONFIG/,
    exists: /TOPIC_ALREADY_EXISTS/,
  },
});
