import { askEach } from '../../verbs/ask-each.js';

/**
 * Asks about every partition of every topic of a request, and tells when all have been answered: for each topic what its partitions
 * came to, in their order.
 */
export function eachPartition<T extends { readonly partitions: readonly unknown[] }, R>(
  topics: readonly T[],
  ask: (topic: T, partition: T['partitions'][number], tell: (response: R) => void) => void,
  done: (responses: readonly (readonly R[])[]) => void,
): void {
  const questions = topics.flatMap((topic) =>
    topic.partitions.map((partition: T['partitions'][number]) => ({ topic, partition })),
  );
  askEach<(typeof questions)[number], R>(
    questions,
    ({ topic, partition }, tell) => ask(topic, partition, tell),
    (answers) => {
      let at = 0;
      done(
        topics.map(({ partitions }) => {
          at += partitions.length;
          return answers.slice(at - partitions.length, at);
        }),
      );
    },
  );
}
