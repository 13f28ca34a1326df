import type { MessageOf } from './exchange.js';

export const ping: MessageOf<'ping'> = (exchange, requestId) => {
  exchange.answer(requestId, { pong: { nowMs: exchange.verbs.clock.wallMs() } });
};
