import { atMost, atMostAbsolute, cases, type Remark, type Scenario, type Shown, synced } from './row.js';

/** What most rows without a target have in common. */
const shownForItsOwnSake = { program: 'native', spinners: ['none'], targets: [] } as const;
const throughput: Shown = { ours: 'ours_mb_per_s', bare: 'bare_mb_per_s', unit: 'MB/s' };
const latencies: readonly Remark[] = [
  { metric: 'ours_p99_ms', words: 'ms p99' },
  { metric: 'bare_p99_ms', words: 'bare' },
];

/** Those that measure the log core by itself. */
export const logScenarios: readonly Scenario[] = [
  {
    name: 'many-partitions',
    program: 'native',
    cases: cases('1', '16', '256', '1000', '2000'),
    spinners: synced,
    shown: throughput,
    targets: [
      atMost('wall_ratio', 1.3),
      atMost('cpu_ratio', 1.3),
      // A commit of its own blocks for one batch of exactly four blocks takes five: 5/4 and the segment's 1
      // (docs/decisions/0012-small-commits-are-packed.md).
      { ...atMost('amplification', 2.2), of: { case: '1', value: 2.26 } },
      // A lap acknowledges as many bytes as the journal holds.
      { metric: 'laps', bound: 'at least', value: 8, kind: 'ratio', isForWholeRuns: true },
    ],
    remarks: [
      ...latencies,
      { metric: 'ours_checkpoint_p99_ms', words: 'ms p99 in checkpoints' },
      { metric: 'bare_checkpoint_p99_ms', words: 'bare' },
      { metric: 'amplification', words: 'bytes written per byte' },
      { metric: 'system_calls_per_commit', words: 'system calls a commit' },
      { metric: 'laps', words: 'laps' },
    ],
    secondsMax: 240,
  },
  {
    name: 'append-page-cache',
    program: 'native',
    cases: cases('1', '8'),
    spinners: ['none'],
    shown: throughput,
    targets: [atMost('wall_ratio', 1 / 0.8), atMost('cpu_ratio', 1.3)],
    remarks: [
      ...latencies.slice(0, 1),
      { metric: 'ours_cpu_per_gb', words: 'CPU-s a GB' },
      { metric: 'crc_cpu_per_gb', words: 'of it CRC' },
      { metric: 'bare_cpu_per_gb', words: 'bare' },
      { metric: 'gathered_cpu_ratio', words: 'CPU to a bare loop with writes as large' },
    ],
    secondsMax: 90,
  },
  {
    name: 'append-latency',
    program: 'native',
    cases: cases('1000 a second'),
    spinners: synced,
    shown: { ours: 'ours_p50_ms', bare: 'bare_p50_ms', unit: 'ms p50' },
    targets: [],
    remarks: [...latencies, { metric: 'p50_difference_ms', words: 'ms above bare at p50' }],
    secondsMax: 120,
  },
  ...['read-hot', 'read-warm', 'read-cold'].map(
    (name): Scenario => ({
      name,
      ...shownForItsOwnSake,
      cases: cases('64 KiB batches, 1 MiB reads'),
      shown: throughput,
      remarks: [
        { metric: 'ours_cpu_per_gb', words: 'CPU-s a GB' },
        { metric: 'bare_cpu_per_gb', words: 'bare' },
      ],
      secondsMax: 90,
    }),
  ),
  {
    name: 'cold-send',
    ...shownForItsOwnSake,
    cases: cases('64 KiB', '256 KiB', '1 MiB', '1 MiB from the device'),
    shown: { ours: 'sendfile_mb_per_s', bare: 'checked_mb_per_s', unit: 'MB/s' },
    remarks: [
      { metric: 'sendfile_cpu_ratio', words: 'CPU to a checked buffer: sendfile' },
      { metric: 'splice_cpu_ratio', words: 'splice on a ring' },
      { metric: 'store_cpu_ratio', words: 'as the store reads' },
      { metric: 'buffer_cpu_ratio', words: 'unchecked buffer' },
      { metric: 'checked_cpu_per_gb', words: 'CPU-s a GB of a checked buffer' },
    ],
    secondsMax: 240,
  },
  {
    name: 'local-send',
    ...shownForItsOwnSake,
    cases: cases('8 MiB answers'),
    shown: { ours: 'local_mb_per_s', bare: 'system_mb_per_s', unit: 'MB/s' },
    remarks: [
      { metric: 'cpu_ratio', words: "CPU to the system's own congestion control" },
      { metric: 'local_cpu_per_gb', words: 'CPU-s a GB' },
      { metric: 'system_cpu_per_gb', words: "with the system's own" },
    ],
    secondsMax: 120,
  },
  {
    name: 'reopen',
    ...shownForItsOwnSake,
    cases: cases('fresh'),
    shown: { ours: 'first_ack_s', unit: 's' },
    remarks: [],
    secondsMax: 60,
  },
  {
    name: 'reopen',
    program: 'native',
    cases: cases('2 GB', '10000 segments'),
    spinners: synced,
    shown: { ours: 'first_ack_s', bare: 'bare_s', unit: 's' },
    // The first of the three crashes leaves most to do: all that was written lies in the journal.
    targets: [atMostAbsolute('first_ack_s', 1), atMostAbsolute('first_ack_max_s', 1)],
    remarks: [
      { metric: 'first_ack_max_s', words: 's at worst' },
      { metric: 'replayed_mb', words: 'MB replayed' },
      { metric: 'segments', words: 'segments' },
      { metric: 'data_mb', words: 'MB of data' },
    ],
    secondsMax: 240,
  },
  {
    name: 'recovery',
    ...shownForItsOwnSake,
    cases: cases('a full journal'),
    shown: { ours: 'open_s', bare: 'bare_s', unit: 's' },
    remarks: [
      { metric: 'replayed_mb', words: 'MB replayed' },
      { metric: 'replayed_mb_per_s', words: 'MB/s' },
    ],
    secondsMax: 120,
  },
  {
    name: 'retention',
    ...shownForItsOwnSake,
    cases: cases('all segments but one'),
    shown: { ours: 'removed_s', bare: 'bare_s', unit: 's' },
    remarks: [
      { metric: 'files', words: 'files' },
      { metric: 'longest_turn_ms', words: 'ms the longest turn' },
      { metric: 'append_p99_before_ms', words: 'ms append p99 before' },
      { metric: 'append_p99_meanwhile_ms', words: 'meanwhile' },
    ],
    secondsMax: 150,
  },
  {
    name: 'idle-partitions',
    program: 'native',
    cases: [{ name: '2000' }, { name: '10000', isLeftOutOfQuick: true }],
    spinners: ['none'],
    shown: { ours: 'create_s', bare: 'bare_s', unit: 's' },
    targets: [atMostAbsolute('used_kib', 16)],
    remarks: [
      { metric: 'created_kib', words: 'KiB each when new' },
      { metric: 'used_kib', words: 'KiB each when used' },
      { metric: 'descriptors', words: 'descriptors' },
    ],
    secondsMax: 120,
  },
  {
    name: 'facade',
    program: 'facade.js',
    cases: cases('64 KiB batches', '1 KiB batches'),
    spinners: ['none'],
    shown: { ours: 'ours_mb_per_s', unit: 'MB/s' },
    targets: [],
    remarks: [
      { metric: 'crossings_per_mb', words: 'crossings a MB' },
      { metric: 'callbacks_per_mb', words: 'of them into JavaScript' },
      { metric: 'system_calls_per_commit', words: 'system calls a commit' },
      { metric: 'batches_per_commit', words: 'batches a commit' },
    ],
    secondsMax: 60,
  },
];
