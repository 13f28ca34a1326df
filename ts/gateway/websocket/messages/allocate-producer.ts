import type { MessageOf } from './exchange.js';

export const allocateProducer: MessageOf<'allocateProducer'> = async (exchange, requestId) => {
  const result = await exchange.verbs.commands.allocateProducer();
  if (result.ok) exchange.answer(requestId, { allocateProducer: result.value });
  else exchange.fail(requestId, result.error);
};
