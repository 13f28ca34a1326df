import type { MessageOf } from './exchange.js';
import { wireTopic } from './topics.js';

export const addPartitions: MessageOf<'addPartitions'> = async (exchange, requestId, { name, partitions, validateOnly }) => {
  const { commands, routing } = exchange.verbs;
  const result = await commands.addPartitions(name, partitions, validateOnly);
  if (result.ok) exchange.answer(requestId, { addPartitions: { topic: wireTopic(result.value, routing.view.nodeId) } });
  else exchange.fail(requestId, result.error);
};
