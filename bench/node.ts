import { fileURLToPath } from 'node:url';
import { type Server, startServer } from './child-server.js';
import { millraceProgram, sdk } from './product.js';

export interface MillraceNode extends Server {
  readonly port: number;
  readonly address: string;
  /** Where Kafka clients connect. */
  readonly kafka: string;
}

const program = fileURLToPath(millraceProgram);

/** The command as it is installed, in a process of its own. */
export async function startMillrace(data: string, ...options: string[]): Promise<MillraceNode> {
  const ports = ['--gateway', '127.0.0.1:0', '--kafka', '127.0.0.1:0'];
  const server = await startServer({
    file: process.execPath,
    args: [program, 'start', '--data', data, ...ports, '--log-level', 'warn', ...options],
    isReady: (line) => line.startsWith('{"ready":true'),
  });
  const { gateway, kafka } = JSON.parse(server.ready) as { gateway: string; kafka: readonly string[] };
  const address = gateway.replace('http://', '');
  return { ...server, address, port: Number(address.split(':')[1]), kafka: kafka[0] ?? '' };
}

export type Durability = 'fsync' | 'replicated';

/** What an acknowledgement of such a topic guarantees, for the table. */
export const guarantees: Readonly<Record<Durability, string>> = {
  fsync: 'stable media, 1 of 1 replicas',
  replicated: 'page cache, 1 of 1 replicas',
};

export async function createTopic({ address }: MillraceNode, name: string, durability: Durability): Promise<void> {
  const client = await sdk.connect(address);
  await client.admin.createTopic(name, { partitions: 1, configs: { durability } });
  await client.close();
}

/** Records that partition 0 holds: what was acknowledged has to be there. */
export async function recordsIn({ address }: MillraceNode, name: string): Promise<number> {
  const client = await sdk.connect(address);
  const [end] = await client.admin.listOffsets(name, 'end');
  await client.close();
  return Number(end?.offset ?? 0);
}

/** A number of its metrics page; those of all series that have the label, or of all, added up. */
export async function metricOf({ address }: MillraceNode, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const named = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  const lines = named.filter((line) => line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export type CopyPlace = 'kafka-receive' | 'waiting' | 'shard' | 'frame' | 'library' | 'kafka-send';

/** Bytes that the gateway has copied at a place of the way, of `millrace_gateway_copied_bytes_total`. */
export function copiedAt(node: MillraceNode, place: CopyPlace): Promise<number> {
  return metricOf(node, 'millrace_gateway_copied_bytes_total', `where="${place}"`);
}
