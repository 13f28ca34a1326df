import { topicIdBytes } from '../../../model/ids.js';
import type { MessageOf } from './exchange.js';

export const deleteTopic: MessageOf<'deleteTopic'> = async (exchange, requestId, { name }) => {
  const result = await exchange.verbs.commands.deleteTopic(name);
  if (result.ok) exchange.answer(requestId, { deleteTopic: { topicId: topicIdBytes(result.value) } });
  else exchange.fail(requestId, result.error);
};
