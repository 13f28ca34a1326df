import { isInternalTopic } from '../../model/internal-topics.js';
import type { Offset } from '../../model/offset.js';
import type { Failure } from '../../model/ports.js';
import { failed, type Result } from '../../model/result.js';
import { effectiveConfig, listOf } from '../../model/topic-config.js';
import type { Routing } from '../routing.js';

export interface DeleteRecords {
  readonly topic: string;
  readonly partition: number;
  /** What lies below it goes. Undefined: all that there is now. */
  readonly before: Offset | undefined;
}

/** Makes old records unreadable; answers where the log starts then. `done` is called once, maybe before this returns. */
export function deleteRecords(
  routing: Routing,
  { topic, partition, before }: DeleteRecords,
  done: (result: Result<Offset, Failure>) => void,
): void {
  const found = routing.find(topic, partition);
  const refusal = found.ok ? refusalOf(routing, topic) : found.error;
  if (!found.ok || refusal !== undefined) {
    done(failed(refusal ?? { error: 'unknown-topic' }));
    return;
  }
  const { calls, route } = found.value;
  calls.call<Offset>((port, answer) => port.raiseLogStart(route.handle, before, answer), done);
}

function refusalOf(routing: Routing, topic: string): Failure | undefined {
  if (isInternalTopic(topic)) return { error: 'invalid-topic', message: `${topic} belongs to the cluster itself` };
  const policies = listOf(effectiveConfig(routing.view.configsOf(topic) ?? {}, 'cleanup.policy'));
  if (policies.length === 0 || policies.includes('delete')) return undefined;
  return { error: 'policy-violation', message: `records of ${topic} go by compaction only: its cleanup.policy is compact` };
}
