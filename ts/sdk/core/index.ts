// What the package shows, whatever it runs on.

export type { ErrorName } from '../../model/errors.js';
export type { AckedDurability, Acks } from '../../wire/proto/enums.js';
export { BatchWriter } from '../../wire/records/batch-writer.js';
export type { CompressionName } from '../../wire/records/header.js';
export { headersAt } from '../../wire/records/iterate.js';
export { partitionOfKey } from '../../wire/records/murmur2.js';
export { absent, type RecordScan } from '../../wire/records/scan.js';
export type {
  Admin,
  ClusterDescription,
  ListedOffset,
  NewTopic,
  NodeDescription,
  PartitionDescription,
  PartitionUsage,
  TopicConfig,
  TopicDescription,
  TopicDetails,
} from './admin.js';
export type { Client, ConnectOptions } from './client.js';
export type { ConsumedBatch, ConsumedHeader, ConsumedRecord, StoredBatch } from './consumer/batch.js';
export type { Consumer } from './consumer/consumer.js';
export type { ConsumerEvent } from './consumer/events.js';
export type { Fetched, FetchOptions } from './consumer/fetch.js';
export type { ConsumerOptions, TopicSelection } from './consumer/options.js';
export type { Position, PositionVector } from './consumer/positions.js';
export type { RangeOptions } from './consumer/range.js';
export type { From } from './consumer/start.js';
export * from './errors.js';
export type { Observed, Observer } from './observer.js';
export type { BatchDelivery } from './producer/open-batch.js';
export type { ProducerOptions } from './producer/options.js';
export type { Partitioner } from './producer/partitioner.js';
export type { BatchFailure, Producer, ProducerCallbacks } from './producer/producer.js';
export type { Delivery, OutgoingRecord } from './producer/record.js';
export { type Bytes, bytes, type Deserializer, json, plain, type Serializer, text } from './serde.js';
export { version } from './version.js';
