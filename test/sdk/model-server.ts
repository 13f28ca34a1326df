import type { ErrorName } from '../../ts/model/errors.js';
import type { Dial, TransportEvents } from '../../ts/sdk/core/connection/transport.js';
import { durabilities } from '../../ts/wire/proto/enums.js';
import type { ClientMessage, ServerMessage } from '../../ts/wire/proto/generated/messages.js';
import type { Draft } from '../../ts/wire/proto/messages.js';
import { BatchHeader, recordsOf } from '../../ts/wire/records/header.js';
import { iterateRecords } from '../../ts/wire/records/iterate.js';
import { ModelTopic } from './model-log.js';
import { ModelSession, wireError } from './model-session.js';

/** What becomes of one entry of a produce request, instead of what should. */
export interface ProduceFault {
  readonly error: ErrorName;
  readonly isStored: boolean;
}

interface Wire {
  readonly session: ModelSession;
  readonly events: TransportEvents;
  isOpen: boolean;
}

const limits = {
  messageSizeMax: 1 << 20,
  batchSizeMax: 256 * 1024,
  requestsMax: 32,
  produceSizeInFlightMax: 4 << 20,
  subscriptionsMax: 100,
  creditMax: 1 << 20,
  fetchSizeMax: 1 << 20,
  idleMsMax: 60_000,
};

/** A broker in this process, behind the real codec of messages: the rules a client sees, and faults on demand. */
export class ModelServer {
  readonly topics = new Map<string, ModelTopic>();
  /** Those that are no business of a session. */
  readonly requests: ClientMessage['body'][] = [];
  clusterId = 'model';
  partitionsDefault = 3;
  isAutoCreating = true;
  isUp = true;
  /** Asked for each entry of a produce request. */
  fault: (topic: string, partition: number) => ProduceFault | undefined = () => undefined;
  /** Asked for each message of a client; true: it arrives, and then the connection is gone. */
  breaksAfter: () => boolean = () => false;
  /** As before, but the message does not arrive. */
  breaksBefore: () => boolean = () => false;
  onMessage: (size: number) => void = () => undefined;
  readonly #wires = new Set<Wire>();
  #producers = 0;
  #isPushDue = false;

  readonly dial: Dial = (_url, events) => {
    const wire: Wire = { session: new ModelSession(this, (bytes) => this.#deliver(wire, bytes)), events, isOpen: true };
    this.#wires.add(wire);
    setImmediate(() => (this.isUp ? wire.isOpen && events.onOpen() : this.#cut(wire, 1006)));
    return {
      send: (bytes) => setImmediate(() => this.#receive(wire, bytes)),
      close: () => {
        wire.isOpen = false;
        this.#wires.delete(wire);
      },
    };
  };

  get connectionsCount(): number {
    return this.#wires.size;
  }

  topic(name: string): ModelTopic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new Error(`no topic ${name}`);
    return topic;
  }

  create(name: string, partitions = this.partitionsDefault): ModelTopic {
    const topic = new ModelTopic(partitions);
    this.topics.set(name, topic);
    return topic;
  }

  /** Deleted, and perhaps there again under the same name. */
  replace(name: string, partitions?: number): void {
    this.topics.delete(name);
    const topic = partitions === undefined ? undefined : this.create(name, partitions);
    for (const { session } of [...this.#wires]) session.replaced(name, topic);
  }

  grow(name: string, partitions: number): void {
    const topic = this.topic(name);
    topic.grow(partitions);
    for (const { session } of [...this.#wires]) session.grown(name, topic);
  }

  /** As a kill of the process: what is stored stays. */
  cutAll(code = 1006): void {
    for (const wire of [...this.#wires]) this.#cut(wire, code);
  }

  goodbye(reconnectAfterMs: number): void {
    for (const { session } of [...this.#wires]) session.send({ goodbye: { reason: 'restart', reconnectAfterMs } });
  }

  allocate(): number {
    return ++this.#producers;
  }

  faultOf(topic: string, partition: number): ProduceFault | undefined {
    return this.fault(topic, partition);
  }

  pushSoon(): void {
    if (this.#isPushDue) return;
    this.#isPushDue = true;
    setImmediate(() => {
      this.#isPushDue = false;
      for (const { session, isOpen } of [...this.#wires]) if (isOpen) session.pushAll();
    });
  }

  welcome() {
    return { version: 1, server: 'model', clusterId: this.clusterId, nodeId: 1, limits, nowMs: 0 };
  }

  /** Values of all records of a partition as text, in their order. */
  values(name: string, partition: number): readonly string[] {
    return (this.topics.get(name)?.partitions[partition]?.batches ?? []).flatMap(({ bytes }) => {
      const header = BatchHeader.parse(bytes);
      if (!header.ok) throw new Error(header.error);
      const records = [...iterateRecords(header.value, recordsOf(bytes, header.value))];
      return records.map((taken) => (taken.ok ? new TextDecoder().decode(taken.value.value ?? undefined) : taken.error));
    });
  }

  administer(message: ClientMessage): Draft<ServerMessage> {
    this.requests.push(message.body);
    switch (message.body) {
      case 'metadata':
        return { metadata: this.#metadata(message.metadata.topics, message.metadata.createMissing) };
      case 'createTopic': {
        const { name, partitions, validateOnly } = message.createTopic;
        if (this.topics.has(name)) return { error: wireError('topic-exists') };
        const topic = new ModelTopic(partitions || this.partitionsDefault);
        if (!validateOnly) this.topics.set(name, topic);
        return { createTopic: { topic: description(name, topic) } };
      }
      case 'deleteTopic':
        this.replace(message.deleteTopic.name);
        return { deleteTopic: {} };
      case 'addPartitions': {
        const { name, partitions } = message.addPartitions;
        this.grow(name, partitions);
        return { addPartitions: { topic: description(name, this.topic(name)) } };
      }
      case 'alterTopic':
        return { alterTopic: {} };
      case 'describeTopic': {
        const topic = this.topics.get(message.describeTopic.name);
        if (topic === undefined) return { error: wireError('unknown-topic') };
        const usage = topic.partitions.map(({ logStart, end }, partition) => ({
          partition,
          logStartOffset: logStart,
          highWatermark: end,
        }));
        const configs = [{ name: 'retention.ms', value: '604800000' }];
        return { describeTopic: { topic: description(message.describeTopic.name, topic), configs, usage } };
      }
      case 'describeNode':
        return { describeNode: { nodeId: 1, version: 'model', isReady: true } };
      case 'listOffsets': {
        const { topic: name, at } = message.listOffsets;
        if (!this.topics.has(name)) return { error: wireError('unknown-topic') };
        const offsets = this.topic(name).partitions.map(({ logStart, end }, partition) => ({
          partition,
          offset: at?.where === 'beginning' ? logStart : end,
        }));
        return { listOffsets: { offsets } };
      }
      default:
        return { error: wireError('invalid-request') };
    }
  }

  #metadata(names: readonly string[], createMissing: boolean) {
    if (createMissing && this.isAutoCreating) for (const name of names) if (!this.topics.has(name)) this.create(name);
    const wanted = names.length === 0 ? [...this.topics.keys()] : names.filter((name) => this.topics.has(name));
    const topics = wanted.map((name) => description(name, this.topic(name)));
    return { clusterId: this.clusterId, controllerId: 1, nodes: [{ nodeId: 1, gateway: 'model:1' }], topics };
  }

  #receive(wire: Wire, bytes: Uint8Array): void {
    if (!wire.isOpen) return;
    this.onMessage(bytes.length);
    if (this.breaksBefore()) {
      this.#cut(wire, 1006);
      return;
    }
    if (this.breaksAfter()) {
      // It arrives, and nobody hears of it.
      wire.isOpen = false;
      wire.session.hear(bytes);
      wire.isOpen = true;
      this.#cut(wire, 1006);
      return;
    }
    wire.session.hear(bytes);
  }

  #deliver(wire: Wire, bytes: Uint8Array): void {
    if (wire.isOpen) setImmediate(() => wire.isOpen && wire.events.onMessage(bytes));
  }

  #cut(wire: Wire, code: number): void {
    if (!wire.isOpen) return;
    wire.isOpen = false;
    this.#wires.delete(wire);
    setImmediate(() => wire.events.onClose({ code, reason: '' }));
  }
}

function description(name: string, { topicIdBytes, partitions }: ModelTopic) {
  return {
    name,
    topicId: topicIdBytes,
    durability: durabilities.fsync,
    partitions: partitions.map((_, partition) => ({
      partition,
      leaderId: 1,
      leaderEpoch: 1,
      replicas: [1],
      inSyncReplicas: [1],
    })),
  };
}
