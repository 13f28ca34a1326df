import type { MessageOf } from './exchange.js';

export const alterTopic: MessageOf<'alterTopic'> = async (exchange, requestId, { name, set, reset, validateOnly }) => {
  const result = await exchange.verbs.commands.alterTopic(name, { set, reset }, validateOnly);
  if (result.ok) exchange.answer(requestId, { alterTopic: {} });
  else exchange.fail(requestId, result.error);
};
