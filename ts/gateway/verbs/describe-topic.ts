import type { Failure, PartitionDescription, TopicRoute } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Routing } from '../routing.js';

export interface TopicUsage {
  readonly topic: TopicRoute;
  readonly partitions: readonly ({ readonly partition: number } & PartitionDescription)[];
}

/** A topic and how large its partitions are now. Fails as its first partition that cannot tell. */
export function describeTopic(routing: Routing, name: string, done: (result: Result<TopicUsage, Failure>) => void): void {
  const topic = routing.topic(name);
  if (topic === undefined) {
    done(failed({ error: 'unknown-topic' }));
    return;
  }
  const partitions = new Array<TopicUsage['partitions'][number]>(topic.partitions.length);
  let missing = partitions.length;
  let isDone = false;
  const answer = (index: number, partition: number, result: Result<PartitionDescription, Failure>) => {
    if (isDone) return;
    missing -= 1;
    if (result.ok) partitions[index] = { partition, ...result.value };
    isDone = !result.ok || missing === 0;
    if (isDone) done(result.ok ? ok({ topic, partitions }) : result);
  };
  if (missing === 0) {
    done(ok({ topic, partitions }));
    return;
  }
  for (const [index, { partition }] of topic.partitions.entries()) {
    const found = routing.in(topic, partition);
    if (!found.ok) answer(index, partition, found);
    else {
      const { calls, route } = found.value;
      calls.call<PartitionDescription>(
        (port, done) => port.describe(route.handle, done),
        (result) => answer(index, partition, result),
      );
    }
  }
}
