import type { HostAnswer } from '../../model/assignment.js';
import type { TopicId } from '../../model/ids.js';
import type { Image } from '../metadata/image.js';
import { type Answers, routeOf, type ViewChange, type ViewedTopic } from '../view.js';

/** What gateways have been told, and what shards have answered: from both the next change of the view is made. */
export class Viewed {
  readonly #shardsCount: number;
  readonly #onView: (change: ViewChange) => void;
  readonly #answers = new Map<TopicId, Map<number, HostAnswer>>();
  /** Topics that gateways know, by their names. */
  readonly #names = new Map<TopicId, string>();
  #version = 0;

  constructor(shardsCount: number, onView: (change: ViewChange) => void) {
    this.#shardsCount = shardsCount;
    this.#onView = onView;
  }

  get answers(): Answers {
    return this.#answers;
  }

  answer(answer: HostAnswer): void {
    const { topicId, partition } = answer;
    const known = this.#answers.get(topicId) ?? new Map<number, HostAnswer>();
    this.#answers.set(topicId, known.set(partition, answer));
  }

  /** Topics of these that are gone leave the view. */
  withdraw(image: Image, touched: ReadonlySet<TopicId>): void {
    const removed = [...touched].filter((topicId) => !image.topics.has(topicId) && this.#names.has(topicId));
    if (removed.length > 0) this.#tell(image, [], removed);
  }

  /** The version that tells of these topics; the last one, if there is nothing to tell. */
  publish(image: Image, touched: ReadonlySet<TopicId>): number {
    const changed: ViewedTopic[] = [];
    for (const topicId of touched) {
      const topic = this.#viewedTopic(image, topicId);
      if (topic !== undefined) changed.push(topic);
      // Shards have answered: nothing of a topic that is gone will be heard again.
      if (!image.topics.has(topicId)) this.#answers.delete(topicId);
    }
    // The first one says who the cluster is, even if there is no topic.
    if (changed.length > 0 || this.#version === 0) this.#tell(image, changed, []);
    return this.#version;
  }

  /** A topic shows the partitions that its shards have answered for; without any it is not there yet. */
  #viewedTopic(image: Image, topicId: TopicId): ViewedTopic | undefined {
    const topic = image.topics.get(topicId);
    if (topic === undefined) return undefined;
    const route = routeOf(topic, this.#answers, this.#shardsCount);
    const answers = this.#answers.get(topicId);
    const missing = route.partitions.findIndex(({ partition }) => answers?.has(partition) !== true);
    const partitions = missing < 0 ? route.partitions : route.partitions.slice(0, missing);
    return partitions.length === 0 ? undefined : { route: { ...route, partitions }, configs: topic.configs };
  }

  #tell(image: Image, changed: readonly ViewedTopic[], removed: readonly TopicId[]): void {
    this.#version += 1;
    const gone = removed.map((topicId) => ({ topicId, name: this.#names.get(topicId) ?? '' }));
    for (const topicId of removed) this.#names.delete(topicId);
    for (const { route } of changed) this.#names.set(route.topicId, route.name);
    this.#onView({ version: this.#version, clusterId: image.clusterId ?? '', changed, removed: gone });
  }
}
