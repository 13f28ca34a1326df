import type { Command } from './command.js';

interface Row {
  /** One word or two: "doctor", "log verify". The file has the same name with a dash. */
  readonly verb: string;
  /** Loaded when asked for: the node's cold start must not pay for commands it does not run. */
  load(): Promise<{ command: Command }>;
}

export const registry: readonly Row[] = [
  { verb: 'start', load: () => import('./commands/start.js') },
  { verb: 'topic create', load: () => import('./commands/topic-create.js') },
  { verb: 'topic list', load: () => import('./commands/topic-list.js') },
  { verb: 'topic describe', load: () => import('./commands/topic-describe.js') },
  { verb: 'topic alter', load: () => import('./commands/topic-alter.js') },
  { verb: 'topic delete', load: () => import('./commands/topic-delete.js') },
  { verb: 'produce', load: () => import('./commands/produce.js') },
  { verb: 'consume', load: () => import('./commands/consume.js') },
  { verb: 'cluster status', load: () => import('./commands/cluster-status.js') },
  { verb: 'cluster log-level', load: () => import('./commands/cluster-log-level.js') },
  { verb: 'doctor', load: () => import('./commands/doctor.js') },
  { verb: 'log append', load: () => import('./commands/log-append.js') },
  { verb: 'log dump', load: () => import('./commands/log-dump.js') },
  { verb: 'log verify', load: () => import('./commands/log-verify.js') },
];
