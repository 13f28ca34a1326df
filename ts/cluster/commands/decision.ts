import type { Failure } from '../../model/errors.js';
import type { Result } from '../../model/result.js';
import type { TopicConfigLimits } from '../../model/topic-config.js';
import type { MetadataRecord } from '../metadata/records/record.js';

/** What a command comes to: facts to be committed, and what its asker is told once they are. Without records it is done already. */
export interface Decided<A> {
  readonly records: readonly MetadataRecord[];
  readonly answer: A;
}

export type Decision<A> = Result<Decided<A>, Failure>;

/** What the deciding node gives where a command says nothing, and what it has no room for. */
export interface ClusterDefaults {
  readonly nodeId: number;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Of all topics together. */
  readonly partitionsMax: number;
  readonly configs: TopicConfigLimits;
}
