import { createPartitions } from '../../../wire/kafka/schema/37-create-partitions.js';
import { distinct } from './distinct.js';
import { done, outcomeOf, refused, repeated } from './refusal.js';
import { row } from './row.js';

export const createPartitionsRow = row(createPartitions, ({ verbs }, { topics, validateOnly }, answer) => {
  const twice = repeated(topics.map(({ name }) => name));
  const grown = distinct(topics, ({ name }) => name).map(async ({ name, count, assignments }) => {
    if (twice.has(name)) return { name, ...refused('INVALID_REQUEST', 'the request names this topic twice') };
    const places = assignments?.map(({ brokerIds }) => brokerIds);
    const result = await verbs.commands.addPartitions(name, count, validateOnly, places);
    return { name, ...(result.ok ? done : outcomeOf(result.error)) };
  });
  void Promise.all(grown).then((results) => answer({ results }));
});
