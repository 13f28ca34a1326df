import { atLeast, atMost, atMostAbsolute, cases, type Remark, type Scenario, synced } from './row.js';

const words = (metric: string, text: string): Remark => ({ metric, words: text });

/** What fan-out tells beside its verdict, at a pace and at the most. */
const delivery: readonly Remark[] = [
  words('rate_per_s', 'records/s'),
  words('ours_highest_per_s', 'at most'),
  words('bare_highest_per_s', 'bare'),
  words('ours_p99_ms', 'ms p99'),
  words('bare_p99_ms', 'bare'),
  words('ours_missing', 'deliveries missing'),
  words('copies_per_published_byte', 'copies of ours a byte published'),
  words('library_copies_per_delivered_byte', 'of the library a byte delivered'),
  words('client_cpu_per_million', 'CPU-s a million of the clients'),
  words('client_behind_ms', 'ms they were late at worst'),
];

/** Those that measure a node, through the doors that its users have, beside a peer in the same run. */
export const nodeScenarios: readonly Scenario[] = [
  {
    name: 'cold-start',
    program: 'cold-start.js',
    cases: cases('new directory', 'existing directory'),
    spinners: ['none'],
    shown: { ours: 'first_ack_s', bare: 'bare_first_s', unit: 's' },
    targets: [atMostAbsolute('ready_s', 0.5), atMostAbsolute('first_ack_s', 0.5), atMostAbsolute('resident_mib', 160)],
    remarks: [
      words('ready_s', 's to ready'),
      words('bare_ready_s', 'bare'),
      words('first_ack_max_s', 's to the first ack at worst'),
      words('resident_mib', 'MiB idle'),
      words('bare_resident_mib', 'bare'),
    ],
    secondsMax: 120,
  },
  {
    name: 'idle-subscribers',
    program: 'idle-subscribers.js',
    cases: cases('10000'),
    spinners: ['none'],
    shown: { ours: 'ours_kib', bare: 'bare_kib', unit: 'KiB each' },
    targets: [atMostAbsolute('ours_kib', 4)],
    remarks: [
      words('ours_max_kib', 'KiB at worst'),
      words('ours_second_half_kib', 'of the second half'),
      words('bare_second_half_kib', 'bare'),
    ],
    secondsMax: 120,
  },
  {
    name: 'stalled-subscribers',
    program: 'stalled-subscribers.js',
    cases: cases('10000'),
    spinners: ['none'],
    shown: { ours: 'healthy_p99_ms', bare: 'without_p99_ms', unit: 'ms p99' },
    targets: [
      // Within the spread: no worse than the worst lap without them.
      { ...atMostAbsolute('p99_to_worst_without', 1), isForWholeRuns: true },
      atMostAbsolute('unsent_mib', 64),
      atLeast('stalled_seen_ratio', 0.98),
      atMost('healthy_missing', 0),
    ],
    remarks: [
      words('without_p99_max_ms', 'ms p99 at worst without'),
      words('stalled_seen', 'stalled'),
      words('unsent_mib', 'MiB unsent'),
      words('resident_mib', 'MiB resident'),
    ],
    secondsMax: 120,
  },
  {
    name: 'fan-out',
    program: 'fan-out.js',
    cases: cases('1000 at 50', '1000 highest', '5000 at 50', '5000 highest'),
    spinners: ['none'],
    shown: { ours: 'ours_cpu_per_million', bare: 'bare_cpu_per_million', unit: 'CPU-s a million' },
    targets: [atMost('cpu_ratio', 1.5), atMost('ours_missing', 0), atMost('bare_missing', 0)],
    remarks: delivery,
    secondsMax: 180,
  },
  {
    name: 'websocket-produce',
    program: 'websocket-produce.js',
    cases: cases('page cache', 'synced'),
    spinners: ['none'],
    shown: { ours: 'ours_batches_per_s', bare: 'bare_batches_per_s', unit: 'batches/s' },
    // The sink acknowledges from the page cache in both cases.
    targets: [{ ...atLeast('rate_ratio', 0.8), of: { case: 'synced', value: 0.5 } }],
    remarks: [
      words('ours_cpu_us', 'us CPU a batch'),
      words('bare_cpu_us', 'bare'),
      words('ours_p99_ms', 'ms p99'),
      words('bare_p99_ms', 'bare'),
      words('segment_write_kib', 'KiB a segment write'),
      words('copies_per_byte', 'copies a byte'),
      words('crossings_per_batch', 'crossings a batch'),
      words('client_share_of_a_core', 'of a core for the client'),
    ],
    secondsMax: 240,
  },
  {
    name: 'end-to-end',
    program: 'end-to-end.js',
    cases: cases('replicated'),
    spinners: ['none'],
    shown: { ours: 'ours_p50_ms', bare: 'nats_p50_ms', unit: 'ms p50' },
    targets: [atMost('p50_to_nats', 1.2), atMost('p99_to_jetstream', 1), atMost('ours_missing', 0)],
    remarks: [
      words('ours_p99_ms', 'ms p99'),
      words('nats_p99_ms', 'NATS core'),
      words('jetstream_p99_ms', 'JetStream'),
      words('uws_p99_ms', 'uWebSockets.js'),
      words('jetstream_p50_ms', 'ms p50 JetStream'),
      words('uws_p50_ms', 'uWebSockets.js'),
      words('ours_cpu_ms_per_thousand', 'ms CPU a thousand'),
      words('nats_cpu_ms_per_thousand', 'NATS core'),
      words('ours_behind_ms', 'ms the client was late at worst'),
    ],
    // The peer is built the first time.
    secondsMax: 900,
  },
  {
    name: 'end-to-end-synced',
    program: 'end-to-end.js',
    cases: cases('fsync'),
    spinners: synced,
    shown: { ours: 'ours_p50_ms', bare: 'bare_p50_ms', unit: 'ms p50' },
    targets: [atMostAbsolute('p50_above_bare_ms', 0.2), atMost('ours_missing', 0)],
    remarks: [
      words('ours_p99_ms', 'ms p99'),
      words('bare_p99_ms', 'bare'),
      words('ours_cpu_ms_per_thousand', 'ms CPU a thousand'),
      words('ours_behind_ms', 'ms the client was late at worst'),
    ],
    secondsMax: 180,
  },
  {
    name: 'kafka-catch-up',
    program: 'kafka-catch-up.js',
    cases: cases('page cache'),
    spinners: ['none'],
    shown: { ours: 'ours_mb_per_s', bare: 'bare_mb_per_s', unit: 'MB/s' },
    // Both sides are ours: sendfile, and the buffer that it stands in for.
    targets: [],
    remarks: [
      words('ours_cpu_per_gb', 'CPU-s a GB'),
      words('bare_cpu_per_gb', 'by way of a buffer'),
      words('cpu_ratio', 'ratio of the CPU'),
      words('from_files_share', 'of the bytes from files'),
    ],
    secondsMax: 240,
  },
  {
    name: 'pipes',
    program: 'pipes.js',
    cases: cases('produce', 'consume'),
    spinners: ['none'],
    shown: { ours: 'ours_krecords_per_s', bare: 'kcat_krecords_per_s', unit: 'k/s' },
    targets: [atLeast('rate_ratio', 0.7), atMostAbsolute('ours_whole_s', 2)],
    remarks: [
      words('ours_whole_s', 's for a million'),
      words('kcat_whole_s', 'kcat'),
      words('ours_client_cpu_s', 's CPU of the client'),
      words('kcat_client_cpu_s', 'kcat'),
      words('ours_server_cpu_s', 's CPU of the node'),
      words('kcat_server_cpu_s', 'Kafka'),
    ],
    // The peer is fetched the first time.
    secondsMax: 900,
  },
];
