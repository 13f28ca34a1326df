import type { MessageOf } from './exchange.js';

export const credit: MessageOf<'credit'> = (exchange, _requestId, { subscriptionId, size }) => {
  exchange.subscriptions.addCredit(subscriptionId, size);
};
