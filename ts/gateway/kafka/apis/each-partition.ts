/**
 * Asks about every partition of every topic of a request, all at once, and tells when all have been answered: for each topic what its
 * partitions came to, in their order.
 */
export function eachPartition<T extends { readonly partitions: readonly unknown[] }, R>(
  topics: readonly T[],
  ask: (topic: T, partition: T['partitions'][number], tell: (response: R) => void) => void,
  done: (responses: readonly (readonly R[])[]) => void,
): void {
  const responses = topics.map(({ partitions }) => new Array<R>(partitions.length));
  let waiting = 1;
  const arrived = () => {
    waiting -= 1;
    if (waiting === 0) done(responses);
  };
  for (const [at, topic] of topics.entries()) {
    const told = responses[at] ?? [];
    for (const [index, partition] of topic.partitions.entries()) {
      waiting += 1;
      ask(topic, partition, (response) => {
        told[index] = response;
        arrived();
      });
    }
  }
  arrived();
}
