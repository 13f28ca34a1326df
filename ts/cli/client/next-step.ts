import { ConnectionError, type MillraceError } from '../../sdk/node/index.js';

/** What to do about an error of a node, where its text leaves that open. */
const steps: Readonly<Record<string, string>> = {
  'topic-exists': 'millrace topic describe shows it, millrace topic alter changes it',
  'invalid-replication-factor': 'millrace cluster status shows the nodes that there are',
  'offset-out-of-range':
    'millrace topic describe shows from where to where it goes; --from beginning and --from end are always there',
  'storage-failed': 'what is stored can still be read; the log of the node says what failed, and it has to be started again',
  'deletion-incomplete': 'millrace_shard_unremoved_partitions in /metrics of the node says whether they still are',
  'disk-full': 'make room, or let retention do it: millrace topic alter NAME --config retention.ms=…',
  'timed-out': 'millrace topic describe or cluster status shows whether it happened; then do it again',
  overloaded: 'do it again in a moment; /metrics of the node shows what is full',
};

export function nextStep(error: MillraceError): string {
  if (error instanceof ConnectionError) return '; is the node still running? Its log says why';
  const step = steps[error.code];
  return step === undefined ? '' : `; ${step}`;
}
