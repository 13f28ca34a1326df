import { removeDirectoriesAfterwards } from '../log/directory.js';
import { openJava } from './java.js';
import { testStaticMembers } from './static-members.js';

// As Java's consumer does it; librdkafka is asked in confluent-kafka.test.ts. Not a part of java.test.ts, which every test run waits for.

removeDirectoriesAfterwards();

testStaticMembers((kafka) => openJava('KafkaClient', kafka), /FencedInstanceIdException/);
