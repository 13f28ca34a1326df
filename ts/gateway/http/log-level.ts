import { isLogLevel, logLevels } from '../../model/log-level.js';
import { suggestion } from '../../model/nearest.js';
import { jsonBody, unknownField } from './body.js';
import { badRequest, failure, json } from './replies.js';
import type { Route } from './route.js';

const path = '/api/v1/node/log-level';
const schema = { type: 'object', required: ['level'], properties: { level: { enum: logLevels } } };

export const getLogLevel: Route = {
  method: 'GET',
  path,
  summary: 'What this node logs',
  replies: { 200: { description: 'The level', schema } },
  answer: ({ verbs }) => json(200, { level: verbs.node.logLevel() }),
};

export const setLogLevel: Route = {
  method: 'PUT',
  path,
  summary: 'Change what this node logs, until it is started again: then its setting log-level holds',
  body: { 'application/json': schema },
  replies: { 200: { description: 'Changed: all threads of the node follow', schema } },
  answer: async ({ verbs }, request) => {
    const body = jsonBody(request);
    if (!body.ok) return badRequest(body.error);
    const unknown = unknownField(body.value, ['level']);
    if (unknown !== undefined) return badRequest(`unknown field ${unknown}`);
    const { level } = body.value;
    if (!isLogLevel(level)) {
      return badRequest(
        `level is one of ${logLevels.join(', ')}${typeof level === 'string' ? suggestion(level, logLevels) : ''}`,
      );
    }
    const result = await verbs.nodeCommands.setLogLevel(level);
    return result.ok ? json(200, { level }) : failure(result.error);
  },
};
