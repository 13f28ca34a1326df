import { findTopics } from '../../verbs/metadata.js';
import type { MessageOf } from './exchange.js';
import { wireTopic } from './topics.js';

/** Topics that one request may create. */
const createdMax = 100;

export const metadata: MessageOf<'metadata'> = (exchange, requestId, { topics, createMissing }) => {
  const { routing, missing } = exchange.verbs;
  if (createMissing && topics.length > createdMax) {
    return exchange.fail(requestId, { error: 'limit-exceeded', message: `at most ${createdMax} topics can be created at once` });
  }
  findTopics(routing, missing, { topics, createsMissing: createMissing }, (result) => {
    if (!result.ok) return exchange.fail(requestId, result.error);
    const { clusterId, nodeId, nodes } = routing.view;
    const found = result.value.map((topic) => wireTopic(topic, nodeId));
    exchange.answer(requestId, { metadata: { clusterId, controllerId: nodeId, nodes, topics: found } });
  });
};
