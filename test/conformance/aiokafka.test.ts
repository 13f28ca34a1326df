import { testClient } from './client-suite.js';
import { openPythonClient } from './python-environment.js';

testClient({
  open: (kafka) => openPythonClient('aio', kafka),
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  lacks: ['deleteGroup'],
  refusals: {
    unknownTopic: /UnknownTopicOrPartitionError/,
    tooLarge: /MessageSizeTooLargeError/,
    badConfig: /InvalidConfigurationError/,
    exists: /TopicAlreadyExistsError/,
  },
});
