import { effectiveConfig, type TopicConfigs } from './topic-config.js';

/** What a topic asks of those who write to it, looked at where requests come in: its log knows nothing of it. */
export interface ProduceRules {
  /** With fewer replicas in sync, a batch that all of them shall have is refused. */
  readonly insyncReplicasMin: number;
}

export function produceRulesOf(configs: TopicConfigs): ProduceRules {
  return { insyncReplicasMin: Number(effectiveConfig(configs, 'min.insync.replicas')) };
}
