import { type CopyPlace, copiedAt, type MillraceNode, metricOf } from '../node.js';
import { sleep } from '../scenario.js';

// What our node did of its own for the bytes that went through its Kafka door: counted, not timed.

export interface Work {
  readonly received: number;
  readonly sent: number;
  readonly copied: Readonly<Record<CopyPlace, number>>;
  /** Calls from JavaScript into its sockets, and into its log. */
  readonly socketCrossings: number;
  readonly logCrossings: number;
}

const places = ['kafka-receive', 'waiting', 'shard', 'frame', 'library', 'kafka-send'] as const;
/** Its threads tell what they have counted every five seconds. */
const tellMs = 6000;

/** Since its start. */
export async function workOf(node: MillraceNode): Promise<Work> {
  await sleep(tellMs);
  const copied = { 'kafka-receive': 0, waiting: 0, shard: 0, frame: 0, library: 0, 'kafka-send': 0 };
  for (const place of places) copied[place] = await copiedAt(node, place);
  return {
    copied,
    received: await metricOf(node, 'millrace_gateway_kafka_received_bytes_total'),
    sent: await metricOf(node, 'millrace_gateway_kafka_sent_bytes_total'),
    socketCrossings: await metricOf(node, 'millrace_gateway_kafka_crossings_total'),
    logCrossings: await metricOf(node, 'millrace_shard_crossings_total'),
  };
}

export function producedNumbers({ received, copied, socketCrossings, logCrossings }: Work) {
  const megabytes = received / 1e6;
  return {
    copies_per_byte: (copied['kafka-receive'] + copied.waiting + copied.shard) / received,
    cut_copies_per_byte: copied['kafka-receive'] / received,
    socket_crossings_per_mb: socketCrossings / megabytes,
    log_crossings_per_mb: logCrossings / megabytes,
  };
}

export function fetchedNumbers(before: Work, after: Work) {
  const sent = after.sent - before.sent;
  const megabytes = sent / 1e6;
  const copied = places.reduce((sum, place) => sum + after.copied[place] - before.copied[place], 0);
  return {
    copies_per_byte: copied / sent,
    socket_crossings_per_mb: (after.socketCrossings - before.socketCrossings) / megabytes,
    log_crossings_per_mb: (after.logCrossings - before.logCrossings) / megabytes,
  };
}
