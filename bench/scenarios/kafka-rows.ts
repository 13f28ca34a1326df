import { atLeast, atMost, atMostAbsolute, cases, type Remark, type Scenario, synced } from './row.js';

const words = (metric: string, text: string): Remark => ({ metric, words: text });

const crossings: readonly Remark[] = [
  words('copies_per_byte', 'copies of ours a byte'),
  words('socket_crossings_per_mb', 'crossings to the sockets a MB'),
  words('log_crossings_per_mb', 'to the log'),
  words('copy_crossings_per_mb', 'to copy'),
  words('wakes_per_mb', 'wake-ups of JavaScript a MB'),
];
const clients: readonly Remark[] = [
  words('ours_client_share_of_a_core', 'of a core for our client'),
  words('ours_busiest_client_thread', 'its busiest thread'),
  words('kafka_client_share_of_a_core', 'for Kafka’s'),
];

const latency: Pick<Scenario, 'program' | 'shown' | 'targets' | 'remarks' | 'secondsMax'> = {
  program: 'kafka-end-to-end.js',
  shown: { ours: 'ours_p50_ms', bare: 'kafka_p50_ms', unit: 'ms p50' },
  targets: [atMost('p50_ratio', 0.5), atMost('p99_ratio', 0.5), atMost('ours_missing', 0)],
  remarks: [
    words('ours_p99_ms', 'ms p99'),
    words('kafka_p99_ms', 'Kafka'),
    words('p50_ratio', 'of its p50'),
    words('p99_ratio', 'of its p99'),
    words('ours_cpu_ms_per_thousand', 'ms CPU a thousand'),
    words('kafka_cpu_ms_per_thousand', 'Kafka'),
    words('kafka_missing', 'missing of Kafka’s'),
    words('ours_client_share_of_a_core', 'of a core for the client'),
    words('ours_behind_ms', 'ms it was late at worst'),
  ],
  secondsMax: 900,
};

/** Those that drive our Kafka door and Apache Kafka by the same clients, Kafka's own wherever it has one. Peers are fetched the first time. */
export const kafkaScenarios: readonly Scenario[] = [
  {
    name: 'kafka-produce',
    program: 'kafka-produce.js',
    cases: cases('100 B', '1 KiB, page cache empty', '1 KiB, page cache full'),
    spinners: ['none'],
    shown: { ours: 'ours_cpu_per_million', bare: 'kafka_cpu_per_million', unit: 'CPU-s a million' },
    // Ours syncs, Kafka does not.
    targets: [{ ...atMost('cpu_ratio', 0.4), of: { case: '100 B', value: 0.3 } }, atLeast('rate_ratio_unless_bound', 0.95)],
    remarks: [
      words('ours_krecords_per_s', 'k records/s'),
      words('kafka_krecords_per_s', 'Kafka'),
      words('rate_ratio', 'of its rate'),
      words('replicated_krecords_per_s', 'k/s not synced'),
      words('replicated_cpu_per_million', 'CPU-s a million not synced'),
      words('replicated_cpu_ratio', 'of Kafka’s'),
      words('ours_kernel_per_million', 'CPU-s of the kernel’s threads in ours'),
      words('kafka_kernel_per_million', 'in Kafka’s'),
      ...clients,
      ...crossings,
      words('staged_copies_per_byte', 'copies a byte in place of the page cache’s'),
    ],
    secondsMax: 1800,
  },
  {
    name: 'kafka-produce-synced',
    program: 'kafka-produce.js',
    cases: cases('1 partition', '8 partitions'),
    spinners: ['none'],
    shown: { ours: 'ours_krecords_per_s', bare: 'kafka_krecords_per_s', unit: 'k/s' },
    targets: [atLeast('rate_to_unsynced', 0.85), atLeast('rate_ratio_unless_bound', 5), atMost('cpu_ratio', 0.1)],
    remarks: [
      words('rate_ratio', 'of Kafka’s rate'),
      words('replicated_krecords_per_s', 'k/s not synced'),
      words('ours_cpu_per_million', 'CPU-s a million'),
      words('kafka_cpu_per_million', 'Kafka'),
      words('replicated_cpu_per_million', 'not synced'),
      words('nats_krecords_per_s', 'k/s NATS'),
      words('nats_cpu_per_million', 'CPU-s a million NATS'),
      ...clients,
      ...crossings,
    ],
    secondsMax: 1800,
  },
  {
    name: 'kafka-consume',
    program: 'kafka-consume.js',
    cases: cases('100 B', '1 KiB', '1 KiB of 32 partitions'),
    spinners: ['none'],
    shown: { ours: 'ours_cpu_per_gb', bare: 'kafka_cpu_per_gb', unit: 'CPU-s a GB' },
    targets: [atMost('cpu_ratio', 0.33), atLeast('rate_ratio_unless_bound', 0.95)],
    remarks: [
      words('ours_mb_per_s', 'MB/s'),
      words('kafka_mb_per_s', 'Kafka'),
      words('rate_ratio', 'of its rate'),
      words('process_cpu_ratio', 'of its CPU without the kernel’s threads'),
      ...clients,
      ...crossings,
    ],
    secondsMax: 1200,
  },
  {
    name: 'kafka-partitions',
    program: 'kafka-partitions.js',
    cases: cases('2000'),
    spinners: ['none'],
    shown: { ours: 'ours_krecords_per_s', bare: 'kafka_krecords_per_s', unit: 'k/s' },
    targets: [atLeast('rate_ratio', 5), atMost('cpu_ratio', 0.1), atMost('creation_ratio', 1)],
    remarks: [
      words('ours_cpu_per_million', 'CPU-s a million'),
      words('kafka_cpu_per_million', 'Kafka'),
      words('partitions', 'partitions'),
      words('ours_created_ms', 'ms to create them'),
      words('kafka_created_ms', 'Kafka'),
      words('ours_create_answered_ms', 'ms to the answer'),
      words('kafka_create_answered_ms', 'Kafka'),
      ...clients,
    ],
    secondsMax: 1200,
  },
  {
    name: 'kafka-many-partitions',
    program: 'kafka-partitions.js',
    cases: cases('10000'),
    spinners: ['none'],
    shown: { ours: 'ours_krecords_per_s', unit: 'k/s' },
    targets: [atMostAbsolute('kib_each', 16), atMost('records_missing', 0)],
    remarks: [
      words('partitions', 'partitions'),
      words('created_ms', 'ms to create them'),
      words('kib_each', 'KiB each'),
      words('used_kib_each', 'KiB each once used'),
      words('partitions_used', 'used'),
      words('resident_mib', 'MiB resident'),
    ],
    secondsMax: 300,
  },
  {
    name: 'kafka-end-to-end',
    cases: cases('1000 replicated', '50000 replicated'),
    spinners: ['none'],
    ...latency,
  },
  {
    name: 'kafka-end-to-end-synced',
    cases: cases('1000 fsync', '50000 fsync'),
    spinners: synced,
    ...latency,
  },
];
