import type { TopicRoute } from '../../model/ports.js';
import { describeTopic } from '../verbs/describe-topic.js';
import { isCount, jsonBody, textMap, unknownField } from './body.js';
import type { HttpReply } from './message.js';
import { badRequest, failure, json } from './replies.js';
import { type Route, topicParameter } from './route.js';

const configs = { type: 'object', additionalProperties: { type: 'string' }, description: 'Settings by their Kafka names' };

const summarySchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    topicId: { type: 'string' },
    durability: { enum: ['fsync', 'replicated'] },
    partitions: { type: 'integer' },
  },
};

const summaryOf = ({ name, topicId, durability, partitions }: TopicRoute) => ({
  name,
  topicId,
  durability,
  partitions: partitions.length,
});

export const listTopics: Route = {
  method: 'GET',
  path: '/api/v1/topics',
  summary: 'All topics',
  replies: {
    200: {
      description: 'The topics',
      schema: { type: 'object', properties: { topics: { type: 'array', items: summarySchema } } },
    },
  },
  answer: ({ verbs }) => json(200, { topics: [...verbs.routing.view.topics()].map(summaryOf) }),
};

export const createTopic: Route = {
  method: 'POST',
  path: '/api/v1/topics',
  summary: 'Create a topic',
  body: {
    'application/json': {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        partitions: { type: 'integer', minimum: 1 },
        replicationFactor: { type: 'integer', minimum: 1 },
        configs,
        validateOnly: { type: 'boolean' },
      },
    },
  },
  replies: {
    201: { description: 'Created', schema: summarySchema },
    200: { description: 'Could be created', schema: summarySchema },
  },
  answer: async ({ verbs }, request) => {
    const body = jsonBody(request);
    if (!body.ok) return badRequest(body.error);
    const { name, partitions, replicationFactor, validateOnly } = body.value;
    const unknown = unknownField(body.value, ['name', 'partitions', 'replicationFactor', 'configs', 'validateOnly']);
    if (unknown !== undefined) return badRequest(`unknown field ${unknown}`);
    const settings = textMap(body.value['configs'] ?? {});
    if (typeof name !== 'string') return badRequest('name is missing');
    if (settings === undefined) return badRequest('configs is an object of texts');
    if ((partitions !== undefined && !isCount(partitions)) || (replicationFactor !== undefined && !isCount(replicationFactor))) {
      return badRequest('partitions and replicationFactor are counts');
    }
    const topic = {
      name,
      configs: settings,
      ...(partitions === undefined ? {} : { partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
    };
    const result = await verbs.commands.createTopic(topic, validateOnly === true);
    return result.ok ? json(validateOnly === true ? 200 : 201, summaryOf(result.value)) : failure(result.error);
  },
};

export const getTopic: Route = {
  method: 'GET',
  path: '/api/v1/topics/{topic}',
  summary: 'A topic: its partitions with offsets and sizes, its settings',
  parameters: [topicParameter],
  replies: {
    200: {
      description: 'The topic',
      schema: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          topicId: { type: 'string' },
          durability: { enum: ['fsync', 'replicated'] },
          partitions: {
            type: 'array',
            items: {
              type: 'object',
              properties: Object.fromEntries(
                ['partition', 'logStart', 'highWatermark', 'leaderEpoch', 'size', 'segments'].map((name) => [
                  name,
                  { type: 'integer' },
                ]),
              ),
            },
          },
          configs: { type: 'array', items: { type: 'object' } },
        },
      },
    },
    404: { description: 'There is no such topic' },
  },
  answer: ({ verbs }, _request, { topic = '' }) =>
    new Promise<HttpReply>((resolve) => {
      describeTopic(verbs.routing, topic, (result) => {
        if (!result.ok) return resolve(failure(result.error));
        const partitions = result.value.partitions.map(({ segmentsCount, ...rest }) => ({ ...rest, segments: segmentsCount }));
        resolve(json(200, { ...summaryOf(result.value.topic), partitions, configs: verbs.node.configsOf(topic) }));
      });
    }),
};

export const alterTopic: Route = {
  method: 'PATCH',
  path: '/api/v1/topics/{topic}',
  summary: 'Change settings of a topic, or give it more partitions',
  parameters: [topicParameter],
  body: {
    'application/json': {
      type: 'object',
      properties: {
        set: configs,
        reset: { type: 'array', items: { type: 'string' }, description: 'Settings that go back to their default' },
        partitions: { type: 'integer', description: 'Of the topic in the end' },
        validateOnly: { type: 'boolean' },
      },
    },
  },
  replies: { 200: { description: 'Changed', schema: summarySchema }, 404: { description: 'There is no such topic' } },
  answer: async ({ verbs }, request, { topic = '' }) => {
    const body = jsonBody(request);
    if (!body.ok) return badRequest(body.error);
    const { partitions, reset = [], validateOnly } = body.value;
    const unknown = unknownField(body.value, ['set', 'reset', 'partitions', 'validateOnly']);
    if (unknown !== undefined) return badRequest(`unknown field ${unknown}`);
    const set = textMap(body.value['set'] ?? {});
    const isReset = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (set === undefined || !isReset(reset)) return badRequest('set is an object of texts, reset an array of names');
    if (partitions !== undefined && !isCount(partitions)) return badRequest('partitions is a count');
    const isDry = validateOnly === true;
    if (Object.keys(set).length > 0 || reset.length > 0) {
      const altered = await verbs.commands.alterTopic(topic, { set, reset }, isDry);
      if (!altered.ok) return failure(altered.error);
    }
    if (partitions !== undefined) {
      const grown = await verbs.commands.addPartitions(topic, partitions, isDry);
      if (!grown.ok) return failure(grown.error);
    }
    const now = verbs.routing.topic(topic);
    return now === undefined ? failure({ error: 'unknown-topic' }) : json(200, summaryOf(now));
  },
};

export const deleteTopic: Route = {
  method: 'DELETE',
  path: '/api/v1/topics/{topic}',
  summary: 'Delete a topic and everything in it',
  parameters: [topicParameter],
  replies: {
    200: { description: 'Deleted', schema: { type: 'object', properties: { topicId: { type: 'string' } } } },
    404: { description: 'There is no such topic' },
  },
  answer: async ({ verbs }, _request, { topic = '' }) => {
    const result = await verbs.commands.deleteTopic(topic);
    return result.ok ? json(200, { topicId: result.value }) : failure(result.error);
  },
};
