import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { newDirectory } from '../log/directory.js';
import { installedJars, quickJava } from './java.js';
import { type Ended, ended } from './kafka-clients.js';

// What operators of Kafka type. Each call is a JVM of its own, as in Kafka's scripts.

const toolSecondsMax = 80;
const running = new Set<ChildProcessWithoutNullStreams>();

const tools = 'org.apache.kafka.tools';
/** The main classes behind the scripts of Kafka's distribution. */
const mains = {
  'kafka-acls': `${tools}.AclCommand`,
  'kafka-broker-api-versions': `${tools}.BrokerApiVersionsCommand`,
  'kafka-cluster': `${tools}.ClusterTool`,
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-console-consumer': `${tools}.consumer.ConsoleConsumer`,
  'kafka-console-producer': `${tools}.ConsoleProducer`,
  'kafka-consumer-groups': `${tools}.consumer.group.ConsumerGroupCommand`,
  'kafka-consumer-perf-test': `${tools}.ConsumerPerformance`,
  'kafka-delete-records': `${tools}.DeleteRecordsCommand`,
  'kafka-features': `${tools}.FeatureCommand`,
  'kafka-get-offsets': `${tools}.GetOffsetShell`,
  'kafka-groups': `${tools}.GroupsCommand`,
  'kafka-leader-election': `${tools}.LeaderElectionCommand`,
  'kafka-log-dirs': `${tools}.LogDirsCommand`,
  'kafka-metadata-quorum': `${tools}.MetadataQuorumCommand`,
  'kafka-producer-perf-test': `${tools}.ProducerPerformance`,
  'kafka-reassign-partitions': `${tools}.reassign.ReassignPartitionsCommand`,
  'kafka-topics': `${tools}.TopicCommand`,
  'kafka-transactions': `${tools}.TransactionsCommand`,
  'kafka-verifiable-consumer': `${tools}.VerifiableConsumer`,
  'kafka-verifiable-producer': `${tools}.VerifiableProducer`,
} as const;

export type KafkaTool = keyof typeof mains;

export async function spawnKafkaTool(
  tool: KafkaTool,
  kafka: string,
  args: readonly string[],
): Promise<ChildProcessWithoutNullStreams> {
  const jars = join(await installedJars('kafka-tools'), '*');
  const server = ['--bootstrap-server', kafka];
  const words = ['-cp', jars, mains[tool], ...(tool === 'kafka-cluster' ? [...args, ...server] : [...server, ...args])];
  const child = spawn('java', [...quickJava, ...words], { timeout: toolSecondsMax * 1000, killSignal: 'SIGKILL' });
  running.add(child);
  return child.on('close', () => running.delete(child));
}

/** For `afterAll`: what a failed test left running. */
export function killKafkaTools(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** The tools, at one node. */
export class KafkaTools {
  readonly #kafka: string;

  constructor(kafka: string) {
    this.#kafka = kafka;
  }

  async run(tool: KafkaTool, args: readonly string[], input?: string): Promise<Ended> {
    return ended(await spawnKafkaTool(tool, this.#kafka, args), input);
  }

  /** What a tool prints that has to succeed. */
  async printed(tool: KafkaTool, args: readonly string[], input?: string): Promise<string> {
    const { code, out, errors } = await this.run(tool, args, input);
    if (code !== 0) throw new Error(`${tool} ${args.join(' ')} ended with ${code}:\n${out}\n${errors}`);
    return out;
  }

  /** What it says to whom it refuses. */
  async refused(tool: KafkaTool, args: readonly string[]): Promise<string> {
    const { code, out, errors } = await this.run(tool, args);
    expect(code).toBe(1);
    return out + errors;
  }
}

/** For options that name a file. */
export async function fileOf(text: string): Promise<string> {
  const path = join(await newDirectory(), 'file');
  await writeFile(path, text);
  return path;
}
