// Made by "npm run generate" from proto/millrace/v1.

import type { Reader, Writer } from 'protobufjs/minimal.js';

interface Codec<T> {
  encode(message: object, writer: Writer): Writer;
  decode(reader: Reader): T;
}

export declare const millrace: {
  readonly v1: {
    readonly ClientMessage: Codec<ClientMessage>;
    readonly ServerMessage: Codec<ServerMessage>;
    readonly Hello: Codec<Hello>;
    readonly Welcome: Codec<Welcome>;
    readonly Limits: Codec<Limits>;
    readonly Ping: Codec<Ping>;
    readonly Pong: Codec<Pong>;
    readonly Goodbye: Codec<Goodbye>;
    readonly MetadataRequest: Codec<MetadataRequest>;
    readonly MetadataReply: Codec<MetadataReply>;
    readonly NodeDescription: Codec<NodeDescription>;
    readonly TopicDescription: Codec<TopicDescription>;
    readonly PartitionDescription: Codec<PartitionDescription>;
    readonly CreateTopicRequest: Codec<CreateTopicRequest>;
    readonly CreateTopicReply: Codec<CreateTopicReply>;
    readonly DeleteTopicRequest: Codec<DeleteTopicRequest>;
    readonly DeleteTopicReply: Codec<DeleteTopicReply>;
    readonly AddPartitionsRequest: Codec<AddPartitionsRequest>;
    readonly AddPartitionsReply: Codec<AddPartitionsReply>;
    readonly AlterTopicRequest: Codec<AlterTopicRequest>;
    readonly AlterTopicReply: Codec<AlterTopicReply>;
    readonly DescribeTopicRequest: Codec<DescribeTopicRequest>;
    readonly DescribeTopicReply: Codec<DescribeTopicReply>;
    readonly ConfigDescription: Codec<ConfigDescription>;
    readonly PartitionUsage: Codec<PartitionUsage>;
    readonly DescribeNodeRequest: Codec<DescribeNodeRequest>;
    readonly DescribeNodeReply: Codec<DescribeNodeReply>;
    readonly ProduceRequest: Codec<ProduceRequest>;
    readonly ProduceEntry: Codec<ProduceEntry>;
    readonly ProduceReply: Codec<ProduceReply>;
    readonly ProduceResult: Codec<ProduceResult>;
    readonly AllocateProducerRequest: Codec<AllocateProducerRequest>;
    readonly AllocateProducerReply: Codec<AllocateProducerReply>;
    readonly Error: Codec<Error>;
    readonly StartAt: Codec<StartAt>;
    readonly Beginning: Codec<Beginning>;
    readonly End: Codec<End>;
    readonly Position: Codec<Position>;
    readonly SubscribeRequest: Codec<SubscribeRequest>;
    readonly PartitionStart: Codec<PartitionStart>;
    readonly SubscribeReply: Codec<SubscribeReply>;
    readonly SubscribedPartition: Codec<SubscribedPartition>;
    readonly UnsubscribeRequest: Codec<UnsubscribeRequest>;
    readonly UnsubscribeReply: Codec<UnsubscribeReply>;
    readonly Credit: Codec<Credit>;
    readonly Push: Codec<Push>;
    readonly SubscriptionEvent: Codec<SubscriptionEvent>;
    readonly HistoryLost: Codec<HistoryLost>;
    readonly Truncated: Codec<Truncated>;
    readonly TopicRecreated: Codec<TopicRecreated>;
    readonly TopicDeleted: Codec<TopicDeleted>;
    readonly PartitionAdded: Codec<PartitionAdded>;
    readonly PartitionFailed: Codec<PartitionFailed>;
    readonly FetchRequest: Codec<FetchRequest>;
    readonly FetchReply: Codec<FetchReply>;
    readonly ListOffsetsRequest: Codec<ListOffsetsRequest>;
    readonly ListOffsetsReply: Codec<ListOffsetsReply>;
    readonly ListedOffset: Codec<ListedOffset>;
    readonly ConfigSource: { readonly CONFIG_SOURCE_DEFAULT: 0; readonly CONFIG_SOURCE_NODE: 1; readonly CONFIG_SOURCE_TOPIC: 2 };
    readonly Durability: { readonly DURABILITY_UNSPECIFIED: 0; readonly DURABILITY_REPLICATED: 1; readonly DURABILITY_FSYNC: 2 };
    readonly Acks: { readonly ACKS_ALL: 0; readonly ACKS_LEADER: 1; readonly ACKS_NONE: 2 };
    readonly ErrorCode: { readonly ERROR_CODE_NONE: 0; readonly ERROR_CODE_MALFORMED: 1; readonly ERROR_CODE_UNSUPPORTED_VERSION: 2; readonly ERROR_CODE_OUT_OF_ORDER: 3; readonly ERROR_CODE_LIMIT_EXCEEDED: 4; readonly ERROR_CODE_IDLE: 5; readonly ERROR_CODE_SHUTTING_DOWN: 6; readonly ERROR_CODE_INVALID_REQUEST: 7; readonly ERROR_CODE_TIMED_OUT: 8; readonly ERROR_CODE_INTERNAL: 9; readonly ERROR_CODE_OVERLOADED: 10; readonly ERROR_CODE_UNKNOWN_TOPIC: 20; readonly ERROR_CODE_UNKNOWN_PARTITION: 21; readonly ERROR_CODE_TOPIC_EXISTS: 22; readonly ERROR_CODE_INVALID_TOPIC: 23; readonly ERROR_CODE_INVALID_CONFIG: 24; readonly ERROR_CODE_INVALID_PARTITIONS: 25; readonly ERROR_CODE_INVALID_REPLICATION_FACTOR: 26; readonly ERROR_CODE_STALE_TOPIC_ID: 27; readonly ERROR_CODE_NOT_LEADER: 28; readonly ERROR_CODE_DELETION_INCOMPLETE: 29; readonly ERROR_CODE_INVALID_ASSIGNMENT: 30; readonly ERROR_CODE_POLICY_VIOLATION: 31; readonly ERROR_CODE_CORRUPT_BATCH: 40; readonly ERROR_CODE_BATCH_TOO_LARGE: 41; readonly ERROR_CODE_INVALID_TIMESTAMP: 42; readonly ERROR_CODE_OUT_OF_ORDER_SEQUENCE: 43; readonly ERROR_CODE_UNKNOWN_PRODUCER: 44; readonly ERROR_CODE_PRODUCER_FENCED: 45; readonly ERROR_CODE_DUPLICATE_SEQUENCE: 46; readonly ERROR_CODE_INVALID_BATCH: 47; readonly ERROR_CODE_UNSUPPORTED_COMPRESSION: 48; readonly ERROR_CODE_NO_TRANSACTION: 49; readonly ERROR_CODE_NOT_ENOUGH_REPLICAS: 50; readonly ERROR_CODE_STORAGE_FAILED: 60; readonly ERROR_CODE_DISK_FULL: 61; readonly ERROR_CODE_OFFSET_OUT_OF_RANGE: 62; readonly ERROR_CODE_CORRUPT_LOG: 63; readonly ERROR_CODE_DURABILITY_UNAVAILABLE: 64; readonly ERROR_CODE_UNCONFIRMED: 65 };
    readonly Retry: { readonly RETRY_NEVER: 0; readonly RETRY_LATER: 1; readonly RETRY_RECONNECT: 2; readonly RETRY_REFRESH: 3 };
  };
};

export type ClientMessage = {
  /** Chosen by the client, above 0, and free again once answered. The answer carries the same id. Several requests may be under way; answers come in any order, but requests about one partition are begun in the order in which they came. */
  readonly requestId: number;
} & (
  | { readonly body: 'hello'; readonly hello: Hello }
  | { readonly body: 'ping'; readonly ping: Ping }
  | { readonly body: 'produce'; readonly produce: ProduceRequest }
  | { readonly body: 'allocateProducer'; readonly allocateProducer: AllocateProducerRequest }
  | { readonly body: 'subscribe'; readonly subscribe: SubscribeRequest }
  | { readonly body: 'unsubscribe'; readonly unsubscribe: UnsubscribeRequest }
  | { readonly body: 'credit'; readonly credit: Credit }
  | { readonly body: 'fetch'; readonly fetch: FetchRequest }
  | { readonly body: 'listOffsets'; readonly listOffsets: ListOffsetsRequest }
  | { readonly body: 'metadata'; readonly metadata: MetadataRequest }
  | { readonly body: 'createTopic'; readonly createTopic: CreateTopicRequest }
  | { readonly body: 'deleteTopic'; readonly deleteTopic: DeleteTopicRequest }
  | { readonly body: 'addPartitions'; readonly addPartitions: AddPartitionsRequest }
  | { readonly body: 'alterTopic'; readonly alterTopic: AlterTopicRequest }
  | { readonly body: 'describeTopic'; readonly describeTopic: DescribeTopicRequest }
  | { readonly body: 'describeNode'; readonly describeNode: DescribeNodeRequest }
  | { readonly body?: undefined }
);

export type ServerMessage = {
  /** Of the request that this answers; 0 for what nobody asked for: pushes, events, goodbye. */
  readonly requestId: number;
} & (
  | { readonly body: 'error'; readonly error: Error }
  | { readonly body: 'welcome'; readonly welcome: Welcome }
  | { readonly body: 'pong'; readonly pong: Pong }
  | { readonly body: 'goodbye'; readonly goodbye: Goodbye }
  | { readonly body: 'produce'; readonly produce: ProduceReply }
  | { readonly body: 'allocateProducer'; readonly allocateProducer: AllocateProducerReply }
  | { readonly body: 'subscribe'; readonly subscribe: SubscribeReply }
  | { readonly body: 'unsubscribe'; readonly unsubscribe: UnsubscribeReply }
  | { readonly body: 'fetch'; readonly fetch: FetchReply }
  | { readonly body: 'listOffsets'; readonly listOffsets: ListOffsetsReply }
  | { readonly body: 'push'; readonly push: Push }
  | { readonly body: 'event'; readonly event: SubscriptionEvent }
  | { readonly body: 'metadata'; readonly metadata: MetadataReply }
  | { readonly body: 'createTopic'; readonly createTopic: CreateTopicReply }
  | { readonly body: 'deleteTopic'; readonly deleteTopic: DeleteTopicReply }
  | { readonly body: 'addPartitions'; readonly addPartitions: AddPartitionsReply }
  | { readonly body: 'alterTopic'; readonly alterTopic: AlterTopicReply }
  | { readonly body: 'describeTopic'; readonly describeTopic: DescribeTopicReply }
  | { readonly body: 'describeNode'; readonly describeNode: DescribeNodeReply }
  | { readonly body?: undefined }
);

export interface Hello {
  /** The highest version of this protocol that the client speaks; 1. */
  readonly version: number;
  /** Name and version of the client, for the server's log: "millrace-js/0.1.0". */
  readonly client: string;
  /** Names of optional features that the client understands. None exist in version 1: send nothing. */
  readonly features: readonly string[];
}

export interface Welcome {
  /** The version spoken from here on. */
  readonly version: number;
  readonly server: string;
  /** Of this cluster; a client that meets another one than before must forget offsets and positions. */
  readonly clusterId: string;
  readonly nodeId: number;
  /** Those of Hello that the server has too. */
  readonly features: readonly string[];
  readonly limits: Limits | null;
  /** Of the server, milliseconds since 1970. */
  readonly nowMs: number;
}

/** What one connection may ask for. More is answered with LIMIT_EXCEEDED, or closes the connection where the text says so. */
export interface Limits {
  /** Of one WebSocket message from the client; a larger one closes the connection. */
  readonly messageSizeMax: number;
  /** Of one record batch, unless the topic allows less. */
  readonly batchSizeMax: number;
  /** Requests without an answer. */
  readonly requestsMax: number;
  /** Bytes of produce requests without an answer. One that would go beyond is refused, and nothing of it is stored; a single request is always taken. */
  readonly produceSizeInFlightMax: number;
  readonly subscriptionsMax: number;
  /** Of one subscription: more credit than this is cut. */
  readonly creditMax: number;
  /** Of one FetchReply or Push, unless a single batch is larger. */
  readonly fetchSizeMax: number;
  /** A connection that sent nothing for so long is closed; Ping counts. */
  readonly idleMsMax: number;
}

export interface Ping {}

export interface Pong {
  readonly nowMs: number;
}

export interface Goodbye {
  readonly reason: string;
  /** Wait this long before connecting again. */
  readonly reconnectAfterMs: number;
}

export interface MetadataRequest {
  /** Empty: all topics. */
  readonly topics: readonly string[];
  /** A topic that does not exist is created with the node's defaults, if the node allows that. */
  readonly createMissing: boolean;
}

export interface MetadataReply {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly nodes: readonly NodeDescription[];
  /** Those asked for that exist. */
  readonly topics: readonly TopicDescription[];
}

export interface NodeDescription {
  readonly nodeId: number;
  /** Of its gateway, host:port. */
  readonly gateway: string;
}

export interface TopicDescription {
  readonly name: string;
  readonly topicId: Uint8Array;
  readonly durability: number;
  readonly partitions: readonly PartitionDescription[];
}

export interface PartitionDescription {
  readonly partition: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

export interface CreateTopicRequest {
  readonly name: string;
  /** 0: the node's default. */
  readonly partitions: number;
  /** 0: the node's default. */
  readonly replicationFactor: number;
  /** Kafka's names, and `durability`. */
  readonly configs: Readonly<Record<string, string>>;
  /** Everything is checked, nothing is created. */
  readonly validateOnly: boolean;
}

export interface CreateTopicReply {
  readonly topic: TopicDescription | null;
}

export interface DeleteTopicRequest {
  readonly name: string;
}

export interface DeleteTopicReply {
  readonly topicId: Uint8Array;
}

export interface AddPartitionsRequest {
  readonly name: string;
  /** Of the topic in the end. */
  readonly partitions: number;
  readonly validateOnly: boolean;
}

export interface AddPartitionsReply {
  readonly topic: TopicDescription | null;
}

export interface AlterTopicRequest {
  readonly name: string;
  readonly set: Readonly<Record<string, string>>;
  /** Back to the default. */
  readonly reset: readonly string[];
  readonly validateOnly: boolean;
}

export interface AlterTopicReply {}

export interface DescribeTopicRequest {
  readonly name: string;
}

export interface DescribeTopicReply {
  readonly topic: TopicDescription | null;
  readonly configs: readonly ConfigDescription[];
  readonly usage: readonly PartitionUsage[];
}

export interface ConfigDescription {
  readonly name: string;
  readonly value: string;
  readonly source: number;
  readonly documentation: string;
  readonly isReadOnly: boolean;
}

export interface PartitionUsage {
  readonly partition: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly size: number;
  readonly segments: number;
}

export interface DescribeNodeRequest {}

export interface DescribeNodeReply {
  readonly nodeId: number;
  readonly version: string;
  readonly uptimeMs: number;
  readonly isReady: boolean;
  /** Why not, if it is not; else whatever a person should know. */
  readonly reasons: readonly string[];
  readonly shards: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly dataSize: number;
  readonly diskFree: number;
}

export interface ProduceRequest {
  readonly acks: number;
  /** 0: the server's default. */
  readonly timeoutMs: number;
  /** The request fails with DURABILITY_UNAVAILABLE, before anything is stored, where the topic promises less. */
  readonly durabilityMin: number;
  readonly entries: readonly ProduceEntry[];
}

/** One batch for one partition. Entries of one request are independent of one another. */
export interface ProduceEntry {
  /** Created if it does not exist, where the node allows that. */
  readonly topic: string;
  readonly partition: number;
  /** A Kafka record batch (magic 2), whole, with base offset 0: the server gives the offset. */
  readonly batch: Uint8Array;
}

export interface ProduceReply {
  /** One for each entry, in their order. */
  readonly results: readonly ProduceResult[];
}

export interface ProduceResult {
  /** Absent: stored. */
  readonly error: Error | null;
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly logStartOffset: number;
  /** Milliseconds since 1970, if the topic stamps on append. */
  readonly appendTimeMs: number | null;
  readonly durability: number;
  /** The batch was stored before; the offset is where. */
  readonly isDuplicate: boolean;
}

export interface AllocateProducerRequest {}

/** An id that no producer had before, for idempotent batches. Its epoch begins at 0, its sequences too. */
export interface AllocateProducerReply {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface Error {
  readonly code: number;
  /** For people: what happened and what to do. */
  readonly text: string;
  readonly retry: number;
  readonly retryAfterMs: number;
}

/** Where to begin in a partition. */
export type StartAt = {} & (
  | { readonly where: 'beginning'; readonly beginning: Beginning }
  | { readonly where: 'end'; readonly end: End }
  | { readonly where: 'offset'; readonly offset: number }
  | { readonly where: 'timestampMs'; readonly timestampMs: number }
  | { readonly where: 'position'; readonly position: Position }
  | { readonly where?: undefined }
);

export interface Beginning {}

export interface End {}

/** What a reader has of a partition: it wants `offset` next. The topic's id and the epoch of the last batch it read let the server notice that the topic was created anew, or that the log was cut and continued differently. */
export interface Position {
  /** 16 bytes; empty: not checked. */
  readonly topicId: Uint8Array;
  readonly offset: number;
  /** Of the batch before `offset`; absent if nothing was read. */
  readonly leaderEpoch: number | null;
}

export interface SubscribeRequest {
  /** Chosen by the client, above 0, not in use. A connection has at most one subscription of a partition. */
  readonly subscriptionId: number;
  readonly topic: string;
  /** Which partitions, and where each begins. Empty: all that there are, from `start` on. */
  readonly partitions: readonly PartitionStart[];
  /** For all partitions that are not named, or named without a start. Absent: end. */
  readonly start: StartAt | null;
  /** Bytes of batches that the server may push before it waits for Credit; at least the size of one batch always goes out while any credit is left. */
  readonly credit: number;
  /** All partitions of the topic are pushed, not only those named: of those that are there, the ones without a row begin at `start`; those that the topic gets later begin at their beginning, each announced by PartitionAdded. A reader that comes back names the partitions that it knows with their positions and sets `start` to beginning, so that it misses none that was added while it was away. */
  readonly includeNewPartitions: boolean;
}

export interface PartitionStart {
  readonly partition: number;
  readonly start: StartAt | null;
}

/** Comes before any push of the subscription. */
export interface SubscribeReply {
  readonly subscriptionId: number;
  readonly topicId: Uint8Array;
  readonly partitions: readonly SubscribedPartition[];
}

export interface SubscribedPartition {
  readonly partition: number;
  /** The first offset that will be pushed: where it goes on, if an event tells that it is not the one that was wanted. */
  readonly offset: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

export interface UnsubscribeRequest {
  readonly subscriptionId: number;
}

/** No push of the subscription comes behind this. */
export interface UnsubscribeReply {}

export interface Credit {
  readonly subscriptionId: number;
  /** Added to what is left. */
  readonly size: number;
}

/** Whole batches of one partition, as stored, one behind the other. The same bytes for every subscriber: which subscription it is follows from topic and partition. The first batch may begin below the offset that a subscription asked for: its reader skips records. `batches` is the last field, so that a server can write what comes before it and send the log's own bytes. */
export interface Push {
  readonly topicId: Uint8Array;
  readonly partition: number;
  /** Of the first batch. */
  readonly baseOffset: number;
  /** Behind the last batch: the next push of this partition continues here. */
  readonly nextOffset: number;
  /** Of the last batch. */
  readonly leaderEpoch: number;
  readonly highWatermark: number;
  readonly batches: Uint8Array;
}

export type SubscriptionEvent = {
  readonly subscriptionId: number;
  readonly topicId: Uint8Array;
  readonly partition: number;
} & (
  | { readonly what: 'historyLost'; readonly historyLost: HistoryLost }
  | { readonly what: 'truncated'; readonly truncated: Truncated }
  | { readonly what: 'recreated'; readonly recreated: TopicRecreated }
  | { readonly what: 'deleted'; readonly deleted: TopicDeleted }
  | { readonly what: 'added'; readonly added: PartitionAdded }
  | { readonly what: 'failed'; readonly failed: PartitionFailed }
  | { readonly what?: undefined }
);

/** Records between what the reader wanted and the log start are gone: retention or deletion took them. Pushes go on at `offset`. */
export interface HistoryLost {
  readonly wantedOffset: number;
  readonly offset: number;
}

/** The log was cut below what the reader had read, and continued differently. Pushes go on at `offset`. */
export interface Truncated {
  readonly wantedOffset: number;
  readonly offset: number;
}

/** The topic that the reader knew was deleted, and one of the same name created: pushes begin with the new one's beginning. */
export interface TopicRecreated {
  readonly newTopicId: Uint8Array;
  readonly offset: number;
}

/** The subscription is over: one event for all of its partitions. */
export interface TopicDeleted {}

export interface PartitionAdded {
  readonly offset: number;
}

/** This partition is pushed no more; the others of the subscription are. */
export interface PartitionFailed {
  readonly error: Error | null;
}

export interface FetchRequest {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** At most so many bytes, but at least one batch. 0: the server's limit. */
  readonly sizeMax: number;
  /** Waits until so many bytes are there, `wait_ms` at most. 0: no wait. */
  readonly sizeMin: number;
  readonly waitMs: number;
  /** This and `topic_id` as in Position. */
  readonly leaderEpoch: number | null;
  readonly topicId: Uint8Array;
}

export type FetchReply = {
  readonly topicId: Uint8Array;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Behind the last batch; where to fetch next: the offset asked for, if there are no batches. */
  readonly nextOffset: number;
  readonly leaderEpoch: number;
  readonly batches: Uint8Array;
} & (
  | { readonly diverged: 'historyLost'; readonly historyLost: HistoryLost }
  | { readonly diverged: 'truncated'; readonly truncated: Truncated }
  | { readonly diverged: 'recreated'; readonly recreated: TopicRecreated }
  | { readonly diverged?: undefined }
);

export interface ListOffsetsRequest {
  readonly topic: string;
  /** Empty: all. */
  readonly partitions: readonly number[];
  /** Absent: end. */
  readonly at: StartAt | null;
}

export interface ListOffsetsReply {
  readonly topicId: Uint8Array;
  readonly offsets: readonly ListedOffset[];
}

export interface ListedOffset {
  readonly partition: number;
  /** Absent: found. */
  readonly error: Error | null;
  /** By time: the end, if no record has it. */
  readonly offset: number;
  /** Of the record found by time. */
  readonly timestampMs: number | null;
  readonly leaderEpoch: number;
}
