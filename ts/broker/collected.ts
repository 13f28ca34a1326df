import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gauge, valuesOf } from '../metrics/probe.js';
import type { Collected } from '../metrics/registry.js';
import type { TopicId } from '../model/ids.js';
import type { ClusterView } from '../model/ports.js';
import type { TopicUsage } from '../shard/measures.js';
import type { NodeCondition } from './messages.js';

// What is computed when somebody asks for /metrics: series that come and go, and what the process knows of itself.

export const collectedMetrics = {
  topicSize: gauge('topic_data', 'bytes', 'Bytes of the segments of a topic, as of some seconds ago.'),
  topicSegments: gauge('topic_segments', 'none', 'Segment files of a topic, as of some seconds ago.'),
  diskFree: gauge('disk_free', 'bytes', 'Free space on the disk of the data directory, as of some seconds ago.'),
  produceRefused: gauge(
    'produce_refused',
    'none',
    '1: produce is refused for this reason; /readyz has the words.',
    valuesOf('reason', ['disk-full', 'storage-failed']),
  ),
  residentSize: gauge('process_resident_memory', 'bytes', 'Resident memory of the node, rings included.'),
  heapSize: gauge('process_heap', 'bytes', 'Heap in use of the thread that answers.'),
  cpuTime: gauge('process_cpu', 'seconds', 'CPU time of the node, user and system.'),
  loopDelay: gauge('event_loop_delay_p99', 'seconds', 'p99 of what timers of the thread that answers came too late by.'),
} as const;

const loopDelay = monitorEventLoopDelay({ resolution: 100 });

export function topicMetrics(view: ClusterView, usage: readonly TopicUsage[]): readonly Collected[] {
  const sums = new Map<string, { size: number; segmentsCount: number }>();
  for (const { topicId, size, segmentsCount } of usage) {
    const topic = view.topicById(topicId as TopicId)?.name;
    if (topic === undefined) continue;
    const sum = sums.get(topic) ?? { size: 0, segmentsCount: 0 };
    sums.set(topic, { size: sum.size + size, segmentsCount: sum.segmentsCount + segmentsCount });
  }
  const samples = (of: (sum: { size: number; segmentsCount: number }) => number) =>
    [...sums].map(([topic, sum]) => ({ labels: { topic }, value: of(sum) }));
  return [
    { metric: collectedMetrics.topicSize, samples: samples(({ size }) => size) },
    { metric: collectedMetrics.topicSegments, samples: samples(({ segmentsCount }) => segmentsCount) },
  ];
}

export function conditionMetrics({ diskFree, produceRefusal }: NodeCondition): readonly Collected[] {
  const refusals = collectedMetrics.produceRefused.series.map((labels) => {
    return { labels, value: labels['reason'] === produceRefusal?.error ? 1 : 0 };
  });
  return [
    { metric: collectedMetrics.diskFree, samples: [{ labels: {}, value: diskFree }] },
    { metric: collectedMetrics.produceRefused, samples: refusals },
  ];
}

export function processMetrics(): readonly Collected[] {
  loopDelay.enable();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const values = [
    [collectedMetrics.residentSize, rss],
    [collectedMetrics.heapSize, heapUsed],
    [collectedMetrics.cpuTime, (user + system) / 1e6],
    [collectedMetrics.loopDelay, loopDelay.percentile(99) / 1e9],
  ] as const;
  return values.map(([metric, value]) => ({ metric, samples: [{ labels: {}, value }] }));
}
