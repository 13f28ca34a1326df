import { testClient } from './client-suite.js';
import { openPythonClient } from './python-environment.js';
import { testStaticMembers } from './static-members.js';

// confluent-kafka for Python: the newest librdkafka, where kcat comes with the distribution's.

const open = (kafka: string) => openPythonClient('confluent', kafka);

testClient({
  open,
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  refusals: {
    unknownTopic: /UNKNOWN_TOPIC/,
    tooLarge: /MSG_SIZE_TOO_LARGE/,
    badConfig: /INVALID_CONFIG/,
    exists: /TOPIC_ALREADY_EXISTS/,
  },
});

testStaticMembers(open, /fenced/i);
