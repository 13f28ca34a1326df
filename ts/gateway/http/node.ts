import { expositionType } from '../../metrics/exposition.js';
import { json, text } from './replies.js';
import type { Route } from './route.js';

export const healthz: Route = {
  method: 'GET',
  path: '/healthz',
  summary: 'Whether the process answers',
  replies: { 200: { description: 'It does', type: 'text/plain' } },
  answer: () => text(200, 'ok\n'),
};

export const readyz: Route = {
  method: 'GET',
  path: '/readyz',
  summary: 'Whether the node serves, and if not, why',
  replies: {
    200: { description: 'It serves', type: 'text/plain' },
    503: { description: 'It does not: a reason on each line', type: 'text/plain' },
  },
  answer: ({ verbs }) => {
    const reasons = verbs.node.reasons();
    return reasons.length === 0 ? text(200, 'ready\n') : text(503, reasons.map((reason) => `${reason}\n`).join(''));
  },
};

export const metrics: Route = {
  method: 'GET',
  path: '/metrics',
  summary: 'All metrics, for Prometheus',
  replies: { 200: { description: 'Prometheus text format', type: 'text/plain' } },
  answer: (context) => text(200, context.metrics(), expositionType),
};

export const node: Route = {
  method: 'GET',
  path: '/api/v1/node',
  summary: 'This node: version, health, load',
  replies: { 200: { description: 'The node', schema: { type: 'object' } } },
  answer: ({ verbs }) => {
    const { clusterId, nodeId, nodes } = verbs.routing.view;
    const reasons = verbs.node.reasons();
    return json(200, {
      nodeId,
      clusterId,
      nodes,
      version: verbs.node.version,
      uptimeMs: Math.floor(verbs.node.uptimeMs()),
      isReady: reasons.length === 0,
      reasons,
      shards: verbs.routing.shards.length,
      ...verbs.counts(),
      dataSize: verbs.node.dataSize(),
      diskFree: verbs.node.diskFree(),
      logLevel: verbs.node.logLevel(),
    });
  },
};
