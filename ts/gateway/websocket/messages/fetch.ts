import { topicIdBytes, topicIdOf } from '../../../model/ids.js';
import type { Offset } from '../../../model/offset.js';
import type { FetchReply, FetchRequest } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import type { Fetched } from '../../verbs/fetch.js';
import type { MessageOf } from './exchange.js';

const waitMsMax = 60_000;

export const fetch: MessageOf<'fetch'> = (exchange, requestId, body) => {
  const { verbs } = exchange;
  const topicId = topicIdOf(body.topicId);
  if (body.topicId.length > 0 && topicId === undefined) {
    return exchange.fail(requestId, { error: 'invalid-request', message: 'a topic id has 16 bytes' });
  }
  const request = {
    topic: body.topic,
    partition: body.partition,
    offset: body.offset as Offset,
    sizeMax: Math.min(body.sizeMax || verbs.limits.fetchSizeMax, verbs.limits.fetchSizeMax),
    sizeMin: body.sizeMin,
    waitMs: Math.min(body.waitMs, waitMsMax),
    topicId,
    leaderEpoch: body.leaderEpoch ?? undefined,
  };
  verbs.fetch.begin(request, (result) => {
    if (result.ok) exchange.answerFetch(requestId, replyTo(body, result.value), result.value.batches);
    else exchange.fail(requestId, result.error);
  });
};

function replyTo({ offset }: FetchRequest, { served, logStart, highWatermark, batches, divergence }: Fetched): Draft<FetchReply> {
  const topicId = topicIdBytes(served.topic.topicId);
  const reply = {
    topicId,
    logStartOffset: logStart,
    highWatermark,
    nextOffset: batches?.next ?? divergence?.offset ?? offset,
    leaderEpoch: batches?.leaderEpoch ?? served.route.leaderEpoch,
  };
  if (divergence === undefined) return reply;
  const lost = { wantedOffset: divergence.wanted, offset: divergence.offset };
  if (divergence.kind === 'history-lost') return { ...reply, historyLost: lost };
  if (divergence.kind === 'truncated') return { ...reply, truncated: lost };
  return { ...reply, recreated: { newTopicId: topicId, offset: divergence.offset } };
}
