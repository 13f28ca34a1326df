import { counter, gauge } from '../metrics/probe.js';

/** What a shard counts. Most of it the log counts itself; it is copied here now and then, for whoever asks for /metrics. */
export const shardProbe = {
  turns: counter('shard_turns', 'none', 'Turns of the shard: wake-ups, and more of them while there was work.'),
  appendedBatches: counter('shard_appended_batches', 'none', 'Batches that were appended and acknowledged.'),
  appendedSize: counter('shard_appended', 'bytes', 'Bytes of these batches.'),
  commits: counter('shard_commits', 'none', 'Commits of the journal: one synced write each.'),
  journalSize: counter('shard_journal_written', 'bytes', 'Bytes written to the journal.'),
  journalEntries: counter('shard_journal_entries', 'none', 'Batches and changes listed in commits.'),
  segmentWrites: counter('shard_segment_writes', 'none', 'Writes to segment files.'),
  segmentSize: counter('shard_segment_written', 'bytes', 'Bytes written to segment files.'),
  stagedSize: counter('shard_segment_staged', 'bytes', 'Of them: copied into aligned memory, to go around the page cache.'),
  checkpoints: counter('shard_checkpoints', 'none', 'Checkpoints: segments synced, journal space freed.'),
  fileSyncs: counter('shard_file_syncs', 'none', 'Syncs of segment files and directories.'),
  systemCalls: counter('shard_system_calls', 'none', 'System calls of the log.'),
  crossings: counter('shard_crossings', 'none', 'Calls from JavaScript into the log.'),
  takenSize: counter('shard_read_copied', 'bytes', 'Bytes read from segment files that were copied into memory of an answer.'),
  partitions: gauge('shard_partitions', 'none', 'Partitions that are led here.'),
  dataSize: gauge('shard_data', 'bytes', 'Bytes of all segments.'),
  segments: gauge('shard_segments', 'none', 'Segment files.'),
  unremoved: gauge('shard_unremoved_partitions', 'none', 'Partitions of deleted topics whose files could not be removed.'),
  isFenced: gauge('shard_fenced', 'none', '1: the log directory has failed, and nothing more is acknowledged.'),
} as const;
