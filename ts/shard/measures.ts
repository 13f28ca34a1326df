import { type Counter, type Gauge, type Page, PageWriter } from '../metrics/page.js';
import type { LogStore } from '../native/log.js';
import type { shardProbe } from './probe.js';

const counted = [
  'turns',
  'appendedBatches',
  'appendedSize',
  'commits',
  'journalSize',
  'journalEntries',
  'segmentWrites',
  'segmentSize',
  'stagedSize',
  'checkpoints',
  'fileSyncs',
  'systemCalls',
  'crossings',
  'takenSize',
] as const satisfies readonly (keyof typeof shardProbe)[];

/** Size and segments of what a shard holds of one topic. */
export interface TopicUsage {
  readonly topicId: string;
  readonly size: number;
  readonly segmentsCount: number;
}

/** Copies what the log has counted to where /metrics finds it. Now and then: it looks at every partition. */
export class Measures {
  readonly #store: LogStore;
  readonly #counters: readonly (readonly [(typeof counted)[number], Counter])[];
  readonly #gauges: Readonly<Record<'partitions' | 'dataSize' | 'segments' | 'unremoved' | 'isFenced', Gauge>>;
  #usage: readonly TopicUsage[] = [];

  constructor(store: LogStore, page: Page) {
    const writer = new PageWriter(page);
    this.#store = store;
    this.#counters = counted.map((name) => [name, writer.counter(name)]);
    this.#gauges = {
      partitions: writer.gauge('partitions'),
      dataSize: writer.gauge('dataSize'),
      segments: writer.gauge('segments'),
      unremoved: writer.gauge('unremoved'),
      isFenced: writer.gauge('isFenced'),
    };
  }

  /** As of the last look. */
  get usage(): readonly TopicUsage[] {
    return this.#usage;
  }

  fenced(): void {
    this.#gauges.isFenced.set(1);
  }

  /** Deleted partitions whose files are still there. */
  unremoved(count: number): void {
    this.#gauges.unremoved.set(count);
  }

  look(): void {
    const counters = this.#store.counters();
    for (const [name, counter] of this.#counters) counter.add(counters[name] - counter.value);
    const byTopic = new Map<string, { size: number; segmentsCount: number }>();
    const partitions = this.#store.partitions();
    for (const { topic, size, segmentsCount } of partitions) {
      const sum = byTopic.get(topic) ?? { size: 0, segmentsCount: 0 };
      byTopic.set(topic, { size: sum.size + size, segmentsCount: sum.segmentsCount + segmentsCount });
    }
    this.#usage = [...byTopic].map(([topicId, sums]) => ({ topicId, ...sums }));
    this.#gauges.partitions.set(partitions.length);
    this.#gauges.dataSize.set(sumOf(this.#usage, ({ size }) => size));
    this.#gauges.segments.set(sumOf(this.#usage, ({ segmentsCount }) => segmentsCount));
  }
}

function sumOf(usage: readonly TopicUsage[], of: (usage: TopicUsage) => number): number {
  return usage.reduce((sum, each) => sum + of(each), 0);
}
