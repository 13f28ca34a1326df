import type { PartitionDescription, TopicRoute } from '../../../model/ports.js';
import type { Decoded } from '../../../wire/kafka/field.js';
import { describeLogDirs } from '../../../wire/kafka/schema/35-describe-log-dirs.js';
import type { Routing, Served } from '../../routing.js';
import { describePartitions } from '../../verbs/describe-partitions.js';
import { distinctPartitions } from './distinct.js';
import { codeOf, row } from './row.js';

type Asked = Decoded<typeof describeLogDirs.request.fields>['topics'];

/** A node has one directory. What is not in it is left out, as whoever asks does not say where a partition should be. */
export const describeLogDirsRow = row(describeLogDirs, ({ verbs: { routing, node } }, { topics: asked }, answer) => {
  const { path: logDir, totalSize: totalBytes, freeSize: usableBytes } = node.disk();
  const refusal = node.produceRefusal();
  if (refusal?.error === 'storage-failed') {
    answer({ errorCode: 0, results: [{ errorCode: codeOf(refusal), logDir, topics: [] }] });
    return;
  }
  const wanted = wantedOf(routing, asked);
  describePartitions(wanted, (results) => {
    const topics = new Map<string, Size[]>();
    for (const [index, { topic, route }] of wanted.entries()) {
      const result = results[index];
      if (result?.ok !== true) continue;
      const sizes = topics.get(topic.name) ?? [];
      sizes.push(sizeOf(route.partition, result.value));
      topics.set(topic.name, sizes);
    }
    const named = [...topics].map(([name, partitions]) => ({ name, partitions }));
    answer({ errorCode: 0, results: [{ errorCode: 0, logDir, topics: named, totalBytes, usableBytes }] });
  });
});

interface Size {
  readonly partitionIndex: number;
  readonly partitionSize: number;
  readonly offsetLag: number;
  readonly isFutureKey: boolean;
}

function sizeOf(partitionIndex: number, { size: partitionSize }: PartitionDescription): Size {
  return { partitionIndex, partitionSize, offsetLag: 0, isFutureKey: false };
}

function wantedOf(routing: Routing, asked: Asked): readonly Served[] {
  const servedIn = (topic: TopicRoute, partitions: readonly number[]) =>
    partitions.flatMap((partition) => {
      const found = routing.in(topic, partition);
      return found.ok ? [found.value] : [];
    });
  const all = (topic: TopicRoute) => topic.partitions.map(({ partition }) => partition);
  if (asked === null) return [...routing.view.topics()].flatMap((topic) => servedIn(topic, all(topic)));
  return distinctPartitions(asked.map(({ topic: name, partitions }) => ({ name, partitions }))).flatMap(
    ({ name, partitions }) => {
      const topic = routing.topic(name);
      return topic === undefined ? [] : servedIn(topic, partitions);
    },
  );
}
