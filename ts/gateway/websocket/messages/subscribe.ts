import { topicIdBytes } from '../../../model/ids.js';
import type { Failure } from '../../../model/ports.js';
import { ok, type Result } from '../../../model/result.js';
import type { SubscribeReply, SubscribeRequest as WireRequest } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import type { Subscribed, SubscribeRequest } from '../../subscriptions/subscription.js';
import type { MessageOf } from './exchange.js';
import { startOf } from './starts.js';

export const subscribe: MessageOf<'subscribe'> = (exchange, requestId, body) => {
  const request = requestOf(body);
  if (!request.ok) return exchange.fail(requestId, request.error);
  exchange.subscriptions.subscribe(request.value, (result) => {
    if (result.ok) exchange.answerAtOnce(requestId, { subscribe: wireReply(body.subscriptionId, result.value) });
    else exchange.fail(requestId, result.error);
  });
};

function requestOf(body: WireRequest): Result<SubscribeRequest, Failure> {
  const start = startOf(body.start);
  if (!start.ok) return start;
  const partitions: { partition: number; start: SubscribeRequest['start'] | undefined }[] = [];
  for (const named of body.partitions) {
    const own = startOf(named.start);
    if (!own.ok) return own;
    partitions.push({ partition: named.partition, start: own.value });
  }
  return ok({
    id: body.subscriptionId,
    topic: body.topic,
    partitions,
    start: start.value ?? { at: 'end' },
    credit: body.credit,
    includesNew: body.includeNewPartitions,
  });
}

function wireReply(subscriptionId: number, { topicId, partitions }: Subscribed): Draft<SubscribeReply> {
  return {
    subscriptionId,
    topicId: topicIdBytes(topicId),
    partitions: partitions.map(({ partition, offset, logStart, highWatermark }) => ({
      partition,
      offset,
      logStartOffset: logStart,
      highWatermark,
    })),
  };
}
