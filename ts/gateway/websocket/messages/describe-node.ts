import type { MessageOf } from './exchange.js';

export const describeNode: MessageOf<'describeNode'> = (exchange, requestId) => {
  const { node, routing, counts } = exchange.verbs;
  const reasons = node.reasons();
  exchange.answer(requestId, {
    describeNode: {
      nodeId: routing.view.nodeId,
      version: node.version,
      uptimeMs: Math.floor(node.uptimeMs()),
      isReady: reasons.length === 0,
      reasons,
      shards: routing.shards.length,
      ...counts(),
      dataSize: node.dataSize(),
      diskFree: node.diskFree(),
    },
  });
};
