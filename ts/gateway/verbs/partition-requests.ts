import type { ErrorName } from '../../model/errors.js';
import type { GroupError } from '../../model/group-errors.js';
import type { GroupAnswer, PartitionOutcomes } from '../../model/group-requests.js';
import type { TopicRoute } from '../../model/ports.js';
import type { Routing } from '../routing.js';
import { absence, type NamedTopic, topicNamed } from './named-topic.js';

/** What became of one partition that was named. */
export type PartitionError = GroupError | ErrorName | undefined;

interface Asked<P> extends NamedTopic {
  readonly partitions: readonly P[];
}

/**
 * A request about many partitions, of which some are refused before their coordinator sees them: which it is to be asked for, and how its
 * outcomes, which come in the order of what it was asked, lie between the refusals.
 */
export class PartitionRequests<P extends { readonly partition: number }> {
  readonly accepted: readonly { readonly topic: TopicRoute; readonly partitions: readonly P[] }[];
  readonly #errors: readonly (readonly (PartitionError | 'accepted')[])[];

  constructor(routing: Routing, asked: readonly Asked<P>[], refuse: (partition: P) => PartitionError = () => undefined) {
    const accepted: { topic: TopicRoute; partitions: readonly P[] }[] = [];
    this.#errors = asked.map((each) => {
      const topic = topicNamed(routing, each);
      const errors = each.partitions.map((one) => absence(topic, each, one.partition) ?? refuse(one) ?? 'accepted');
      const partitions = each.partitions.filter((_, index) => errors[index] === 'accepted');
      if (topic !== undefined && partitions.length > 0) accepted.push({ topic, partitions });
      return errors;
    });
    this.accepted = accepted;
  }

  /** By the places of topics and partitions in the request. */
  outcomes(answer: GroupAnswer<'commit' | 'deleteOffsets'>): readonly (readonly PartitionError[])[] {
    const given = answer.ok ? outcomesIn(answer.value) : undefined;
    const refusal = answer.ok ? undefined : answer.error.error;
    let next = 0;
    return this.#errors.map((errors) =>
      errors.map((error) => (error === 'accepted' ? (given === undefined ? refusal : given[next++]) : error)),
    );
  }
}

function outcomesIn({ topics }: PartitionOutcomes): readonly PartitionError[] {
  return topics.flatMap(({ partitions }) => partitions.map(({ error }) => error));
}
