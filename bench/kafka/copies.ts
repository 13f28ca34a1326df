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
  /** Into native code, for nothing but a copy. */
  readonly copyCrossings: number;
  /** Out of the event loop's native code into JavaScript. */
  readonly wakes: number;
  /** Out of files, into memory that is sent from. */
  readonly readCopied: number;
  /** Into memory that a device can read, where the kernel would have copied into the page cache. */
  readonly staged: number;
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
    copyCrossings: await metricOf(node, 'millrace_thread_copies_total'),
    wakes: await metricOf(node, 'millrace_thread_wakes_total'),
    readCopied: await metricOf(node, 'millrace_shard_read_copied_bytes_total'),
    staged: await metricOf(node, 'millrace_shard_segment_staged_bytes_total'),
  };
}

export function producedNumbers(work: Work) {
  const { received, copied, staged } = work;
  return {
    copies_per_byte: (copied['kafka-receive'] + copied.waiting + copied.shard) / received,
    cut_copies_per_byte: copied['kafka-receive'] / received,
    staged_copies_per_byte: staged / received,
    ...crossingsPer(received / 1e6, work),
  };
}

type Crossings = Pick<Work, 'socketCrossings' | 'logCrossings' | 'copyCrossings' | 'wakes'>;

function crossingsPer(megabytes: number, { socketCrossings, logCrossings, copyCrossings, wakes }: Crossings) {
  return {
    socket_crossings_per_mb: socketCrossings / megabytes,
    log_crossings_per_mb: logCrossings / megabytes,
    copy_crossings_per_mb: copyCrossings / megabytes,
    wakes_per_mb: wakes / megabytes,
  };
}

export function fetchedNumbers(before: Work, after: Work) {
  const sent = after.sent - before.sent;
  const copied = places.reduce((sum, place) => sum + after.copied[place] - before.copied[place], 0);
  return {
    copies_per_byte: (copied + after.readCopied - before.readCopied) / sent,
    ...crossingsPer(sent / 1e6, {
      socketCrossings: after.socketCrossings - before.socketCrossings,
      logCrossings: after.logCrossings - before.logCrossings,
      copyCrossings: after.copyCrossings - before.copyCrossings,
      wakes: after.wakes - before.wakes,
    }),
  };
}
