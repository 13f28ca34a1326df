import type { MessageOf } from './exchange.js';

export const unsubscribe: MessageOf<'unsubscribe'> = (exchange, requestId, { subscriptionId }) => {
  // One that has just ended by itself is over all the same.
  exchange.subscriptions.unsubscribe(subscriptionId);
  exchange.answer(requestId, { unsubscribe: {} });
};
