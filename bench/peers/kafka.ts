import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Server, startServer } from '../child-server.js';
import { fetchJars } from './jars.js';
import { isThere, type Peer } from './outcome.js';
import { runTool } from './tool.js';

export interface KafkaBroker extends Server {
  readonly address: string;
}

// What is fetched is pinned by bench/peers/kafka/pom.xml, and what came by checksums.txt. Compiled, this file lies in
// dist/bench/peers.
const folder = fileURLToPath(new URL('../../../bench/peers/kafka', import.meta.url));
/** Any sixteen bytes in base64. */
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg';
const toolSecondsMax = 60;

/** The folder with the classes of its server and its tools. */
export function kafkaJars(cache: string): Peer<string> {
  const jars = join(cache, 'kafka');
  const complaint = fetchJars(folder, jars) ?? runTool('java', ['-version'], { secondsMax: toolSecondsMax });
  return complaint === undefined ? { value: jars } : { lacks: `no Kafka: ${complaint}` };
}

/** One broker with its own controller, on the JVM with 1 GiB of heap; acknowledges from the page cache. */
export async function startKafka(cache: string, directory: string): Promise<Peer<KafkaBroker>> {
  const found = kafkaJars(cache);
  if (!isThere(found)) return found;
  const { value: jars } = found;
  mkdirSync(directory, { recursive: true });
  const [port, controllerPort] = [await freePort(), await freePort()];
  const properties = join(directory, 'server.properties');
  writeFileSync(properties, propertiesOf(port, controllerPort, join(directory, 'logs')));
  const java = ['-Xms1g', '-Xmx1g', '-cp', `${directory}:${jars}/*`];
  writeFileSync(join(directory, 'log4j2.properties'), logging);
  const format = [...java, 'kafka.tools.StorageTool', 'format', '--standalone', '-t', clusterId, '-c', properties];
  const refused = runTool('java', format, { secondsMax: toolSecondsMax });
  if (refused !== undefined) return { lacks: `no Kafka: ${refused}` };
  const isReady = (line: string) => line.includes('Kafka Server started');
  const server = await startServer({ file: 'java', args: [...java, 'kafka.Kafka', properties], isReady });
  return { value: { ...server, address: `127.0.0.1:${port}` } };
}

function propertiesOf(port: number, controllerPort: number, logs: string): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${logs}
num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.segment.delete.delay.ms=500
`;
}

const logging = `rootLogger.level=info
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%m%n
`;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
