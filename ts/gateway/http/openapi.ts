import { json } from './replies.js';
import type { Route } from './route.js';

const errorSchema = {
  type: 'object',
  properties: {
    error: {
      type: 'object',
      required: ['name', 'code', 'retry', 'message'],
      properties: {
        name: { type: 'string' },
        code: { type: 'integer' },
        retry: { enum: ['never', 'later', 'reconnect', 'refresh'] },
        message: { type: 'string' },
      },
    },
  },
};

/** The REST interface as OpenAPI 3.1 describes it, made from its routes. */
export function describe(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const same = paths[route.path] ?? {};
    same[route.method.toLowerCase()] = operation(route);
    paths[route.path] = same;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Millrace', version, description: 'REST interface of a Millrace node. Streams go over the WebSocket at /v1.' },
    paths,
    components: { schemas: { Failure: errorSchema } },
  };
}

function operation({ method, path, summary, parameters = [], body, replies }: Route): object {
  const responses: Record<string, object> = Object.fromEntries(
    Object.entries(replies).map(([status, reply]) => [status, response(reply)]),
  );
  responses['default'] = {
    description: 'What went wrong',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
  };
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[{}]/g, '').replaceAll(/[/.](\w?)/g, (_, first: string) => first.toUpperCase())}`,
    summary,
    parameters: parameters.map(({ name, in: place, description, type }) => ({
      name,
      in: place,
      description,
      required: place === 'path',
      schema: { type },
    })),
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body) } }),
    responses,
  };
}

function content(schemas: Readonly<Record<string, object>>): object {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));
}

function response({ description, type = 'application/json', schema = { type: 'string' } }: Route['replies'][number]): object {
  return { description, content: { [type]: { schema } } };
}

export function openapiRoute(document: () => object): Route {
  return {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description',
    replies: { 200: { description: 'OpenAPI 3.1', schema: { type: 'object' } } },
    answer: () => json(200, document()),
  };
}
