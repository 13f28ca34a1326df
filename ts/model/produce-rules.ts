import { effectiveConfig, listOf, type TopicConfigKey, type TopicConfigs } from './topic-config.js';

/** What a topic asks of those who write to it, looked at where requests come in: its log knows nothing of it. */
export interface ProduceRules {
  /** With fewer replicas in sync, a batch that all of them shall have is refused. */
  readonly insyncReplicasMin: number;
  /** How far behind and ahead of the clock a producer's timestamps may be. Infinite: no limit, and where the log stamps, both. */
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** Compaction keeps the last record of each key: one without could never go, nor be told from others. */
  readonly needsKeys: boolean;
}

export function produceRulesOf(configs: TopicConfigs): ProduceRules {
  const isStamped = effectiveConfig(configs, 'message.timestamp.type') === 'LogAppendTime';
  const limit = (key: TopicConfigKey) => (isStamped ? Number.POSITIVE_INFINITY : limitOf(effectiveConfig(configs, key)));
  return {
    insyncReplicasMin: Number(effectiveConfig(configs, 'min.insync.replicas')),
    timestampBeforeMaxMs: limit('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: limit('message.timestamp.after.max.ms'),
    needsKeys: listOf(effectiveConfig(configs, 'cleanup.policy')).includes('compact'),
  };
}

/** Beyond what a number holds exactly there is no time that a batch can claim. */
function limitOf(value: string): number {
  const limit = Number(value);
  return limit > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : limit;
}
