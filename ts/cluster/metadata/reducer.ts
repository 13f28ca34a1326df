// (image, records) → image, the same on every node. Total: records that contradict the image are an answer, and whoever replays a
// log that holds such ones has a damaged log.

import type { TopicId } from '../../model/ids.js';
import { failed, ok, type Result } from '../../model/result.js';
import { configsOf } from '../../model/topic-settings.js';
import { type Image, likenessOf, type TopicImage } from './image.js';
import type { NodeStarted } from './records/node-started.js';
import type { PartitionsPlaced, Placement } from './records/partitions-placed.js';
import type { MetadataRecord } from './records/record.js';
import type { TopicCreated } from './records/topic-created.js';
import type { TopicGrown } from './records/topic-grown.js';

/** What a batch of records made of an image. */
export interface Delta {
  readonly before: Image;
  readonly after: Image;
  /** Topics that came, changed or went. */
  readonly touched: ReadonlySet<TopicId>;
}

/** A record of leader 0: made without a broker, until one starts. */
const unplaced: Placement = { leader: 0, leaderEpoch: 0 };
const leaderEpochMax = 2 ** 31 - 1;
/** A partition's number is written in 32 bits, and a topic of more would be no topic. */
const partitionsMax = 1_000_000;

export function reduce(before: Image, records: readonly MetadataRecord[]): Result<Delta, string> {
  const draft = new Draft(before);
  const contradiction = draft.applyAll(records);
  return contradiction === undefined ? ok({ before, after: draft.image, touched: draft.touched }) : failed(contradiction);
}

/** The next image while it is made: maps are copied when they first change, once for however many records. */
export class Draft {
  readonly touched = new Set<TopicId>();
  #image: Image;
  #topics: Map<TopicId, TopicImage> | undefined;
  #byName: Map<string, TopicImage> | undefined;
  #alike: Map<string, ReadonlySet<string>> | undefined;
  #deleted: Map<TopicId, string> | undefined;

  constructor(before: Image) {
    this.#image = before;
  }

  /** As it is now. Records applied later change it: it is kept only when there are none. */
  get image(): Image {
    const { topics, byName, alike, deleted } = this.#image;
    return {
      ...this.#image,
      topics: this.#topics ?? topics,
      byName: this.#byName ?? byName,
      alike: this.#alike ?? alike,
      deleted: this.#deleted ?? deleted,
    };
  }

  /** Why one of them cannot be; the draft is worth nothing then. */
  applyAll(records: readonly MetadataRecord[]): string | undefined {
    for (const record of records) {
      const contradiction = this.#apply(record);
      if (contradiction !== undefined) return contradiction;
    }
    return undefined;
  }

  #apply(record: MetadataRecord): string | undefined {
    switch (record.type) {
      case 'topic-created':
        return this.#create(record);
      case 'topic-grown':
        return this.#grow(record);
      case 'topic-configured':
        return this.#change(record.topicId, (topic) => ({
          ...topic,
          settings: record.settings,
          configs: configsOf(record.settings, topic.configs),
        }));
      case 'topic-configs-set':
        return this.#change(record.topicId, (topic) => ({ ...topic, configs: record.configs }));
      case 'topic-deleted':
        return this.#delete(record.topicId);
      case 'partitions-placed':
        return this.#place(record);
      case 'node-started':
        return this.#start(record);
      case 'node-known':
        this.#know(record.nodeId, record.startCount);
        return undefined;
      case 'producer-ids-taken':
        return this.#takeProducerIds(record.end);
      case 'cluster-named':
        return this.#name(record.clusterId);
    }
  }

  #create({ topicId, name, partitions, settings }: TopicCreated): string | undefined {
    if (this.#topic(topicId) !== undefined || this.#deletedIds().has(topicId)) return `topic id ${topicId} is used twice`;
    if (this.#names().has(name)) return `topic ${name} is created twice`;
    if (partitions > partitionsMax) return `topic ${name} has ${partitions} partitions`;
    const placements = Array.from({ length: partitions }, () => unplaced);
    this.#put({ topicId, name, settings, configs: configsOf(settings), partitions: placements });
    this.#liken(name, (names) => names.add(name));
    this.#count(partitions);
    return undefined;
  }

  #grow({ topicId, partitions }: TopicGrown): string | undefined {
    if (partitions > partitionsMax) return `a topic grows to ${partitions} partitions`;
    return this.#change(topicId, (topic) => {
      const added = Math.max(0, partitions - topic.partitions.length);
      this.#count(added);
      return { ...topic, partitions: [...topic.partitions, ...Array.from({ length: added }, () => unplaced)] };
    });
  }

  #place({ topicId, first, placements }: PartitionsPlaced): string | undefined {
    const topic = this.#topic(topicId);
    if (topic === undefined) return unknown(topicId);
    if (first + placements.length > topic.partitions.length)
      return `topic ${topic.name} has no partition ${first + placements.length - 1}`;
    const lowered = placements.find(
      (placement, index) => placement.leaderEpoch < (topic.partitions[first + index]?.leaderEpoch ?? 0),
    );
    if (lowered !== undefined) return `a leader epoch of topic ${topic.name} goes back to ${lowered.leaderEpoch}`;
    return this.#change(topicId, (known) => ({
      ...known,
      partitions: [...known.partitions.slice(0, first), ...placements, ...known.partitions.slice(first + placements.length)],
    }));
  }

  #delete(topicId: TopicId): string | undefined {
    const topic = this.#topic(topicId);
    if (topic === undefined) return unknown(topicId);
    this.#ownTopics().delete(topicId);
    this.#ownNames().delete(topic.name);
    this.#liken(topic.name, (names) => names.delete(topic.name));
    this.#deleted ??= new Map(this.#image.deleted);
    this.#deleted.set(topicId, topic.name);
    this.touched.add(topicId);
    this.#count(-topic.partitions.length);
    return undefined;
  }

  #start({ nodeId, startCount }: NodeStarted): string | undefined {
    if (nodeId === 0) return 'node 0 has started, and there is none';
    const known = this.#image.nodes.get(nodeId) ?? 0;
    if (startCount <= known || startCount > leaderEpochMax)
      return `node ${nodeId} has started ${known} times, and now for the ${startCount}th`;
    for (const topic of (this.#topics ?? this.#image.topics).values()) {
      if (!topic.partitions.some(({ leader }) => isTaken(leader, nodeId))) continue;
      const partitions = topic.partitions.map((placement) => raised(placement, nodeId, startCount));
      if (partitions.some(({ leaderEpoch }) => leaderEpoch > leaderEpochMax))
        return `topic ${topic.name} has no leader epoch left`;
      this.#put({ ...topic, partitions });
    }
    this.#know(nodeId, startCount);
    return undefined;
  }

  #know(nodeId: number, startCount: number): void {
    this.#image = { ...this.#image, nodes: new Map(this.#image.nodes).set(nodeId, startCount) };
  }

  #takeProducerIds(end: number): string | undefined {
    if (end < this.#image.producerIdsEnd)
      return `producer ids below ${this.#image.producerIdsEnd} are taken, and now only those below ${end}`;
    this.#image = { ...this.#image, producerIdsEnd: end };
    return undefined;
  }

  #name(clusterId: string): string | undefined {
    const known = this.#image.clusterId;
    if (known !== undefined && known !== clusterId) return `the cluster is ${known}, and now ${clusterId}`;
    this.#image = { ...this.#image, clusterId };
    return undefined;
  }

  #change(topicId: TopicId, change: (topic: TopicImage) => TopicImage): string | undefined {
    const topic = this.#topic(topicId);
    if (topic === undefined) return unknown(topicId);
    this.#put(change(topic));
    return undefined;
  }

  #put(topic: TopicImage): void {
    this.#ownTopics().set(topic.topicId, topic);
    this.#ownNames().set(topic.name, topic);
    this.touched.add(topic.topicId);
  }

  #count(added: number): void {
    this.#image = { ...this.#image, partitionsCount: this.#image.partitionsCount + added };
  }

  #topic(topicId: TopicId): TopicImage | undefined {
    return (this.#topics ?? this.#image.topics).get(topicId);
  }

  #names(): ReadonlyMap<string, TopicImage> {
    return this.#byName ?? this.#image.byName;
  }

  #deletedIds(): ReadonlyMap<TopicId, string> {
    return this.#deleted ?? this.#image.deleted;
  }

  /** A log may hold names that are alike, from times when that was allowed: all of them are kept. */
  #liken(name: string, change: (names: Set<string>) => void): void {
    const likeness = likenessOf(name);
    if (likeness === undefined) return;
    this.#alike ??= new Map(this.#image.alike);
    const names = new Set(this.#alike.get(likeness));
    change(names);
    if (names.size === 0) this.#alike.delete(likeness);
    else this.#alike.set(likeness, names);
  }

  #ownTopics(): Map<TopicId, TopicImage> {
    this.#topics ??= new Map(this.#image.topics);
    return this.#topics;
  }

  #ownNames(): Map<string, TopicImage> {
    this.#byName ??= new Map(this.#image.byName);
    return this.#byName;
  }
}

function isTaken(leader: number, nodeId: number): boolean {
  return leader === nodeId || leader === 0;
}

function raised({ leader, leaderEpoch }: Placement, nodeId: number, startCount: number): Placement {
  return isTaken(leader, nodeId)
    ? { leader: nodeId, leaderEpoch: Math.max(leaderEpoch + 1, startCount) }
    : { leader, leaderEpoch };
}

function unknown(topicId: TopicId): string {
  return `topic ${topicId} is changed and does not exist`;
}
