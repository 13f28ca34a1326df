import type { MessageOf } from './exchange.js';
import { wireTopic } from './topics.js';

export const createTopic: MessageOf<'createTopic'> = async (exchange, requestId, body) => {
  const { commands, routing } = exchange.verbs;
  const topic = {
    name: body.name,
    configs: body.configs,
    ...(body.partitions > 0 ? { partitions: body.partitions } : {}),
    ...(body.replicationFactor > 0 ? { replicationFactor: body.replicationFactor } : {}),
  };
  const result = await commands.createTopic(topic, body.validateOnly);
  if (result.ok) exchange.answer(requestId, { createTopic: { topic: wireTopic(result.value, routing.view.nodeId) } });
  else exchange.fail(requestId, result.error);
};
