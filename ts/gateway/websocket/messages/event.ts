import { topicIdBytes } from '../../../model/ids.js';
import type { SubscriptionEvent } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import type { SubscriberEvent } from '../../subscriptions/ports.js';
import { wireError } from './failure.js';

type What = Draft<SubscriptionEvent>;

export function wireEvent({ subscriptionId, topicId, partition, what }: SubscriberEvent, currentId = topicId) {
  return { subscriptionId, topicId: topicIdBytes(topicId), partition, ...wireWhat(what, topicIdBytes(currentId)) };
}

function wireWhat(what: SubscriberEvent['what'], currentId: Uint8Array): What {
  switch (what.kind) {
    case 'history-lost':
      return { historyLost: { wantedOffset: what.wanted, offset: what.offset } };
    case 'truncated':
      return { truncated: { wantedOffset: what.wanted, offset: what.offset } };
    // A reader that came with another topic's position: the subscription is to the topic that there is.
    case 'recreated':
      return { recreated: { newTopicId: currentId, offset: what.offset } };
    case 'renewed':
      return { recreated: { newTopicId: topicIdBytes(what.topicId), offset: what.offset } };
    case 'added':
      return { added: { offset: what.offset } };
    case 'deleted':
      return { deleted: {} };
    case 'failed':
      return { failed: { error: wireError(what.failure) } };
  }
}
