import { testClient } from './client-suite.js';
import { openPythonClient } from './python-environment.js';

testClient({
  open: (kafka) => openPythonClient('pure', kafka),
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  lacks: ['nullHeaders'],
  refusals: {
    unknownTopic: /KafkaTimeoutError/,
    tooLarge: /MessageSizeTooLargeError/,
    badConfig: /InvalidConfigurationError/,
    exists: /TopicAlreadyExistsError/,
  },
});
