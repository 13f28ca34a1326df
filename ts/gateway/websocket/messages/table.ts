import type { ClientMessage } from '../../../wire/proto/generated/messages.js';
import type { BodyName } from '../session.js';
import { addPartitions } from './add-partitions.js';
import { allocateProducer } from './allocate-producer.js';
import { alterTopic } from './alter-topic.js';
import { createTopic } from './create-topic.js';
import { credit } from './credit.js';
import { deleteTopic } from './delete-topic.js';
import { describeNode } from './describe-node.js';
import { describeTopic } from './describe-topic.js';
import type { Exchange, MessageOf } from './exchange.js';
import { fetch } from './fetch.js';
import { listOffsets } from './list-offsets.js';
import { metadata } from './metadata.js';
import { ping } from './ping.js';
import { produce } from './produce.js';
import { subscribe } from './subscribe.js';
import { unsubscribe } from './unsubscribe.js';

/** Every request of the protocol but hello, which makes the connection. */
export type RequestName = Exclude<BodyName, 'hello'>;

const table: { readonly [Name in RequestName]: MessageOf<Name> } = {
  ping,
  produce,
  allocateProducer,
  subscribe,
  unsubscribe,
  credit,
  fetch,
  listOffsets,
  metadata,
  createTopic,
  deleteTopic,
  addPartitions,
  alterTopic,
  describeTopic,
  describeNode,
};

export const requestNames = Object.keys(table) as readonly RequestName[];

export function beginRequest(exchange: Exchange, message: ClientMessage & { readonly body: RequestName }): void {
  const begin = table[message.body] as (exchange: Exchange, requestId: number, body: unknown) => void;
  begin(exchange, message.requestId, (message as unknown as Readonly<Record<RequestName, unknown>>)[message.body]);
}
